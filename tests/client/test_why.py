"""
`why`.
"""

import json
from typing import Any

from tests.client.stubs import ID, NOW, OTHER, ClientCase, Terminal


def finding(**members: Any) -> dict[str, Any]:
    """Something that is wrong, as the API tells it."""
    usual = {
        "kind": "dead",
        "severity": "error",
        "sentence": "node-b is dead: none of 2 nodes hears it",
        "peers": [OTHER],
        "pairs": [],
        "since": NOW - 2.0,
    }
    return {**usual, **members}


def report(*findings: dict[str, Any], ok: bool = False) -> dict[str, Any]:
    """All that is wrong, as the API tells it."""
    return {
        "time": NOW,
        "ok": ok,
        "sentence": "all 3 nodes hear each other" if ok else "node-b is dead (and more)",
        "asked": 3,
        "answered": 2,
        "findings": list(findings),
    }


def diagnosis(**members: Any) -> dict[str, Any]:
    """What is wrong with one peer, as the API tells it."""
    usual = {
        "peer": OTHER,
        "name": "node-b",
        "verdict": "cut",
        "one_way": None,
        "since": NOW - 2.0,
        "sentences": ["the path to node-b is broken", "node-c hears it"],
        "sayings": [
            {"by": ID, "name": "node-c", "says": "up", "since": NOW - 60},
            {"by": "12" * 32, "name": "", "says": "nothing", "since": None},
        ],
    }
    return {**usual, **members}


class NetworkTests(ClientCase):
    """What is wrong with the network."""

    def test_nothing(self) -> None:
        """Status 0, and it is said who was asked."""
        self.answers("GET", "report", report(ok=True))
        self.assertEqual(
            "ok     all 3 nodes hear each other\nasked  2 of 3 nodes told what they see\n",
            self.told("why"),
        )

    def test_notes(self) -> None:
        """What is merely noted does not change that."""
        note = finding(kind="mute", severity="note", sentence="node-c does not say", since=None)
        self.answers("GET", "report", report(note, ok=True))
        self.assertIn("\nnote   node-c does not say\n", self.told("why"))

    def test_findings(self) -> None:
        """Status 1; each is a line with its severity and the time since when, in their order."""
        slow = finding(kind="slow", severity="warning", sentence="it is slow", since=None)
        self.answers("GET", "report", report(finding(), slow))
        first, second, asked = self.told("why", expected=1).splitlines()
        self.assertRegex(
            first,
            r"\Aerror    node-b is dead: none of 2 nodes hears it \(since \d\d:\d\d:\d\d\)\Z",
        )
        self.assertEqual("warning  it is slow", second)
        self.assertIn("2 of 3", asked)

    def test_wrong_without_findings(self) -> None:
        """A node that only says that something is wrong is believed."""
        self.answers("GET", "report", report())
        self.assertIn("error  node-b is dead (and more)\n", self.told("why", expected=1))

    def test_a_long_time_ago(self) -> None:
        """A time of another day has its day."""
        self.answers("GET", "report", report(finding(since=NOW - 400000)))
        self.assertRegex(self.told("why", expected=1), r"\(since 2023-11-\d\d \d\d:")

    def test_on_a_terminal(self) -> None:
        """Long sentences go on below where they began, and no line is too wide."""
        self.out = Terminal()
        self.width = 40
        self.environ["NO_COLOR"] = "1"
        self.answers("GET", "report", report(finding(sentence="word " * 30)))
        lines = (
            self.told("why", expected=1).replace("\x1b[1m", "").replace("\x1b[0m", "").split("\n")
        )
        self.assertTrue(all(len(line) <= 40 for line in lines), lines)
        self.assertTrue(lines[1].startswith("       word"), lines)

    def test_hostile_text(self) -> None:
        """A name in a sentence does nothing to a terminal."""
        self.answers("GET", "report", report(finding(sentence="\x1b[2J\u202ex")))
        self.assertIn("\\x1b[2J\\u202ex", self.told("why", expected=1))

    def test_json(self) -> None:
        """It is what the node answered; the status says the same."""
        said = {**report(finding()), "newer": 1}
        self.answers("GET", "report", said)
        self.assertEqual(said, json.loads(self.told("why", "--json", expected=1)))

    def test_a_node_that_does_not_answer(self) -> None:
        """The status is 1, and a line says so."""
        self.node.stop()
        self.assertIn("no node runs", self.fails("why"))


class PeerTests(ClientCase):
    """What is wrong with one peer."""

    def test_sentences(self) -> None:
        """The verdict comes first, then who says what: in sentences, and nothing of it twice."""
        self.answers("GET", "peers/node-b/diagnosis", diagnosis())
        self.assertEqual(
            "cut  the path to node-b is broken\n     node-c hears it\n",
            self.told("why", "node-b", expected=1),
        )

    def test_status(self) -> None:
        """It is 0 where nothing is wrong with the peer, which includes that it left."""
        for verdict, status in (
            *(("fine", 0), ("left", 0)),
            *(("dead", 1), ("cut", 1), ("me", 1), ("unmet", 1)),
        ):
            said = diagnosis(verdict=verdict, sayings=[], sentences=["so it is"], since=None)
            self.answers("GET", "peers/node-b/diagnosis", said)
            told = self.told("why", "node-b", expected=status)
            self.assertEqual(f"{verdict}  so it is\n", told)

    def test_no_sentences(self) -> None:
        """A node that says nothing is no reason to fail."""
        self.answers("GET", "peers/x/diagnosis", diagnosis(sentences=[], since=None))
        self.assertIn("cut  nothing more is known\n", self.told("why", "x", expected=1))

    def test_hostile_text(self) -> None:
        """Names and sentences are escaped."""
        sayings = [{"by": "\x1b" * 20, "name": "\x1b[1m", "says": "\x07", "since": None}]
        said = diagnosis(verdict="\x1b", sentences=["\x1b", "\x9b"], sayings=sayings)
        self.answers("GET", "peers/x/diagnosis", said)
        self.assertTrue(self.told("why", "x", expected=1).replace("\n", "").isprintable())

    def test_json(self) -> None:
        """It is what the node answered."""
        self.answers("GET", "peers/x/diagnosis", diagnosis())
        self.assertEqual(diagnosis(), json.loads(self.told("why", "x", "--json", expected=1)))

    def test_nobody(self) -> None:
        """A word that means nobody is told of."""
        self.assertEqual("no such peer", self.fails("why", "x"))

"""
What is wrong with one peer, in sentences.
"""

from gossip.sight.diagnoses import diagnose, itself, lasting
from gossip.sight.picture import Diagnosis
from gossip.sight.verdicts import Evidence, Saying
from gossip.trust.rows import Full, State
from tests.cases import UnitCase

NOW = 1_800_000_000.0


def says(what: str, since: float | None = None) -> Saying:
    """What node-c says."""
    return Saying(by="c" * 64, name="node-c", says=what, since=since)


class DiagnosesTests(UnitCase):
    """Each verdict."""

    def of(self, state: State, of: str, *sayings: Saying, **ours: float) -> Diagnosis:
        """The diagnosis of a peer in this state."""
        return diagnose(
            peer="b" * 64,
            name="node-b",
            ours=Full("b" * 16, state, **ours),  # type: ignore[arg-type]
            state=of,
            evidence=Evidence(sayings=sayings, linked=2),
            wall=NOW,
        )

    def test_fine(self) -> None:
        """There is a link; who does not hear it is told as well."""
        found = self.of("u", "alive", says("down", NOW - 300), since=NOW - 7300, rtt=1.5)
        self.assertEqual("fine", found.verdict)
        self.assertEqual(
            (
                "node-b is fine: there is a link to it, for 2 h, round trips take 1.50 ms",
                "node-c does not hear it, for 5 min",
            ),
            found.sentences,
        )

    def test_fine_so_far(self) -> None:
        """Nothing is known of it yet but the link."""
        self.assertEqual(
            ("node-b is fine: there is a link to it",), self.of("u", "alive").sentences
        )

    def test_dead(self) -> None:
        """With who says so, and what this node has seen."""
        once = self.of("d", "dead", says("down"), since=NOW - 30, losses=1)
        self.assertNotIn("hour", str(once.sentences))
        found = self.of("d", "dead", says("down"), since=NOW - 30, losses=2, lost=0.5)
        self.assertEqual(("dead", NOW - 30), (found.verdict, found.since))
        self.assertEqual(
            (
                "node-b is dead: node-c does not hear it either",
                "this node lost it 30 s ago",
                "this node lost it 2 times within the last hour",
                "50 % of this node's pings to it were lost lately",
                "node-c does not hear it",
            ),
            found.sentences,
        )

    def test_cut(self) -> None:
        """Others hear it, whatever this node knows of it."""
        for state, of in (("d", "dead"), ("n", "unmet"), ("l", "left")):
            found = self.of(state, of, says("up", NOW - 3 * 86400), losses=2)  # type: ignore[arg-type]
            self.assertEqual("cut", found.verdict)
            self.assertEqual(
                (
                    "the path between this node and node-b is broken: node-c hears it",
                    "this node lost it 2 times within the last hour",
                    "node-c hears it, for 3 days",
                ),
                found.sentences,
            )

    def test_left(self) -> None:
        """It said so."""
        found = self.of("l", "left", says("left"), says("nothing"), since=NOW - 10)
        self.assertEqual("left", found.verdict)
        self.assertEqual("node-b left 10 s ago", found.sentences[0])
        self.assertEqual("node-c says that it left", found.sentences[1])
        self.assertEqual("node-c did not answer", found.sentences[2])

    def test_unmet(self) -> None:
        """Nobody knows more of it than its record."""
        found = self.of("n", "unmet", says("unmet"))
        self.assertEqual("unmet", found.verdict)
        self.assertEqual(
            (
                "nobody who was asked ever had a link to node-b",
                "node-c never had a link to it",
            ),
            found.sentences,
        )

    def test_unmet_by_this_node_alone(self) -> None:
        """Others had a link to it: they know what became of it."""
        dead = self.of("n", "unmet", says("down", NOW - 300))
        self.assertEqual("dead", dead.verdict)
        self.assertEqual("node-b is dead: node-c does not hear it either", dead.sentences[0])
        left = self.of("n", "unmet", says("left"))
        self.assertEqual("left", left.verdict)
        self.assertEqual("node-b left: node-c says that it left", left.sentences[0])

    def test_me_or_they_ended(self) -> None:
        """Where all closed their links it is not known."""
        found = diagnose(
            peer="b" * 64,
            name="node-b",
            ours=Full("b" * 16, "d"),
            state="dead",
            evidence=Evidence(lost=2, closed=True),
            wall=NOW,
        )
        self.assertEqual(
            "this node lost node-b with all others that it heard: 2 of 2 peers were lost at once;"
            " their ends closed the links, so they may have ended",
            found.sentences[0],
        )

    def test_me(self) -> None:
        """All were lost."""
        found = diagnose(
            peer="b" * 64,
            name="",
            ours=Full("b" * 16, "d"),
            state="dead",
            evidence=Evidence(lost=2),
            wall=NOW,
        )
        self.assertEqual(
            (
                (
                    "it is this node that is cut off, not bbbbbbbbbbbb alone:"
                    " 2 of 2 peers were lost at once"
                ),
            ),
            found.sentences,
        )

    def test_me_and_others(self) -> None:
        """Where others lost it as well, it is not this node alone."""
        evidence = Evidence(sayings=[says("down")], lost=2, linked=1)
        found = diagnose(
            peer="b" * 64,
            name="node-b",
            ours=Full("b" * 16, "d"),
            state="dead",
            evidence=evidence,
            wall=NOW,
        )
        self.assertEqual("me", found.verdict)
        self.assertEqual(
            "there is no path from this node, and from those that it hears, to node-b: 2 of 3 peers"
            " were lost at once; node-c, still linked, does not hear it either, so the network may be"
            " split",
            found.sentences[0],
        )

    def test_itself(self) -> None:
        """Who answers is there."""
        self.assertEqual(("node-b is this node itself",), itself("b" * 64, "node-b").sentences)

    def test_times(self) -> None:
        """In the largest unit of which there are two."""
        for seconds, text in (
            (-5, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (7199, "119 min"),
            (7200, "2 h"),
            (172800, "2 days"),
        ):
            self.assertEqual(text, lasting(seconds))

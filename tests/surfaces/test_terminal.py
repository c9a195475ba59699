"""
What a running node prints, line by line as INTERFACE has it.
"""

import json
from datetime import datetime
from time import localtime, strftime
from typing import Any

from msgspec.structs import replace

from gossip.mesh.status import (
    Event,
    IdentityMismatch,
    Listening,
    PeerAlive,
    PeerDead,
    PeerLeft,
    PingHeard,
    Refused,
    Stopping,
    Verdict,
)
from gossip.surfaces.terminal import Json, Printer, Text
from tests.cases import UnitCase

WALL = datetime(2024, 5, 17, 12, 0, 5).timestamp()
NOON = strftime("%H:%M:%S", localtime(WALL))
OWN = "3f9a12bc34de" + "0" * 52
PEER = "9bd0c4417e2a" + "f" * 52
WHO = {"peer": PEER, "name": "node-b", "address": "127.0.0.1:8081"}

LISTENING = Listening(id=OWN, port=8080, addresses=("[::]:8080",), network="default", name="node-a")
ALIVE = PeerAlive(**WHO, direction="dialed", first=True)
PING = PingHeard(**WHO, seq=1, text="hello", rtt_ms=0.4142)
DEAD = PeerDead(**WHO, reason="silent for 3.0 s", silent_s=3.0)
LEFT = PeerLeft(**WHO)
REFUSED = Refused(peer=PEER, address="10.0.0.7:40000", code="network", reason='it is "other"')
STRANGER = Refused(peer=None, address="10.0.0.7:40000", code="tls", reason="TLS failed: no cert")
MISMATCH = IdentityMismatch(address="127.0.0.1:8081", expected=OWN, found=PEER)
VERDICT = Verdict(
    **WHO,
    verdict="cut",
    one_way=None,
    asked=3,
    heard_by=(OWN,),
    reason="node-c and node-d hear it",
)
STOPPING = Stopping(reason="stopped by SIGTERM")

EVENTS: tuple[Event, ...] = (
    *(LISTENING, ALIVE, PING, DEAD, LEFT, REFUSED, STRANGER, MISMATCH, STOPPING, VERDICT),
)

HOSTILE = "\x1b]0;gone\x07\r\n\u202e\x9b2J\ud800"


def hostile() -> list[Event]:
    """Events in which everything that is a peer's own words is an attack."""
    who = {"peer": PEER, "name": HOSTILE, "address": HOSTILE}
    return [
        Listening(id=OWN, port=1, addresses=(), network=HOSTILE, name=HOSTILE),
        PeerAlive(**who, direction="accepted", first=False),
        PingHeard(**who, seq=1, text=HOSTILE, rtt_ms=None),
        PeerDead(**who, reason=HOSTILE, silent_s=0.0),
        PeerLeft(**who),
        Refused(peer=None, address=HOSTILE, code=HOSTILE, reason=HOSTILE),
        Verdict(
            **who, verdict=HOSTILE, one_way=HOSTILE, asked=0, heard_by=(HOSTILE,), reason=HOSTILE
        ),
        IdentityMismatch(address=HOSTILE, expected=OWN, found=PEER),
        Stopping(reason=HOSTILE),
    ]


class TextTests(UnitCase):
    """Lines for people."""

    def setUp(self) -> None:
        """A printer into a file, at noon."""
        self.text = Text(lambda: WALL)

    def test_lines(self) -> None:
        """Each event is one line: local time, what happened, who, where, and more."""
        for event, line in (
            (LISTENING, 'listening on port 8080 as 3f9a12bc34de (node-a), network "default"'),
            (ALIVE, "alive   9bd0c4417e2a node-b 127.0.0.1:8081"),
            (PING, "ping    9bd0c4417e2a node-b 127.0.0.1:8081 seq 1 rtt 0.41 ms: hello"),
            (DEAD, "dead    9bd0c4417e2a node-b 127.0.0.1:8081 silent for 3.0 s"),
            (LEFT, "left    9bd0c4417e2a node-b 127.0.0.1:8081"),
            (REFUSED, 'refused 9bd0c4417e2a 10.0.0.7:40000 network: it is "other"'),
            (STRANGER, "refused 10.0.0.7:40000 tls: TLS failed: no cert"),
            (
                MISMATCH,
                "mismatch 127.0.0.1:8081 is not 3f9a12bc34de but 9bd0c4417e2a, and was refused",
            ),
            (STOPPING, "stopping: stopped by SIGTERM"),
            (
                VERDICT,
                "verdict 9bd0c4417e2a node-b 127.0.0.1:8081 cut: node-c and node-d hear it",
            ),
        ):
            self.assertEqual(f"{NOON} {line}", self.text.event(event))

    def test_where_the_page_is(self) -> None:
        """It is said where there is one."""
        line = self.text.event(replace(LISTENING, http="http://localhost:9/"))
        self.assertTrue(line.rstrip().endswith('network "default", page at http://localhost:9/'))

    def test_time_is_local(self) -> None:
        """The time of a line is what the clock on the wall showed, of each line anew."""
        walls = iter((WALL, WALL + 61))
        text = Text(lambda: next(walls))
        self.assertTrue(text.event(LEFT).startswith("12:00:05 "))
        self.assertTrue(text.event(LEFT).startswith("12:01:06 "))

    def test_ping_without_more(self) -> None:
        """Before the first round trip, and without a text, a ping is just counted."""
        ping = PingHeard(**WHO, seq=7, text="", rtt_ms=None)
        line = f"{NOON} ping    9bd0c4417e2a node-b 127.0.0.1:8081 seq 7"
        self.assertEqual(line, self.text.event(ping))

    def test_no_name_or_address(self) -> None:
        """A peer without a name is a dash, and one without an address has none."""
        left = PeerLeft(peer=PEER, name="", address="")
        self.assertEqual(f"{NOON} left    9bd0c4417e2a -", self.text.event(left))

    def test_peers_words_are_escaped(self) -> None:
        """No name, text, address, code or reason gets through as it is, on a terminal either."""
        for terminal in (False, True):
            text = Text(lambda: WALL, terminal=terminal)
            for event in hostile():
                line = text.event(event)
                for code in ("\x1b[2m", *(f"\x1b[{colour}m" for colour in range(30, 38))):
                    line = line.replace(code, "")
                line = line.replace("\x1b[1;31m", "").replace("\x1b[0m", "")
                self.assertTrue(line.isprintable(), ascii(line))

    def test_colours_only_on_a_terminal(self) -> None:
        """In a pipe nothing but text; on a terminal each kind of event has its colour."""
        fancy = Text(lambda: WALL, terminal=True)
        for event in EVENTS:
            self.assertNotIn("\x1b", self.text.event(event))
        self.assertEqual(
            f"{NOON} \x1b[32malive  \x1b[0m 9bd0c4417e2a node-b 127.0.0.1:8081", fancy.event(ALIVE)
        )
        self.assertIn("\x1b[31mdead   \x1b[0m", fancy.event(DEAD))
        self.assertIn("\x1b[1;31mmismatch\x1b[0m", fancy.event(MISMATCH))
        self.assertNotIn("\x1b", fancy.event(STOPPING))

    def test_names_are_aligned_on_a_terminal(self) -> None:
        """What follows the names stands in one column, but for the sake of no very long name."""
        fancy = Text(lambda: WALL, terminal=True)
        long = PeerLeft(peer=PEER, name="n" * 40, address="a:1")
        self.assertIn(" node-b 127", fancy.event(LEFT))
        self.assertIn(f" {'n' * 40} a:1", fancy.event(long))
        self.assertIn(f" {'node-b':<24} 127", fancy.event(LEFT))

    def test_suppressed_and_lost(self) -> None:
        """What is not shown is counted, with whom it was about, escaped and short."""
        self.assertEqual(
            f"{NOON} 7 more lines of ping about {PEER}, not shown",
            self.text.suppressed("ping", PEER, 7),
        )
        self.assertTrue(self.text.suppressed("refused", HOSTILE * 9, 1).isprintable())
        self.assertEqual(f"{NOON} 3 lines were not read in time, and are lost", self.text.lost(3))


class JsonTests(UnitCase):
    """Lines for programs."""

    def load(self, event: Event) -> dict[str, Any]:
        """The object of an event."""
        line = Json(lambda: 1234.5).event(event)
        loaded: dict[str, Any] = json.loads(line)
        return loaded

    def test_members(self) -> None:
        """Each object has `time`, `event` and the members that INTERFACE names; no others."""
        who: dict[str, object] = dict(WHO)
        for event, members in (
            (
                LISTENING,
                {
                    "event": "listening",
                    "id": OWN,
                    "port": 8080,
                    "name": "node-a",
                    "addresses": ["[::]:8080"],
                    "network": "default",
                    "http": None,
                },
            ),
            (ALIVE, {"event": "peer_alive", **who, "direction": "dialed", "first": True}),
            (PING, {"event": "ping", **who, "seq": 1, "text": "hello", "rtt_ms": 0.4142}),
            (
                DEAD,
                {"event": "peer_dead", **who, "reason": "silent for 3.0 s", "silent_s": 3.0},
            ),
            (LEFT, {"event": "peer_left", **who}),
            (
                REFUSED,
                {
                    "event": "refused",
                    "peer": PEER,
                    "address": "10.0.0.7:40000",
                    "code": "network",
                    "reason": 'it is "other"',
                },
            ),
            (
                STRANGER,
                {
                    "event": "refused",
                    "peer": None,
                    "address": "10.0.0.7:40000",
                    "code": "tls",
                    "reason": "TLS failed: no cert",
                },
            ),
            (
                MISMATCH,
                {
                    "event": "identity_mismatch",
                    "address": "127.0.0.1:8081",
                    "expected": OWN,
                    "found": PEER,
                },
            ),
            (STOPPING, {"event": "stopping", "reason": "stopped by SIGTERM"}),
            (
                VERDICT,
                {
                    "event": "verdict",
                    **WHO,
                    "verdict": "cut",
                    "one_way": None,
                    "asked": 3,
                    "heard_by": [OWN],
                    "reason": "node-c and node-d hear it",
                },
            ),
        ):
            self.assertEqual({"time": 1234.5, **members}, self.load(event))

    def test_every_event_has_been_tried(self) -> None:
        """The samples are of all kinds that there are."""
        kinds = {type(event) for event in EVENTS}
        self.assertEqual(set(Event.__args__), kinds)

    def test_a_ping_before_the_first_round_trip(self) -> None:
        """A round trip that is not known is null."""
        self.assertIsNone(self.load(PingHeard(**WHO, seq=1, text="", rtt_ms=None))["rtt_ms"])

    def test_ascii_on_one_line(self) -> None:
        """Whatever peers say, a line is one line, in printable ASCII, and says it to a program."""
        for event in hostile():
            line = Json(lambda: 0.0).event(event)
            self.assertTrue(line.isascii() and line.isprintable(), ascii(line))
        ping = PingHeard(**{**WHO, "name": HOSTILE}, seq=1, text="ñ😀", rtt_ms=None)
        self.assertEqual((HOSTILE, "ñ😀"), (self.load(ping)["name"], self.load(ping)["text"]))

    def test_suppressed_and_lost(self) -> None:
        """What is not shown is counted by objects too, so that each line can be parsed."""
        render = Json(lambda: 2.0)
        self.assertEqual(
            {"time": 2.0, "event": "suppressed", "of": "ping", "about": PEER, "count": 7},
            json.loads(render.suppressed("ping", PEER, 7)),
        )
        self.assertEqual({"time": 2.0, "event": "lost", "count": 3}, json.loads(render.lost(3)))


class PrinterTests(UnitCase):
    """How many lines are printed."""

    def setUp(self) -> None:
        """A printer whose lines are kept."""
        self.lines: list[str] = []
        self.time = self.clock()
        self.tell = Printer(Text(lambda: WALL), self.lines.append, self.time)

    def test_each_event_is_a_line(self) -> None:
        """What happens is printed, in order, at once."""
        for event in EVENTS:
            self.tell(event)
        self.assertEqual([Text(lambda: WALL).event(event) for event in EVENTS], self.lines)

    def test_a_flood_is_ten_lines_and_a_count(self) -> None:
        """Ten lines a second about one peer and of one kind; then one line counts the rest."""
        for _ in range(100):
            self.tell(PING)
        self.assertEqual(10, len(self.lines))
        self.tell(DEAD)
        self.tell(PingHeard(**{**WHO, "peer": OWN}, seq=1, text="", rtt_ms=None))
        self.assertEqual(12, len(self.lines))
        self.time.advance(1.0)
        self.assertEqual([f"{NOON} 90 more lines of ping about {PEER}, not shown"], self.lines[12:])

    def test_a_flood_goes_on(self) -> None:
        """In each second of it there are ten lines and one count; after it, nothing is left over."""
        for _ in range(40):
            self.tell(PING)
            self.time.advance(0.05)
        counts = [line for line in self.lines if "more lines" in line]
        self.assertEqual(20, len(self.lines) - len(counts))
        self.time.advance(1.0)
        counts = [line for line in self.lines if "more lines" in line]
        self.assertEqual(20, sum(int(line.split()[1]) for line in counts))
        self.time.advance(5.0)

    def test_a_stranger_is_known_by_its_host(self) -> None:
        """Another port and another key for each connection do not get a stranger more lines."""
        for number in range(50):
            address = f"10.0.0.7:{40000 + number}"
            self.tell(Refused(peer=f"{number:064}", address=address, code="tls", reason="no"))
            self.tell(IdentityMismatch(address=address, expected=OWN, found=f"{number:064}"))
        self.tell(Refused(peer=None, address="10.0.0.8:1", code="tls", reason="no"))
        self.assertEqual(21, len(self.lines))
        self.time.advance(1.0)
        self.assertEqual(
            [
                f"{NOON} 40 more lines of refused about 10.0.0.7, not shown",
                f"{NOON} 40 more lines of identity_mismatch about 10.0.0.7, not shown",
            ],
            self.lines[21:],
        )

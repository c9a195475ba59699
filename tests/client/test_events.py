"""
Server-sent events, and the lines that tell of them.
"""

import os
import time

from gossip.client.errors import Failed
from gossip.client.events import Sent, Teller, sent
from tests.cases import UnitCase
from tests.client.stubs import ID, NOW, OTHER, alive, happened


class SentTests(UnitCase):
    """Lines to events."""

    def test_events(self) -> None:
        """An event ends with an empty line; comments and unknown fields are nothing."""
        lines = ": hello||id: 5|event: x|data: a|data:b||retry: 3||id: x|data: c||data: lost"
        self.assertEqual([Sent(5, "x", "a\nb"), Sent(None, "", "c")], list(sent(lines.split("|"))))

    def test_an_event_without_end(self) -> None:
        """What never ends is not collected for ever."""
        with self.assertRaisesRegex(Failed, "does not end"):
            list(sent(["data: " + "x" * 1000] * 2000))


class TellerTests(UnitCase):
    """Objects to lines."""

    def setUp(self) -> None:
        """A time zone that is known."""
        before = os.environ.get("TZ")
        self.addCleanup(time.tzset)
        self.addCleanup(_set_zone, before)
        _set_zone("UTC")
        time.tzset()
        self.line = Teller(terminal=False).line

    def test_as_a_node_prints_it(self) -> None:
        """A known event looks as it does in what the node prints, at the time when it happened."""
        self.assertEqual(
            f"22:13:20 alive   {OTHER[:12]} node-b 10.0.0.2:8080", self.line(alive(number=3))
        )
        dated = Teller(terminal=True, dated=True).line(happened("stopping", reason="told to"))
        self.assertEqual("2023-11-14 22:13:20 stopping: told to", dated)
        said = self.line(
            happened("listening", id=ID, port=1, addresses=["a"], network="n", name="\x1b[2J")
        )
        self.assertEqual(f'22:13:20 listening on port 1 as {ID[:12]} (\\x1b[2J), network "n"', said)

    def test_what_was_too_much(self) -> None:
        """How many were not kept is told, and about whom, escaped."""
        self.assertEqual(
            "22:13:20 37 more of refused about 10.0.0.9\\x1b, not kept",
            self.line(happened("suppressed", of="refused", about="10.0.0.9\x1b", count=37)),
        )
        self.assertEqual(
            "22:13:20 2 more of refused, not kept",
            self.line(happened("suppressed", of="refused", about="", count=2)),
        )
        self.assertEqual("22:13:20 suppressed of=x", self.line(happened("suppressed", of="x")))

    def test_of_another_version(self) -> None:
        """What is not known, or has other members, is shown as it is, escaped."""
        self.assertEqual(
            "22:13:20 new\\x1b of=ping count=3", self.line(happened("new\x1b", of="ping", count=3))
        )
        self.assertEqual("22:13:20 stopping why=x", self.line(happened("stopping", why="x")))
        self.assertEqual("[1, '\\x1b']", self.line([1, "\x1b"]).replace("\\\\", "\\"))

    def test_times_that_are_none(self) -> None:
        """A time that no calendar has is the beginning of all."""
        moments: tuple[object, ...] = (None, "x", 1e300, float("nan"), [], -1e300)
        for moment in moments:
            self.assertTrue(
                self.line({**happened("stopping", reason="x"), "time": moment}).startswith(
                    "00:00:00"
                )
            )
        self.assertEqual(NOW, happened("x")["time"])


def _set_zone(zone: str | None) -> None:
    if zone is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = zone

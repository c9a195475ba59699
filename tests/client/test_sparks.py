"""
Round trips as bars.
"""

from typing import Any

import msgspec

from gossip.client.sparks import LONGEST, Trace, spark
from gossip.mesh.status import LinkStatus
from tests.cases import UnitCase
from tests.client.stubs import link


def seen(last: float | None, answered: int, missed: int = 0, since: float = 1.0) -> LinkStatus:
    """A link, as it is looked at."""
    rtt = {**link()["rtt_ms"], "last": last}
    members: dict[str, Any] = {"pings_answered": answered, "pings_missed": missed, "since": since}
    return msgspec.convert(link(rtt_ms=rtt, **members), LinkStatus)


class SparkTests(UnitCase):
    """How they look."""

    def test_bars(self) -> None:
        """They grow from nothing to the longest; a lost ping is no bar; the newest are shown."""
        self.assertEqual("▁▅█x", spark([0.0, 5.0, 10.0, None], 9))
        self.assertEqual("▅█x", spark([99.0, 0.0, 5.0, 10.0, None], 3))

    def test_nothing(self) -> None:
        """Nothing to show, no room, and times of 0 are no trouble."""
        self.assertEqual(
            ("", "", "▁", "x"), (spark([], 9), spark([1.0], 0), spark([0.0], 1), spark([None], 1))
        )


class TraceTests(UnitCase):
    """What is made of looking again and again."""

    def test_what_is_new(self) -> None:
        """A round trip counts once, also when it is looked at twice; so does a ping that is lost."""
        trace = Trace()
        for one in (seen(1.0, 5), seen(1.0, 5), seen(2.0, 6), seen(2.0, 6, 1), seen(3.0, 7, 2)):
            trace.look(one)
        self.assertEqual([1.0, 2.0, None, None, 3.0], list(trace.times))

    def test_a_link_that_is_made_anew(self) -> None:
        """Its numbers begin anew, and the bars go on."""
        trace = Trace()
        for one in (seen(1.0, 5, 9), seen(None, 0, 0, since=2.0), seen(4.0, 1, 0, since=2.0)):
            trace.look(one)
        self.assertEqual([1.0, 4.0], list(trace.times))

    def test_a_bound(self) -> None:
        """Whatever a node says, only so many are kept."""
        trace = Trace()
        trace.look(seen(1.0, 1))
        trace.look(seen(1.0, 1, 10**9))
        self.assertEqual([None] * LONGEST, list(trace.times))

"""
Points of time.
"""

import os
import time

from gossip.client.when import clock, date, lately
from tests.cases import UnitCase


class WhenTests(UnitCase):
    """What people read, in a zone that is two hours ahead."""

    def setUp(self) -> None:
        """Set the zone, and put the other one back."""
        before = os.environ.get("TZ")
        os.environ["TZ"] = "XXX-2"
        time.tzset()

        def restore() -> None:
            os.environ.pop("TZ")
            os.environ.update({} if before is None else {"TZ": before})
            time.tzset()

        self.addCleanup(restore)

    def test_local_times(self) -> None:
        """They are those of the zone."""
        self.assertEqual("1970-01-02 02:00:01", date(86401.0))
        self.assertEqual("02:00:01", clock(86401.0))

    def test_the_day(self) -> None:
        """It is told where it is not today, by the local calendar."""
        self.assertEqual("00:00:00", lately(79200.0, 90000.0))
        self.assertEqual("1970-01-01 23:59:59", lately(79199.0, 90000.0))

    def test_times_without_a_calendar(self) -> None:
        """They are numbers."""
        self.assertEqual(
            ("1e+300", "inf", "nan"), (date(1e300), clock(float("inf")), lately(float("nan"), 0))
        )

"""
What the operating system is asked for.
"""

import resource
import time

from gossip import system
from tests.cases import UnitCase


class SleepTests(UnitCase):
    """Suspended time is counted where the system counts it."""

    def test_sleep_is_counted(self) -> None:
        """Suspended time only grows, and there is less of it than of uptime."""
        first = system.slept()
        self.assertGreaterEqual(system.slept(), first - 0.001)

    def test_system_that_does_not_count_it(self) -> None:
        """Where there is no such clock, nobody is known to have slept."""
        if hasattr(time, "CLOCK_BOOTTIME"):
            self.patch(time, "CLOCK_BOOTTIME", None)
        self.assertEqual(0.0, system.slept())


class DescriptorsTests(UnitCase):
    """Whether this process may open one more file."""

    def test_whether_any_are_left(self) -> None:
        """It is tried out, since nothing tells it beforehand."""
        self.assertTrue(system.descriptors_left())
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        self.assertFalse(system.descriptors_left())
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        self.assertTrue(system.descriptors_left())

"""
What went over a link.
"""

from gossip.wire.traffic import Traffic
from tests.cases import UnitCase


class TrafficTests(UnitCase):
    """Counts, and their sums."""

    def test_sum(self) -> None:
        """Each member is added to its like."""
        total = Traffic(bytes_in=1, bytes_out=2, frames_in=3, frames_out=4)
        total.add(Traffic(bytes_in=10, bytes_out=20, frames_in=30, frames_out=40))
        self.assertEqual(Traffic(bytes_in=11, bytes_out=22, frames_in=33, frames_out=44), total)

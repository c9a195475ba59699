"""
Links that are there, and bad all the same.
"""

from gossip.sight.marks import FLAPS, FLOOR_MS, LOSSY, Marks
from gossip.sight.network import NOTHING
from gossip.sight.paths import mask
from tests.cases import UnitCase
from tests.sight.test_findings import row


class MarksTests(UnitCase):
    """Which they are."""

    def test_none(self) -> None:
        """Of who says nothing, nor of what is as it should be, or not known."""
        self.assertEqual(Marks(), Marks.of(None))
        self.assertEqual(Marks(), Marks.of(row("-uu")))
        self.assertEqual(Marks(), Marks.of(row("-uu", rtt={1: NOTHING}, lost={1: NOTHING})))
        self.assertEqual(Marks(), Marks.of(row("-uu", rtt={1: 500.0}, p50={1: NOTHING})))

    def test_slow(self) -> None:
        """Where pings are lost, or take longer than they used to; not where there is no link."""
        bad = row("-uud", lost={1: LOSSY, 3: 1.0}, rtt={2: 2 + FLOOR_MS + 1})
        self.assertEqual(Marks(slow=mask([1, 2])), Marks.of(bad))

    def test_flapping(self) -> None:
        """Up or not just now."""
        bad = row("-udu", losses={1: FLAPS, 2: 255, 3: FLAPS - 1})
        self.assertEqual(Marks(flapping=mask([1, 2])), Marks.of(bad))

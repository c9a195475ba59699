"""
Buckets: how often something may be done.
"""

from gossip.wire.bucket import Bucket, Rate
from tests.cases import UnitCase


class BucketTests(UnitCase):
    """Tokens: so many at once, and a rate in the long run."""

    def test_burst(self) -> None:
        """It begins full."""
        bucket = Bucket(Rate(1, 3))
        self.assertEqual([True] * 3 + [False], [bucket.take(5.0) for _ in range(4)])

    def test_rate(self) -> None:
        """It fills again with time, and no further than it was."""
        bucket = Bucket(Rate(2, 3))
        for _ in range(3):
            bucket.take(0.0)
        self.assertFalse(bucket.take(0.4))
        self.assertTrue(bucket.take(0.5))
        self.assertEqual([True] * 3 + [False], [bucket.take(99.0) for _ in range(4)])

    def test_burst_and_rate(self) -> None:
        """It begins full, fills at its rate, and never above its burst."""
        allowance = Bucket(Rate(10.0, 50), 0.0)
        self.assertEqual(50, allowance.left(0.0))
        allowance.spend(50)
        self.assertEqual([0, 0, 5, 10], [allowance.left(now) for now in (0.0, 0.05, 0.5, 1.0)])
        self.assertEqual(50, allowance.left(1000.0))

    def test_change(self) -> None:
        """Another rate begins with a full bucket."""
        allowance = Bucket(Rate(10.0, 50), 0.0)
        allowance.spend(50)
        allowance = Bucket(Rate(1000.0, 70), 5.0)
        self.assertEqual(70, allowance.left(5.0))
        allowance.spend(70)
        self.assertEqual(62, allowance.left(5.0625))

    def test_debt(self) -> None:
        """What costs more than there is must come back before anything is left."""
        bucket = Bucket(Rate(10.0, 5), 0.0)
        bucket.spend(7.5)
        self.assertEqual([0, 0, 1], [bucket.left(now) for now in (0.0, 0.34, 0.36)])

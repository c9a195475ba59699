"""
How late the event loop is.
"""

from gossip.control.lag import EVERY, LAGS, Lag
from tests.cases import UnitCase


class LagTests(UnitCase):
    """One timer."""

    def setUp(self) -> None:
        self.time = self.clock()
        self.lag = Lag(self.time)
        self.addCleanup(self.lag.stop)

    def test_in_time(self) -> None:
        """Each look counts once, and begins the next wait."""
        self.lag.start()
        self.lag.start()
        for _ in range(3):
            self.time.advance(EVERY)
        self.assertEqual((3, 0.0), (self.lag.histogram.counts[0], self.lag.histogram.sum))
        self.assertEqual(1, len(self.time.getDelayedCalls()))

    def test_late(self) -> None:
        """By how much the call came too late."""
        self.lag.start()
        self.time.advance(EVERY + 0.3)
        self.assertAlmostEqual(0.3, self.lag.histogram.sum)
        self.assertEqual(1, self.lag.histogram.counts[LAGS.index(0.5)])

    def test_stopped(self) -> None:
        """It leaves nothing behind, and can be begun anew."""
        self.lag.stop()
        self.lag.start()
        self.lag.stop()
        self.assertEqual([], self.time.getDelayedCalls())
        self.lag.start()
        self.time.advance(EVERY)
        self.assertEqual(1, sum(self.lag.histogram.counts))

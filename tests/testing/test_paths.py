"""
Ways between machines.
"""

from gossip.testing.chance import stream
from gossip.testing.clock import Clock
from gossip.testing.paths import LATEST_RETRY, Path, Weather
from tests.cases import UnitCase


class Waiter:
    """What travels on a way."""

    def __init__(self, clock: Clock) -> None:
        self.retried: list[float] = []
        self.hurried: list[float] = []
        self._clock = clock

    def retry(self) -> None:
        """The way may be open."""
        self.retried.append(self._clock.seconds())

    def hurry(self, latest: float) -> None:
        """The way is another."""
        self.hurried.append(latest)


class PathTests(UnitCase):
    """How long things take, and when nothing passes."""

    def setUp(self) -> None:
        """A way of 50 ms."""
        self.time = Clock()
        self.path = self.way(Weather(latency=0.05))
        self.waiter = Waiter(self.time)

    def way(self, weather: Weather) -> Path:
        """A way with this weather."""
        return Path(self.time, stream(1), weather)

    def test_latency(self) -> None:
        """What is sent arrives so much later."""
        self.time.run_until(7)
        self.assertEqual(7.05, self.path.arrival(1000, 0.0))

    def test_bandwidth(self) -> None:
        """Bytes take their time, each behind those before it."""
        path = self.way(Weather(latency=0.05, bandwidth=1000))
        first = path.arrival(500, 0.0)
        self.assertAlmostEqual(0.55, first)
        self.assertAlmostEqual(0.55 + 2, path.arrival(2000, first))

    def test_jitter_keeps_the_order(self) -> None:
        """Each takes another time, and none overtakes another."""
        path = self.way(Weather(latency=0.05, jitter=0.1))
        at, arrivals = 0.0, []
        for sent in range(200):
            self.time.run_until(sent * 0.02)
            at = path.arrival(10, at)
            arrivals.append(at)
            self.assertLessEqual(self.time.seconds() + 0.05, at)
        self.assertEqual(sorted(arrivals), arrivals)
        waits = [at - sent * 0.02 for sent, at in enumerate(arrivals)]
        self.assertGreater(max(waits) - min(waits), 0.05)
        self.assertLessEqual(max(waits), 0.15 + 1e-9)

    def test_several_reasons(self) -> None:
        """It is open again when the last reason is gone, and a reason counts once."""
        self.path.cut("storm")
        self.time.run_until(3)
        for why in "digger", "digger":
            self.path.cut(why)
        self.assertEqual(0.0, self.path.cut_at)
        self.path.mend("storm")
        self.path.mend("rain")
        self.assertFalse(self.path.open)
        self.path.mend("digger")
        self.assertTrue(self.path.open)
        self.path.mend("digger")

    def test_retries(self) -> None:
        """Those that wait find out late, by as much as the cut has lasted, and each once."""
        waiters = [Waiter(self.time) for _ in range(100)]
        self.path.cut("storm")
        for waiter in waiters:
            self.path.wait(waiter)
            self.path.wait(waiter)
        self.time.run_until(10)
        self.path.mend("storm")
        self.time.run_until(20)
        (times,) = zip(*(waiter.retried for waiter in waiters), strict=True)
        self.assertGreater(max(times), 18)
        self.assertLess(min(times), 12)
        self.path.cut("storm")
        self.path.mend("storm")
        self.time.run_until(200)
        self.assertEqual({1}, {len(waiter.retried) for waiter in waiters})

    def test_retries_after_long(self) -> None:
        """TCP does not wait longer than a minute or so between two tries."""
        waiters = [Waiter(self.time) for _ in range(100)]
        self.path.cut("storm")
        for waiter in waiters:
            self.path.wait(waiter)
        self.time.run_until(86400)
        self.path.mend("storm")
        self.time.run_until(86400 + LATEST_RETRY)
        self.assertEqual({1}, {len(waiter.retried) for waiter in waiters})

    def test_no_retry_before_it_is_open(self) -> None:
        """Who waits, waits."""
        self.path.cut("storm")
        self.path.wait(self.waiter)
        self.time.run_until(1000)
        self.assertEqual([], self.waiter.retried)

    def test_another_weather(self) -> None:
        """What is on the way is told, once for each change."""
        self.path.users[self.waiter] = None
        self.time.run_until(1)
        self.path.change(Weather(latency=2))
        self.path.change(Weather(latency=2))
        self.assertEqual([3.0], self.waiter.hurried)
        self.assertEqual(3.0, self.path.arrival(1, 0.0))

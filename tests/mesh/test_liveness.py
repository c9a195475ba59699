"""
Round trips, and stalls of our own.
"""

from hypothesis import given, settings
from hypothesis import strategies as some

from gossip.mesh.liveness import PENDING, STALL, RoundTrips, stall
from gossip.mesh.trail import Past
from tests.cases import UnitCase


class StallTests(UnitCase):
    """A timer that comes late tells that this node did not run."""

    def test_on_time(self) -> None:
        """A timer that is early, on time, or late by what is usual tells nothing."""
        for late in (-1.0, 0.0, 0.01, STALL):
            self.assertEqual(0.0, stall(0.0, late))

    def test_late(self) -> None:
        """All of a longer delay is time in which we did not run."""
        self.assertEqual(0.06, stall(0.0, 0.06))
        self.assertEqual(3600.0, stall(100.0, 3700.0))

    def test_shortest_heartbeat(self) -> None:
        """What is overlooked is no longer than the shortest heartbeat that can be promised."""
        self.assertEqual(0.05, STALL)


class RoundTripsTests(UnitCase):
    """The pings of one link and their answers."""

    def test_numbers(self) -> None:
        """Pings are numbered from 1, by 1."""
        trips = RoundTrips()
        self.assertEqual([1, 2, 3], [trips.ping(0.0) for _ in range(3)])
        self.assertEqual(3, trips.sent)

    def test_under_way(self) -> None:
        """An answer may still come for two seconds."""
        trips = RoundTrips()
        for at in (0.0, 1.0, 2.5):
            trips.ping(at)
        self.assertEqual([2, 1, 0], [trips.under_way(now) for now in (2.9, 3.5, 4.5)])
        trips.pong(3, 2.6)
        self.assertEqual(1, trips.under_way(2.9))

    def test_past(self) -> None:
        """What is kept beyond the link is told of each."""
        trips = RoundTrips(past=Past())
        trips.pong(trips.ping(0.0), 0.5)
        trips.ping(1.0)
        assert trips.past is not None
        self.assertEqual(
            [(0.5, 2, 1)], [(s.mean, s.pings, s.lost) for s in trips.past.stretches(2)]
        )

    def test_nothing_known(self) -> None:
        """Before the first answer there is no time to show."""
        trips = RoundTrips()
        trips.ping(0.0)
        self.assertEqual((None, None, 0.0), (trips.last, trips.mean, trips.jitter))
        self.assertEqual((0, 0), (trips.answered, trips.missed))

    def test_first_answer(self) -> None:
        """The first answer gives the round trip and its mean, and no jitter."""
        trips = RoundTrips()
        trips.ping(10.0)
        self.assertEqual(0.25, trips.pong(1, 10.25))
        self.assertEqual((0.25, 0.25, 0.0), (trips.last, trips.mean, trips.jitter))
        self.assertEqual((1, 0), (trips.answered, trips.missed))

    def test_percentiles(self) -> None:
        """The nearest rank among the last answers; None before the first."""
        trips = RoundTrips()
        self.assertIsNone(trips.percentile(50))
        for number in range(1000):
            trips.pong(trips.ping(0.0), float(number % 100))
        # The last 128 are 72 to 99, then 0 to 99.
        self.assertEqual(63.0, trips.percentile(50))
        self.assertEqual((0.0, 99.0), (trips.percentile(0), trips.percentile(100)))
        self.assertEqual((98.0, 99.0), (trips.percentile(97), trips.percentile(99)))

    def test_smoothing(self) -> None:
        """A later answer moves mean and jitter by a sixteenth of its difference."""
        trips = RoundTrips()
        for _ in range(17):
            trips.pong(trips.ping(0.0), 1.0)
        trips.pong(trips.ping(10.0), 13.2)
        self.assertAlmostEqual(3.2, trips.last or 0)
        self.assertAlmostEqual(1 + 2.2 / 16, trips.mean or 0)
        self.assertAlmostEqual(2.2 / 16, trips.jitter)
        trips.pong(trips.ping(20.0), 21.0)
        self.assertAlmostEqual(1 + 2.2 / 16 * 15 / 16, trips.mean or 0)
        self.assertAlmostEqual(2.2 / 16 + (2.2 - 2.2 / 16) / 16, trips.jitter)

    def test_the_first_ones(self) -> None:
        """All of them count alike: the very first is late often."""
        trips = RoundTrips()
        for sample in (9.0, 1.0, 2.0):
            trips.pong(trips.ping(0.0), sample)
        self.assertAlmostEqual(4.0, trips.mean or 0)
        self.assertAlmostEqual(4.5, trips.jitter)

    def test_out_of_order(self) -> None:
        """Answers may come in another order than the pings went."""
        trips = RoundTrips()
        trips.ping(0.0)
        trips.ping(1.0)
        self.assertEqual(0.5, trips.pong(2, 1.5))
        self.assertEqual(2.0, trips.pong(1, 2.0))

    def test_not_awaited(self) -> None:
        """An answer to nothing, or a second one, changes nothing."""
        trips = RoundTrips()
        trips.ping(0.0)
        trips.pong(1, 1.0)
        for seq in (0, 1, 2):
            self.assertIsNone(trips.pong(seq, 9.0))
        self.assertEqual((1.0, 1), (trips.last, trips.answered))

    def test_missed(self) -> None:
        """Of many pings without an answer the oldest count as missed, and are forgotten."""
        self.assertEqual(16, PENDING)
        trips = RoundTrips()
        for second in range(PENDING):
            trips.ping(second)
        self.assertEqual(0, trips.missed)
        trips.ping(99.0)
        self.assertEqual(1, trips.missed)
        self.assertIsNone(trips.pong(1, 100.0))
        self.assertEqual(99.0, trips.pong(2, 100.0))
        self.assertEqual((1, 1), (trips.answered, trips.missed))

    @settings(deadline=None, database=None, max_examples=100)
    @given(some.lists(some.integers(0, 40)))
    def test_every_ping_is_accounted_for(self, answers: list[int]) -> None:
        """Each ping is answered, missed or awaited, and at most sixteen are awaited."""
        trips = RoundTrips()
        for answer in answers:
            trips.ping(0.0)
            trips.pong(answer, 1.0)
        awaited = sum(trips.pong(seq, 1.0) is not None for seq in range(trips.sent + 1))
        self.assertLessEqual(awaited, PENDING)
        self.assertEqual(trips.sent, trips.answered + trips.missed)

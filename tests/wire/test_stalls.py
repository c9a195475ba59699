"""
Stalls of our own are no waits: each is noted once, and counted from any time on.
"""

from hypothesis import given, settings
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from gossip.wire.stalls import KEPT, Stalls


class StallTests(SynchronousTestCase):
    """How much of a time was none in which we ran."""

    def setUp(self) -> None:
        self.stalls = Stalls()

    def test_none(self) -> None:
        """Who never stalled was always there."""
        self.assertEqual(0.0, self.stalls.since(float("-inf")))
        self.assertEqual(0.0, self.stalls.since(5.0))

    def test_those_after_it(self) -> None:
        """Those count that ended since then, and of the first only what lies after it."""
        self.stalls.add(2.0, 10.0)
        self.stalls.add(3.0, 20.0)
        for then, lost in ((1, 5), (8, 5), (9, 4), (10, 3), (15, 3), (18, 2), (20, 0), (30, 0)):
            self.assertEqual(float(lost), self.stalls.since(float(then)), then)

    def test_they_do_not_overlap(self) -> None:
        """No time is lost twice, whoever measured it."""
        self.stalls.add(2.0, 10.0)
        self.stalls.add(100.0, 11.0)
        self.assertEqual(3.0, self.stalls.since(0.0))

    @settings(deadline=None, database=None, max_examples=200)
    @given(
        some.lists(some.tuples(some.integers(0, 50), some.integers(1, 50)), max_size=20),
        some.integers(-10, 1000),
    )
    def test_second_by_second(self, spans: list[tuple[int, int]], then: int) -> None:
        """It is the same as to look at each second by itself."""
        now, lost = 0, set[int]()
        for ran, stood in spans:
            lost.update(range(now + ran, now + ran + stood))
            now += ran + stood
            self.stalls.add(float(stood), float(now))
        self.assertEqual(
            len([one for one in lost if one >= then]), round(self.stalls.since(float(then)))
        )
        self.stalls = Stalls()

    def test_bounded(self) -> None:
        """Of a node that stalls all the time as much is kept as anybody waits for, and no more."""
        for number in range(1, 3 * KEPT):
            self.stalls.add(0.5, float(number))
        self.assertLessEqual(len(self.stalls._ends), 2 * KEPT)
        self.assertEqual(len(self.stalls._ends), len(self.stalls._before))
        latest = 3 * KEPT - 1
        self.assertEqual(KEPT / 2, self.stalls.since(float(latest - KEPT)))
        self.assertLess(self.stalls.since(0.0), latest / 2)

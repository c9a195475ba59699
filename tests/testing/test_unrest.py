"""
Unrest: until when somebody may be wrong about somebody.
"""

from gossip.testing.unrest import NEVER, Unrest
from tests.cases import UnitCase


class UnrestTests(UnitCase):
    """What is done to whom shows for a while, and only there."""

    def setUp(self) -> None:
        self.unrest = Unrest()

    def test_nothing(self) -> None:
        """Where nothing was done nobody may be wrong."""
        self.assertEqual(NEVER, self.unrest.until("a", "b"))

    def test_between(self) -> None:
        """What is done between two may deceive both of them, and no other; the latest counts."""
        self.unrest.between("a", "b", until=7)
        self.unrest.between("b", "a", until=5)
        self.assertEqual((7, 7), (self.unrest.until("a", "b"), self.unrest.until("b", "a")))
        self.assertEqual(NEVER, self.unrest.until("a", "c"))

    def test_about(self) -> None:
        """What is done to a machine may deceive it, and anybody about it."""
        self.unrest.about("a", until=3)
        self.unrest.about("a", until=2)
        self.assertEqual((3, 3), (self.unrest.until("a", "b"), self.unrest.until("b", "a")))
        self.assertEqual(NEVER, self.unrest.until("b", "c"))

    def test_stall(self) -> None:
        """One that does not run may be missed by others, and must miss nobody."""
        self.unrest.of("a", since=1, until=4)
        self.assertEqual((4, NEVER), (self.unrest.until("b", "a"), self.unrest.until("a", "b")))
        self.assertEqual((4, NEVER), tuple(map(self.unrest.stalled_until, ("a", "b"))))

    def test_everyone(self) -> None:
        """What is done to all may deceive all."""
        self.unrest.everyone(until=9)
        self.assertEqual(9, self.unrest.until("x", "y"))

    def test_what_broke_before_a_stall_is_noticed_after_it(self) -> None:
        """Who notices has had as many seconds as it ran since something was done."""
        self.unrest.of("a", since=2, until=4)
        self.unrest.about("b", until=5)
        self.unrest.of("a", since=6, until=36)
        self.unrest.of("a", since=40, until=41)
        self.assertEqual(15, self.unrest.quiet("c", "b", 20))
        self.assertEqual([1, 2, 5], [self.unrest.quiet("a", "b", now) for now in (19, 37, 41)])

    def test_whoever_was_given_no_trouble_has_no_excuse(self) -> None:
        """A stall of its own does not let a machine blame others."""
        self.unrest.of("a", since=2, until=30)
        self.assertEqual(float("inf"), self.unrest.quiet("a", "b", 31))

    def test_a_stall_that_is_ended_early(self) -> None:
        """Who is made to run on with everyone else has run since."""
        self.unrest.of("a", since=2, until=30)
        self.unrest.everyone(until=10)
        self.assertEqual(15, self.unrest.quiet("a", "b", 25))

"""
What a node promises and tolerates on a link.
"""

from gossip.wire.terms import NEVER, Terms
from tests.cases import UnitCase


class TurnTests(UnitCase):
    """Many links have their turn together."""

    def test_the_promise_holds(self) -> None:
        """A turn is never later than what it is for, and by less than a grain earlier."""
        terms = Terms(grain=0.02)
        for step in range(2000):
            at = step * 0.0137
            self.assertLessEqual(terms.turn(at), at + terms.grain * 0.001)
            self.assertGreater(terms.turn(at), at - terms.grain)

    def test_a_turn_is_its_own(self) -> None:
        """What is on the grid stays there: it is due when its turn comes, not a grain before."""
        for grain in (0.02, 0.0025, 0.05):
            terms = Terms(grain=grain)
            for step in range(0, 10**6, 997):
                turn = terms.turn(step * 0.1)
                self.assertEqual(turn, terms.turn(turn))

    def test_never(self) -> None:
        """What is never due has no turn."""
        self.assertEqual(NEVER, Terms(grain=0.25).turn(NEVER))

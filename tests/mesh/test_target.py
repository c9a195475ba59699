"""
One that is to be dialed.
"""

from gossip.mesh.addresses import Address
from gossip.mesh.target import Dialing, Target
from gossip.settings import Seed
from gossip.trust.identity import PeerId
from tests.cases import UnitCase


class TargetTests(UnitCase):
    """A peer of the book or a seed."""

    def test_starts_when_its_wait_is_over(self) -> None:
        """When its time comes it asks to be dialed itself, whatever the time is."""
        started: list[Target] = []
        one = Target(started.append, PeerId("1" * 64))
        two = Target(started.append, None, Seed(Address("seed.example", 80)))
        two.tick(5.0)
        one.tick(6.0)
        self.assertEqual(2, len(started))
        self.assertIs(two, started[0])
        self.assertIs(one, started[1])

    def test_new(self) -> None:
        """A new one waits, and nothing has failed yet."""
        target = Target(lambda _: None, None)
        self.assertIs(Dialing.WAITING, target.state)
        self.assertEqual((0, 0, 0), (target.failures, target.brief, target.tries))
        self.assertEqual((None, None, None), (target.last_good, target.trouble, target.attempt))

    def test_is_itself_only(self) -> None:
        """Two targets for one peer are two, and do not share what they learn."""
        one, two = (Target(lambda _: None, PeerId("1" * 64)) for _ in range(2))
        self.assertNotEqual(one, two)
        one.mismatched |= {Address("192.0.2.1", 80)}
        self.assertEqual(set(), two.mismatched)
        self.assertEqual(2, len({one, two}))

    def test_text_form(self) -> None:
        """Logs show who it is, and nothing of what dials it."""
        text = repr(Target(lambda _: None, PeerId("1" * 64)))
        self.assertIn("1" * 64, text)
        self.assertNotIn("lambda", text)

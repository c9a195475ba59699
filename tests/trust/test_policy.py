"""
Who may link.
"""

from gossip.trust.identity import PeerId
from gossip.trust.policy import Admitted, Policy, Refused
from tests.cases import UnitCase

OWN, PEER, OTHER = (PeerId(digit * 64) for digit in "abc")


class PolicyTests(UnitCase):
    """Trust on first use."""

    def test_anyone_may_link(self) -> None:
        """Whoever has proved a key is let in as the holder of that key."""
        self.assertEqual(Admitted(), Policy(OWN).judge(PEER))

    def test_who_was_dialed(self) -> None:
        """The peer that was dialed is let in."""
        self.assertEqual(Admitted(), Policy(OWN).judge(PEER, PEER))

    def test_somebody_else_than_who_was_dialed(self) -> None:
        """Another peer than the one that was dialed is refused, with both names."""
        self.assertEqual(
            Refused("identity", "expected cccccccccccc, found bbbbbbbbbbbb"),
            Policy(OWN).judge(PEER, OTHER),
        )

    def test_itself(self) -> None:
        """A node does not link with itself, whomever it dialed."""
        for expected in (None, OWN, PEER):
            verdict = Policy(OWN).judge(OWN, expected)
            self.assertEqual(Refused("self", "it is this node itself"), verdict)

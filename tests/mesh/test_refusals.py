"""
What is told of connections that did not become links.
"""

from gossip.mesh.addresses import Address
from gossip.mesh.attempt import Ending
from gossip.mesh.refusals import NO_CONNECTION, Refusals
from gossip.mesh.status import Event, Refused
from gossip.mesh.target import Target
from gossip.settings import Seed
from tests.cases import UnitCase
from tests.street import StreetCase, identity

SEED = Seed(Address("192.0.2.1", 8080))
PEER = identity("p").id


class DialTests(UnitCase):
    """Dials of ours."""

    def setUp(self) -> None:
        self.told: list[Event] = []
        self.refusals = Refusals({}, self.told.append)

    def target(self, seed: Seed | None) -> Target:
        """A peer, or a seed."""
        return Target(lambda _: None, PEER, seed, last_good=Address("192.0.2.7", 1))

    def test_seeds(self) -> None:
        """What the operator named is told of whatever happened, once for each reason."""
        target = self.target(SEED)
        for code in ("unreachable", "network", "closed"):
            ending = Ending(code, f"it is {code}")
            for _ in range(3):
                self.refusals.dial_failed(target, ending)
                target.trouble = ending
        self.assertEqual(
            [
                Refused(peer=PEER, address="192.0.2.1:8080", code=code, reason=f"it is {code}")
                for code in ("unreachable", "network", "closed")
            ],
            self.told,
        )

    def test_peers(self) -> None:
        """Of a peer only what it said itself is told; that it could not be reached is not."""
        for code in (*NO_CONNECTION, "identity"):
            self.refusals.dial_failed(self.target(None), Ending(code, "no"))
        self.assertEqual([], self.told)
        self.refusals.dial_failed(self.target(None), Ending("refused", "no"))
        self.assertEqual(
            [Refused(peer=PEER, address="192.0.2.7:1", code="refused", reason="no")], self.told
        )

    def test_turned_away(self) -> None:
        """Whoever was one too many is told of as an overload."""
        self.refusals.turned_away("192.0.2.9:1", "too many")
        self.assertEqual(
            [Refused(peer=None, address="192.0.2.9:1", code="overload", reason="too many")],
            self.told,
        )


class AcceptedTests(StreetCase):
    """Dials of others."""

    def test_not_linked(self) -> None:
        """They are told of, but for what is no refusal."""
        town = self.street()
        a = town.house("a")
        puppet = town.puppet("p")
        puppet.dial(a, network="other")
        (refused,) = a.said(Refused)
        self.assertEqual((puppet.id, "network"), (refused.peer, refused.code))
        puppet.dial(a)
        puppet.call(a).end()
        town.run(2)
        self.assertEqual([refused], a.said(Refused))

"""
What others can make happen at will is kept now and then.
"""

from gossip.memory import rations as module
from gossip.memory.rations import NEWCOMERS_RATE, PEER_RATE, STRANGERS_RATE, Rations
from gossip.mesh.status import Event, PeerAlive, PeerDead, Refused, Stopping
from tests.cases import UnitCase

REFUSED = Refused(peer=None, address="192.0.2.9:1", code="tls", reason="no")


def alive(peer: str, *, first: bool = True) -> PeerAlive:
    """A peer is linked."""
    return PeerAlive(peer=peer, name="", address="", direction="dialed", first=first)


def dead(peer: str) -> PeerDead:
    """A peer is gone."""
    return PeerDead(peer=peer, name="", address="", reason="silent", silent_s=3.0)


class RationsTests(UnitCase):
    """A clock that a test moves."""

    def setUp(self) -> None:
        self.now = 0.0
        self.rations = Rations(lambda: self.now)

    def kept(self, *events: Event) -> int:
        """How many of these are kept."""
        return sum(map(self.rations.take, events))

    def test_strangers(self) -> None:
        """Some at once, then a few a minute; those left out are counted once."""
        self.assertEqual(STRANGERS_RATE.at_once, self.kept(*[REFUSED] * 100))
        self.assertEqual(["refused"], self.rations.short())
        self.assertEqual(40, self.rations.left_out("refused"))
        self.assertEqual((0, []), (self.rations.left_out("refused"), self.rations.short()))
        self.now += 60
        self.assertEqual(10, self.kept(*[REFUSED] * 100))

    def test_what_nobody_else_causes(self) -> None:
        """It is always kept."""
        self.assertEqual(1000, self.kept(*[Stopping(reason="")] * 1000))

    def test_newcomers(self) -> None:
        """A fleet at once; nor is it kept what becomes of those that were too many."""
        most = NEWCOMERS_RATE.at_once
        names = [f"p{number}" for number in range(2 * most)]
        self.assertEqual(most, self.kept(*map(alive, names)))
        self.assertEqual(most, self.kept(*map(dead, names)))
        self.assertEqual(1, self.kept(alive("known", first=False)))
        self.now += 600
        self.assertTrue(self.rations.take(dead(names[-1])))

    def test_one_that_comes_and_goes(self) -> None:
        """It does not use up what others have."""
        events: list[Event] = [alive("p", first=False), dead("p")] * 500
        self.assertEqual(PEER_RATE.at_once, self.kept(*events))
        self.assertEqual(2, self.kept(alive("q"), dead("q")))

    def test_many(self) -> None:
        """There is a bound to whom it knows."""
        self.patch(module, "MOST_PEERS", 3)
        self.kept(*(dead(f"p{number}") for number in range(10)))
        self.assertEqual(["p7", "p8", "p9"], list(self.rations._peers))

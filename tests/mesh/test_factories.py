"""
Where links are born.
"""

from twisted.internet.interfaces import IAddress
from zope.interface import implementer

from gossip.mesh.status import PeerAlive, Refused
from gossip.settings import Limits
from tests.street import Line, StreetCase


@implementer(IAddress)
class Nowhere:
    """An address without a host, as a socket in the file system has."""


class GateTests(StreetCase):
    """As many strangers as there is room for."""

    def setUp(self) -> None:
        self.town = self.street()
        self.a = self.town.house("a", limits=Limits(pending_total=6, pending_per_address=4))

    def knock(self, host: str, times: int) -> list[Line]:
        """Strangers of one host that say nothing."""
        puppet = self.town.puppet(f"p{host}", host)
        return [puppet.call(self.a) for _ in range(times)]

    def test_one_host(self) -> None:
        """One host may fill its own places only, and it is told by whom they are taken."""
        lines = self.knock("10.2.0.1", 7)
        self.assertEqual([False] * 4 + [True] * 3, [line.gone for line in lines])
        refused = self.a.said(Refused)
        self.assertEqual(["overload"] * 3, [event.code for event in refused])
        self.assertTrue(refused[0].address.startswith("10.2.0.1:"))
        self.assertFalse(self.knock("10.2.0.2", 1)[0].gone)

    def test_all(self) -> None:
        """All hosts together may fill all places; they are free again after a while."""
        self.knock("10.2.0.1", 4)
        lines = self.knock("10.2.0.2", 4)
        self.assertEqual([False] * 2 + [True] * 2, [line.gone for line in lines])
        self.town.run(12)
        self.assertEqual(0, len(self.a.acceptor.gate))  # type: ignore[union-attr]
        self.assertFalse(self.knock("10.2.0.3", 1)[0].gone)

    def test_too_fast(self) -> None:
        """One host begins no more than half of the handshakes for which there is time."""
        slow = Limits(accepted_per_second=2, accepted_at_once=8)
        self.a = self.town.house("slow", limits=slow)
        lines = self.knock("10.2.0.1", 7)
        self.assertEqual([False] * 4 + [True] * 3, [line.gone for line in lines])
        self.assertIn("in the last seconds", self.a.said(Refused)[0].reason)

    def test_links_take_no_place(self) -> None:
        """Those that were admitted do not count, and losing them gives back nothing twice."""
        puppets = [self.town.puppet(f"p{i}", f"10.2.0.{i + 1}") for i in range(9)]
        for puppet in puppets:
            puppet.dial(self.a)
        self.assertEqual(9, len(self.a.said(PeerAlive)))
        for puppet in puppets:
            puppet.lines[0].end()
        self.town.run(0.1, 0.01)
        self.assertEqual(0, len(self.a.acceptor.gate))  # type: ignore[union-attr]

    def test_admitted_there_before(self) -> None:
        """Where one was admitted there is room when strangers have taken all places."""
        peer = self.town.puppet("peer", "10.2.0.9")
        peer.dial(self.a)
        self.assertEqual(1, len(self.a.said(PeerAlive)))
        peer.lines[0].end()
        self.town.run(0.1, 0.01)
        self.knock("10.2.0.1", 4)
        self.assertEqual([False, False, True], [line.gone for line in self.knock("10.2.0.2", 3)])
        self.assertFalse(peer.call(self.a).gone)

    def test_refused_there_before(self) -> None:
        """Where one came and was not admitted there is not."""
        self.knock("10.2.0.9", 1)[0].end()
        self.town.run(0.1, 0.01)
        self.knock("10.2.0.1", 4)
        self.knock("10.2.0.2", 2)
        self.assertTrue(self.knock("10.2.0.9", 1)[0].gone)

    def test_socket_without_a_host(self) -> None:
        """A connection from nowhere in particular counts as of one host."""
        acceptor = self.a.acceptor
        assert acceptor is not None
        for _ in range(4):
            acceptor.buildProtocol(Nowhere())
        self.assertEqual(4, len(acceptor.gate))  # type: ignore[attr-defined]
        acceptor.buildProtocol(Nowhere())
        self.assertEqual(1, len(self.a.said(Refused)))

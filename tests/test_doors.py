"""
What a node listens on.
"""

from functools import partial
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock

from gossip.doors import Door, bound_to, doors_of, secured, why_not
from gossip.listeners import endpoint
from gossip.mesh.addresses import Address
from gossip.mesh.meter import Meter
from gossip.settings import Settings
from gossip.trust.credentials import Credentials
from gossip.trust.identity import Identity
from tests.cases import UnitCase


class _Unwanted(Protocol):
    turned_away = True


class DoorTests(UnitCase):
    """Names become doors, and doors are secured."""

    def test_names(self) -> None:
        """Each that was named, as it was; all addresses where none was."""
        named = doors_of(Settings(listen=("127.0.0.1", "::1")), MemoryReactorClock())
        self.assertEqual(["127.0.0.1", "::1"], [door.name for door in named])
        (everywhere,) = doors_of(Settings(port=7), MemoryReactorClock())
        self.assertEqual("port 7", everywhere.name)

    def test_whom_tls_is_made_for(self) -> None:
        """Below TLS is a meter; who is turned away behind both gets neither."""
        memory: Any = MemoryReactorClock()
        secure = Credentials(Identity.generate())
        for inside, kind in ((_Unwanted, type(None)), (Protocol, Meter)):
            door = Door("door", partial(endpoint, memory, "127.0.0.1"))
            listening = secured(door, secure, memory).open(8080).listen(Factory.forProtocol(inside))
            self.successResultOf(listening)
            factory = memory.tcpServers[-1][1]
            self.assertIsInstance(factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 9)), kind)

    def test_where(self) -> None:
        """Where a port listens, as far as it has an address at all."""

        class Port:
            def getHost(self) -> IPv4Address:
                return IPv4Address("TCP", "192.0.2.1", 9)

        port: Any = Port()
        self.assertEqual(Address("192.0.2.1", 9), bound_to(port))

    def test_why_not(self) -> None:
        """What the system said, and what to do; its own words where it has some."""
        taken = OSError(98, "Address already in use")
        for error in (taken, CannotListenError("", 9, taken)):
            self.assertEqual(
                "cannot listen on port 9: Address already in use; choose another with --port or"
                " --listen",
                why_not("port 9", error),
            )
        self.assertIn("cannot listen on x: odd;", why_not("x", ValueError("odd")))

"""
Names to addresses, and addresses to connections.
"""

from collections.abc import Callable
from typing import Any

from attrs import define, field
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHostnameResolver, ITransport
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer
from zope.interface.verify import verifyObject

from gossip.mesh.addresses import Address
from gossip.mesh.roads import MOST_ADDRESSES, TLSRoads
from gossip.trust.credentials import Credentials
from tests.cases import UnitCase
from tests.street import identity


@implementer(IHostnameResolver)
@define(eq=False)
class Resolver:
    """Knows some names, and breaks as Twisted's own does on what is none."""

    names: dict[str, list[Any]]
    asked: list[str] = field(factory=list)

    def resolveHostName(
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Any = None,
        transportSemantics: str = "TCP",
    ) -> Any:
        """Answer at once, or never."""
        self.asked.append(hostName)
        hostName.encode("idna")
        resolutionReceiver.resolutionBegan(self)
        for address in self.names.get(hostName, []):
            resolutionReceiver.addressResolved(address)
        resolutionReceiver.resolutionComplete()
        return self


class RoadsTests(UnitCase):
    """Roads over a reactor in memory."""

    def setUp(self) -> None:
        self.reactor: Any = MemoryReactorClock()
        self.resolver = Resolver({})
        self.reactor.nameResolver = self.resolver
        self.secure = Credentials(identity("a"))
        self.roads = TLSRoads(self.reactor, self.secure)

    def resolve(self, host: str) -> list[str]:
        """What a host resolves to."""
        return list(self.successResultOf(Deferred.fromCoroutine(self.roads.resolve(host))))

    def test_literals(self) -> None:
        """A literal is its own address, and nobody is asked."""
        for host, found in (("192.0.2.1", "192.0.2.1"), ("2001:DB8::1", "2001:db8::1")):
            self.assertEqual([found], self.resolve(host))
        self.assertEqual([], self.resolver.asked)

    def test_names(self) -> None:
        """A name is all its addresses, each once, in their order; none where it is not known."""
        self.resolver.names["fleet"] = [
            IPv6Address("TCP", "2001:db8::1", 0),
            IPv4Address("TCP", "192.0.2.1", 0),
            IPv4Address("TCP", "192.0.2.1", 0),
            object(),
        ]
        self.assertEqual(["2001:db8::1", "192.0.2.1"], self.resolve("fleet"))
        self.assertEqual([], self.resolve("unknown"))

    def test_bounded(self) -> None:
        """A name with very many addresses is not tried to its end."""
        self.resolver.names["many"] = [IPv4Address("TCP", f"10.0.0.{i}", 0) for i in range(99)]
        self.assertEqual(MOST_ADDRESSES, len(self.resolve("many")))

    def test_names_that_cannot_be(self) -> None:
        """What no resolver can be asked for has no addresses."""
        for host in ("a" * 64 + ".example", "a..example", "\N{SNOWMAN}" * 70):
            self.assertEqual([], self.resolve(host))
        self.assertEqual([], self.resolver.asked)

    def test_endpoints(self) -> None:
        """IPv4 and IPv6 addresses are connected to, and TLS begins."""
        for host in ("192.0.2.1", "2001:db8::1"):
            connecting = self.roads.endpoint(Address(host, 8080)).connect(
                Factory.forProtocol(Protocol)
            )
            self.assertEqual((host, 8080), self.reactor.tcpClients[-1][:2])
            connecting.cancel()
            self.failureResultOf(connecting)

    def test_vouching(self) -> None:
        """A further check is asked with the name that was dialed, where there is one."""
        self.assertIsNone(self.roads.vouching("seed.example"))
        asked: list[str] = []

        def vouch(transport: ITransport, host: str) -> None:
            asked.append(host)

        check: Callable[[Any], None] | None = TLSRoads(self.reactor, self.secure, vouch).vouching(
            "seed.example"
        )
        assert check is not None
        check(None)
        self.assertEqual(["seed.example"], asked)

    def test_the_resolver_is_one(self) -> None:
        """The stand-in has the interface of what it stands for."""
        verifyObject(IHostnameResolver, self.resolver)

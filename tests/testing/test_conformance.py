"""
The simulated connection against real ones: what one does, the others do.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import (
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    wrapClientTLS,
    wrapServerTLS,
)
from twisted.internet.task import Clock as TwistedClock
from twisted.internet.task import deferLater
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.test.iosim import FakeTransport, IOPump, connect
from twisted.trial.unittest import SynchronousTestCase

from gossip.mesh.addresses import Address
from gossip.testing.clock import Clock, ProcessClock
from gossip.testing.machine import identity
from gossip.testing.network import Endpoint, Network, Place, Trace
from gossip.trust.credentials import Credentials, peer_of
from gossip.trust.identity import PeerId
from tests.testing import conformance
from tests.testing.conformance import Bell, Ground, One, Recorder, Source

REACTOR: Any = global_reactor

NEAR, FAR = identity("near"), identity("far")

PORT = 8080

PATIENCE = 10.0
"""Seconds, real or simulated, within which everything that is waited for happens."""


class Simulated(Ground):
    """The simulator's own connections."""

    def __init__(self, bell: Bell, case: SynchronousTestCase) -> None:
        super().__init__(bell, case)
        self.clock = Clock()
        self.network = Network(self.clock, 1, Trace(self.clock))
        self.near, self.far = (
            Place(name=name, address=address, id=who.id, process=ProcessClock(self.clock))
            for name, address, who in (("near", "10.0.0.1", NEAR), ("far", "10.0.0.2", FAR))
        )
        self.network.places.update(near=self.near, far=self.far)

    def dial(self, near: Recorder, far: Recorder) -> Deferred[Any]:
        """Across the simulated network."""
        self.far.listening[PORT] = One(far)
        return self._endpoint(PORT).connect(One(near))

    def dial_nobody(self, near: Recorder) -> Deferred[Any]:
        """A port at which nobody listens."""
        return self._endpoint(PORT + 1).connect(One(near))

    def ids(self) -> tuple[PeerId, PeerId]:
        """As the places have them."""
        return NEAR.id, FAR.id

    def identify(self, transport: Any) -> PeerId:
        """The fake says so."""
        who: PeerId = transport.peer_id
        return who

    async def until(self, condition: Callable[[], bool]) -> None:
        """Move the clock on."""
        end = self.clock.seconds() + PATIENCE
        while not condition():
            self.case.assertLess(self.clock.seconds(), end, "it has not happened")
            self.clock.run_until(self.clock.seconds() + 0.005)

    async def a_while(self) -> None:
        """Move the clock on."""
        self.clock.run_until(self.clock.seconds() + PATIENCE)

    def _endpoint(self, port: int) -> Endpoint:
        return Endpoint(self.network, self.near, Address(self.far.address, port))


class Tcp(Ground):
    """TCP on loopback, with Twisted's own reactor."""

    shakes = False

    def dial(self, near: Recorder, far: Recorder) -> Deferred[Any]:
        """Listen once, and connect."""
        listening = self._server().listen(One(far))
        port: Any = self.case.successResultOf(listening)
        self.case.addCleanup(port.stopListening)
        connecting: Deferred[Any] = self._client(port.getHost().port).connect(One(near))
        return connecting

    def dial_nobody(self, near: Recorder) -> Deferred[Any]:
        """Port 1, which nobody uses."""
        connecting: Deferred[Any] = self._client(1).connect(One(near))
        return connecting

    async def until(self, condition: Callable[[], bool]) -> None:
        """Look again whenever something happens."""
        while not condition():
            rung: Deferred[None] = Deferred()
            self.bell.ring = partial(_fire, rung)
            await rung.addTimeout(PATIENCE, REACTOR)

    async def a_while(self) -> None:
        """A few turns of the reactor, with time for the system to carry what there is."""
        await deferLater(REACTOR, 0.05)

    def _server(self) -> Any:
        return TCP4ServerEndpoint(REACTOR, 0, interface="127.0.0.1")

    def _client(self, port: int) -> Any:
        return TCP4ClientEndpoint(REACTOR, "127.0.0.1", port)


class Tls(Tcp):
    """TLS as nodes have it, over TCP on loopback."""

    shakes = True

    def ids(self) -> tuple[PeerId, PeerId]:
        """As their certificates say."""
        return NEAR.id, FAR.id

    def identify(self, transport: Any) -> PeerId:
        """What TLS has proved."""
        return peer_of(transport)

    def _server(self) -> Any:
        return wrapServerTLS(Credentials(FAR), super()._server(), clock=REACTOR)

    def _client(self, port: int) -> Any:
        return wrapClientTLS(Credentials(NEAR), super()._client(port), clock=REACTOR)


class MemoryTls(Ground):
    """TLS as nodes have it, over Twisted's own simulation of a transport."""

    presses = False
    dials = False

    def __init__(self, bell: Bell, case: SynchronousTestCase) -> None:
        super().__init__(bell, case)
        self.clock = TwistedClock()
        self.pumps: list[IOPump] = []

    def dial(self, near: Recorder, far: Recorder) -> Deferred[Any]:
        """Two transports and a pump."""
        ends = []
        for end, who, dials in ((far, FAR, False), (near, NEAR, True)):
            factory = TLSMemoryBIOFactory(Credentials(who), dials, One(end), clock=self.clock)
            ends.append(factory.buildProtocol(None))
        server, client = ends
        self.pumps.append(
            connect(
                server,
                FakeTransport(server, True),
                client,
                FakeTransport(client, False),
                greet=False,
            )
        )
        return succeed(near)

    def ids(self) -> tuple[PeerId, PeerId]:
        """As their certificates say."""
        return NEAR.id, FAR.id

    def identify(self, transport: Any) -> PeerId:
        """What TLS has proved."""
        return peer_of(transport)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Pump."""
        for _ in range(10_000):
            if condition():
                return
            self._pump()
        self.case.fail("it has not happened")

    async def a_while(self) -> None:
        """Pump until nothing flows."""
        for _ in range(100):
            self._pump()

    def _pump(self) -> None:
        self.clock.advance(0)
        for pump in self.pumps:
            pump.pump()


def _fire(rung: Deferred[None]) -> None:
    if not rung.called:
        rung.callback(None)


class SimulatedTests(conformance.Conformance):
    """The simulator's connections."""

    kind = Simulated

    async def test_only_push_producers(self) -> None:
        """Others are refused: no link has one."""
        near, far = await self.pair()
        with self.assertRaises(ValueError):
            near.stream.registerProducer(Source(near, far, 0, self.bell), False)


class TcpTests(conformance.Conformance):
    """Plain TCP on loopback."""

    kind = Tcp


class TlsTests(conformance.Conformance):
    """TLS over TCP on loopback: what a node has."""

    kind = Tls


class MemoryTlsTests(conformance.Conformance):
    """TLS without sockets."""

    kind = MemoryTls

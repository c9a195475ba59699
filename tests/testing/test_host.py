"""
Hosts: any program that takes its clock and its endpoints from outside can live on one.
"""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from gossip.mesh.addresses import Address
from gossip.testing.clock import Clock, ProcessClock
from gossip.testing.host import EPOCH, Host
from gossip.testing.network import Network, Place, Trace
from tests.cases import UnitCase

PORT = 7
HOSTS = ("10.0.0.1", "10.0.0.2")


class Echo(Protocol):
    """Says what it hears, and remembers how that ended."""

    heard = b""
    ended = ""

    def dataReceived(self, data: bytes) -> None:
        """Say it."""
        self.heard += data
        if self.factory is not None:
            assert self.transport is not None
            self.transport.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.ended = type(reason.value).__name__


class HostTests(UnitCase):
    """Two machines, on one of which an echo runs."""

    def setUp(self) -> None:
        self.time = Clock()
        self.network = Network(self.time, 1, Trace(self.time))
        self.server, self.client = (self.host(f"h{n}", at) for n, at in enumerate(HOSTS))
        self.server.begin()
        self.server.listen(PORT, Factory.forProtocol(Echo))
        self.client.begin()

    def host(self, name: str, address: str) -> Host:
        """One more machine."""
        place = self.network.places[name] = Place(name=name, address=address)
        return Host(network=self.network, place=place)

    def run_for(self, seconds: float) -> None:
        """Let time pass."""
        self.time.run_until(self.time.seconds() + seconds)

    def dial(self) -> Echo:
        """A connection of the client to the server, on which it has said something."""
        factory = Factory.forProtocol(Echo)
        connecting: Deferred[Any] = self.client.endpoint(Address(HOSTS[0], PORT)).connect(factory)
        self.run_for(1)
        echo: Echo = self.successResultOf(connecting)
        echo.factory = None
        assert echo.transport is not None
        echo.transport.write(b"hello")
        self.run_for(1)
        return echo

    def test_any_program(self) -> None:
        """What is said to a program is answered by it, over the network."""
        self.assertEqual(b"hello", self.dial().heard)

    def test_kill(self) -> None:
        """A killed process is gone, the other end is told, and who dials is refused."""
        echo = self.dial()
        self.server.kill()
        self.run_for(1)
        self.assertEqual("ConnectionLost", echo.ended)
        self.assertFalse(self.server.runs)
        failed: list[Failure] = []
        endpoint = self.client.endpoint(Address(HOSTS[0], PORT))
        endpoint.connect(Factory.forProtocol(Echo)).addErrback(failed.append)
        self.run_for(1)
        self.assertEqual(["ConnectionRefusedError"], [type(f.value).__name__ for f in failed])
        self.server.kill()

    def test_unplug(self) -> None:
        """Nobody is told that a machine was unplugged; when it is back its system denies all."""
        echo = self.dial()
        self.server.unplug()
        assert echo.transport is not None
        echo.transport.write(b"still there?")
        self.run_for(100)
        self.assertEqual((b"hello", ""), (echo.heard, echo.ended))
        self.server.plug()
        self.run_for(100)
        self.assertEqual("ConnectionLost", echo.ended)

    def test_move(self) -> None:
        """Nothing arrives from or at an address that a machine has given up."""
        echo = self.dial()
        self.server.move("10.0.0.9")
        assert echo.transport is not None
        echo.transport.write(b"still there?")
        self.run_for(100)
        self.assertEqual((b"hello", ""), (echo.heard, echo.ended))
        self.assertEqual([], self.network.at(HOSTS[0]))

    def test_one_process_at_a_time(self) -> None:
        """A process that begins has the machine, and a clock of its own."""
        first = self.server.process
        self.server.kill()
        second = self.server.begin()
        self.assertIsInstance(second, ProcessClock)
        self.assertIsNot(first, second)
        self.assertTrue(self.server.runs)

    def test_wall(self) -> None:
        """The wall clock is wrong by what the machine's is."""
        self.run_for(5)
        self.server.wall_offset = -60
        self.assertEqual(EPOCH + self.time.seconds() - 60, self.server.wall())

    def test_resolve(self) -> None:
        """Names lead to what the network says, literals to themselves."""
        self.network.names["echo"] = [HOSTS[0]]
        for name, address in (("echo", HOSTS[0]), ("10.1.1.1", "10.1.1.1")):
            found = Deferred.fromCoroutine(self.client.resolve(name))
            self.assertEqual([address], self.successResultOf(found))

"""
The meter between TCP and TLS.
"""

from collections.abc import Callable
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import wrapClientTLS, wrapServerTLS
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHandshakeListener, IPushProducer, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.test.iosim import FakeTransport, connect
from zope.interface import implementer
from zope.interface.verify import verifyObject

from gossip.mesh import meter
from gossip.mesh.meter import PAUSE, UNREAD, IMetered, Meter, Metered, MeteredClient, MeteredServer
from gossip.mesh.tlsrecords import LINKED, STRANGER
from gossip.trust.credentials import Credentials, peer_of
from tests.cases import UnitCase
from tests.mesh.test_tlsrecords import record
from tests.street import identity

SMALL = record(10)


@implementer(ITCPTransport)
class Pipe(StringTransport):
    """TCP, as far as the meter knows it."""

    aborted = False

    def abortConnection(self) -> None:
        """It is cut."""
        self.aborted = True

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Taken note of."""
        self.no_delay = enabled

    def getTcpNoDelay(self) -> bool:
        """What was asked for."""
        return self.no_delay

    def getTcpKeepAlive(self) -> bool:
        """None."""
        return False

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """None."""

    def loseWriteConnection(self) -> None:
        """Not used."""


class Above(Protocol):
    """What stands in for TLS: it keeps what comes, and may say something."""

    def __init__(self) -> None:
        self.received = b""
        self.lost: list[Failure] = []
        self.heard: Callable[[], None] = lambda: None

    @property
    def pipe(self) -> Any:
        """Its transport."""
        return self.transport

    def dataReceived(self, data: bytes) -> None:
        """Something came through."""
        self.received += data
        self.heard()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.lost.append(reason)


@implementer(IPushProducer)
class Producer:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        """TCP is full."""
        self.told.append("pause")

    def resumeProducing(self) -> None:
        """TCP is empty."""
        self.told.append("resume")

    def stopProducing(self) -> None:
        """TCP is gone."""
        self.told.append("stop")


class MeterCase(UnitCase):
    """A meter with nothing but its neighbours."""

    def setUp(self) -> None:
        self.time = self.clock()
        factory = Metered(Factory.forProtocol(Above), self.time)
        self.meter: Meter = factory.buildProtocol(None)
        self.above: Any = self.meter.wrappedProtocol
        self.pipe = Pipe()
        self.tcp: Any = self.pipe
        self.meter.makeConnection(self.pipe)
        self.addCleanup(self.end)

    def end(self) -> None:
        """Lose the connection, if it is still there."""
        if self.meter.wrappedProtocol is not None:
            self.meter.connectionLost(Failure(ConnectionDone()))

    def reading(self) -> bool:
        """Whether TCP is read."""
        return self.pipe.producerState == "producing"

    def came(self) -> int:
        """How many small records came through."""
        count, rest = divmod(len(self.above.received), len(SMALL))
        self.assertEqual(0, rest)
        return count


class RateTests(MeterCase):
    """How fast records pass."""

    def test_few(self) -> None:
        """As many as a handshake and a hello take pass at once, however they are cut."""
        data = SMALL * STRANGER.at_once
        self.meter.dataReceived(data[:77])
        self.meter.dataReceived(data[77:])
        self.assertEqual((data, True), (self.above.received, self.reading()))

    def test_many(self) -> None:
        """More wait, TCP is not read meanwhile, and in the end nothing is missing."""
        self.meter.dataReceived(SMALL * (STRANGER.at_once + 10))
        self.assertEqual((STRANGER.at_once, False), (self.came(), self.reading()))
        self.time.advance(PAUSE)
        self.assertEqual((STRANGER.at_once + 2, False), (self.came(), self.reading()))
        self.time.pump([PAUSE] * 4)
        self.assertEqual((STRANGER.at_once + 10, True), (self.came(), self.reading()))
        self.assertEqual([], self.time.getDelayedCalls())

    def test_admitted(self) -> None:
        """Who has a link may send more, and not without end."""
        self.meter.dataReceived(SMALL * STRANGER.at_once)
        self.meter.admitted()
        self.meter.dataReceived(SMALL * (LINKED.at_once + 300))
        self.assertEqual(STRANGER.at_once + LINKED.at_once, self.came())
        self.time.pump([PAUSE] * 3)
        self.assertEqual(STRANGER.at_once + LINKED.at_once + 300, self.came())
        self.assertTrue(self.reading())

    def test_long_records_are_no_flood(self) -> None:
        """Megabytes in full records pass without a pause."""
        self.meter.admitted()
        for _ in range(200):
            self.meter.dataReceived(record(16401))
        self.assertEqual(200 * 16406, len(self.above.received))
        self.assertTrue(self.reading())


class PauseTests(MeterCase):
    """Two reasons not to read do not undo each other."""

    def flood(self) -> None:
        """Use up the records, with one to spare."""
        self.meter.dataReceived(SMALL * (STRANGER.at_once + 1))

    def test_asked_for(self) -> None:
        """Whoever is above pauses and resumes as it likes."""
        self.meter.pauseProducing()
        self.assertFalse(self.reading())
        self.meter.resumeProducing()
        self.assertTrue(self.reading())

    def test_resumed_while_the_meter_pauses(self) -> None:
        """It does not make the meter let anything through."""
        self.flood()
        self.meter.pauseProducing()
        self.meter.resumeProducing()
        self.assertEqual((STRANGER.at_once, False), (self.came(), self.reading()))
        self.assertEqual(1, len(self.time.getDelayedCalls()))
        self.time.advance(PAUSE)
        self.assertEqual((STRANGER.at_once + 1, True), (self.came(), self.reading()))

    def test_more_comes_while_the_meter_pauses(self) -> None:
        """What TCP had read already waits behind the rest."""
        self.flood()
        self.meter.dataReceived(record(7))
        self.assertEqual(1, len(self.time.getDelayedCalls()))
        self.time.advance(PAUSE)
        self.assertEqual(SMALL * (STRANGER.at_once + 1) + record(7), self.above.received)

    def test_the_meter_s_pause_ends_while_another_is_asked_for(self) -> None:
        """Nothing comes through until whoever is above wants it."""
        self.flood()
        self.meter.pauseProducing()
        self.time.advance(1.0)
        self.assertEqual((STRANGER.at_once, False), (self.came(), self.reading()))
        self.meter.resumeProducing()
        self.assertEqual((STRANGER.at_once + 1, True), (self.came(), self.reading()))

    def test_paused_by_what_comes(self) -> None:
        """Whoever pauses because of what came is not read, and gets what is left later."""
        self.above.heard = self.meter.pauseProducing
        self.flood()
        self.time.advance(1.0)
        self.assertEqual((STRANGER.at_once, False), (self.came(), self.reading()))
        self.above.heard = lambda: None
        self.meter.resumeProducing()
        self.assertEqual((STRANGER.at_once + 1, True), (self.came(), self.reading()))


class EndTests(MeterCase):
    """The end of a connection."""

    def test_last_words(self) -> None:
        """What was held when the connection broke is still heard."""
        self.meter.dataReceived(SMALL * (STRANGER.at_once + 5))
        self.end()
        self.assertEqual((STRANGER.at_once + 5, 1), (self.came(), len(self.above.lost)))

    def test_aborted(self) -> None:
        """After an abort nothing comes through, and nothing waits."""
        self.meter.dataReceived(SMALL * (STRANGER.at_once + 5))
        self.above.pipe.abortConnection()
        self.assertTrue(self.pipe.aborted)
        self.assertEqual([], self.time.getDelayedCalls())
        self.end()
        self.assertEqual(STRANGER.at_once, self.came())

    def test_aborted_by_what_comes(self) -> None:
        """Also where what came through is the reason."""
        self.above.heard = self.meter.abortConnection
        self.meter.dataReceived(SMALL * (STRANGER.at_once + 5))
        self.assertEqual([], self.time.getDelayedCalls())
        self.meter.dataReceived(SMALL)
        self.assertEqual(STRANGER.at_once, self.came())


class UnreadTests(MeterCase):
    """What TLS says by itself to a peer that does not read."""

    def setUp(self) -> None:
        super().setUp()
        self.producer = Producer()
        self.above.pipe.registerProducer(self.producer, True)
        self.meter.admitted()

    def answers(self, size: int, times: int) -> None:
        """What comes makes TLS write so much, so many times."""
        self.above.heard = lambda: self.above.pipe.write(b"x" * size)
        for _ in range(times):
            self.meter.dataReceived(SMALL)

    def test_not_read(self) -> None:
        """More than a mebibyte ends the connection."""
        self.tcp.producer.pauseProducing()
        self.answers(1 << 16, 16)
        self.assertFalse(self.pipe.aborted)
        self.answers(1, 1)
        self.assertTrue(self.pipe.aborted)

    def test_told_to_whoever_watches(self) -> None:
        """Somebody above may end it in its own way."""
        told: list[str] = []
        meter.watch(self.above.pipe, lambda: told.append("overload"))
        self.tcp.producer.pauseProducing()
        self.answers(UNREAD + 1, 1)
        self.assertEqual((["overload"], False), (told, self.pipe.aborted))

    def test_read(self) -> None:
        """To one that reads, any amount may be said."""
        for _ in range(5):
            self.answers(UNREAD, 1)
            self.tcp.producer.pauseProducing()
            self.answers(UNREAD, 1)
            self.tcp.producer.resumeProducing()
        self.assertFalse(self.pipe.aborted)
        self.assertEqual(["pause", "resume"] * 5, self.producer.told)

    def test_written_by_those_above(self) -> None:
        """They count themselves what they write."""
        self.tcp.producer.pauseProducing()
        self.above.pipe.write(b"x" * (UNREAD + 1))
        self.assertFalse(self.pipe.aborted)

    def test_producer_stopped(self) -> None:
        """The producer hears of all that it would hear of without a meter."""
        self.tcp.producer.stopProducing()
        self.assertEqual(["stop"], self.producer.told)


class Socket(FileDescriptor):
    """A connection of the reactor whose socket takes so many bytes, and then no more."""

    def __init__(self, room: int) -> None:
        self.clock = MemoryReactorClock()
        super().__init__(reactor=self.clock)
        self.connected = 1
        self.room = room
        self.taken = b""
        self.fault: Exception | None = None
        self.writes = 0

    def writeSomeData(self, data: bytes) -> int | Exception:
        """Take what there is room for."""
        self.writes += 1
        if self.fault is not None:
            return self.fault
        part = data[: self.room]
        self.room -= len(part)
        self.taken += part
        return len(part)

    @property
    def watched(self) -> bool:
        """Whether the reactor is asked to tell when there is room."""
        return self in self.clock.writers


class WriteTests(UnitCase):
    """What is written goes out at once, as far as the socket takes it."""

    def over(self, room: int) -> tuple[Socket, Meter]:
        """A meter over a socket."""
        clock, socket = MemoryReactorClock(), Socket(room)
        one = Meter(Metered(Factory.forProtocol(Above), clock), Above())
        one.makeConnection(socket)
        return socket, one

    def test_at_once(self) -> None:
        """The reactor need not be asked for a turn."""
        socket, one = self.over(100)
        one.write(b"one")
        one.write(b"two")
        self.assertEqual((b"onetwo", False), (socket.taken, socket.watched))

    def test_no_room(self) -> None:
        """What does not fit waits, and nothing that is written later overtakes it."""
        socket, one = self.over(4)
        one.write(b"123456")
        socket.room = 100
        one.write(b"789")
        self.assertEqual((b"1234", True), (socket.taken, socket.watched))
        socket.doWrite()
        self.assertEqual(b"123456789", socket.taken)
        one.write(b"0")
        socket.doWrite()
        self.assertEqual(b"1234567890", socket.taken)

    def test_broken(self) -> None:
        """That a connection is broken is left to the reactor to find out, as it always does."""
        socket, one = self.over(100)
        socket.fault = ConnectionLost()
        one.write(b"one")
        self.assertEqual((b"", True), (socket.taken, socket.watched))

    def test_gone(self) -> None:
        """What is said to a connection that is gone is lost, and nothing else."""
        socket, one = self.over(100)
        socket.connected = 0
        one.write(b"one")
        self.assertEqual((b"", 0), (socket.taken, socket.writes))


@implementer(IHandshakeListener)
class Listener(Above):
    """A protocol over TLS."""

    met = ""

    def connectionMade(self) -> None:
        """TCP is up."""
        ITCPTransport(self.pipe).setTcpNoDelay(True)
        self.producer = Producer()
        self.pipe.registerProducer(self.producer, True)

    def handshakeCompleted(self) -> None:
        """TLS is up."""
        self.met = peer_of(self.pipe)
        meter.admitted(self.pipe)


class Plain:
    """An endpoint that keeps the factory."""

    def __init__(self) -> None:
        self.factory: Any = None

    def listen(self, protocolFactory: Any) -> Deferred[Any]:
        """Keep it."""
        self.factory = protocolFactory
        self.made: Deferred[Any] = Deferred()
        return self.made

    connect = listen


class TLSTests(UnitCase):
    """Under real TLS."""

    def test_transparent(self) -> None:
        """Both ends know who is there, agree on the protocol, and hear each other."""
        reactor = MemoryReactorClock()
        near, far = Plain(), Plain()
        dialing: Any = MeteredClient(near, reactor)  # type: ignore[arg-type]
        accepting: Any = MeteredServer(far, reactor)  # type: ignore[arg-type]
        factory = Factory.forProtocol(Listener)
        connecting = wrapClientTLS(Credentials(identity("a")), dialing, clock=reactor)
        connected = connecting.connect(factory)
        wrapServerTLS(Credentials(identity("b")), accepting, clock=reactor).listen(factory)
        client, server = near.factory.buildProtocol(None), far.factory.buildProtocol(None)
        near.made.callback(client)
        over = [end.wrappedProtocol.wrappedProtocol for end in (client, server)]
        self.assertIs(over[0], self.successResultOf(connected))
        pump = connect(
            server,
            FakeTransport(server, isServer=True),
            client,
            FakeTransport(client, isServer=False),
        )
        pump.flush()
        self.assertEqual([identity("b").id, identity("a").id], [end.met for end in over])
        for end, other in (over, reversed(over)):
            end.pipe.write(b"x" * 100_000)
            reactor.advance(0)
            pump.flush()
            self.assertEqual(100_000, len(other.received))
            self.assertEqual(b"p2p-gossip/1", end.pipe.negotiatedProtocol)
            self.assertTrue(IMetered.providedBy(end.pipe))

    def test_interfaces(self) -> None:
        """A meter is what it says it is, and so is a transport without one."""
        built = Metered(Factory.forProtocol(Above), self.clock()).buildProtocol(None)
        verifyObject(IMetered, built)
        for nothing in (None, StringTransport()):
            meter.admitted(nothing)
            meter.watch(nothing, lambda: None)

    def test_nothing_built(self) -> None:
        """Where the factory builds nothing there is nothing to put a meter on."""
        factory: Any = Factory()
        factory.buildProtocol = lambda _: None
        self.assertIsNone(Metered(factory, self.clock()).buildProtocol(None))

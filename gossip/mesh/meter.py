"""
A meter between TCP and TLS: how many records a peer sends, and what TLS answers by itself.

TLS has messages of its own, key updates for one. They cost work and never come out of it, so no
limit above sees them. Beyond a rate of records the meter stops reading from TCP for a moment, as
`wire.session` does for frames; it drops nothing. And what TLS writes in answer to a peer that does
not read is counted like what we write ourselves (PROTOCOL §8).
"""

from collections.abc import Callable
from typing import Any, Final

from attrs import define
from twisted.internet.abstract import FileDescriptor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IListeningPort,
    IProtocol,
    IProtocolFactory,
    IPushProducer,
    IReactorTime,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
    ITransport,
)
from twisted.internet.protocol import connectionDone
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from zope.interface import Interface, implementer

from gossip.mesh.tlsrecords import LINKED, STRANGER, RecordReader
from gossip.wire.bucket import Bucket

PAUSE: Final = 0.1
"""Seconds for which reading stops when the records are used up: the grain of the rate."""

UNREAD: Final = 1 << 20
"""Bytes that TLS writes by itself to a peer that does not read, before the connection is ended."""


class IMetered(Interface):
    """A transport with a meter below it."""

    def admitted() -> None:
        """The peer has a link: it may send more."""

    def watch(overflow: Callable[[], None]) -> None:  # noqa: N805 - interfaces have no self
        """Call this when the peer leaves too much unread, in place of cutting the connection."""


def admitted(transport: ITransport | None) -> None:
    """The peer behind a transport has a link: it may send more, where that is metered."""
    if IMetered.providedBy(transport):
        IMetered(transport).admitted()


def watch(transport: ITransport | None, overflow: Callable[[], None]) -> None:
    """Call this when the peer behind a transport leaves too much unread of what TLS writes."""
    if IMetered.providedBy(transport):
        IMetered(transport).watch(overflow)


@implementer(IMetered, IPushProducer)
class Meter(ProtocolWrapper):
    """
    The protocol that TCP sees, and the transport that TLS sees.

    There are two reasons not to read: the meter's own, and that whoever is above asked for it. TCP
    is read when there is neither.
    """

    def __init__(self, factory: "Metered", wrapped: IProtocol) -> None:
        ProtocolWrapper.__init__(self, factory, wrapped)
        self._clock = factory.clock
        self._records = RecordReader()
        self._allowance = Bucket(STRANGER, self._clock.seconds())
        self._held = b""
        """What may not pass yet: at most what TCP reads at once."""
        self._alarm: IDelayedCall | None = None
        self._asked_to_pause = False
        self._reading = True
        self._hearing = False
        self._blocked = False
        self._answered = 0
        self._queued = False
        self._over = False
        self._overflow: Callable[[], None] = self.abortConnection

    # IMetered.

    def admitted(self) -> None:
        """The peer has a link: it may send more."""
        self._allowance = Bucket(LINKED, self._clock.seconds())

    def watch(self, overflow: Callable[[], None]) -> None:
        """Call this when the peer leaves too much unread."""
        self._overflow = overflow

    # Called by TCP.

    def dataReceived(self, data: bytes) -> None:
        """Let through as many records as may pass, and keep the rest for a moment."""
        if self._over:
            return
        self._held = self._held + data if self._held else data
        if self._alarm is None:
            self._pass()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is gone: what was held may be the peer's last word."""
        self._stop_alarm()
        held, self._held = self._held, b""
        if held and not self._over:
            self._deliver(held)
        self._over = True
        # Those above hold on to this transport: that is circle enough.
        del self._overflow
        super().connectionLost(reason)

    # Called by TLS, and by those above it.

    def write(self, data: bytes) -> None:
        """Write; what TLS says in answer counts where it is not read."""
        rest = data if self._queued else self._send(data)
        if rest:
            self._pipe.write(rest)
        # What those above write comes in a turn of its own, and they count it themselves.
        if self._blocked and self._hearing and not self._over:
            self._answered += len(data)
            if self._answered > UNREAD:
                self._overflow()

    def pauseProducing(self) -> None:
        """Whoever is above wants nothing for now."""
        self._asked_to_pause = True
        self._read_or_not()

    def resumeProducing(self) -> None:
        """Whoever is above wants more."""
        self._asked_to_pause = False
        if self._alarm is None:
            self._pass()

    def stopProducing(self) -> None:
        """Whoever is above wants nothing any more."""
        self.loseConnection()

    def abortConnection(self) -> None:
        """Cut the connection; nothing more passes."""
        self._over = True
        self._held = b""
        self._stop_alarm()
        self._pipe.abortConnection()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Ask this one to pause when TCP is full, and notice it."""
        self._pipe.registerProducer(_Gauge(self, producer), streaming)

    # What is left is only plumbing.

    def _send(self, data: bytes) -> bytes:
        """
        Send at once, and return what does not fit.

        A socket takes nearly all that a link says. That it need not be watched, and waited for, until
        it does saves a sixth of what a ping costs. From the first time that something is left over,
        all is queued: nothing may overtake it.
        """
        pipe = self._pipe
        if not isinstance(pipe, FileDescriptor) or not pipe.connected:
            return data
        sent = pipe.writeSomeData(data)
        if sent == len(data):
            return b""
        self._queued = True
        # What is wrong with the connection is found out anew, where the reactor looks for it.
        return data[sent:] if isinstance(sent, int) else data

    @property
    def _pipe(self) -> Any:
        return self.transport

    def _pass(self) -> None:
        """Let through what may pass, unless somebody above wants nothing."""
        if self._held and not self._asked_to_pause and not self._over:
            data = self._held
            size, begun = self._records.take(data, self._allowance.left(self._clock.seconds()))
            self._allowance.spend(begun)
            self._held = data[size:]
            if self._held:
                self._alarm = self._clock.callLater(PAUSE, self._rung)
                # Before it passes: whoever hears it may ask for more, or less.
                self._read_or_not()
            if size:
                self._deliver(data if size == len(data) else data[:size])
        self._read_or_not()

    def _deliver(self, data: bytes) -> None:
        self._hearing = True
        try:
            super().dataReceived(data)
        finally:
            self._hearing = False

    def _rung(self) -> None:
        self._alarm = None
        self._pass()

    def _read_or_not(self) -> None:
        reading = not (self._held or self._asked_to_pause)
        if reading is self._reading or self._over:
            return
        self._reading = reading
        if reading:
            self._pipe.resumeProducing()
        else:
            self._pipe.pauseProducing()

    def _stop_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def full(self) -> None:
        """TCP takes no more: the peer does not read as fast as is written."""
        self._blocked = True

    def empty(self) -> None:
        """The peer has read again."""
        self._blocked = False
        self._answered = 0


@implementer(IPushProducer)
@define(eq=False, repr=False)
class _Gauge:
    """Stands for the producer of those above, and tells the meter what it is told."""

    _meter: Meter
    _producer: Any

    def pauseProducing(self) -> None:
        self._meter.full()
        self._producer.pauseProducing()

    def resumeProducing(self) -> None:
        self._meter.empty()
        self._producer.resumeProducing()

    def stopProducing(self) -> None:
        self._producer.stopProducing()


class Metered(WrappingFactory[Meter]):
    """Puts a meter below each protocol of another factory."""

    protocol = Meter
    noisy = False

    def __init__(self, wrapped: IProtocolFactory, clock: IReactorTime) -> None:
        super().__init__(wrapped)
        self.clock = clock

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """A meter below what the other factory builds."""
        built = self.wrappedFactory.buildProtocol(addr)
        return None if built is None else Meter(self, built)


@implementer(IStreamClientEndpoint)
@define(eq=False, repr=False)
class MeteredClient:
    """Connects as another endpoint does, with a meter on the connection."""

    _endpoint: IStreamClientEndpoint
    _clock: IReactorTime

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """Connect; fires with what the factory built."""
        connecting: Deferred[Any] = self._endpoint.connect(Metered(protocolFactory, self._clock))
        return connecting.addCallback(lambda meter: meter.wrappedProtocol)


@implementer(IStreamServerEndpoint)
@define(eq=False, repr=False)
class MeteredServer:
    """Listens as another endpoint does, with a meter on each connection."""

    _endpoint: IStreamServerEndpoint
    _clock: IReactorTime

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        """Listen."""
        return self._endpoint.listen(Metered(protocolFactory, self._clock))

"""
Connections between simulated machines, which stand in for TLS over TCP.

An end does what `twisted.protocols.tls` does over `twisted.internet.tcp`: `tests/testing` runs one
suite against both. The handshake takes its round trips, and then each end knows whose key the other
one holds; an end can be gone without the other one being told.
"""

from collections.abc import Iterable
from typing import Any, TypeAlias

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHandshakeListener, IPushProducer, ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from gossip.testing.clock import ProcessClock
from gossip.testing.pipes import WINDOW, Pipe, Sign
from gossip.trust.identity import PeerId

FULL = 65536
"""Bytes on the way from which a producer is asked to pause, as Twisted's transports do."""

ADDRESS: TypeAlias = IPv4Address | IPv6Address


@implementer(ITCPTransport, IPushProducer)
class End:
    """One end of a connection: what a protocol has for a transport."""

    _log = Logger()

    def __init__(
        self, process: ProcessClock, here: ADDRESS, there: ADDRESS, peer: PeerId | None
    ) -> None:
        self.process = process
        self.peer_id = peer
        """Whose key the other end holds, as TLS proves it."""
        self.protocol: Protocol | None = None
        self.reading = False
        self.gone = False
        """Whether this end knows nothing of the connection any more."""
        self.mute = False
        """Whether it never answers the handshake, nor tells anybody of the connection."""
        self.delivered = 0
        """How often bytes came."""
        self.other: End
        self.out: Pipe
        self._here = here
        self._there = there
        self._producer: Any = None
        self._paused = False
        self._shaken = False
        self._held: list[bytes] = []
        """Written before the handshake was over."""
        self._closing = False
        self._finished = False
        """Whether FIN was sent."""
        self._done = False
        """Whether the other end has said everything, and this one waits for its own bytes to go."""
        self._stuck = False
        """Whether a producer was paused then: Twisted asks it for more, and waits for ever."""
        self._aborted = False

    @property
    def deaf(self) -> bool:
        """Whether it takes nothing of what arrives, ever again."""
        return self.gone or self._aborted

    # What a protocol calls.

    def write(self, data: bytes) -> None:
        """Send bytes; after `loseConnection` only while a producer is registered."""
        if self._closing and self._producer is None:
            return
        if self.gone or self._aborted or self._done or not data:
            return
        if not self._shaken:
            self._held.append(bytes(data))
            self._pause()
            return
        if not self.reading and self.other.out.broken:
            self.process.callLater(0, self.reset)
            return
        self.out.write(bytes(data))
        if self.out.size > FULL:
            self._pause()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Send bytes."""
        self.write(b"".join(data))

    def loseConnection(self, *_: Any) -> None:
        """Close when everything has gone out and nobody produces; the other end closes too then."""
        if self._closing or self.gone:
            return
        if not self._shaken and not self._held:
            # TLS cannot say farewell in the midst of its handshake.
            self.abortConnection()
            return
        self._closing = True
        self._finish()

    def abortConnection(self) -> None:
        """Close now, whatever is on the way."""
        if self.gone or self._aborted:
            return
        self._closing = self._aborted = True
        # TLS makes of its own ConnectionAborted what it makes of any end without farewell.
        self.process.callLater(0, self.reset)
        self.out.abandon()

    def getPeer(self) -> ADDRESS:
        """The other end."""
        return self._there

    def getHost(self) -> ADDRESS:
        """This end."""
        return self._here

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        Ask this one to pause when too much is on the way.

        :raises RuntimeError: there is one already.
        :raises ValueError: it only produces what it is asked for.
        """
        if self.gone:
            producer.stopProducing()
            return
        if self._producer is not None:
            raise RuntimeError(f"{self._producer} is registered; unregister it first")
        if not streaming:
            raise ValueError("a simulated connection takes push producers only")
        self._producer = producer
        self._paused = False

    def unregisterProducer(self) -> None:
        """Ask nobody."""
        if self._producer is not None:
            self._producer = None
            self._stuck = False
            self._finish()
            self._end_if_done()

    def pauseProducing(self) -> None:
        """Read no more. What was read already still comes."""
        self.reading = False

    def resumeProducing(self) -> None:
        """Read on."""
        self.reading = True
        self.other.out.move()

    def stopProducing(self) -> None:
        """The reader wants nothing any more."""
        self.loseConnection()

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Nothing is delayed here."""

    def getTcpNoDelay(self) -> bool:
        """Nothing is delayed here."""
        return True

    def getTcpKeepAlive(self) -> bool:
        """There is none."""
        return False

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """There is none."""

    def loseWriteConnection(self) -> None:
        """TLS cannot close one way only."""

    # What pipes and machines call.

    def attach(self, protocol: Any) -> None:
        """This protocol is told what happens here from now on, and what has happened."""
        self.protocol = protocol
        self.reading = True
        protocol.makeConnection(self)
        if self.reading:
            self.other.out.move()

    def received(self, data: bytes) -> None:
        """Bytes are here."""
        self.delivered += 1
        if self.protocol is not None:
            try:
                self.protocol.dataReceived(data)
            except Exception:  # noqa: BLE001 - as the reactor does
                self._broke()

    def signed(self, sign: Sign) -> None:
        """A step of the handshake is here, or the other end has closed."""
        if sign is Sign.FIN:
            self._closed()
        elif sign is Sign.RESET:
            self.reset()
        elif self.mute:
            return
        elif sign is Sign.CLIENT_HELLO:
            self.out.sign(Sign.SERVER_FINISHED)
        else:
            if sign is Sign.SERVER_FINISHED:
                self.out.sign(Sign.CLIENT_FINISHED)
            self._shake()

    def drained(self) -> None:
        """The other end has read."""
        if self.gone:
            return
        # Not from within what the other end does: it is another machine.
        if self._paused and self.out.size <= FULL and self._shaken:
            self._paused = False
            self.process.callLater(0, self._resume)
        self._end_if_done()

    def lose(self, reason: Exception) -> None:
        """This end learns that the connection is gone."""
        if self.gone:
            return
        producer, protocol = self._producer, self.protocol
        self.vanish()
        try:
            if producer is not None:
                producer.stopProducing()
            if protocol is not None:
                protocol.connectionLost(Failure(reason))
        except Exception:  # noqa: BLE001 - as the reactor does
            self._log.failure("while losing a connection")

    def vanish(self) -> None:
        """This end is gone, and nobody here is told: its process was killed, or its machine."""
        self.gone = True
        self.protocol = None
        self._producer = None
        self._held.clear()
        self.other.out.released()

    def reset(self) -> None:
        """A RST is here."""
        self.lose(ConnectionLost())

    def _pause(self) -> None:
        if self._producer is not None and not self._paused:
            self._paused = True
            self._producer.pauseProducing()

    def _resume(self) -> None:
        if self._producer is not None and not self._paused:
            self._producer.resumeProducing()

    def _finish(self) -> None:
        if self._closing and self._producer is None and self._shaken and not self.deaf:
            self._say_farewell()

    def _say_farewell(self) -> None:
        if self._finished:
            return
        self._finished = True
        if not self.reading and self.other.out.broken:
            self.process.callLater(0, self.reset)
        else:
            self.out.sign(Sign.FIN)

    def _closed(self) -> None:
        self._say_farewell()
        self._done = self._closing = True
        self._stuck = self._paused
        self._end_if_done()

    def _end_if_done(self) -> None:
        if self._done and not self._stuck and self.out.size <= WINDOW:
            self.process.callLater(0, self.lose, ConnectionDone())

    def _shake(self) -> None:
        self._shaken = True
        for data in self._held:
            self.out.write(data)
        self._held.clear()
        if IHandshakeListener.providedBy(self.protocol):
            try:
                self.protocol.handshakeCompleted()
            except Exception:  # noqa: BLE001 - as the reactor does
                self._broke()
        if self._paused and self.out.size <= FULL:
            self._paused = False
            self.process.callLater(0, self._resume)
        self._finish()

    def _broke(self) -> None:
        """The protocol raised: Twisted logs it, and closes without farewell."""
        self._log.failure("in a protocol")
        self._aborted = True
        self.out.abandon()
        self.reset()

"""
The transport of a link: how one that may be TLS is read, paused, closed and cut.
"""

from typing import Protocol as Interface
from typing import cast

from twisted.internet.interfaces import IPushProducer, ITCPTransport, ITransport

from gossip.mesh.addresses import Address, literal


class _Transport(Interface):
    # What the transports of TLS and TCP are, in interfaces that typing keeps apart.
    def write(self, data: bytes) -> None: ...

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None: ...

    def unregisterProducer(self) -> None: ...

    def pauseProducing(self) -> None: ...

    def resumeProducing(self) -> None: ...

    def loseConnection(self) -> None: ...

    def abortConnection(self) -> None: ...


class Stream:
    """See the module. Before there is a transport nothing is written, and nothing to be closed."""

    __slots__ = ("_producer", "_transport", "reading")

    def __init__(self, producer: IPushProducer) -> None:
        """The transport pauses `producer` while the peer does not read."""
        self.reading = True
        """Whether what comes is read, or left in the socket."""
        self._producer = producer
        self._transport: _Transport | None = None

    def open(self, transport: ITransport) -> None:
        """TCP is up."""
        if ITCPTransport.providedBy(transport):
            transport.setTcpNoDelay(True)
        self._transport = cast("_Transport", transport)
        self._transport.registerProducer(self._producer, streaming=True)

    def write(self, data: bytes) -> None:
        """Send bytes, or queue them."""
        if self._transport is not None:
            self._transport.write(data)

    def read(self, go_on: bool) -> None:
        """Read what comes, or leave it in the socket."""
        if self._transport is None or go_on is self.reading:
            return
        self.reading = go_on
        if go_on:
            self._transport.resumeProducing()
        else:
            self._transport.pauseProducing()

    def close(self) -> None:
        """Close when all that was written has gone out, and the peer has answered."""
        if self._transport is not None:
            # TLS would not close while a producer is registered.
            self._transport.unregisterProducer()
            self._transport.loseConnection()

    def abort(self) -> None:
        """Cut the connection; nothing that is queued goes out."""
        if self._transport is not None:
            self._transport.abortConnection()


def far_end(transport: ITransport | None) -> Address:
    """Where the other end of a connection is, unwrapped; or the name that stands there instead."""
    where = transport.getPeer() if transport is not None else None
    host = str(getattr(where, "host", "unknown"))
    ip = literal(host)
    return Address(str(ip) if ip is not None else host, int(getattr(where, "port", 0)))

"""
The connections on which requests come, and the bounds of what comes on them.

Twisted bounds the head of a request (16 KiB, 500 headers) and what it reads ahead of an answer.
It does not bound bodies, nor how long a request may take to come, nor what is written to somebody
who does not read.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, datetimeToString
from twisted.web.server import Request, Site

from gossip.control import answers
from gossip.control.problems import Problem
from gossip.logs import levels

MOST: Final = 32
"""Connections at once: some people, some dashboards, and 16 streams."""

LARGEST_BODY: Final = 64 * 1024
"""Bytes. All that is asked for by a body fits some hundreds."""

PATIENCE: Final = 60
"""
Seconds in which a request must have come wholly, counted from the answer before it.

The next byte is no reason to wait longer: who sends one a minute would stay for ever.
"""

AT_ONCE: Final = 4
"""
Requests of one connection that are answered in one turn of the event loop. Two thousand fit into one
packet, and the node has heartbeats to send meanwhile.
"""

GRACE: Final = 1.0
"""Seconds that answers may take to go out when the node stops."""

_LONGEST_LENGTH: Final = 18
"""Digits of a Content-Length: with 4300 Python refuses to count, and Twisted loses the thread."""

_MALFORMED: Final = Problem(
    "bad-request",
    "This is not a request of HTTP/1.1 (RFC 9112) with a head of at most 16 KiB; the connection is"
    " closed.",
)


_LENGTHLESS: Final = Problem(
    "length-required",
    "Send the body with Content-Length, and not in chunks; the connection is closed.",
)


class BoundedRequest(Request):
    """A request whose body is kept up to `LARGEST_BODY`, and whose path is in one encoding."""

    oversize = False
    """Its body was longer, and is not there."""
    defaultContentType = None

    def gotLength(self, length: int | None) -> None:
        """Make room for the body."""
        self.content = BytesIO()

    def handleContentChunk(self, data: bytes) -> None:
        """Keep a piece of the body, or drop it: the answer comes when the client has spoken."""
        assert self.content is not None
        if self.oversize or self.content.tell() + len(data) > LARGEST_BODY:
            self.oversize = True
        else:
            self.content.write(data)

    def process(self) -> None:
        """Have the request answered."""
        channel: Any = self.channel
        self.site = channel.site
        self.setHeader("Date", datetimeToString())
        self.prepath: list[bytes] = []
        # One spelling for all that mean the same; a slash inside of a name stays apart.
        self.postpath: list[bytes] = [
            quote(unquote_to_bytes(segment), safe="").encode("ascii")
            for segment in _local(self.path).removeprefix(b"/").split(b"/")
        ]
        try:
            self.render(channel.site.resource)
        except Exception:  # noqa: BLE001 - as Twisted's own `process`: the client is told, and the log
            self.processingFailed(Failure())

    def getRequestHostname(self) -> bytes:
        """Routes do not hang on the name that a client has for us."""
        return b"node"

    def processingFailed(self, reason: Failure) -> Failure:
        """Answer that this program failed."""
        self.write(answers.problem(self, reason))
        self.finish()
        return reason


def authority(target: bytes) -> bytes | None:
    """The host of a request target that is a whole URI (RFC 9112 §3.2.2); None where it is none."""
    scheme, found, rest = target.partition(b"://")
    if not found or scheme.lower() not in (b"http", b"https"):
        return None
    return rest.partition(b"/")[0]


def _local(target: bytes) -> bytes:
    """The path of a request target, also where it is a whole URI."""
    if authority(target) is None:
        return target
    return b"/" + target.partition(b"://")[2].partition(b"/")[2]


def _in_utf8(line: bytes) -> bytes:
    """A header as Twisted can read it: what is no UTF-8 is Latin-1 (RFC 9110 §5.5)."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1").encode("utf-8")
    return line


class Crowd:
    """The connections that there are."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._channels: set[BoundedChannel] = set()
        self._gone: Deferred[None] | None = None
        self.stopping = False

    def __len__(self) -> int:
        return len(self._channels)

    def entered(self, channel: "BoundedChannel") -> None:
        """There is one more."""
        self._channels.add(channel)

    def left(self, channel: "BoundedChannel") -> None:
        """There is one less."""
        self._channels.discard(channel)
        if self._gone is not None and not self._channels:
            self._gone.callback(None)

    async def disperse(self) -> None:
        """Close all: at once where nothing is being said, after `GRACE` whatever is."""
        self.stopping = True
        if not self._channels:
            return
        self._gone = Deferred()
        cut = self._clock.callLater(GRACE, self._cut)
        for channel in tuple(self._channels):
            channel.close_soon()
        await self._gone
        if cut.active():
            cut.cancel()

    def _cut(self) -> None:
        for channel in tuple(self._channels):
            channel.cut()


class BoundedChannel(HTTPChannel):
    """
    One connection.

    An answer that was not read holds up the requests behind it: otherwise those that came with one
    packet are answered all at once, into memory. Where it was read, others have their turn in between.
    """

    _log = Logger(observer=levels)

    def __init__(
        self,
        site: Site,
        crowd: Crowd,
        clock: IReactorTime,
        patience: int = PATIENCE,
        *,
        takes_chunks: bool = True,
    ) -> None:
        """
        A connection on which requests have `patience` seconds to come.

        A body in chunks of one byte takes 20 ms for 64 KiB to be read: without `takes_chunks`, none is.
        """
        super().__init__()
        self._takes_chunks = takes_chunks
        self.site = site
        self.requestFactory = BoundedRequest
        self.timeOut = patience
        self._clock = clock
        self._crowd = crowd
        self._full = False
        self._held: Request | None = None
        self._answered = 0
        self._turn: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """Begin."""
        self._crowd.entered(self)
        super().connectionMade()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self._held = None
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        super().connectionLost(reason)
        self._crowd.left(self)

    def callLater(self, period: float, func: Callable[[], None]) -> IDelayedCall:
        """How time-outs are timed."""
        return self._clock.callLater(period, func)

    def resetTimeout(self) -> None:
        """See `PATIENCE`."""

    def headerReceived(self, line: bytes) -> bool:
        """Take one header; False where the connection is to be closed for it."""
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length" and len(value.strip()) > _LONGEST_LENGTH:
            self._respondToBadRequestAndDisconnect()
            return False
        if name.lower() == b"transfer-encoding" and not self._takes_chunks:
            self._refuse(_LENGTHLESS)
            return False
        good: bool = super().headerReceived(_in_utf8(line))
        return good

    def lineLengthExceeded(self, line: bytes) -> None:
        """A line of the head is too long."""
        self._respondToBadRequestAndDisconnect()

    def pauseProducing(self) -> None:
        """The client does not read as fast as we write."""
        self._full = True
        super().pauseProducing()

    def resumeProducing(self) -> None:
        """It has read."""
        self._full = False
        super().resumeProducing()
        if self._turn is None:
            self._go_on()

    def requestDone(self, request: Request) -> None:
        """A request is answered; the next is its turn when the answer is gone."""
        if self._full:
            self._held = request
            self.setTimeout(PATIENCE)
        elif self._answered >= AT_ONCE:
            self._held = request
            self._turn = self._clock.callLater(0, self._next_turn)
        else:
            self._answered += 1
            super().requestDone(request)

    def _next_turn(self) -> None:
        self._turn = None
        if self._full:
            self.setTimeout(PATIENCE)
        else:
            self._go_on()

    def _go_on(self) -> None:
        if self._held is not None:
            self._answered = 0
            held, self._held = self._held, None
            super().requestDone(held)

    def close_soon(self) -> None:
        """Close after the answer that is being given, if there is one."""
        self.persistent = False
        if not self.requests:
            self.loseConnection()

    def cut(self) -> None:
        """Close now."""
        transport: Any = self.transport
        transport.abortConnection()

    def _respondToBadRequestAndDisconnect(self) -> None:
        # Twisted's own, by its name, since its answer has no body.
        self._refuse(_MALFORMED)

    def _refuse(self, found: Problem) -> None:
        assert self.transport is not None
        self.transport.write(answers.raw(found))
        self.loseConnection()


class TurnedAway(Protocol):
    """A connection for which there is no place."""

    def __init__(self, found: Problem) -> None:
        self._problem = found

    def connectionMade(self) -> None:
        """Say so, and close."""
        assert self.transport is not None
        self.transport.write(answers.raw(self._problem))
        self.transport.loseConnection()

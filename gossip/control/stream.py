"""
What happens, told as it happens: server-sent events (WHATWG HTML §9.2).

A stream is behind, and reads what is kept page by page as fast as its client reads; or it is live.
Between the two nothing is lost or told twice, as `since` has all that was told.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.server import Request
from zope.interface import implementer

from gossip.control import answers, documents
from gossip.control.problems import Problem
from gossip.logs import levels
from gossip.mesh.status import Chronicle, Occurrence

MOST: Final = 16
"""Streams at once: half of the connections, so that there is always room for a question."""

BEAT: Final = 15.0
"""Seconds between comments: proxies close what is silent for 30 or 60."""

PATIENCE: Final = 4
"""Beats in which a client may read nothing: a minute."""

BUFFER: Final = 256 * 1024
"""Bytes kept for a client that does not read: about 1000 events."""

PAGE: Final = 100
"""Events read at once while behind: 30 KiB, half of what Twisted buffers before it says stop."""

AGAIN: Final = 15
"""Seconds after which one that found no place may ask again."""


@implementer(IPushProducer)
class Stream:
    """One client's stream."""

    _log = Logger(observer=levels)

    def __init__(self, request: Request, chronicle: Chronicle, clock: IReactorTime) -> None:
        self._request = request
        self._chronicle = chronicle
        self._at = 0
        self._behind = False
        self._paused = False
        self._silent_beats = 0
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._unsubscribe: Callable[[], None] | None = None
        self._beat = LoopingCall(self._comment)
        self._beat.clock = clock
        self._over: Deferred[None] = Deferred(lambda _: self.stopProducing())

    def begin(self, after: int | None) -> Deferred[None]:
        """
        Tell what is kept after a number, or only what comes; fires when the stream has ended.
        """
        newest = self._chronicle.latest(1)
        self._at = newest[-1].number if newest else 0
        if after is not None:
            # A number yet to come is of another history: all of this one is news to the client.
            self._at = after if after <= self._at else 0
            self._behind = True
        self._request.registerProducer(self, streaming=True)
        self._beat.start(BEAT, now=False).addErrback(self._failed)
        self._unsubscribe = self._chronicle.subscribe(self._tell)
        self._write(b": events follow\n\n")
        self._catch_up()
        return self._over

    def end(self) -> None:
        """End it, as far as the client is concerned in good order."""
        if self._unsubscribe is not None:
            self.stopProducing()
            self._request.unregisterProducer()
            self._over.callback(None)

    def pauseProducing(self) -> None:
        """The client reads slower than we write."""
        self._paused = True

    def resumeProducing(self) -> None:
        """It has read."""
        self._paused = False
        self._silent_beats = 0
        while self._waiting and not self._paused:
            written = self._waiting.popleft()
            self._size -= len(written)
            self._write(written)
        self._catch_up()

    def stopProducing(self) -> None:
        """The client is gone, or there is nothing more to tell it."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
            self._waiting.clear()
            self._beat.stop()

    def _catch_up(self) -> None:
        try:
            self._read_on()
        except Exception:  # noqa: BLE001 - whatever it is, nothing more can be told in order
            self._failed(Failure())

    def _tell(self, occurrence: Occurrence) -> None:
        try:
            self._take(occurrence)
        except Exception:  # noqa: BLE001 - a subscriber does not raise (`Chronicle.subscribe`)
            self._failed(Failure())

    def _read_on(self) -> None:
        while self._behind and not self._paused and self._unsubscribe is not None:
            page = self._chronicle.since(self._at, PAGE)
            for occurrence in page:
                self._at = occurrence.number
                self._write(_written(occurrence))
            self._behind = bool(page)

    def _take(self, occurrence: Occurrence) -> None:
        if self._behind:
            # What is kept comes by `since`; a ping of now is nothing to one who reads the past.
            return
        if occurrence.number:
            if occurrence.number <= self._at:
                return
            self._at = occurrence.number
        written = _written(occurrence)
        if not self._paused:
            self._write(written)
            return
        self._waiting.append(written)
        self._size += len(written)
        if self._size > BUFFER:
            self._give_up()

    def _comment(self) -> None:
        if not self._paused:
            self._write(b":\n\n")
            return
        self._silent_beats += 1
        if self._silent_beats >= PATIENCE:
            self._give_up()

    def _give_up(self) -> None:
        self._log.info("a client did not read its events, and is cut off")
        self._cut()

    def _cut(self) -> None:
        self.stopProducing()
        transport: Any = self._request.transport
        transport.abortConnection()

    def _write(self, written: bytes) -> None:
        self._request.write(written)

    def _failed(self, failure: Failure) -> None:
        self._log.failure("while telling a client what happens", failure)
        self._cut()


class Streams:
    """All streams."""

    def __init__(self, chronicle: Chronicle, clock: IReactorTime) -> None:
        self._chronicle = chronicle
        self._clock = clock
        self._open: set[Stream] = set()

    def __len__(self) -> int:
        return len(self._open)

    async def tell(self, request: Request, after: int | None) -> None:
        """
        Answer a request with events until its client goes or all are ended.

        :raises Problem: there are too many.
        """
        if len(self._open) >= MOST:
            raise Problem(
                "too-many",
                f"{MOST} clients are told of events already; end one of them, or try again later.",
                headers={"Retry-After": str(AGAIN)},
            )
        answers.head(request, "text/event-stream")
        if request.method == b"HEAD":
            return
        stream = Stream(request, self._chronicle, self._clock)
        self._open.add(stream)
        try:
            await stream.begin(after)
        finally:
            stream.stopProducing()
            self._open.discard(stream)

    def end(self) -> None:
        """End all of them."""
        for stream in tuple(self._open):
            stream.end()


def _written(occurrence: Occurrence) -> bytes:
    data = documents.text(documents.event(occurrence))
    name = f"event: {occurrence.event}\n".encode("ascii", "replace")
    number = b"id: %d\n" % occurrence.number if occurrence.number else b""
    return b"%s%sdata: %s\n\n" % (number, name, data)

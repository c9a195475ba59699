"""
Answers of many megabytes: made some at a time, and written as fast as the client reads.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.web.server import Request
from zope.interface import implementer

from gossip.control import answers
from gossip.control.problems import Problem
from gossip.logs import levels

MOST: Final = 4
"""At once: a matrix of 1000 nodes is 20 MB, and it is held until it is read."""

PATIENCE: Final = 120
"""Seconds in which the whole must have been read: 20 MB at 1.5 Mbit/s."""

PIECE: Final = 64 * 1024
"""Bytes written at one go, as many as Twisted buffers before it says stop."""

AGAIN: Final = 2
"""Seconds after which one that found no place may ask again."""


@implementer(IPushProducer)
class _Pour:
    """One answer on its way."""

    _log = Logger(observer=levels)

    def __init__(self, request: Request, pieces: deque[bytes], clock: IReactorTime) -> None:
        self._request = request
        self._pieces = pieces
        self._clock = clock
        self._paused = False
        self._over: Deferred[None] = Deferred()

    async def done(self) -> None:
        """Write; returns when all is written. It is cancelled where the client goes before."""
        cut = self._clock.callLater(PATIENCE, self._cut)
        try:
            self._request.registerProducer(self, streaming=True)
            self.resumeProducing()
            await self._over
        finally:
            if cut.active():
                cut.cancel()

    def pauseProducing(self) -> None:
        """The client reads slower than we write."""
        self._paused = True

    def resumeProducing(self) -> None:
        """It has read."""
        self._paused = False
        while self._pieces and not self._paused:
            self._request.write(self._pieces.popleft())
        if not self._pieces and not self._over.called:
            self._request.unregisterProducer()
            self._over.callback(None)

    def stopProducing(self) -> None:
        """The client is gone; whoever waits for `done` is told of it by the request."""
        self._paused = True
        self._pieces.clear()

    def _cut(self) -> None:
        self._log.info("a client did not read its answer, and is cut off")
        transport: Any = self._request.transport
        transport.abortConnection()


class Pourings:
    """All large answers of one door."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._under_way = 0

    @contextmanager
    def place(self) -> "Iterator[Pourings]":
        """
        A place for one answer, from before it is put together until it is read.

        :raises Problem: there is none.
        """
        if self._under_way >= MOST:
            raise Problem(
                "too-many",
                f"{MOST} clients are told as much already; try again in a moment.",
                headers={"Retry-After": str(AGAIN)},
            )
        self._under_way += 1
        try:
            yield self
        finally:
            self._under_way -= 1

    async def pour(self, request: Request, document: Iterable[bytes]) -> None:
        """Answer with a JSON document that is made in pieces, one in a turn of the event loop."""
        pieces: deque[bytes] = deque()
        size = 0
        for made in document:
            size += len(made)
            pieces.extend(made[at : at + PIECE] for at in range(0, len(made), PIECE))
            await deferLater(self._clock, 0)
        answers.head(request, "application/json")
        request.setHeader("Content-Length", str(size))
        await _Pour(request, pieces, self._clock).done()

"""
What goes out on a link, as fast as the peer reads it and no faster (PROTOCOL §8).
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from gossip.wire.messages import Message, Peers, Row

ANSWERS = 2
"""Long answers under way on one link: the one that is being said, and one that was asked for since."""

ROWS = 64
"""Rows that wait behind them: as many as one who looks at everything asks for at a time."""

_NONE: Final[list[Iterator[Row]]] = []
"""What all links share that say no rows: nearly all, nearly always."""


@implementer(IPushProducer)
class Outflow:
    """Holds back long answers while the transport is full, and knows since when it is."""

    __slots__ = (
        *("_answers", "_closed", "_most", "_rows", "_seconds", "_tell", "_unread"),
        "blocked_at",
    )

    def __init__(
        self, *, most: int, seconds: Callable[[], float], tell: Callable[[Message], None]
    ) -> None:
        self.blocked_at: float | None = None
        """Since when the peer does not read; None while it does."""
        self._most = most
        self._seconds = seconds
        self._tell = tell
        self._unread = 0
        self._answers: list[Iterator[Peers]] = []
        self._rows: list[Iterator[Row]] = _NONE
        self._closed = False

    def answer(self, peers: Iterator[Peers]) -> None:
        """Say a long answer. A third one takes the place of the second."""
        if len(self._answers) == ANSWERS:
            self._answers.pop()
        self._answers.append(peers)
        self._pump()

    def row(self, row: Iterator[Row]) -> bool:
        """Say a row, or a part of one, behind what waits already; whether there is room for it."""
        if len(self._rows) >= ROWS:
            return False
        if self._rows is _NONE:
            self._rows = []
        self._rows.append(row)
        self._pump()
        return True

    def wrote(self, size: int) -> bool:
        """So many bytes were written; whether the peer has left more unread than it may."""
        if self.blocked_at is None:
            return False
        self._unread += size
        return self._unread > self._most

    def close(self) -> None:
        """Nothing goes out any more."""
        self._closed = True
        self._answers.clear()
        self._rows = _NONE

    def pauseProducing(self) -> None:
        """The transport is full: the peer does not read as fast as we write."""
        if self.blocked_at is None:
            self.blocked_at = self._seconds()

    def resumeProducing(self) -> None:
        """The peer has read again."""
        self.blocked_at = None
        self._unread = 0
        self._pump()

    def stopProducing(self) -> None:
        """The transport is gone; the link hears of it by itself."""

    def _pump(self) -> None:
        while self.blocked_at is None and not self._closed:
            if not self._answers and not self._rows:
                self._rows = _NONE
                return
            waiting: Any = self._answers or self._rows
            try:
                self._tell(next(waiting[0]))
            except StopIteration:
                del waiting[0]

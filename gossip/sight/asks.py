"""
Rows that were asked for, and the answers as they come (PROTOCOL, rows).

An answer counts only as a whole: each part sealed by the author, in order, and nothing missing. What
does not count is as if nobody had answered.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Protocol

from attrs import define, field, frozen
from msgspec import UNSET, UnsetType
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from gossip.logs import levels
from gossip.mesh.book import Book
from gossip.mesh.link import Link
from gossip.settings import Limits
from gossip.trust import rows
from gossip.trust.identity import PeerId
from gossip.trust.rows import Entry, Part, RowRefused
from gossip.wire.messages import GetRow, Row, Sealed, Show

MOST: Final = 512
"""Questions under way at a time, those that are passed on for others included."""

MOST_PARTS: Final[Mapping[Show, int]] = {"brief": 64, "full": 160, "past": 16}
"""Of one row: 10,000 entries of 40, or of 150 bytes; 16 with an hour each."""

WAIT_ABOUT: Final = 1.0
"""Seconds for an answer about some peers."""

WAIT_ALL: Final = 2.0
"""Seconds for one about all: a long one comes as fast as the line carries it."""


@frozen(kw_only=True)
class Told:
    """A whole row, as it was heard and verified."""

    author: PeerId
    through: PeerId | None
    """Who passed it on; None where the author itself said it."""
    agent: str
    seq: int
    at: float
    """By the clock of this node: when it was complete."""
    skew: float | None
    """Seconds by which the author's clock is ahead of ours; None where it came through another."""
    entries: Sequence[Entry] = field(repr=False)


class Taker(Protocol):
    """Who takes the frames of an answer."""

    def take(self, row: Row) -> bool:
        """One has come; whether more is wanted."""

    def end(self) -> None:
        """No more will come: the time is up, or the link is gone, or it is complete."""


@define(eq=False)
class _Waiting:
    link: Link
    taker: Taker
    alarm: IDelayedCall
    frames: int
    """How many may still come."""


def speaks(link: Link) -> bool:
    """Whether a peer can be asked for rows."""
    return link.open and link.rows


class Asks:
    """See the module."""

    _log = Logger(observer=levels)

    def __init__(
        self, *, book: Book, clock: IReactorTime, wall: Callable[[], float], limits: Limits
    ) -> None:
        self._book = book
        self._clock = clock
        self._wall = wall
        self._limits = limits
        self._number = 0
        self._waiting: dict[int, _Waiting] = {}
        self._seen: dict[PeerId, int] = {}

    def __len__(self) -> int:
        """How many answers are awaited."""
        return len(self._waiting)

    def ask(
        self,
        link: Link,
        show: Show,
        *,
        author: PeerId | None = None,
        about: Sequence[PeerId] | None = None,
        probe: bool = False,
        wait: float | None = None,
        read: Callable[[Iterator[None]], None] | None = None,
    ) -> Deferred[Told | None]:
        """
        Ask for a row; fires with None where it cannot be had within `wait` seconds.

        Each frame is read as it comes; or, where many rows are asked for, when there is time for it:
        `read` is then given what is to be done, a part at each step.
        """
        assert link.peer is not None
        through = None if author in (None, link.peer) else link.peer
        row = _Whole(self, link, author or link.peer, through, show, self._clock.seconds())
        question = GetRow(
            ask=self._next(),
            show=show,
            author=UNSET if through is None or author is None else author,
            about=UNSET if about is None else list(about),
            probe=True if probe else UNSET,
        )
        usual = WAIT_ALL if about is None else WAIT_ABOUT
        taker = row if read is None else _Later(row, read)
        self.put(link, question, taker, usual if wait is None else wait)
        return row.whole

    def put(self, link: Link, question: GetRow, taker: Taker, wait: float) -> None:
        """Ask, and give what comes to the taker."""
        if len(self._waiting) >= MOST or not speaks(link):
            taker.end()
            return
        alarm = self._clock.callLater(wait, self._end, question.ask)
        frames = MOST_PARTS[question.show]
        self._waiting[question.ask] = _Waiting(link, taker, alarm, frames)
        link.tell(question)

    def number(self) -> int:
        """One for a question that was not asked before."""
        return self._next()

    def heard(self, link: Link, row: Row) -> None:
        """A part has come, or that there is none."""
        waiting = self._waiting.get(row.ask)
        if waiting is None or waiting.link is not link:
            # Late, or never asked for.
            link.charge(self._limits.look_cost)
            return
        waiting.frames -= 1
        wanted = waiting.taker.take(row)
        if not wanted or not row.more or not waiting.frames:
            self._end(row.ask)

    def closed(self, link: Link) -> None:
        """A link is gone."""
        for number in [number for number, one in self._waiting.items() if one.link is link]:
            self._end(number)

    def verified(self, link: Link, sealed: Sealed, show: Show, author: PeerId) -> Part:
        """
        A part of the row of an author; it is verified, and is for us.

        :raises RowRefused: it is not.
        """
        part, entry = rows.read(sealed, show), self._book.get(author)
        if part.id != author or part.network != self._book.own.network or entry is None:
            raise RowRefused("it is of another author, or another network")
        if link.peer != author and part.seq < max(entry.held.seq, self._seen.get(author, 0)):
            raise RowRefused("it is an old one")
        link.charge(self._limits.record_cost)
        rows.verify(part, entry.record.key)
        self._seen[author] = part.seq
        if len(self._seen) > self._limits.peers:
            del self._seen[next(iter(self._seen))]
        return part

    def told(self, row: "_Whole") -> Told:
        """What a row says that is complete."""
        now = self._clock.seconds()
        first = row.parts[0]
        skew = None
        if row.through is None:
            # It was made somewhere between the question and the answer.
            skew = first.seq / 1000 - (self._wall() - (now - row.asked_at) / 2)
        return Told(
            author=row.author,
            through=row.through,
            agent=first.agent,
            seq=first.seq,
            at=now,
            skew=skew,
            entries=[entry for part in row.parts for entry in part.entries],
        )

    def refused(self, link: Link, error: RowRefused) -> None:
        """What a peer said does not count."""
        self._log.info("{link!r} told a row that does not count: {error}", link=link, error=error)

    @property
    def most_entries(self) -> int:
        """Of one row."""
        return self._limits.peers

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _end(self, number: int) -> None:
        waiting = self._waiting.pop(number, None)
        if waiting is None:
            return
        if waiting.alarm.active():
            waiting.alarm.cancel()
        waiting.taker.end()


@define(eq=False)
class _Whole:
    """A row that this node itself wants to know."""

    asks: Asks
    link: Link
    author: PeerId
    through: PeerId | None
    show: Show
    asked_at: float
    parts: list[Part] = field(factory=list)
    whole: Deferred[Told | None] = field(factory=Deferred)
    _entries: int = 0
    _complete: bool = False

    def take(self, row: Row) -> bool:
        """One more part."""
        if isinstance(row.sealed, UnsetType):
            return False
        try:
            part = self.asks.verified(self.link, row.sealed, self.show, self.author)
            self._follow(part)
        except RowRefused as error:
            self.asks.refused(self.link, error)
            return False
        self.parts.append(part)
        self._complete = part.last
        return not part.last

    def end(self) -> None:
        """It is complete, or worthless."""
        if not self.whole.called:
            self.whole.callback(self.asks.told(self) if self._complete else None)

    def _follow(self, part: Part) -> None:
        self._entries += len(part.entries)
        if part.part != len(self.parts) + 1 or self._entries > self.asks.most_entries:
            raise RowRefused("a part is missing, or there are too many")
        if self.parts and part.seq != self.parts[0].seq:
            raise RowRefused("its parts are of different rows")


@define(eq=False)
class _Later:
    """The same, read when there is time for it: what has come is kept until then."""

    whole: _Whole
    read: Callable[[Iterator[None]], None]
    rows: list[Row] = field(factory=list)

    def take(self, row: Row) -> bool:
        """One more part."""
        self.rows.append(row)
        return True

    def end(self) -> None:
        """It is complete, or worthless."""
        self.read(self._steps())

    def _steps(self) -> Iterator[None]:
        try:
            for row in self.rows:
                if not self.whole.take(row):
                    return
                yield
        finally:
            self.whole.end()

"""
What happened, as far as it is kept.

The newest are in memory, older ones in the database where there is one.

Numbers grow, also from one start to the next: they begin at the Unix time in milliseconds, or above
the last one that is in the database. So none is used twice, though a process that was killed may have
told of some that it did not write down.
"""

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, Protocol

from msgspec.structs import asdict
from twisted.logger import Logger

from gossip.logs import levels
from gossip.memory.rations import STRANGERS, SUPPRESSED, Rations
from gossip.mesh.status import Event, Occurrence, PingHeard, Stopping

IN_MEMORY: Final = 10_000
"""Occurrences: some MiB."""

MOST_AT_ONCE: Final = 10_000
"""Occurrences in one answer, whatever is asked for: reading them takes about 30 ms."""


class Unreadable(Exception):
    """What is no longer in memory cannot be read now."""


class Older(Protocol):
    """What is no longer in memory. Where nothing is, no database is loaded."""

    def since(self, number: int, before: int, limit: int) -> list[Occurrence]:
        """
        The oldest of those between two numbers, in their order.

        :raises Unreadable: see there.
        """

    def latest(self, before: int, limit: int) -> list[Occurrence]:
        """
        The newest of those with a smaller number, oldest first.

        :raises Unreadable: see there.
        """


class History:
    """See the module. It is a `status.Chronicle`, and a `status.Tell`."""

    _log = Logger(observer=levels)

    def __init__(
        self,
        *,
        wall: Callable[[], float],
        seconds: Callable[[], float],
        after: int = 0,
        older: Older | None = None,
        keep: Callable[[Occurrence], None] = lambda occurrence: None,
    ) -> None:
        """
        Begin with nothing in memory. `seconds` is a monotonic clock.

        What is not in memory is read from `older`, whose last number is `after`; `keep` is given what
        is to be written there.
        """
        self._wall = wall
        self._older = older
        self._keep = keep
        self._next = max(after + 1, int(wall() * 1000))
        self._newest: deque[Occurrence] = deque()
        self._rations = Rations(seconds)
        self._strangers = 0
        self._subscribers: dict[object, Callable[[Occurrence], None]] = {}
        self._unreadable = False

    def __call__(self, event: Event) -> None:
        """Keep an event, if it is one to be kept, and tell of it."""
        if isinstance(event, PingHeard) and not self._subscribers:
            # Nearly all that ever happens: it costs nothing where nobody listens.
            return
        kept = not isinstance(event, PingHeard) and self._rations.take(event)
        if kept:
            self._own_up(event.event)
        if isinstance(event, Stopping):
            for kind in self._rations.short():
                self._own_up(kind)
        members = {name: _as_json(value) for name, value in asdict(event).items()}
        if kept:
            occurrence = self._record(event.event, members)
        else:
            now = self._wall()
            occurrence = Occurrence(number=0, time=now, event=event.event, members=members)
        self._tell(occurrence)

    def since(self, number: int, limit: int) -> list[Occurrence]:
        """The oldest of those with a greater number, in their order."""
        limit = max(0, min(limit, MOST_AT_ONCE))
        found = []
        begun = self._newest[0].number if self._newest else self._next
        if self._older is not None and number + 1 < begun:
            older = self._older
            found = self._read(lambda: older.since(number, begun, limit))
        inside = (kept for kept in self._newest if kept.number > number)
        return [*found, *islice(inside, limit - len(found))]

    def latest(self, limit: int, *, before: int | None = None) -> list[Occurrence]:
        """The newest, oldest first; those with a smaller number, where `before` is given."""
        limit = max(0, min(limit, MOST_AT_ONCE))
        below = self._next if before is None else before
        inside = (kept for kept in reversed(self._newest) if kept.number < below)
        found = list(islice(inside, limit))[::-1]
        if self._older is None or len(found) >= limit:
            return found
        older = self._older
        begun = min(below, self._newest[0].number) if self._newest else below
        return [*self._read(lambda: older.latest(begun, limit - len(found))), *found]

    def subscribe(self, tell: Callable[[Occurrence], None]) -> Callable[[], None]:
        """
        Tell of everything from now on, what is not kept with number 0.

        Call what is returned to end it. `tell` returns at once and does not raise.
        """
        key = object()
        self._subscribers[key] = tell
        return lambda: self._end(key)

    def _end(self, key: object) -> None:
        self._subscribers.pop(key, None)

    def _own_up(self, name: str) -> None:
        """Before the next one of a kind comes how many of it were not kept."""
        count = self._rations.left_out(name)
        if count:
            self._tell(self._record(SUPPRESSED, {"of": name, "about": "", "count": count}))

    def _tell(self, occurrence: Occurrence) -> None:
        for tell in tuple(self._subscribers.values()):
            tell(occurrence)

    def _record(self, event: str, members: dict[str, object]) -> Occurrence:
        occurrence = Occurrence(number=self._next, time=self._wall(), event=event, members=members)
        self._next += 1
        self._newest.append(occurrence)
        self._strangers += event in STRANGERS
        self._bound()
        self._keep(occurrence)
        return occurrence

    def _bound(self) -> None:
        # Where there is a database, what is in memory are its newest rows, without a hole.
        if self._older is None and self._strangers > IN_MEMORY // 4:
            self._take_out(next(self._of_strangers()))
        elif len(self._newest) > IN_MEMORY:
            self._take_out(0)

    def _of_strangers(self) -> Iterator[int]:
        return (at for at, kept in enumerate(self._newest) if kept.event in STRANGERS)

    def _take_out(self, at: int) -> None:
        self._strangers -= self._newest[at].event in STRANGERS
        del self._newest[at]

    def _read(self, read: Callable[[], list[Occurrence]]) -> list[Occurrence]:
        try:
            found = read()
        except Unreadable as error:
            if not self._unreadable:
                self._unreadable = True
                self._log.warn("older history cannot be read: {error}", error=str(error))
            return []
        self._unreadable = False
        return found


def _as_json(value: object) -> object:
    # What is told now and what is read from the database later are the same.
    return list(value) if isinstance(value, tuple) else value

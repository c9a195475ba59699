"""
What is due when, for any number of things, on one delayed call.

Also the place where the node notices that it did not run: the one timer came late.
"""

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Final, Protocol, TypeAlias

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from gossip.logs import levels
from gossip.mesh import liveness

NEVER: Final = float("inf")

SPELL: Final = 0.02
"""Seconds that are spent in one turn of the reactor; what is due then is called in the next one. Less
than counts as a stall, so that sockets are read before a silence could be one of ours."""


class Due(Protocol):
    """Something that wants to be called at a time."""

    def tick(self, now: float) -> None:
        """The time has come."""


_Entry: TypeAlias = tuple[float, int, Due]


class Agenda:
    """Calls each thing at its time. One time a thing; `set` again moves it."""

    _log = Logger(observer=levels)

    def __init__(self, clock: IReactorTime, stalled: Callable[[float, float], None]) -> None:
        """`stalled(seconds, now)` is called before what is due, when we did not run for so long."""
        self.stalled_at = float("-inf")
        """When it last turned out that this node had not run for a while."""
        self._clock = clock
        self._stalled = stalled
        self._entries: dict[Due, _Entry] = {}
        """Of each thing the one entry of the heap that counts."""
        self._heap: list[_Entry] = []
        self._count = 0
        self._call: IDelayedCall | None = None
        self._call_at = NEVER
        """When the call comes; while it is under way, before everything else."""

    def __len__(self) -> int:
        """How many things wait."""
        return len(self._entries)

    def set(self, thing: Due, at: float) -> None:
        """Call `thing.tick` at `at`, and not at any time set before. Never is infinity."""
        if at == NEVER:
            self.drop(thing)
        elif at != self._at(thing):
            self._enter(thing, at)

    def no_later(self, thing: Due, at: float) -> None:
        """Like `set`, but an earlier time that is set already stays."""
        if at < self._at(thing):
            self._enter(thing, at)

    def drop(self, thing: Due) -> None:
        """Do not call it."""
        self._entries.pop(thing, None)

    def stop(self) -> None:
        """Call nothing any more."""
        self._entries.clear()
        self._heap.clear()
        if self._call is not None:
            self._call.cancel()
            self._call, self._call_at = None, NEVER

    def _at(self, thing: Due) -> float:
        entry = self._entries.get(thing)
        return NEVER if entry is None else entry[0]

    def _enter(self, thing: Due, at: float) -> None:
        self._count += 1
        entry = self._entries[thing] = (at, self._count, thing)
        heappush(self._heap, entry)
        # Entries that were moved stay in the heap until they come up: bound them.
        if len(self._heap) > 2 * len(self._entries) + 64:
            self._heap = list(self._entries.values())
            heapify(self._heap)
        if at < self._call_at:
            self._arm()

    def _arm(self) -> None:
        if self._call is not None:
            self._call.cancel()
        now, at = self._clock.seconds(), self._heap[0][0]
        self._call_at = max(now, at)
        self._call = self._clock.callLater(self._call_at - now, self._run)

    def _run(self) -> None:
        now = self._clock.seconds()
        late = liveness.stall(self._call_at, now)
        self._call, self._call_at = None, float("-inf")
        if late:
            self.stalled_at = now
            with self._log.failuresHandled("while forgiving {late} s", late=late):
                self._stalled(late, now)
        # What sets itself anew for now is called in the next turn of the reactor, after the sockets
        # were read; and so is what would be too much for this one.
        last = self._count
        while self._heap and self._heap[0][0] <= now and self._heap[0][1] <= last:
            entry = heappop(self._heap)
            thing = entry[2]
            if self._entries.get(thing) is not entry:
                # Moved or dropped: long ago, or just now by another that was due.
                continue
            del self._entries[thing]
            try:
                thing.tick(now)
            except BaseException:  # noqa: BLE001 - whatever it was, the others are called
                self._log.failure("while calling {thing}", thing=thing)
            if self._clock.seconds() >= now + SPELL:
                break
        self._call_at = NEVER
        if self._heap:
            self._arm()

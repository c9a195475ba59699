"""
Simulated time: one heap of calls, and each process's own view of it.

`Clock` jumps from call to call, so that an hour in which nothing happens costs nothing. A process
that is paused, suspended or killed has its calls held, moved or dropped, as its system would do.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from operator import attrgetter
from typing import Any

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

FINEST = 1e-6
"""Seconds that any wait takes at least, if it is one at all: as long as no float swallows."""

MOST = 3_000_000
"""Calls within one second. More is a storm that would never end by itself."""


class Storm(Exception):
    """More calls were made than any sound network makes."""


@implementer(IDelayedCall)
class Call:
    """One thing to be called at a time."""

    __slots__ = ("_cancelled", "_clock", "arguments", "at", "keywords", "number", "owner", "what")

    def __init__(
        self,
        clock: "Clock",
        owner: "ProcessClock | None",
        what: Callable[..., Any],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> None:
        self._clock = clock
        self._cancelled = False
        self.at = 0.0
        self.owner = owner
        self.what = what
        self.arguments = arguments
        self.keywords = keywords
        self.number = 0
        """Of the entry in the heap that counts; 0 when there is none."""

    def getTime(self) -> float:
        """When it is due, by the clock that was asked for it."""
        return self.at if self.owner is None else self.at - self.owner.suspended

    def active(self) -> bool:
        """Whether it is still to be called."""
        return self.number != 0

    def cancel(self) -> None:
        """
        Do not call it.

        :raises AlreadyCalled, AlreadyCancelled: it is too late for that.
        """
        self._still_active()
        self._cancelled = True
        self.drop()

    def reset(self, secondsFromNow: float) -> None:
        """Call it so many seconds from now instead."""
        self._still_active()
        self._clock.put(self, self._clock.after(secondsFromNow))

    def delay(self, secondsLater: float) -> None:
        """Call it so much later."""
        self._still_active()
        self._clock.put(self, self.at + secondsLater)

    def drop(self) -> None:
        """Take it off the clock."""
        self.number = 0
        if self.owner is not None:
            self.owner.calls.pop(self, None)

    def _still_active(self) -> None:
        if not self.number:
            raise AlreadyCancelled if self._cancelled else AlreadyCalled


@implementer(IReactorTime)
class Clock:
    """The time of a simulation, in seconds from its beginning."""

    _log = Logger()

    def __init__(self, most: int = MOST) -> None:
        self.made = 0
        """Calls made so far."""
        self._most = most
        """Within one second."""
        self._counted_at = 0.0
        self._look_again = most
        """At how many calls to look whether a second has passed since then."""
        self.now = 0.0
        """The time, for those who ask most often."""
        self._heap: list[tuple[float, int, Call]] = []
        self._count = 0

    def seconds(self) -> float:
        """The time."""
        return self.now

    def callLater(self, delay: float, callable: Callable[..., Any], *args: Any, **kw: Any) -> Call:  # noqa: A002 - IReactorTime's
        """Call something after so many seconds."""
        assert delay >= 0, f"{delay} s from now is past"
        call = Call(self, None, callable, args, kw)
        self.put(call, self.after(delay))
        return call

    def call(self, what: Callable[[], Any]) -> Call:
        """A call that is to be put at a time, again and again."""
        return Call(self, None, what, (), {})

    def after(self, delay: float) -> float:
        """When a wait that begins now is over."""
        return self.now + delay if delay >= FINEST or delay <= 0 else self.now + FINEST

    def getDelayedCalls(self) -> list[IDelayedCall]:
        """What is still to be called, of everyone."""
        return [call for _, number, call in sorted(self._heap) if call.number == number]

    def put(self, call: Call, at: float) -> None:
        """Put a call at a time, and nowhere else; one that is past is now, and the call is late."""
        count = self._count = self._count + 1
        call.at = at
        call.number = count
        heappush(self._heap, (max(at, self.now), count, call))

    def run_until(self, until: float) -> None:
        """
        Make all calls that are due up to a time, each at its own time.

        :raises Storm: there were too many within a second.
        """
        heap = self._heap
        while heap and heap[0][0] <= until:
            at, number, call = heappop(heap)
            if call.number != number:
                continue
            self.now = at
            self.made += 1
            if self.made > self._look_again:
                self._count_on()
            owner = call.owner
            if owner is not None:
                if not owner.running:
                    # Due, but nobody runs it: it is late when the process goes on.
                    owner.late(call)
                    continue
                del owner.calls[call]
            call.number = 0
            try:
                call.what(*call.arguments, **call.keywords)
            except Exception:  # noqa: BLE001 - as the reactor does
                self._log.failure("in a call that was due")
        self.now = max(self.now, until)

    def _count_on(self) -> None:
        if self.now < self._counted_at + 1:
            raise Storm(f"more than {self._most} calls within a second")
        self._counted_at = self.now
        self._look_again = self.made + self._most


@implementer(IReactorTime)
class ProcessClock:
    """
    The monotonic clock of one process, and whether the process runs at all.

    While it is paused (SIGSTOP) its time goes on and what is due waits; while its machine is
    suspended its time stands still. What arrives waits in both cases, and is taken after the timers
    that were due: as Twisted does.
    """

    def __init__(self, clock: Clock) -> None:
        self.running = True
        self.ended = False
        self.suspended = 0.0
        """Seconds for which its machine was suspended since it began."""
        self.calls: dict[Call, None] = {}
        self._overdue: list[Call] = []
        self._arrived: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._clock = clock
        self._stopped_at = 0.0

    def seconds(self) -> float:
        """The time of this process."""
        return self._clock.now - self.suspended

    def callLater(self, delay: float, callable: Callable[..., Any], *args: Any, **kw: Any) -> Call:  # noqa: A002 - IReactorTime's
        """Call something after so many seconds, if the process runs then, or when it does."""
        assert delay >= 0, f"{delay} s from now is past"
        clock = self._clock
        call = Call(clock, self, callable, args, kw)
        self.calls[call] = None
        clock.put(call, clock.after(delay))
        return call

    def getDelayedCalls(self) -> list[IDelayedCall]:
        """What this process is still to call."""
        return list(self.calls)

    def arrive(self, what: Callable[..., None], *arguments: Any) -> None:
        """Something came for the process: now, or as soon as it runs."""
        if self.running:
            what(*arguments)
        elif not self.ended:
            self._arrived.append((what, arguments))

    def late(self, call: Call) -> None:
        """A call is due while the process does not run."""
        if not self.ended:
            self._overdue.append(call)

    def pause(self) -> None:
        """Stop running, as by SIGSTOP or suspend."""
        if self.running:
            self.running = False
            self._stopped_at = self._clock.seconds()

    def resume(self, *, slept: bool = False) -> None:
        """Run on. `slept` says that the machine was suspended: its monotonic clock stood still."""
        if self.ended or self.running:
            return
        self.running = True
        if slept:
            away = self._clock.seconds() - self._stopped_at
            self.suspended += away
            for call in sorted(self.calls, key=attrgetter("at", "number")):
                self._clock.put(call, call.at + away)
        else:
            # In their order, and each as late as it is.
            for call in self._overdue:
                if call.number:
                    self._clock.put(call, call.at)
        self._overdue.clear()
        arrived, self._arrived = self._arrived, []
        for what, arguments in arrived:
            self._clock.callLater(0, self.arrive, what, *arguments)

    def end(self) -> None:
        """The process is gone: nothing of it is ever called again."""
        self.ended = True
        self.running = False
        for call in list(self.calls):
            call.drop()
        self._overdue.clear()
        self._arrived.clear()

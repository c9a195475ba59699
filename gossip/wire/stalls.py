"""
When this node itself did not run: a stalled event loop, a machine that slept (PROTOCOL §5, liveness).

Nobody is late for it. Each wait notes when it began and asks here how much of it was no wait; so a
stall is noted once, however many links there are. Pure.
"""

from bisect import bisect_right
from typing import Final

KEPT: Final = 4096
"""Stalls that are kept. The longest patience is three heartbeats of 60 s, into which no more than 3,600
of the shortest fit (50 ms); of what is older less is forgiven."""


class Stalls:
    """Spans of time, one after the other; all in seconds of one monotonic clock."""

    __slots__ = ("_before", "_ends", "_latest", "_total")

    def __init__(self) -> None:
        self._total = 0.0
        self._latest = float("-inf")
        """When the latest ended."""
        self._ends: list[float] = []
        self._before: list[float] = []
        """Seconds of all the stalls before each."""

    def add(self, seconds: float, now: float) -> None:
        """A stall of so many seconds has just ended. It began no sooner than the one before ended."""
        self._ends.append(now)
        self._before.append(self._total)
        self._total += min(seconds, now - self._latest)
        self._latest = now
        # Half of them at once: they are moved once each.
        if len(self._ends) > 2 * KEPT:
            del self._ends[:KEPT], self._before[:KEPT]

    def since(self, then: float) -> float:
        """For how many of the seconds since then this node did not run."""
        if then >= self._latest:
            return 0.0
        place = bisect_right(self._ends, then)
        whole = self._total - self._before[place]
        # Of the first of them a part may lie before.
        after = self._before[place + 1] if place + 1 < len(self._before) else self._total
        begun = self._ends[place] - (after - self._before[place])
        return whole - max(0.0, then - begun)

"""
Ways between machines, one for each direction.

How long they take, what they let through, and since when they let nothing through.
"""

from random import Random
from typing import Protocol as Interface

from attrs import define, field, frozen

from gossip.testing.clock import Clock

LATEST_RETRY = 60.0
"""Seconds within which TCP, which doubles its wait each time, finds that a way is open again."""


@frozen(kw_only=True)
class Weather:
    """What a way does to what travels on it."""

    latency: float = 0.01
    """Seconds, one way."""
    jitter: float = 0.0
    """Up to so many seconds more, anew for each segment; order is kept, as TCP does."""
    bandwidth: float = float("inf")
    """Bytes per second."""


class Traffic(Interface):
    """What travels on a way."""

    def retry(self) -> None:
        """The way may be open again."""

    def hurry(self, latest: float) -> None:
        """The way has become another: what is on it arrives at this time, if not before."""


@define(eq=False)
class Path:
    """One direction between two machines."""

    clock: Clock
    random: Random
    weather: Weather
    carried: int = 0
    """Writes that went this way."""
    cut_at: float | None = None
    """Since when nothing passes; None where everything does."""
    users: dict[Traffic, None] = field(factory=dict)
    """Connections that go this way."""
    _closed_by: dict[str, None] = field(factory=dict)
    _stalled: dict[Traffic, None] = field(factory=dict)

    @property
    def open(self) -> bool:
        """Whether anything passes."""
        return self.cut_at is None

    def arrival(self, size: int, after: float) -> float:
        """When so many bytes arrive that are sent now, and not before what arrives at `after`."""
        weather = self.weather
        at = self.clock.now + weather.latency
        if weather.jitter:
            at += self.random.random() * weather.jitter
        return max(at, after) + size / weather.bandwidth

    def change(self, weather: Weather) -> None:
        """Another weather holds from now on, also for what is on the way."""
        if weather != self.weather:
            self.weather = weather
            latest = self.clock.now + weather.latency
            for one in self.users:
                one.hurry(latest)

    def wait(self, stalled: Traffic) -> None:
        """Tell this one when the way has opened, after the time that TCP takes to find out."""
        self._stalled[stalled] = None

    def cut(self, why: str) -> None:
        """Let nothing pass from now on, for a reason of which there may be several."""
        self._closed_by[why] = None
        if self.cut_at is None:
            self.cut_at = self.clock.now

    def mend(self, why: str) -> None:
        """This reason is gone; where it was the last one, everything passes again."""
        self._closed_by.pop(why, None)
        if self.cut_at is None or self._closed_by:
            return
        longest = min(LATEST_RETRY, self.clock.now - self.cut_at)
        self.cut_at = None
        stalled, self._stalled = self._stalled, {}
        for one in stalled:
            self.clock.callLater(self.random.uniform(0, longest), one.retry)

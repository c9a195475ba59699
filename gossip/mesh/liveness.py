"""
Who is late: round-trip times of peers, and stalls of our own. Pure.
"""

from array import array
from math import ceil
from typing import Final

from attrs import define, field

from gossip.mesh.trail import LATE, Past

PENDING: Final = 16
"""Pings of which an answer is still awaited; older ones count as missed."""

STALL: Final = 0.05
"""Seconds by which a timer may be late before the time counts as one in which we did not run. The
shortest heartbeat is as long, so that a shorter stall can make nobody look dead."""

SAMPLES: Final = 128
"""Round trips of which percentiles are told: ten minutes at five seconds each, and a kilobyte a link
that has answered so many pings."""

_WEIGHT: Final = 1 / 16
"""Of a new sample in the mean deviation, once there are so many: RFC 3550 §6.4.1."""


def stall(due: float, now: float) -> float:
    """For how long this node itself did not run, judged by a timer: due then, called now."""
    late = now - due
    return late if late > STALL else 0.0


@define(eq=False, repr=False)
class RoundTrips:
    """The pings of one link and their answers; times in seconds."""

    last: float | None = None
    """The latest round trip."""
    mean: float | None = None
    """Smoothed over about 16 samples."""
    jitter: float = 0.0
    """Smoothed difference of one sample from the one before."""
    answered: int = 0
    missed: int = 0
    sent: int = 0
    """The number of the latest ping."""
    past: Past | None = None
    """Where the pings of the last hour are kept, beyond this link."""
    _pending: dict[int, float] = field(factory=dict)
    _samples: "array[float]" = field(factory=lambda: array("d"))
    """A ring, once it is full. It is an eighth of what as many objects would take."""

    def ping(self, now: float) -> int:
        """Number the next ping."""
        self.sent += 1
        self._pending[self.sent] = now
        if self.past is not None:
            self.past.ping(now)
        if len(self._pending) > PENDING:
            del self._pending[next(iter(self._pending))]
            self.missed += 1
        return self.sent

    def pong(self, seq: int, now: float) -> float | None:
        """The round trip that this answer completes; None where it was not awaited."""
        begun = self._pending.pop(seq, None)
        if begun is None:
            return None
        sample = now - begun
        if self.last is not None and self.mean is not None:
            # Of the first ones it is the plain mean: the very first is late often, as much happens then.
            self.jitter += (abs(sample - self.last) - self.jitter) * max(_WEIGHT, 1 / self.answered)
            self.mean += (sample - self.mean) * max(_WEIGHT, 1 / (self.answered + 1))
        else:
            self.mean = sample
        self.last = sample
        if len(self._samples) < SAMPLES:
            self._samples.append(sample)
        else:
            self._samples[self.answered % SAMPLES] = sample
        self.answered += 1
        if self.past is not None:
            self.past.pong(begun, sample)
        return sample

    def under_way(self, now: float) -> int:
        """Pings sent so lately that an answer may still come."""
        return sum(begun > now - LATE for begun in self._pending.values())

    def percentile(self, percent: float) -> float | None:
        """The round trip than which so many of the last are not longer (nearest rank)."""
        if not self._samples:
            return None
        rank = ceil(len(self._samples) * percent / 100)
        return sorted(self._samples)[max(rank, 1) - 1]

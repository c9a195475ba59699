"""
What this side promises and tolerates on a link (PROTOCOL §3, §5, §8). Pure.
"""

from math import floor
from typing import Final, NamedTuple

from gossip.wire.census import Census
from gossip.wire.stalls import Stalls

NEVER: Final = float("inf")


class Terms(NamedTuple):
    """What this side promises and tolerates on a link; all waits in seconds."""

    heartbeat: float = 1.0
    """The longest silence we promise. Shorter is noticed sooner and costs more frames."""
    hello_wait: float = 10.0
    """For their hello, from the end of the TLS handshake. A stranger holds memory for this long."""
    frame_wait: float = 20.0
    """For the rest of a frame that has begun. Shorter would cut honest peers on bad lines."""
    beats_missed: int = 3
    """How many of its heartbeats a peer may miss before it is dead (PROTOCOL §5)."""
    frames_per_second: float = 200.0
    """Frames taken from one peer in the long run. Above that we stop reading (PROTOCOL §8)."""
    frame_grain: int = 8192
    """Each full so many bytes of a frame count as one more: JSON made to be slow to read takes 0.4 ms
    in so many, ten times what a ping takes. With half of it a full book, in frames of 12 KiB, would
    take a newcomer a third longer; with so much it is a tenth."""
    frames_at_once: float = 1000.0
    """Frames taken in one burst. It covers an answer of the largest book."""
    pause: float = 0.1
    """For how long reading stops when the burst is used up: the grain of the rate."""
    grain: float = 0.0
    """What is said at a time is said on a grid of so many seconds, a little early: many links then have
    their turn together, on one timer. Of 1,000 links at a frame a second it saves a third of all."""
    census: Census | None = None
    """Where all links with these terms count together what they carry; each by itself without one."""
    stalls: Stalls | None = None
    """When this node did not run, likewise."""

    def turn(self, at: float) -> float:
        """The point of the grid at which that is said which is due at `at`."""
        if not self.grain or at == NEVER:
            return at
        # The grid is the same for all, and what is on it stays there, however floats are rounded.
        return floor(at / self.grain + 0.001) * self.grain

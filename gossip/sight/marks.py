"""
Which links of a row are there, and bad all the same: slow, lossy, or lost again and again. Pure.
"""

from itertools import repeat
from typing import Final

from attrs import frozen

from gossip.sight.network import Packed
from gossip.sight.paths import Mask, marked, mask

FLAPS: Final = 3
"""Losses of a peer within the hour from which on it is not a single mishap."""

LOSSY: Final = 0.2
"""Share of the pings of five minutes that may be lost: one of the five that there are at one a minute."""

SLOWER: Final = 2.0
"""Times the median of the last 128 round trips that the mean of the last 16 may be; besides"""

FLOOR_MS: Final = 20.0
"""so many milliseconds, which nobody notices; and"""

STEADY: Final = 2.0
"""times the jitter by which it is longer than usual. One that was late raises the mean by a sixteenth of
its delay, and the jitter by two of them: a machine that stood still for a moment is no slow line."""

_UP: Final = ord("u")
_FLAPS: Final = bytes(ord("1" if losses >= FLAPS else "0") for losses in range(256))


@frozen
class Marks:
    """Those of one row."""

    slow: Mask = 0
    """Slow against their own past, or lossy."""
    flapping: Mask = 0

    @classmethod
    def of(cls, row: Packed | None) -> "Marks":
        """A tenth of a millisecond for a thousand links: those of all rows are made in turns."""
        if row is None:
            return cls()
        # What is not a number compares as false. Of brief rows the jitter is not known.
        jitter = row.jitter or repeat(0.0)
        slow = (
            lost >= LOSSY or (mean > SLOWER * usual + FLOOR_MS and mean > usual + STEADY * around)
            for lost, mean, usual, around in zip(row.lost, row.rtt, row.p50, jitter, strict=False)
        )
        up = mask(place for place, bad in enumerate(slow) if bad and row.cells[place] == _UP)
        return cls(up, marked(row.losses, _FLAPS))

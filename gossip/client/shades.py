"""
How one pair looks in the heat map: by a sign, and by a colour that reads without seeing red. Pure.
"""

from collections.abc import Iterable
from typing import Final

LIMITS_MS: Final = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""Round trips below these have the shades 0 to 6, and all others 7: half a decade each, so that one
machine, one city, one continent and the other side of the world differ."""

SLOWEST: Final = len(LIMITS_MS)
UNMEASURED: Final = SLOWEST + 1
"""Up, and no answer to a ping yet."""
DOWN: Final = SLOWEST + 2
UNKNOWN: Final = SLOWEST + 3
SELF: Final = SLOWEST + 4

SIGNS: Final = "01234567+x?·"
"""Of each shade."""

COLOURS: Final = (
    # Eight steps of viridis (S. van der Walt, N. Smith): its lightness grows, also for who sees no red,
    # no green or no blue. The red of what is down and black lie beside it for all of them.
    *("#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725"),
    *("#440154", "#ff0000", "#000000", "#000000"),
)
"""Of each shade."""

LIGHT: Final = frozenset((4, 5, 6, 7))
"""Shades on which black reads better than white."""

_BADNESS: Final = (*range(3, 3 + len(LIMITS_MS) + 1), 2, 99, 1, 0)


def shade(link: str, rtt_ms: float | None) -> int:
    """The shade of a pair, given its character in `Matrix.links`."""
    if link == "u":
        return UNMEASURED if rtt_ms is None else sum(rtt_ms >= limit for limit in LIMITS_MS)
    return {"d": DOWN, "-": SELF}.get(link, UNKNOWN)


def worst(shades: Iterable[int]) -> int:
    """The one that is to be seen where several share a place."""
    return max(shades, key=lambda one: _BADNESS[one], default=UNKNOWN)


def explained() -> list[tuple[int, str]]:
    """Each shade and what it means, as a legend has it."""
    below = [(index, f"<{limit:g}") for index, limit in enumerate(LIMITS_MS)]
    return [
        *below,
        (SLOWEST, f"{LIMITS_MS[-1]:g} ms or more"),
        (DOWN, "down"),
        (UNKNOWN, "unknown"),
        (UNMEASURED, "no ping yet"),
    ]

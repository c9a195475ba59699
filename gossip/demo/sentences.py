"""
The words of the story. Pure.
"""

from collections.abc import Sequence
from statistics import median
from textwrap import wrap
from typing import Final

from gossip.surfaces.text import safe

WIDTH: Final = 80
"""Columns of a line at most: a paragraph that is wider is hard to read."""

NARROWEST: Final = 40
"""Columns to which lines are broken at least, however narrow the terminal."""

_TIME: Final = 9
"""Columns of the time before the text."""

COLOURS: Final = {"does": "1", "sees": "", "judges": "36", "asks": "2", "types": "2"}
"""
By who speaks: the demonstration does something, it sees something, nodes judge, it tells how to ask, and
what to type for it.
"""

TIMELESS: Final = ("asks", "types")
"""What is told with the last thing that was told."""


def told(at: float | None, text: str, kind: str, *, width: int, coloured: bool) -> str:
    """Lines of one thing that is told at a time in seconds; without a time it belongs to the last one."""
    shown = max(NARROWEST, min(WIDTH, width)) - 1 - _TIME
    if kind == "types":
        # In two lines it could not be copied.
        shown = len(text)
    lines = wrap(safe(text, 4096), shown, break_long_words=False, break_on_hyphens=False)
    colour = COLOURS[kind] if coloured else ""
    if colour:
        lines = [f"\x1b[{colour}m{line}\x1b[0m" for line in lines]
    first = " " * _TIME if at is None else f"{at:5.1f} s  "
    return "\n".join(
        f"{first if number == 0 else ' ' * _TIME}{line}" for number, line in enumerate(lines)
    )


def lasting(seconds: float) -> str:
    """How long something took."""
    if seconds < 0.0995:
        return f"{max(seconds, 0.001) * 1000:.0f} ms"
    return f"{seconds:.1f} s"


def counted(count: int, one: str, many: str | None = None) -> str:
    """So many of something."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def enumerated(names: Sequence[str]) -> str:
    """Names in a sentence, `node-1 to node-5` where they follow each other."""
    if len(names) > 3:
        return f"{names[0]} to {names[-1]}"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def round_trips(times: Sequence[tuple[float, str, str]]) -> str:
    """What pings took: milliseconds, who sent it and to whom. There is one at least."""
    worst, by, to = max(times)
    middle = median(time for time, _, _ in times)
    return (
        f"{counted(len(times), 'round trip')}, median {middle:.1f} ms,"
        f" the slowest {worst:.1f} ms ({by} to {to})"
    )


def noticed(times: Sequence[float], among: int) -> str:
    """How many of some nodes noticed something, and how many seconds after it."""
    if not times:
        return f"None of {among} has noticed it yet."
    first, last = lasting(min(times)), lasting(max(times))
    when = f"after {last}" if first == last else f"the first after {first}, the last after {last}"
    return f"{len(times)} of {among} noticed: {when}."


VERDICTS: Final = {"me": "lost, and it is me"}
"""Where the word of a verdict says too little by itself."""


def judged(sayings: Sequence[tuple[str, str, str]], peer: str) -> list[str]:
    """What nodes say of a peer: who, verdict and reason. A sentence a verdict, with one of its reasons."""
    sentences = []
    for verdict in dict.fromkeys(verdict for _, verdict, _ in sayings):
        by = [who for who, said, _ in sayings if said == verdict]
        reason = next(why for _, said, why in sayings if said == verdict)
        word = VERDICTS.get(verdict, verdict)
        if len(by) == 1:
            sentences.append(f"{by[0]} says of {peer}: {word}; “{reason}”.")
        else:
            sentences.append(f"{len(by)} nodes say of {peer}: {word}. {by[0]}: “{reason}”.")
    return sentences

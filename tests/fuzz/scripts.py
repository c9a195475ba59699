"""
What happens to one link, as bytes: the first says how the link is made, then come steps.

A step is one byte that picks what happens, and its argument: bytes that arrive behind their length in
two bytes, or one byte for anything else.
"""

from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Final

from attrs import frozen


class Kind(IntEnum):
    """What happens."""

    ARRIVE = 0
    ARRIVE_TOO = 1
    SAY = 2
    PASS = 3
    DUE = 4
    FORGIVE = 5
    CHARGE = 6
    CLOSED = 7


ARRIVALS: Final = (Kind.ARRIVE, Kind.ARRIVE_TOO)


@frozen
class Step:
    """One thing that happens: with bytes, or with a number below 256."""

    kind: Kind
    data: bytes = b""
    number: int = 0


def read(script: bytes) -> Iterator[Step]:
    """The steps of a script without its first byte; the last one may be cut short."""
    at = 0
    while at < len(script):
        kind = Kind(script[at] % len(Kind))
        if kind in ARRIVALS:
            length = int.from_bytes(script[at + 1 : at + 3], "big")
            yield Step(kind, script[at + 3 : at + 3 + length])
            at += 3 + length
        else:
            yield Step(kind, number=int.from_bytes(script[at + 1 : at + 2], "big"))
            at += 2


def write(steps: Iterable[Step]) -> bytes:
    """The script of these steps."""
    return b"".join(
        bytes([step.kind]) + (len(step.data).to_bytes(2, "big") + step.data)
        if step.kind in ARRIVALS
        else bytes([step.kind, step.number])
        for step in steps
    )

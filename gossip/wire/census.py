"""
What goes over all links of a node, counted together. Pure.

What one link carries is counted by itself (`gossip.wire.traffic`); here it is told by kind. Both are
hot: a frame costs one look-up and two additions.
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

from attrs import define, field

from gossip.wire.frames import HEADER
from gossip.wire.messages import KINDS, Message, Unknown

OTHER: Final = "other"
"""Stands for all kinds that this version does not know."""

HUNG: Final = 2
"""Heartbeats of a peer after which its silence is told of: it has missed one for certain."""

GAPS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)
"""Seconds: from the silences that count with the shortest heartbeat to those of machines that were off."""


@define(eq=False)
class Histogram:
    """How often a value fell between two bounds; what equals a bound is below it."""

    bounds: tuple[float, ...]
    """Ascending."""
    counts: list[int] = field(init=False)
    """One more than there are bounds: the last is of what is above them all."""
    sum: float = 0.0

    def __attrs_post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        """Count one more."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class Kind(NamedTuple):
    """What of one kind went over all links."""

    name: str
    frames_in: int
    frames_out: int
    bytes_in: int
    bytes_out: int


_Rows: TypeAlias = dict[type[Message | Unknown], list[int]]


def _rows() -> _Rows:
    return {kind: [0, 0] for kind in (*KINDS.values(), Unknown)}


@define(eq=False)
class Census:
    """See the module. Frames that could not be read are in no kind: each of them ended its link."""

    heard: _Rows = field(factory=_rows)
    """Of each kind frames and the bytes of their bodies, in a list that sessions add to."""
    said: _Rows = field(factory=_rows)
    """Of each kind frames and their bytes, likewise."""
    gaps: Histogram = field(factory=lambda: Histogram(GAPS))
    """How long peers were silent, in seconds, that spoke again after `HUNG` of their heartbeats."""

    def kinds(self) -> Iterator[Kind]:
        """Every kind, in the order of the protocol."""
        for kind, (frames_in, bodies) in self.heard.items():
            frames_out, bytes_out = self.said[kind]
            name = OTHER if kind is Unknown else kind.type
            bytes_in = bodies + frames_in * HEADER.size
            yield Kind(name, frames_in, frames_out, bytes_in, bytes_out)

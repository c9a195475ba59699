"""
All rows that could be had, beside each other: who hears whom. Pure.

A thousand rows of a thousand entries are a million: so they are kept as bytes and short floats, in
the order of the nodes, and not as what was heard.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from operator import itemgetter
from typing import Any, Final

from attrs import define, field, frozen

from gossip.mesh.picture import MatrixNode
from gossip.trust.rows import DIGITS, Brief, Full

UNKNOWN: Final = ord("?")
NOTHING: Final = float("nan")

_CELLS: Final[Mapping[str, int]] = {
    state: ord(cell) for state, cell in zip("uqdln", "uudd?", strict=True)
}
"""What each state of an entry is in the matrix."""


@frozen(kw_only=True)
class Node:
    """One of those that hear, or are heard."""

    id: str
    name: str
    state: str
    """As in `status.PeerStatus`."""
    tags: Mapping[str, str]
    row: str
    """As in `picture.MatrixNode`."""
    through: str | None = None
    at: float | None = None
    """When its row was had, by the clock of this node."""
    agent: str | None = None
    """What it calls its program; None where that was not heard."""
    skew: float | None = None
    """Seconds by which its clock is ahead of this node's; None where that was not heard."""

    @property
    def called(self) -> str:
        """For people."""
        return self.name or self.id[:12]

    def shown(self, now: float) -> MatrixNode:
        """For a surface."""
        return MatrixNode(
            id=self.id,
            name=self.name,
            state=self.state,
            tags=self.tags,
            row=self.row,
            through=self.through,
            age_s=None if self.at is None else max(0.0, now - self.at),
        )


@define(eq=False)
class Packed:
    """One row, in the order of the nodes."""

    cells: bytearray
    """`u`, `d`, `?`."""
    rtt: "array[float]"
    """Milliseconds; not a number where there is none, as in all of these."""
    lost: "array[float]"
    p50: "array[float]"
    losses: bytearray

    @classmethod
    def of(cls, entries: Iterable[Brief], index: Mapping[str, int]) -> "Packed":
        """Pack a row; `index` has the place of each node by the beginning of its id."""
        size = len(index)
        nothing = array("f", [NOTHING]) * size
        row = cls(bytearray(b"?" * size), nothing, nothing[:], nothing[:], bytearray(size))
        cells, rtt, lost, place = row.cells, row.rtt, row.lost, index.get
        for entry in entries:
            at = place(entry.peer)
            if at is None:
                continue
            cells[at] = _CELLS[entry.state]
            if entry.rtt is not None:
                rtt[at] = entry.rtt
            if entry.lost is not None:
                lost[at] = entry.lost
            if isinstance(entry, Full):
                row.losses[at] = min(entry.losses, 255)
                if entry.p50 is not None:
                    row.p50[at] = entry.p50
        return row

    def only(self, places: Sequence[int]) -> "Packed":
        """The same of some of the nodes."""
        # Two more, which are cut off: of less than two places it would give no tuple.
        some: Any = itemgetter(*places, 0, 0)
        rtt, lost, p50 = (
            array("f", some(numbers)[:-2]) for numbers in (self.rtt, self.lost, self.p50)
        )
        cells, losses = (bytearray(some(each)[:-2]) for each in (self.cells, self.losses))
        return Packed(cells, rtt, lost, p50, losses)


@define(eq=False)
class Sight:
    """The nodes, and of each the row, as far as it could be had."""

    nodes: list[Node]
    rows: list[Packed | None]
    asked: int = 0
    answered: int = 0
    own: int = 0
    """Which of the nodes is this one."""
    since: Mapping[str, float] = field(factory=dict)
    """Unix seconds at which this node lost those that it lost, by their ids."""

    def __len__(self) -> int:
        """How many nodes there are."""
        return len(self.nodes)

    def cell(self, one: int, other: int) -> int:
        """What one says of another."""
        row = self.rows[one]
        return UNKNOWN if row is None else row.cells[other]


def index(ids: Iterable[str]) -> dict[str, int]:
    """The place of each node by what an entry has of its id."""
    return {peer[:DIGITS]: at for at, peer in enumerate(ids)}


class Numbers(dict[float, float]):
    """Numbers for people to read. Most are equal to others: each is made once."""

    MOST: Final = 65536
    """That are kept: peers may say a million different ones."""

    def known(self, numbers: "array[float]") -> tuple[float | None, ...]:
        """The same, and None for those that are none."""
        return tuple([None if isnan(x) else self[x] for x in numbers])

    def __missing__(self, number: float) -> float:
        """It was not met before."""
        made = round(number, 3)
        if len(self) < self.MOST:
            self[number] = made
        return made

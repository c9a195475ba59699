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

from gossip.sight.picture import MatrixNode
from gossip.sight.verdicts import listed
from gossip.trust.rows import DIGITS, Brief, Full

UNKNOWN: Final = ord("?")
NOTHING: Final = float("nan")
ENOUGH: Final = 16
"""Pings from which on there is a usual round trip: so many are in the mean that is compared with it."""
SHOWN: Final = 5
"""Names, or pairs, in a sentence."""
SEVERAL: Final = 2
"""Who have lost a node of which this one has only a record: by one alone it may be made up, and dead for all."""

_CELLS: Final[Mapping[str, int]] = {
    state: ord(cell) for state, cell in zip("uqdln", "uudl?", strict=True)
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
    """`u`, `d`, `?`, and `l` where it left."""
    rtt: "array[float]"
    """Milliseconds; not a number where there is none, as in all of these."""
    lost: "array[float]"
    p50: "array[float]"
    """What is usual; of few pings nothing is."""
    losses: bytearray
    since: "array[float]" = field(factory=lambda: array("d"))
    """Unix seconds at which the link came up or was lost, by the clock of whoever says so; empty, as are
    the next two, where the row is a brief one."""
    jitter: "array[float]" = field(factory=lambda: array("f"))
    ended: bytearray = field(factory=bytearray)
    """How the last link was lost: `s`, `c` (see `gossip.trust.rows.Full`), `?`."""

    @classmethod
    def of(cls, entries: Iterable[Brief], index: Mapping[str, int]) -> "Packed":
        """Pack a row; `index` has the place of each node by the beginning of its id."""
        size = len(index)
        nothing = array("f", [NOTHING]) * size
        row = cls(bytearray(b"?" * size), nothing, nothing[:], nothing[:], bytearray(size))
        cells, rtt, lost, place = row.cells, row.rtt, row.lost, index.get
        for entry in entries:
            if isinstance(entry, Full) and not row.since:
                row.since, row.jitter = array("d", [NOTHING]) * size, nothing[:]
                row.ended = bytearray(b"?" * size)
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
                if entry.p50 is not None and entry.answered >= ENOUGH:
                    row.p50[at] = entry.p50
                if entry.since is not None:
                    row.since[at] = entry.since
                if entry.jitter is not None:
                    row.jitter[at] = entry.jitter
                row.ended[at] = ord(entry.ended or "?")
        return row

    def only(self, places: Sequence[int]) -> "Packed":
        """The same of some of the nodes."""
        # Two more, which are cut off: of less than two places it would give no tuple.
        some: Any = itemgetter(*places, 0, 0)

        def numbers(kind: str, of: "array[float]") -> "array[float]":
            return array(kind, some(of)[:-2] if of else ())

        return Packed(
            bytearray(some(self.cells)[:-2]),
            numbers("f", self.rtt),
            numbers("f", self.lost),
            numbers("f", self.p50),
            bytearray(some(self.losses)[:-2]),
            numbers("d", self.since),
            numbers("f", self.jitter),
            bytearray(some(self.ended)[:-2] if self.ended else b""),
        )


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
    ended: Mapping[str, str] = field(factory=dict)
    """How it lost the last link to each of them, where it knows."""

    def __len__(self) -> int:
        """How many nodes there are."""
        return len(self.nodes)

    def cell(self, one: int, other: int) -> int:
        """What one says of another."""
        row = self.rows[one]
        return UNKNOWN if row is None else row.cells[other]

    def names(self, places: Iterable[int]) -> str:
        """Some of the nodes, in a sentence."""
        return listed(sorted(self.nodes[place].called for place in places), SHOWN)

    def ended_by(self, one: int, other: int) -> str:
        """How one lost its last link to another, as it says."""
        row = self.rows[one]
        return "?" if row is None or not row.ended else chr(row.ended[other])


def is_met(rows: Iterable[Packed | None], place: int) -> bool:
    """Whether a node is no invention: somebody hears it, or several have lost it."""
    said = [row.cells[place] for row in rows if row is not None]
    return ord("u") in said or said.count(ord("d")) >= SEVERAL


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

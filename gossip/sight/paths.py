"""
Which paths between nodes are broken, and not explained yet. Pure.

A thousand nodes may have a quarter of a million broken paths, and who asks what is wrong must not be kept
from its pings meanwhile. So sets of nodes are the bits of an integer, a `Mask`: what a node has in common
with others is found in one step.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from attrs import define

from gossip.sight.network import Sight

Pair: TypeAlias = tuple[int, int]
"""Places of two nodes."""

Mask: TypeAlias = int
"""A set of places: the bit of each that is in it."""


def _table(*ones: str) -> bytes:
    return bytes(ord("1") if chr(cell) in ones else ord("0") for cell in range(256))


_UP: Final = _table("u")
_DOWN: Final = _table("d", "l")


def mask(places: Iterable[int]) -> Mask:
    """These places."""
    found = 0
    for place in places:
        found |= 1 << place
    return found


def marked(cells: bytes | bytearray, table: bytes) -> Mask:
    """The places of the cells that the table makes a `1`; it makes all others a `0`."""
    return int(cells.translate(table)[::-1] or b"0", 2)


def places(these: Mask) -> list[int]:
    """The places in a mask, in their order."""
    return [place for place, bit in enumerate(reversed(f"{these:b}")) if bit == "1"]


class Web:
    """Pairs of nodes, and of each node the others."""

    def __init__(self, others: Sequence[Mask]) -> None:
        self.others = list(others)
        """Of each node; in both of them, where there is a pair."""

    @classmethod
    def marked(cls, by: Sequence[Mask]) -> "Web":
        """The pairs of which either end marks the other."""
        others = list(by)
        for one, these in enumerate(by):
            for other in places(these):
                others[other] |= 1 << one
        return cls(others)

    def __len__(self) -> int:
        """How many pairs there are."""
        return sum(map(int.bit_count, self.others)) // 2

    def __contains__(self, pair: Pair) -> bool:
        """Whether there is this one."""
        return bool(self.others[pair[0]] >> pair[1] & 1)

    def __iter__(self) -> Iterator[Pair]:
        """All pairs, in their order, the smaller place first."""
        for one, others in enumerate(self.others):
            for other in places(others >> one):
                yield one, one + other

    def ends(self) -> Mask:
        """The nodes that are in any pair."""
        return mask(place for place, others in enumerate(self.others) if others)

    def worst(self, least: int) -> int | None:
        """The node that is in most pairs, the first of them; None where it is in fewer than `least`."""
        counts = list(map(int.bit_count, self.others))
        most = max(counts, default=0)
        return counts.index(most) if most >= max(1, least) else None

    def of(self, node: int) -> "Web":
        """Those of one node."""
        return self.between(1 << node, self.others[node])

    def remove(self, node: int) -> None:
        """Those of one node are in it no more."""
        for other in places(self.others[node]):
            self.others[other] &= ~(1 << node)
        self.others[node] = 0

    def between(self, some: Mask, others: Mask) -> "Web":
        """Those of which one end is among some, and the other among others."""
        return Web(
            [
                here & ((others if some >> place & 1 else 0) | (some if others >> place & 1 else 0))
                for place, here in enumerate(self.others)
            ]
        )

    def less(self, web: "Web") -> "Web":
        """Those that are not in another one."""
        return Web([a & ~b for a, b in zip(self.others, web.others, strict=True)])

    def more(self, web: "Web") -> "Web":
        """Those that are in either."""
        return Web([a | b for a, b in zip(self.others, web.others, strict=True)])


@define(eq=False)
class Paths:
    """Who lives, and which paths between them are broken and not explained yet."""

    living: Mask
    broken: Web
    deaf: list[Mask]
    """Of each node, those that it does not hear, and that hear it."""
    half: list[Mask]
    """Of each node, those to which the path is broken and broke one way: it did not hear them any more,
    while they heard that it closed their link."""
    linked: list[Mask]
    """Of each node, those with which it has a path one way at least, by the word of either."""
    bad: Web
    """Those that are broken one way or both, explained or not."""

    @classmethod
    def of(cls, seen: Sight) -> "Paths":
        """Look at each pair."""
        size = len(seen)
        silent = bytes(size)
        rows = [silent if row is None else bytes(row.cells) for row in seen.rows]
        table = b"".join(rows)
        columns = [table[place::size] for place in range(size)]
        up, down = ([marked(row, which) for row in rows] for which in (_UP, _DOWN))
        heard = [marked(column, _UP) for column in columns]
        lost = [marked(column, _DOWN) for column in columns]
        living = mask(place for place, row in enumerate(seen.rows) if row is not None)
        for row in up:
            living |= row
        broken, deaf = [], []
        for place in range(size):
            others = living & ~(1 << place) if living >> place & 1 else 0
            mine, theirs = down[place] & ~heard[place], lost[place] & ~up[place]
            broken.append((mine | theirs) & others)
            deaf.append(down[place] & heard[place] & others)
        paths = cls(
            living,
            Web(broken),
            deaf,
            [_half(seen, place, others) for place, others in enumerate(broken)],
            [mine | theirs for mine, theirs in zip(up, heard, strict=True)],
            Web([]),
        )
        paths.bad = paths.all()
        return paths

    def half_broken(self) -> Web:
        """Of those that are broken, and not explained, those that broke one way."""
        return Web.marked(self._half_left())

    def deafened(self) -> Iterator[Pair]:
        """The same: whoever did not hear the other one any more comes first."""
        return (
            (one, other) for one, these in enumerate(self._half_left()) for other in places(these)
        )

    def _half_left(self) -> list[Mask]:
        return [a & b for a, b in zip(self.half, self.broken.others, strict=True)]

    def all(self) -> Web:
        """Those that are broken one way or both."""
        return self.broken.more(Web.marked(self.deaf))

    def explain(self, web: Web) -> None:
        """These were told of."""
        self.broken = self.broken.less(web)
        self.deaf = [a & ~b for a, b in zip(self.deaf, web.others, strict=True)]


def _half(seen: Sight, one: int, broken: Mask) -> Mask:
    row = seen.rows[one]
    if row is None or not row.ended:
        return 0
    ended = (
        (place, seen.ended_by(one, place), seen.ended_by(place, one)) for place in places(broken)
    )
    return mask(place for place, mine, theirs in ended if (mine, theirs) == ("s", "c"))


def groups(paths: Paths, nodes: Mask) -> Iterator[Mask]:
    """Some nodes, together where they hear each other by paths that are not bad."""
    left = nodes
    while left:
        group, edge = 0, left & -left
        left &= ~edge
        while edge:
            one = (edge & -edge).bit_length() - 1
            edge &= edge - 1
            group |= 1 << one
            near = left & paths.linked[one] & ~paths.bad.others[one]
            left &= ~near
            edge |= near
        yield group


def chains(web: Web) -> Iterator[Web]:
    """Pairs that have ends in common, together."""
    left = web.ends()
    while left:
        chain, edge = 0, left & -left
        while edge:
            one = (edge & -edge).bit_length() - 1
            chain |= 1 << one
            edge = (edge | web.others[one]) & ~chain
        left &= ~chain
        yield web.between(chain, chain)

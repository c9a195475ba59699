"""
Which paths between nodes are broken, and not explained yet. Pure.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from attrs import define, field

from gossip.mesh.sight import Sight

Pair: TypeAlias = tuple[int, int]
"""Places of two nodes."""

_UP, _DOWN, _LEFT = ord("u"), ord("d"), ord("l")


@define(eq=False)
class Paths:
    """Who lives, and which paths between them are broken and not explained yet."""

    living: set[int] = field(factory=set)
    broken: set[Pair] = field(factory=set)
    """The smaller place first."""
    deaf: set[Pair] = field(factory=set)
    """The first does not hear the second, which hears it."""
    half: set[Pair] = field(factory=set)
    """Of those that are broken, such as broke one way: the first did not hear the second any more, which
    heard that the first closed their link."""
    bad: set[Pair] = field(factory=set)
    """Those that are broken one way or both, explained or not."""

    @classmethod
    def of(cls, seen: Sight) -> "Paths":
        """Look at each pair."""
        paths = cls()
        for place, row in enumerate(seen.rows):
            if row is not None:
                paths.living.add(place)
                paths.living.update(_places(row.cells, _UP))
        for one in range(len(seen)):
            row = seen.rows[one]
            for other in () if row is None else _places(row.cells, _DOWN, _LEFT):
                if other not in paths.living or other == one:
                    continue
                if seen.cell(other, one) == _UP:
                    paths.deaf.add((one, other))
                else:
                    paths.broken.add((min(one, other), max(one, other)))
                    if (seen.ended_by(one, other), seen.ended_by(other, one)) == ("s", "c"):
                        paths.half.add((one, other))
        paths.bad = paths.all()
        return paths

    def all(self) -> set[Pair]:
        """Those that are broken one way or both."""
        return self.broken | {(min(pair), max(pair)) for pair in self.deaf}

    def explain(self, pairs: Iterable[Pair]) -> None:
        """These were told of."""
        for one, other in list(pairs):
            self.broken.discard((min(one, other), max(one, other)))
            self.deaf -= {(one, other), (other, one)}


def _places(cells: bytearray, *those: int) -> Iterator[int]:
    for what in those:
        at = cells.find(what)
        while at >= 0:
            yield at
            at = cells.find(what, at + 1)


def groups(seen: Sight, places: set[int], bad: set[Pair]) -> Iterator[set[int]]:
    """Some nodes, together where they hear each other by paths that are not bad."""
    left = set(places)
    while left:
        first = min(left)
        left.remove(first)
        group, edge = set[int](), {first}
        while edge:
            one = min(edge)
            edge.remove(one)
            group.add(one)
            near = {
                other
                for other in left
                if (min(one, other), max(one, other)) not in bad
                and _UP in (seen.cell(one, other), seen.cell(other, one))
            }
            left -= near
            edge |= near
        yield group


def chains(pairs: set[Pair]) -> Iterator[list[Pair]]:
    """Pairs that have ends in common, together."""
    left = set(pairs)
    while left:
        chain = [min(left)]
        left.remove(chain[0])
        ends = set(chain[0])
        while near := sorted(pair for pair in left if ends & set(pair)):
            left.difference_update(near)
            chain += near
            ends.update(*near)
        yield sorted(chain)

"""
In which order the nodes of a matrix stand. Pure.
"""

from collections.abc import Sequence
from math import inf

from gossip.sight.picture import Matrix


def by_name(found: Matrix) -> list[int]:
    """By name, and then by id: the places of the nodes."""
    nodes = found.nodes
    return sorted(range(len(nodes)), key=lambda at: (nodes[at].name, nodes[at].id))


def by_tag(found: Matrix, key: str) -> list[int]:
    """By the value of a tag, those without it last; and then by name."""
    tags = [node.tags for node in found.nodes]
    return sorted(by_name(found), key=lambda at: (key not in tags[at], tags[at].get(key, "")))


def by_closeness(found: Matrix) -> list[int]:
    """
    Each beside one that is near to it, so that what is close together is a block of fast pairs.

    It begins at the outskirts, and goes on with the nearest to the last one (a nearest-neighbour tour,
    which takes n² steps).
    """
    rows = [_distances(found, at) for at in range(len(found.nodes))]
    left = by_name(found)
    tour: list[int] = []
    while left:
        nearest = rows[tour[-1]] if tour else [-_spread(row) for row in rows]
        tour.append(min(left, key=nearest.__getitem__))
        left.remove(tour[-1])
    return tour


def _distances(found: Matrix, one: int) -> list[float]:
    return [
        _mean(found.rtt_ms[one][other], found.rtt_ms[other][one])
        for other in range(len(found.nodes))
    ]


def _mean(there: float | None, back: float | None) -> float:
    known = [rtt for rtt in (there, back) if rtt is not None]
    return sum(known) / len(known) if known else inf


def _spread(row: Sequence[float]) -> float:
    """How far away a node is from all; one that nobody measured is no place to begin."""
    known = [rtt for rtt in row if rtt != inf]
    return sum(known) / len(known) if known else 0.0

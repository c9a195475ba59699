"""
Nodes that nobody hears, in groups that were lost at the same time. Pure.

A node that is cut off and one that is dead look alike to those who do not hear it. What many at once have
in common, and how their links ended, tells them apart, as far as that can be known from one side.
"""

from collections.abc import Iterator, Mapping
from math import isnan
from typing import Final

from attrs import frozen

from gossip.sight import network
from gossip.sight.network import Sight
from gossip.sight.paths import Paths, places

TOGETHER: Final = 5.0
"""Seconds between one loss and the next within which they are one: heartbeats differ."""

PART: Final = 4
"""A group that is at least one of so many parts of all is a side of a split. A smaller one is likelier a
machine or a rack that went down; and the few themselves lost many more than they are."""

_DOWN: Final = ord("d")


@frozen(kw_only=True)
class Lost:
    """Some who were lost at the same time; of one alone, when is not known where `at` is None."""

    places: tuple[int, ...]
    at: float | None
    """Unix seconds at which the first of them was."""
    in_silence: bool
    """Whether nothing came any more. Else their ends closed the links: so the paths to them were whole."""
    last: bool
    """Whether nobody was lost later."""

    def isolates(self, paths: Paths) -> bool:
        """Whether this node lost all that it heard with them: there is no telling what became of them."""
        return len(self.places) > 1 and self.last and paths.living.bit_count() == 1

    def splits(self, paths: Paths) -> bool:
        """Whether it is likelier that there is no path to them than that each of them died."""
        many = len(self.places)
        return many > 1 and self.in_silence and PART * many >= many + paths.living.bit_count()


def missing(seen: Sight, paths: Paths) -> list[Lost]:
    """All whom nobody hears, the greatest group first."""
    gone = [place for place in range(len(seen)) if _is_lost(seen, paths, place)]
    at = {place: _since(seen, place) for place in gone}
    latest = max((then for then in at.values() if then is not None), default=None)
    closed = {place for place in gone if _was_closed(seen, place)}
    found = [
        Lost(
            places=tuple(sorted(group)),
            at=at[group[0]],
            in_silence=some is not closed,
            last=at[group[-1]] == latest,
        )
        for some in (set(gone) - closed, closed)
        for group in _together({place: at[place] for place in some})
    ]
    return sorted(found, key=lambda one: (-len(one.places), one.places))


def _is_lost(seen: Sight, paths: Paths, place: int) -> bool:
    if paths.living >> place & 1:
        return False
    # Of whom this node has only a record, others may have lost it.
    unmet = seen.nodes[place].state == "unmet"
    return not unmet or network.is_met(seen.rows, place)


def _since(seen: Sight, place: int) -> float | None:
    """When one was lost: by what this node saw, else by the median of what others say."""
    own = seen.since.get(seen.nodes[place].id)
    if own is not None:
        return own
    told = sorted(
        row.since[place]
        for row in seen.rows
        if row is not None
        and row.since
        and row.cells[place] == _DOWN
        and not isnan(row.since[place])
    )
    return told[len(told) // 2] if told else None


def _was_closed(seen: Sight, place: int) -> bool:
    """Likewise, whether its end closed the link."""
    own = seen.ended.get(seen.nodes[place].id)
    if own is not None:
        return own == "c"
    told = [row.ended[place] for row in seen.rows if row is not None and row.ended]
    return told.count(ord("c")) > told.count(ord("s"))


def _together(at: Mapping[int, float | None]) -> Iterator[list[int]]:
    """In the order in which they were lost, those together between whom there is no pause."""
    group: list[int] = []
    before = 0.0
    for then, place in sorted((then, place) for place, then in at.items() if then is not None):
        if group and then > before + TOGETHER:
            yield group
            group = []
        group.append(place)
        before = then
    if group:
        yield group
    yield from ([place] for place, then in at.items() if then is None)


def tell(seen: Sight, paths: Paths, group: Lost) -> tuple[str, str]:
    """What kind of finding a group is, and the sentence."""
    if group.isolates(paths):
        return "cut_node", _isolated(group)
    if group.splits(paths):
        return "split", _cut_off(seen, paths, group)
    return "dead", _dead(seen, paths, group)


def _isolated(group: Lost) -> str:
    many = len(group.places)
    if group.in_silence:
        return f"this node is cut off: it lost {many} others at the same time, and hears nobody"
    return (
        f"this node hears nobody: it lost {many} others at the same time, and their ends closed the"
        " links; so their processes ended, or it is cut off"
    )


def _cut_off(seen: Sight, paths: Paths, group: Lost) -> str:
    """Of a split, as it is seen from inside one of its groups."""
    tag = _only_theirs(seen, paths, group)
    other = f", {tag}" if tag else " "
    return (
        f"the network is split into two groups: this node's ({seen.names(places(paths.living))}) hears"
        f" nobody of the other{other}({seen.names(group.places)}), all lost at the same time"
    )


def _dead(seen: Sight, paths: Paths, group: Lost) -> str:
    several = len(group.places) > 1
    are, them = ("are", "them") if several else ("is", "it")
    tag = _only_theirs(seen, paths, group) if several else ""
    who = seen.names(group.places)
    text = f"{tag}({who}) {are} dead: " if tag else f"{who} {are} dead: "
    asked = sum(row is not None for row in seen.rows)
    if asked == 1:
        text += f"this node does not hear {them}, and nobody else can be asked"
    else:
        text += f"none of {asked} nodes that tell hears {them}"
    if several and not group.in_silence:
        text += "; their ends closed the links, so their processes ended"
    elif several:
        text += "; they were lost at the same time, so the line to them may be cut"
    return text


def _only_theirs(seen: Sight, paths: Paths, group: Lost) -> str:
    """A tag that all of a group share, and nobody who lives."""
    first, *others = (set(seen.nodes[place].tags.items()) for place in group.places)
    living = {item for place in places(paths.living) for item in seen.nodes[place].tags.items()}
    shared = sorted(first.intersection(*others) - living)
    return f"{shared[0][0]}={shared[0][1]} " if shared else ""

"""
What is wrong with the network, from who hears whom: worst first, and each thing once. Pure.

One fault shows in many pairs. So what explains most is looked for first, a split, then a node, then a
tag that all of one side share; what it explains is not told again pair by pair.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from gossip.mesh.losses import Lost, missing
from gossip.mesh.paths import Pair, Paths, chains, groups
from gossip.mesh.picture import Finding
from gossip.mesh.sight import Packed, Sight
from gossip.mesh.verdicts import listed

FLAPS: Final = 3
"""Losses of a peer within the hour from which on it is not a single mishap."""

LOSSY: Final = 0.2
"""Share of the pings of five minutes that may be lost: one of the five that there are at one a minute."""

SLOWER: Final = 2.0
"""Times the median of the last 128 round trips that the mean of the last 16 may be; besides"""

FLOOR_MS: Final = 20.0
"""so many milliseconds, which nobody notices; and"""

STEADY: Final = 2.0
"""times the jitter by which it is longer than usual. One that was late raises the mean by a sixteenth of
its delay, and the jitter by two of them: a machine that stood still for a moment is no slow line."""

SKEWED: Final = 2.0
"""Seconds by which clocks may differ."""

SHOWN: Final = 5
"""Names or pairs in a sentence."""

ORDER: Final = (
    *("split", "dead", "cut_node", "cut", "one_way", "flapping", "slow", "skewed"),
    *("old_version", "mute"),
)
"""Worst first."""

SEVERITY: Final = {
    **dict.fromkeys(("dead", "split", "cut_node", "cut", "one_way"), "error"),
    **dict.fromkeys(("flapping", "slow", "skewed"), "warning"),
    **dict.fromkeys(("old_version", "mute"), "note"),
}

_UP = ord("u")


def found(seen: Sight) -> list[Finding]:
    """All that is wrong."""
    paths = Paths.of(seen)
    findings = [
        *_lost(seen, paths),
        *_split(seen, paths),
        *_cut_nodes(seen, paths),
        *_by_tag(seen, paths),
        *_cut(seen, paths),
        *_one_way(seen, paths),
        *_flapping(seen, paths),
        *_slow(seen, paths),
        *_skewed(seen),
        *_old(seen),
        *_mute(seen, paths),
    ]
    return sorted(findings, key=_rank)


def _rank(finding: Finding) -> int:
    # Who hears nobody sees nothing else.
    isolated = finding.kind == "cut_node" and not finding.pairs
    return -1 if isolated else ORDER.index(finding.kind)


def _finding(
    seen: Sight,
    kind: str,
    text: str,
    *,
    peers: Iterable[int] = (),
    pairs: Iterable[Pair] = (),
    since: float | None = None,
) -> Finding:
    ids = [node.id for node in seen.nodes]
    return Finding(
        kind=kind,
        severity=SEVERITY[kind],
        sentence=text,
        peers=tuple(ids[place] for place in peers),
        pairs=tuple((ids[one], ids[other]) for one, other in sorted(pairs)),
        since=since,
    )


def _names(seen: Sight, places: Iterable[int]) -> str:
    return listed(sorted(seen.nodes[place].called for place in places), SHOWN)


def _lost(seen: Sight, paths: Paths) -> Iterator[Finding]:
    for group in missing(seen, paths):
        kind, peers, text = "dead", group.places, _dead(seen, paths, group)
        if group.isolates(paths):
            kind, peers, text = "cut_node", (seen.own,), _isolated(group)
        elif group.splits(paths):
            kind, text = "split", _cut_off(seen, paths, group)
        yield _finding(seen, kind, text, peers=peers, since=group.at)


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
        f"the network is split into two groups: this node's ({_names(seen, paths.living)}) hears"
        f" nobody of the other{other}({_names(seen, group.places)}), all lost at the same time"
    )


def _dead(seen: Sight, paths: Paths, group: Lost) -> str:
    several = len(group.places) > 1
    are, them = ("are", "them") if several else ("is", "it")
    tag = _only_theirs(seen, paths, group) if several else ""
    who = _names(seen, group.places)
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
    living = {item for place in paths.living for item in seen.nodes[place].tags.items()}
    shared = sorted(first.intersection(*others) - living)
    return f"{shared[0][0]}={shared[0][1]} " if shared else ""


def _split(seen: Sight, paths: Paths) -> Iterator[Finding]:
    """Two groups that hear each other only inside; others may hear both."""
    ends = {place for pair in paths.broken for place in pair}
    sides = list(groups(seen, ends, paths.all()))
    if len(sides) != 2 or min(map(len, sides)) < 2 or 2 * len(ends) <= len(paths.living):
        return
    across = {(min(one, other), max(one, other)) for one in sides[0] for other in sides[1]}
    if across - paths.broken:
        return
    one, other = sorted(sides, key=lambda group: _names(seen, group))
    text = (
        f"the network is split into two groups: ({_names(seen, one)}) and ({_names(seen, other)})"
        " do not hear each other"
    )
    both = paths.living - ends
    if both:
        hear = "hears" if len(both) == 1 else "hear"
        text += f", and {_names(seen, both)} {hear} both"
    paths.explain(across)
    yield _finding(seen, "split", text, peers=sorted(ends), pairs=across)


def _cut_nodes(seen: Sight, paths: Paths) -> Iterator[Finding]:
    """One node whose paths to most others are broken: its fault, not theirs."""
    while True:
        worst = Counter(place for pair in paths.all() for place in pair).most_common(1)
        if not worst or worst[0][1] < 2 or 2 * worst[0][1] <= len(paths.living) - 1:
            return
        node, many = worst[0]
        mine = {pair for pair in paths.all() if node in pair}
        others = [one if other == node else other for one, other in sorted(mine)]
        text = (
            f"{seen.nodes[node].called} has broken paths to {many} of {len(paths.living) - 1}"
            f" nodes: {_names(seen, others)}"
        )
        paths.explain(mine)
        yield _finding(seen, "cut_node", text, peers=[node], pairs=mine)


def _by_tag(seen: Sight, paths: Paths) -> Iterator[Finding]:
    """Broken pairs of which one end has a tag in common that all on its side share."""
    while True:
        best: tuple[int, str, set[int], set[Pair]] | None = None
        for tag, members in _tagged(seen, paths).items():
            across = {pair for pair in paths.broken if len(members & set(pair)) == 1}
            reached = {place for pair in across for place in pair}
            whole = len(members) >= 2 and members <= reached
            if whole and (best is None or len(across) > best[0]):
                best = len(across), tag, members, across
        if best is None:
            return
        _, tag, members, across = best
        others = {place for pair in across for place in pair} - members
        text = (
            f"{tag} ({_names(seen, members)}) and {_names(seen, others)} do not hear each other:"
            f" {len(across)} pairs"
        )
        paths.explain(across)
        yield _finding(seen, "cut", text, pairs=across)


def _tagged(seen: Sight, paths: Paths) -> dict[str, set[int]]:
    ends = {place for pair in paths.broken for place in pair}
    tags = {item for place in ends for item in seen.nodes[place].tags.items()}
    return {
        f"{name}={value}": {
            place for place in paths.living if seen.nodes[place].tags.get(name) == value
        }
        for name, value in sorted(tags)
    }


def _cut(seen: Sight, paths: Paths) -> Iterator[Finding]:
    for pairs in chains(paths.broken - {(min(pair), max(pair)) for pair in paths.half}):
        if len(pairs) == 1:
            text = f"{_pair(seen, pairs[0])} do not hear each other"
        else:
            text = f"{len(pairs)} pairs do not hear each other: {_listed(seen, pairs)}"
        yield _finding(seen, "cut", text, pairs=pairs)


def _one_way(seen: Sight, paths: Paths) -> Iterator[Finding]:
    for one, other in sorted(paths.deaf):
        deaf, heard = seen.nodes[one].called, seen.nodes[other].called
        text = f"{deaf} does not hear {heard}, which hears it"
        yield _finding(seen, "one_way", text, pairs=[(one, other)])
    for one, other in sorted(paths.half):
        if (min(one, other), max(one, other)) in paths.broken:
            deaf, heard = seen.nodes[one].called, seen.nodes[other].called
            text = f"the path between {deaf} and {heard} is broken one way: {deaf} did not hear {heard} any more, which heard it"
            yield _finding(seen, "one_way", text, pairs=[(one, other)])


def _flapping(seen: Sight, paths: Paths) -> Iterator[Finding]:
    often: dict[Pair, int] = {}
    for one, row in enumerate(seen.rows):
        for other, losses in (
            () if row is None or max(row.losses) < FLAPS else enumerate(row.losses)
        ):
            # Who is dead now is told of already.
            if losses >= FLAPS and other in paths.living:
                pair = min(one, other), max(one, other)
                often[pair] = max(losses, often.get(pair, 0))
    for node, mine in _of_one_node(often, len(seen)):
        text = (
            f"{seen.nodes[node].called} was lost {max(often[pair] for pair in mine)} times within"
            f" the hour: it and {len(mine)} others lose each other again and again"
        )
        yield _finding(seen, "flapping", text, peers=[node], pairs=mine)
    for pair in sorted(often):
        text = f"{_pair(seen, pair)} lost each other {often[pair]} times within the hour"
        yield _finding(seen, "flapping", text, pairs=[pair])


def _of_one_node(pairs: dict[Pair, int], size: int) -> Iterator[tuple[int, list[Pair]]]:
    """Nodes of which most pairs are among these; they are taken out of them."""
    while True:
        worst = Counter(place for pair in pairs for place in pair).most_common(1)
        if not worst or worst[0][1] < 2 or 2 * worst[0][1] <= size - 1:
            return
        node = worst[0][0]
        mine = sorted(pair for pair in pairs if node in pair)
        yield node, mine
        for pair in mine:
            del pairs[pair]


def _bad(row: Packed) -> Iterator[tuple[int, str]]:
    # What is not a number compares as false. A million are looked at in 0.1 s.
    for other in [place for place, lost in enumerate(row.lost) if lost >= LOSSY]:
        yield other, f"{round(100 * row.lost[other])} % of the pings were lost"
    jitter = row.jitter or array("f", [0.0]) * len(row.rtt)
    for other in [
        place
        for place, (mean, usual) in enumerate(zip(row.rtt, row.p50, strict=True))
        if mean > SLOWER * usual + FLOOR_MS and mean > usual + STEADY * jitter[place]
    ]:
        yield other, f"{row.rtt[other]:.0f} ms, where {row.p50[other]:.1f} ms are usual"


def _slow(seen: Sight, paths: Paths) -> Iterator[Finding]:
    why: dict[Pair, str] = {}
    for one, row in enumerate(seen.rows):
        for other, text in () if row is None else _bad(row):
            pair = min(one, other), max(one, other)
            if seen.cell(one, other) == _UP and pair not in paths.bad:
                why.setdefault(pair, text)
    each = dict.fromkeys(why, 1)
    for node, mine in _of_one_node(each, len(seen)):
        text = f"{seen.nodes[node].called} is slow to {len(mine)} nodes: {why[mine[0]]}"
        yield _finding(seen, "slow", text, peers=[node], pairs=mine)
    for pair in sorted(each):
        yield _finding(seen, "slow", f"{_pair(seen, pair)} are slow: {why[pair]}", pairs=[pair])


def _skewed(seen: Sight) -> Iterator[Finding]:
    skews = {
        place: node.skew
        for place, node in enumerate(seen.nodes)
        if node.skew is not None and place != seen.own
    }
    off = {place: skew for place, skew in skews.items() if abs(skew) > SKEWED}
    usual = sorted(skews.values())[len(skews) // 2] if skews else 0.0
    if len(skews) >= 2 and abs(usual) > SKEWED:
        agree = [place for place, skew in off.items() if abs(skew - usual) <= SKEWED]
        if 2 * len(agree) > len(skews):
            text = f"the clock of this node is {_seconds(-usual, 'ahead', 'behind')}: {len(agree)} peers agree on it"
            yield _finding(seen, "skewed", text, peers=[seen.own])
            off = {place: skew for place, skew in off.items() if place not in agree}
    for place, skew in off.items():
        text = f"the clock of {seen.nodes[place].called} is {_seconds(skew, 'ahead of', 'behind')} this node's"
        yield _finding(seen, "skewed", text, peers=[place])


def _seconds(skew: float, ahead: str, behind: str) -> str:
    return f"{abs(skew):.1f} s {ahead if skew > 0 else behind}"


def _old(seen: Sight) -> Iterator[Finding]:
    versions = {place: _version(node.agent) for place, node in enumerate(seen.nodes)}
    known = {place: version for place, version in versions.items() if version is not None}
    newest = max(known.values(), default=())
    old = [place for place, version in known.items() if version < newest]
    if old:
        runs = "runs" if len(old) == 1 else "run"
        word = ".".join(map(str, newest))
        text = f"{_names(seen, old)} {runs} an older version than {word}, which others run"
        yield _finding(seen, "old_version", text, peers=old)


def _version(agent: str | None) -> tuple[int, ...] | None:
    name, _, version = (agent or "").partition("/")
    numbers = version.split(".")
    if name != "p2p-gossip" or not all(n.isascii() and n.isdigit() for n in numbers):
        return None
    return tuple(int(number[:9]) for number in numbers)


def _mute(seen: Sight, paths: Paths) -> Iterator[Finding]:
    for row, words in (("mute", "cannot tell who is heard"), ("silent", "did not answer")):
        quiet = [place for place in sorted(paths.living) if seen.nodes[place].row == row]
        if quiet:
            yield _finding(seen, "mute", f"{_names(seen, quiet)} {words}", peers=quiet)


def _pair(seen: Sight, pair: Pair) -> str:
    return " and ".join(sorted(seen.nodes[place].called for place in pair))


def _listed(seen: Sight, pairs: Sequence[Pair]) -> str:
    # By their names: so all nodes say the same.
    shown = sorted(_pair(seen, pair) for pair in pairs)[:SHOWN]
    more = len(pairs) - len(shown)
    return ", ".join(shown) + (f", and {more} more" if more else "")

"""
What is wrong with the network, from who hears whom: worst first, and each thing once. Pure.

One fault shows in many pairs. So what explains most is looked for first, a split, then a node, then a
tag that all of one side share; what it explains is not told again pair by pair.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from heapq import nsmallest
from itertools import chain, islice
from typing import Final

from gossip.sight.losses import missing, tell
from gossip.sight.marks import LOSSY, Marks
from gossip.sight.network import SHOWN, Sight
from gossip.sight.paths import Mask, Pair, Paths, Web, chains, groups, places
from gossip.sight.picture import MOST_PAIRS, Finding

SKEWED: Final = 2.0
"""Seconds by which clocks may differ."""

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

ALIKE: Final = 50
"""Findings of one kind; what is beyond them is one more. Who has a thousand faults has one cause."""

SORTED: Final = 2000
"""Pairs of which those are named that come first by their names, so that all nodes say the same."""

_ALONE: Final = "alone"


def found(seen: Sight) -> list[Finding]:
    """All that is wrong."""
    return ordered(search(seen, list(map(Marks.of, seen.rows))))


def search(seen: Sight, marks: Sequence[Marks]) -> Iterator[Finding]:
    """
    What is wrong, one by one, in no order; `marks` are those of each row.

    A thousand nodes may have a thousand faults, for which it takes a second: so it can be had in turns.
    """
    paths = Paths.of(seen)
    yield from _lost(seen, paths)
    yield from _split(seen, paths)
    yield from _cut_nodes(seen, paths)
    yield from _by_tag(seen, paths)
    yield from _cut(seen, paths)
    yield from _one_way(seen, paths)
    yield from _flapping(seen, paths, marks)
    yield from _slow(seen, paths, marks)
    yield from _skewed(seen)
    yield from _old(seen)
    yield from _mute(seen, paths)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """The worst first, and of one kind not more than somebody reads."""
    kinds: dict[str, list[Finding]] = {kind: [] for kind in (_ALONE, *ORDER)}
    for finding in findings:
        # Who hears nobody sees nothing else.
        alone = finding.kind == "cut_node" and not finding.pairs
        kinds[_ALONE if alone else finding.kind].append(finding)
    return [finding for alike in kinds.values() for finding in _few(alike)]


def _few(alike: list[Finding]) -> Iterator[Finding]:
    """As many findings of one kind as somebody reads, and of the rest one."""
    yield from alike[:ALIKE]
    rest = alike[ALIKE:]
    if rest:
        pairs = [pair for finding in rest for pair in finding.pairs]
        unnamed = sum(finding.more_pairs for finding in rest)
        yield Finding(
            kind=rest[0].kind,
            severity=rest[0].severity,
            sentence=f"{len(rest)} more of the kind; the first: {rest[0].sentence}",
            peers=tuple(dict.fromkeys(peer for finding in rest for peer in finding.peers)),
            pairs=tuple(pairs[:MOST_PAIRS]),
            since=None,
            more_pairs=unnamed + len(pairs[MOST_PAIRS:]),
        )


def _finding(
    seen: Sight,
    kind: str,
    text: str,
    *,
    peers: Iterable[int] = (),
    pairs: Iterable[Pair] = (),
    many: int | None = None,
    since: float | None = None,
) -> Finding:
    ids = [node.id for node in seen.nodes]
    named = list(islice(pairs, MOST_PAIRS))
    if many is None:
        many = len(pairs) if isinstance(pairs, Sized) else 0
    return Finding(
        kind=kind,
        severity=SEVERITY[kind],
        sentence=text,
        peers=tuple(ids[place] for place in peers),
        pairs=tuple((ids[one], ids[other]) for one, other in named),
        since=since,
        more_pairs=max(0, many - len(named)),
    )


def _lost(seen: Sight, paths: Paths) -> Iterator[Finding]:
    for group in missing(seen, paths):
        kind, text = tell(seen, paths, group)
        peers = (seen.own,) if kind == "cut_node" else group.places
        yield _finding(seen, kind, text, peers=peers, since=group.at)


def _split(seen: Sight, paths: Paths) -> Iterator[Finding]:
    """Two groups that hear each other only inside; others may hear both."""
    ends = paths.broken.ends()
    sides = list(islice(groups(paths, ends), 3))
    few = len(sides) != 2 or min(map(int.bit_count, sides)) < 2
    if few or 2 * ends.bit_count() <= paths.living.bit_count():
        return
    across = paths.broken.between(*sides)
    if len(across) < sides[0].bit_count() * sides[1].bit_count():
        return
    one, other = sorted(seen.names(places(group)) for group in sides)
    text = f"the network is split into two groups: ({one}) and ({other}) do not hear each other"
    both = places(paths.living & ~ends)
    if both:
        hear = "hears" if len(both) == 1 else "hear"
        text += f", and {seen.names(both)} {hear} both"
    paths.explain(across)
    yield _finding(seen, "split", text, peers=places(ends), pairs=across)


def _cut_nodes(seen: Sight, paths: Paths) -> Iterator[Finding]:
    """One node whose paths to most others are broken: its fault, not theirs."""
    others = paths.living.bit_count() - 1
    left = paths.all()
    for node, mine in _of_one_node(left, others):
        text = (
            f"{seen.nodes[node].called} has broken paths to {len(mine)} of {others}"
            f" nodes: {seen.names(places(mine.others[node]))}"
        )
        yield _finding(seen, "cut_node", text, peers=[node], pairs=mine)
    paths.explain(paths.all().less(left))


def _by_tag(seen: Sight, paths: Paths) -> Iterator[Finding]:
    """Broken pairs of which one end has a tag in common that all on its side share."""
    tags = _tagged(seen, paths)
    while True:
        best, tag = 0, ""
        for each, members in tags.items():
            # Only where all of them are in such a pair.
            counts = [
                (paths.broken.others[place] & ~members).bit_count() for place in places(members)
            ]
            if min(counts) and sum(counts) > best:
                best, tag = sum(counts), each
        if not best:
            return
        members = tags[tag]
        across = paths.broken.between(members, paths.living & ~members)
        others = across.ends() & ~members
        text = (
            f"{tag} ({seen.names(places(members))}) and {seen.names(places(others))} do not hear"
            f" each other: {best} pairs"
        )
        paths.explain(across)
        yield _finding(seen, "cut", text, pairs=across)


def _tagged(seen: Sight, paths: Paths) -> dict[str, Mask]:
    """Of each tag those that live and have it: two at least, and all with broken paths."""
    tags: defaultdict[str, Mask] = defaultdict(int)
    for place in places(paths.living):
        for name, value in seen.nodes[place].tags.items():
            tags[f"{name}={value}"] |= 1 << place
    ends = paths.broken.ends()
    return {
        tag: members
        for tag, members in sorted(tags.items())
        if members.bit_count() >= 2 and not members & ~ends
    }


def _cut(seen: Sight, paths: Paths) -> Iterator[Finding]:
    for pairs in chains(paths.broken.less(paths.half_broken())):
        if len(pairs) == 1:
            text = f"{_pair(seen, next(iter(pairs)))} do not hear each other"
        else:
            text = f"{len(pairs)} pairs do not hear each other: {_listed(seen, pairs)}"
        yield _finding(seen, "cut", text, pairs=pairs)


def _one_way(seen: Sight, paths: Paths) -> Iterator[Finding]:
    pairs = ((one, other) for one, others in enumerate(paths.deaf) for other in places(others))

    def text(pair: Pair) -> str:
        deaf, heard = (seen.nodes[place].called for place in pair)
        return f"{deaf} does not hear {heard}, which hears it"

    def past(pair: Pair) -> str:
        deaf, heard = (seen.nodes[place].called for place in pair)
        return (
            f"the path between {deaf} and {heard} is broken one way: {deaf} did not hear {heard} any"
            " more, which heard it"
        )

    yield from _each(seen, "one_way", pairs, sum(map(int.bit_count, paths.deaf)), text)
    yield from _each(seen, "one_way", paths.deafened(), len(paths.half_broken()), past)


def _flapping(seen: Sight, paths: Paths, marks: Sequence[Marks]) -> Iterator[Finding]:
    def often(pair: Pair) -> int:
        both = zip(pair, reversed(pair), strict=True)
        rows = ((seen.rows[one], other) for one, other in both)
        return max(0 if row is None else row.losses[other] for row, other in rows)

    # Who is dead now is told of already.
    left = Web.marked([mark.flapping & paths.living for mark in marks])
    for node, mine in _of_one_node(left, len(seen) - 1):
        text = (
            f"{seen.nodes[node].called} was lost {max(map(often, mine))} times within"
            f" the hour: it and {len(mine)} others lose each other again and again"
        )
        yield _finding(seen, "flapping", text, peers=[node], pairs=mine)
    yield from _each(
        seen,
        "flapping",
        iter(left),
        len(left),
        lambda pair: f"{_pair(seen, pair)} lost each other {often(pair)} times within the hour",
    )


def _slow(seen: Sight, paths: Paths, marks: Sequence[Marks]) -> Iterator[Finding]:
    def why(pair: Pair) -> str:
        one, other = pair if marks[pair[0]].slow >> pair[1] & 1 else reversed(pair)
        row = seen.rows[one]
        assert row is not None
        if row.lost[other] >= LOSSY:
            return f"{round(100 * row.lost[other])} % of the pings were lost"
        return f"{row.rtt[other]:.0f} ms, where {row.p50[other]:.1f} ms are usual"

    left = Web.marked([mark.slow for mark in marks]).less(paths.bad)
    for node, mine in _of_one_node(left, len(seen) - 1):
        text = f"{seen.nodes[node].called} is slow to {len(mine)} nodes: {why(next(iter(mine)))}"
        yield _finding(seen, "slow", text, peers=[node], pairs=mine)
    yield from _each(
        seen,
        "slow",
        iter(left),
        len(left),
        lambda pair: f"{_pair(seen, pair)} are slow: {why(pair)}",
    )


def _of_one_node(left: Web, others: int) -> Iterator[tuple[int, Web]]:
    """Nodes of which most pairs are among these; they are taken out of them."""
    while (node := left.worst(max(2, others // 2 + 1))) is not None:
        mine = left.of(node)
        left.remove(node)
        yield node, mine


def _each(
    seen: Sight, kind: str, pairs: Iterator[Pair], many: int, text: Callable[[Pair], str]
) -> Iterator[Finding]:
    """A finding a pair, as long as somebody reads them; of the rest one."""
    alone = many if many <= ALIKE else ALIKE - 1
    for pair in islice(pairs, alone):
        yield _finding(seen, kind, text(pair), pairs=[pair])
    first = next(pairs, None)
    if first is not None:
        more = f"{many - alone} more pairs are like these; the first: {text(first)}"
        yield _finding(seen, kind, more, pairs=chain([first], pairs), many=many - alone)


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
        text = f"{seen.names(old)} {runs} an older version than {word}, which others run"
        yield _finding(seen, "old_version", text, peers=old)


def _version(agent: str | None) -> tuple[int, ...] | None:
    name, _, version = (agent or "").partition("/")
    numbers = version.split(".")
    if name != "p2p-gossip" or not all(n.isascii() and n.isdigit() for n in numbers):
        return None
    return tuple(int(number[:9]) for number in numbers)


def _mute(seen: Sight, paths: Paths) -> Iterator[Finding]:
    for row, words in (("mute", "cannot tell who is heard"), ("silent", "did not answer")):
        quiet = [place for place in places(paths.living) if seen.nodes[place].row == row]
        if quiet:
            yield _finding(seen, "mute", f"{seen.names(quiet)} {words}", peers=quiet)


def _pair(seen: Sight, pair: Pair) -> str:
    return " and ".join(sorted(seen.nodes[place].called for place in pair))


def _listed(seen: Sight, pairs: Web) -> str:
    shown = nsmallest(SHOWN, (_pair(seen, pair) for pair in islice(pairs, SORTED)))
    more = len(pairs) - len(shown)
    return ", ".join(shown) + (f", and {more} more" if more else "")

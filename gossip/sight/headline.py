"""
All that was found, in one sentence: what it is and how much of it. The findings say who and why. Pure.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from gossip.sight.network import Sight
from gossip.sight.picture import Finding
from gossip.sight.verdicts import listed

TOLD: Final = 3
"""Kinds of which it is told; of more, how many."""

NAMED: Final = 2
"""Names of one kind."""


def headline(findings: Sequence[Finding], seen: Sight) -> str:
    """The sentence; `findings` are sorted, worst first."""
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.severity != "note":
            kinds.setdefault(finding.kind, []).append(finding)
    if not kinds:
        return _nothing(seen)
    parts = [_PARTS[kind](some, seen) for kind, some in list(kinds.items())[:TOLD]]
    if len(kinds) > TOLD:
        parts.append("and more")
    return "; ".join(parts)


def _nothing(seen: Sight) -> str:
    told = sum(row is not None for row in seen.rows)
    if len(seen) == 1:
        return "nothing is wrong: this node knows no other"
    if told == len(seen):
        return f"nothing is wrong: all {told} nodes hear each other"
    return f"nothing is wrong, as far as {told} of {len(seen)} nodes can tell"


def _split(_: Sequence[Finding], __: Sight) -> str:
    return "the network is split"


def _cut_node(findings: Sequence[Finding], seen: Sight) -> str:
    if findings[0].peers == (seen.nodes[seen.own].id,):
        return "this node is cut off from most" if findings[0].pairs else "this node hears nobody"
    many = _count(findings)
    return f"{many} node{'s' * (many > 1)} {_are(many)} cut off from most{_who(findings, seen)}"


def _dead(findings: Sequence[Finding], seen: Sight) -> str:
    many = _count(findings)
    return f"{many} of {len(seen)} nodes {_are(many)} dead{_who(findings, seen)}"


def _skewed(findings: Sequence[Finding], seen: Sight) -> str:
    many = _count(findings)
    return f"{many} {'clock is' if many == 1 else 'clocks are'} wrong{_who(findings, seen)}"


def _paths(one: str, several: str) -> Callable[[Sequence[Finding], Sight], str]:
    def told(findings: Sequence[Finding], _: Sight) -> str:
        many = len({pair for finding in findings for pair in finding.pairs})
        many += sum(finding.more_pairs for finding in findings)
        return f"{many} path{'' if many == 1 else 's'} {one if many == 1 else several}"

    return told


_PARTS: Final[Mapping[str, Callable[[Sequence[Finding], Sight], str]]] = {
    "split": _split,
    "cut_node": _cut_node,
    "dead": _dead,
    "cut": _paths("is broken", "are broken"),
    "one_way": _paths("carries one way only", "carry one way only"),
    "flapping": _paths("comes and goes", "come and go"),
    "slow": _paths("is slow", "are slow"),
    "skewed": _skewed,
}


def _count(findings: Sequence[Finding]) -> int:
    return sum(len(finding.peers) for finding in findings)


def _are(many: int) -> str:
    return "is" if many == 1 else "are"


def _who(findings: Sequence[Finding], seen: Sight) -> str:
    called = {node.id: node.called for node in seen.nodes}
    names = sorted(called[peer] for finding in findings for peer in finding.peers)
    return f" ({listed(names, NAMED)})"

"""
What is wrong with one peer, in sentences: the verdict first, then who says what. Pure.
"""

from collections.abc import Sequence
from typing import Final

from gossip.sight.picture import Diagnosis
from gossip.sight.verdicts import Evidence, Saying, judge, saying
from gossip.trust.rows import Full

_MEANS: Final = {
    "dead": "{name} is dead",
    "cut": "the path between this node and {name} is broken",
    "left": "{name} left",
}

_SAYS: Final = {
    "up": "{by} hears it{since}",
    "down": "{by} does not hear it{since}",
    "left": "{by} says that it left{since}",
    "unmet": "{by} never had a link to it",
    "nothing": "{by} did not answer",
}


def diagnose(
    *, peer: str, name: str, ours: Full, state: str, evidence: Evidence, wall: float
) -> Diagnosis:
    """
    What is wrong with a peer.

    `ours` is what this node says of it, `state` its own state of it, and `wall` Unix time.
    """
    heard = saying(evidence.sayings, "up")
    # Whom this node never met, others may have met.
    met = heard or saying(evidence.sayings, "down") or saying(evidence.sayings, "left")
    one_way = None
    called = name or peer[:12]
    if ours.state in "uq":
        verdict, first = "fine", _fine(called, ours, wall)
    elif not heard and state == "left":
        verdict, first = state, f"{called} left{_ago(ours.since, wall)}"
    elif not met and state == "unmet":
        verdict, first = state, f"nobody who was asked ever had a link to {called}"
    else:
        judgement = judge(evidence)
        verdict, one_way = judgement.verdict, judgement.one_way
        means = _MEANS[verdict] if verdict != "me" else _isolated(evidence)
        first = f"{means.format(name=called)}: {judgement.reason}"
    return Diagnosis(
        peer=peer,
        name=name,
        verdict=verdict,
        one_way=one_way,
        since=ours.since,
        sentences=(first, *_ours(ours, wall), *_theirs(evidence.sayings, wall)),
        sayings=tuple(evidence.sayings),
    )


def itself(peer: str, name: str) -> Diagnosis:
    """Of the node that was asked."""
    return Diagnosis(
        peer=peer,
        name=name,
        verdict="fine",
        one_way=None,
        since=None,
        sentences=(f"{name or peer[:12]} is this node itself",),
        sayings=(),
    )


def lasting(seconds: float) -> str:
    """A time for people, in the largest unit that fits."""
    for unit, word in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds // unit:.0f} {word}"
    return f"{max(0.0, seconds):.0f} s"


def _isolated(evidence: Evidence) -> str:
    """Of `me`: whether others lost it as well, or it may have ended."""
    if not saying(evidence.sayings, "up") and saying(evidence.sayings, "down"):
        return "there is no path from this node, and from those that it hears, to {name}"
    if evidence.closed:
        return "this node lost {name} with all others that it heard"
    return "it is this node that is cut off, not {name} alone"


def _fine(called: str, ours: Full, wall: float) -> str:
    rtt = "" if ours.rtt is None else f", round trips take {ours.rtt:.2f} ms"
    return f"{called} is fine: there is a link to it{_since(ours.since, wall)}{rtt}"


def _ours(ours: Full, wall: float) -> list[str]:
    said = []
    if ours.state == "d" and ours.since is not None:
        said.append(f"this node lost it {lasting(wall - ours.since)} ago")
    if ours.losses > 1:
        said.append(f"this node lost it {ours.losses} times within the last hour")
    if ours.lost:
        said.append(f"{100 * ours.lost:.0f} % of this node's pings to it were lost lately")
    return said


def _theirs(sayings: Sequence[Saying], wall: float) -> list[str]:
    return [
        _SAYS[one.says].format(by=one.name or one.by[:12], since=_since(one.since, wall))
        for one in sayings
    ]


def _since(since: float | None, wall: float) -> str:
    return "" if since is None else f", for {lasting(wall - since)}"


def _ago(since: float | None, wall: float) -> str:
    return "" if since is None else f" {lasting(wall - since)} ago"

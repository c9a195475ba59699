"""
Whose fault it is that a peer was lost: evidence in, a verdict and its reason out. Pure.

*dead*: nobody who was asked hears it. *cut*: somebody does, so the path between us is broken. *left*:
others heard it say so. *me*: more than half of my peers were lost at once, so that the one thing that
they share is probably what is broken, and that is this node; or, where others lost them as well, a line
that this node and the others share.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

SHOWN: Final = 3
"""Names in a sentence; of more it is told how many."""

FEWEST: Final = 2
"""Peers that have to be lost at once before this node suspects itself."""


class Saying(Struct, frozen=True, kw_only=True):
    """What one node says of another, as evidence."""

    by: str
    name: str
    says: str
    """`up` (it has heard it since we asked), `down`, `left`, `unmet`, or `nothing` (no answer in time)."""
    since: float | None
    """Unix seconds from which on this holds, by the clock of whoever says it."""


class Back(Struct, frozen=True, kw_only=True):
    """What the lost peer itself says of this node, had through one who hears it."""

    up: bool
    """Whether it has a link to us, as it thinks."""
    quiet: float | None
    """Seconds since it heard us."""
    silence: float
    """Seconds since we heard it, at that moment."""
    ended: str | None = None
    """How it lost its link to us: `s`, we were silent; `c`, our end closed it, which it thus heard."""
    ours: str | None = None
    """How we lost ours to it, likewise."""


class Evidence(Struct, frozen=True, kw_only=True):
    """What is known of a loss."""

    sayings: Sequence[Saying] = ()
    back: Back | None = None
    grace: float = 1.5
    """Seconds by which two silences may differ and mean nothing: more than a heartbeat of either."""
    lost: int = 1
    """Peers that were lost about when this one was, itself included, and are not back. While any is
    linked, none that closed its link: the path to it was whole."""
    linked: int = 0
    """Peers that are linked still."""
    closed: bool = False
    """Whether all that were lost closed their links."""
    spared: bool = False
    """Whether nobody was asked because too many were lost at once."""


class Judgement(Struct, frozen=True, kw_only=True):
    """See the module."""

    verdict: str
    one_way: str | None = None
    asked: int
    heard_by: tuple[str, ...]
    reason: str


def judge(evidence: Evidence) -> Judgement:
    """Whose fault it is."""
    heard = saying(evidence.sayings, "up")
    left = saying(evidence.sayings, "left")
    if together(evidence) and evidence.lost > evidence.linked:
        verdict, one_way, reason = "me", None, _isolated(evidence)
    elif heard:
        verdict, one_way = "cut", direction(evidence.back, evidence.grace)
        reason = f"{names(heard)} {_verb(heard, 'hears', 'hear')} it{_WAYS[one_way]}"
    elif left:
        verdict, one_way = "left", None
        reason = f"{names(left)} {_verb(left, 'says', 'say')} that it left"
    else:
        verdict, one_way, reason = "dead", None, _unheard(evidence)
    return Judgement(
        verdict=verdict,
        one_way=one_way,
        asked=len(evidence.sayings),
        heard_by=tuple(one.by for one in heard),
        reason=reason,
    )


def together(evidence: Evidence) -> bool:
    """Whether it was lost with others."""
    return evidence.lost >= FEWEST


def direction(back: Back | None, grace: float) -> str | None:
    """Which way alone is broken: `from_peer`, `to_peer`, or None where that is not shown."""
    if back is None:
        return None
    if {back.ended, back.ours} == {"s", "c"}:
        # Whoever was silent to the other could tell it that the link is closed.
        return "from_peer" if back.ours == "s" else "to_peer"
    if back.up and (back.quiet is None or back.quiet < grace < back.silence):
        return "from_peer"
    if back.quiet is None:
        return None
    if back.silence - back.quiet > grace:
        return "from_peer"
    return "to_peer" if back.quiet - back.silence > grace else None


def saying(sayings: Sequence[Saying], what: str) -> list[Saying]:
    """Those who say this."""
    return [one for one in sayings if one.says == what]


def names(sayings: Sequence[Saying]) -> str:
    """Who says it, in a sentence."""
    return listed([one.name or one.by[:12] for one in sayings])


def listed(words: Sequence[str], shown: int = SHOWN) -> str:
    """Some words in a sentence, and how many more there are."""
    if len(words) > shown + 1:
        return f"{', '.join(words[:shown])} and {len(words) - shown} more"
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


_WAYS: Final = {
    None: "",
    "from_peer": "; its frames do not reach us, ours reach it",
    "to_peer": "; our frames do not reach it, its frames reach us",
}


def _verb(who: Sequence[Saying], one: str, many: str) -> str:
    return one if len(who) == 1 else many


def _unheard(evidence: Evidence) -> str:
    if evidence.spared:
        return "too many were lost at once to ask others about each"
    if not evidence.sayings:
        return "there is nobody else who could be asked"
    deaf = [one for one in evidence.sayings if one.says in ("down", "unmet")]
    if not deaf:
        return f"none of {len(evidence.sayings)} who were asked answered"
    silent = len(evidence.sayings) - len(deaf)
    more = f"; {silent} more did not answer" if silent else ""
    if together(evidence):
        many = evidence.lost - 1
        was = "was" if many == 1 else "were"
        more += f"; {many} more {was} lost at the same time, so the network may be split"
    return f"{names(deaf)} {_verb(deaf, 'does', 'do')} not hear it either{more}"


def _isolated(evidence: Evidence) -> str:
    total = evidence.lost + evidence.linked
    reason = f"{evidence.lost} of {total} peers were lost at once"
    if evidence.closed:
        return f"{reason}; their ends closed the links, so they may have ended"
    heard, deaf = saying(evidence.sayings, "up"), saying(evidence.sayings, "down")
    if heard:
        return f"{reason}; {names(heard)}, still linked, {_verb(heard, 'hears', 'hear')} it"
    if deaf:
        does = _verb(deaf, "does", "do")
        share = f"{names(deaf)}, still linked, {does} not hear it either"
        return f"{reason}; {share}, so the network may be split"
    return reason + ("; who is still linked does not answer" if evidence.linked else "")

"""
Which peer a text means. Pure.

Anybody may take any name, also one that looks like an id: so a whole id means its owner alone, and
whatever else fits twice means nobody.
"""

from collections.abc import Callable, Sequence
from typing import Final

from gossip.mesh.status import NodeStatus, PeerStatus, Unknown

SHORTEST: Final = 4
"""Digits of an id that may stand for it: with fewer, a name is too often the start of one as well."""

WHOLE: Final = 64
"""Digits of a whole id (PROTOCOL §1)."""

_DIGITS: Final = frozenset("0123456789abcdef")


class Ambiguous(Exception):
    """A text that may mean several peers, which are in `candidates`."""

    def __init__(self, text: str, candidates: Sequence[PeerStatus]) -> None:
        super().__init__(text, candidates)
        self.text = text
        self.candidates = candidates


def fits(text: str) -> Callable[[PeerStatus | NodeStatus], bool]:
    """What says whether a peer may be meant: by its whole id, the beginning of that, or its name."""
    digits = text.lower()
    if is_whole(text):
        return lambda peer: peer.id == digits
    if len(digits) >= SHORTEST and _DIGITS.issuperset(digits):
        return lambda peer: peer.name == text or peer.id.startswith(digits)
    return lambda peer: peer.name == text


def only(text: str, found: Sequence[PeerStatus]) -> str:
    """
    The id of the one that was found.

    :raises Unknown: there is none.
    :raises Ambiguous: there are several.
    """
    if not found:
        raise Unknown(text)
    if len(found) > 1:
        raise Ambiguous(text, found)
    return found[0].id


def is_whole(text: str) -> bool:
    """Whether it is a whole id, in small or large digits."""
    return len(text) == WHOLE and _DIGITS.issuperset(text.lower())

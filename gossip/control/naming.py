"""
Which peer a text means. Pure.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from gossip.mesh.status import PeerStatus, Unknown, Window

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


def identify(text: str, peers: Iterable[PeerStatus]) -> str:
    """
    The id of the peer that is meant by its whole id, the beginning of its id, or its name.

    Anybody may take any name, also one that looks like an id: so a whole id means its owner alone,
    and whatever else fits twice means nobody.

    :raises Unknown: it fits none.
    :raises Ambiguous: it fits several.
    """
    digits = text.lower()
    if _is_whole(digits):
        found = [peer for peer in peers if peer.id == digits]
    else:
        start = digits if len(digits) >= SHORTEST and _DIGITS.issuperset(digits) else None
        found = [peer for peer in peers if _fits(peer, text, start)]
    if not found:
        raise Unknown(text)
    if len(found) > 1:
        raise Ambiguous(text, found)
    return found[0].id


def find(text: str, window: Window) -> str:
    """
    The id of the peer of a node that is meant (see `identify`), without looking at all of them for a whole id.

    :raises Unknown: it fits none.
    :raises Ambiguous: it fits several.
    """
    digits = text.lower()
    return window.peer(digits).id if _is_whole(digits) else identify(text, window.peers())


def _is_whole(digits: str) -> bool:
    return len(digits) == WHOLE and _DIGITS.issuperset(digits)


def _fits(peer: PeerStatus, name: str, start: str | None) -> bool:
    return peer.name == name or (start is not None and peer.id.startswith(start))

"""
What all nodes of a simulation compute alike is computed once.

Each of them reads the same records and verifies the same signatures, as each has to by itself in
production. Both are pure: what they gave for the same bytes before, they give again. So does a
signature of a row, which is verified once and costs as much as a dozen frames: it holds where it was
made here.
"""

from functools import lru_cache
from typing import Final

from twisted.python.monkey import MonkeyPatcher

from gossip.trust import records, signing
from gossip.trust.signing import PrivateKey, PublicKey, holds, sign

KEPT: Final = 4096
"""Records: all that the nodes of the largest usual network and their liars have in use at one time."""

_READ: Final = lru_cache(KEPT)(records.read)
_VERIFY: Final = lru_cache(KEPT)(records.verify)

_MADE: Final[dict[tuple[bytes, bytes], PublicKey]] = {}
"""Whose signatures were made here, by the signature and what was signed."""


def _sign(key: PrivateKey, data: bytes) -> bytes:
    signature = sign(key, data)
    _MADE[signature, data] = key.public_key()
    if len(_MADE) > KEPT:
        del _MADE[next(iter(_MADE))]
    return signature


def _holds(key: PublicKey, signature: bytes, data: bytes) -> bool:
    return _MADE.get((signature, data)) == key or holds(key, signature, data)


def memo() -> MonkeyPatcher:
    """What is entered while a simulation runs: what is not a record, or forged, is looked at anew."""
    return MonkeyPatcher(
        (records, "read", _READ),
        (records, "verify", _VERIFY),
        (signing, "sign", _sign),
        (signing, "holds", _holds),
    )

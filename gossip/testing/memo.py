"""
What all nodes of a simulation compute alike is computed once.

Each of them reads the same records and verifies the same signatures, as each has to by itself in
production. Both are pure: what they gave for the same bytes before, they give again.
"""

from functools import lru_cache
from typing import Final

from twisted.python.monkey import MonkeyPatcher

from gossip.trust import records

KEPT: Final = 4096
"""Records: all that the nodes of the largest usual network and their liars have in use at one time."""

_READ: Final = lru_cache(KEPT)(records.read)
_VERIFY: Final = lru_cache(KEPT)(records.verify)


def memo() -> MonkeyPatcher:
    """What is entered while a simulation runs: what is not a record, or forged, is looked at anew."""
    return MonkeyPatcher((records, "read", _READ), (records, "verify", _VERIFY))

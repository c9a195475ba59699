"""
What of a peer outlives the process. Pure.

The mesh makes these and takes them back; where they are kept is none of its business.
"""

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from gossip.trust.identity import PeerId
from gossip.wire.messages import Sealed


class Memory(Struct, frozen=True, kw_only=True):
    """One peer, as it is remembered. Times in Unix seconds."""

    id: PeerId
    sealed: Sealed
    """Its record; verified again when it is taken back."""
    state: str
    """`unmet`, `alive`, `dead` or `left`."""
    first_linked: float | None = None
    last_linked: float | None = None
    address: str | None = None
    """`host:port` where it was found last."""
    loopback: bool = False
    """Whether its record came over a loopback link (PROTOCOL §8)."""


Changed: TypeAlias = Callable[[PeerId], None]
"""Told that what is to be remembered of a peer is another now, or nothing any more."""

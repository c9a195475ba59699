"""
What a surface may see: events, in the past tense, with the members that INTERFACE gives them.

Names and texts in them are peers' own words: whoever shows them escapes them.
"""

from collections.abc import Callable
from typing import ClassVar, TypeAlias

from attrs import frozen


@frozen(kw_only=True)
class Listening:
    """The node accepts connections."""

    event: ClassVar[str] = "listening"
    id: str
    port: int
    addresses: tuple[str, ...]
    network: str
    name: str


@frozen(kw_only=True)
class PeerAlive:
    """A peer has a link, and had none that counted."""

    event: ClassVar[str] = "peer_alive"
    peer: str
    name: str
    address: str
    direction: str
    first: bool


@frozen(kw_only=True)
class PingHeard:
    """A peer sent a ping."""

    event: ClassVar[str] = "ping"
    peer: str
    name: str
    address: str
    seq: int
    text: str
    rtt_ms: float | None


@frozen(kw_only=True)
class PeerDead:
    """A peer was silent for too long, or its link broke and could not be made again."""

    event: ClassVar[str] = "peer_dead"
    peer: str
    name: str
    address: str
    reason: str
    silent_s: float


@frozen(kw_only=True)
class PeerLeft:
    """A peer stopped on purpose."""

    event: ClassVar[str] = "peer_left"
    peer: str
    name: str
    address: str


@frozen(kw_only=True)
class Refused:
    """A connection did not become a link, in either direction."""

    event: ClassVar[str] = "refused"
    peer: str | None
    address: str
    code: str
    reason: str


@frozen(kw_only=True)
class IdentityMismatch:
    """Somebody else answered at a peer's address."""

    event: ClassVar[str] = "identity_mismatch"
    address: str
    expected: str
    found: str


@frozen(kw_only=True)
class Stopping:
    """The node leaves."""

    event: ClassVar[str] = "stopping"
    reason: str


Event: TypeAlias = (
    Listening | PeerAlive | PingHeard | PeerDead | PeerLeft | Refused | IdentityMismatch | Stopping
)

Tell: TypeAlias = Callable[[Event], None]
"""Takes one event. It returns at once and does not raise."""

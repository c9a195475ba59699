"""
What a surface may see of a node, and ask of it.

Events are in the past tense, with the members that INTERFACE gives them. Snapshots tell how a node,
its peers and its links are; `Window`, `Desk` and `Chronicle` are the three ways to a node.

Names and texts in them are peers' own words: whoever shows them escapes them.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, Protocol, TypeAlias

from msgspec import Struct


class Listening(Struct, frozen=True, kw_only=True):
    """The node accepts connections."""

    event: ClassVar[str] = "listening"
    id: str
    port: int
    addresses: tuple[str, ...]
    network: str
    name: str
    http: str | None = None
    """Where its page is, for a browser on this machine; None where it has none."""


class PeerAlive(Struct, frozen=True, kw_only=True):
    """A peer has a link, and had none that counted."""

    event: ClassVar[str] = "peer_alive"
    peer: str
    name: str
    address: str
    direction: str
    first: bool


class PingHeard(Struct, frozen=True, kw_only=True):
    """A peer sent a ping."""

    event: ClassVar[str] = "ping"
    peer: str
    name: str
    address: str
    seq: int
    text: str
    rtt_ms: float | None


class PeerDead(Struct, frozen=True, kw_only=True):
    """A peer was silent for too long, or its link broke and could not be made again."""

    event: ClassVar[str] = "peer_dead"
    peer: str
    name: str
    address: str
    reason: str
    silent_s: float


class PeerLeft(Struct, frozen=True, kw_only=True):
    """A peer stopped on purpose."""

    event: ClassVar[str] = "peer_left"
    peer: str
    name: str
    address: str


class Refused(Struct, frozen=True, kw_only=True):
    """A connection did not become a link, in either direction."""

    event: ClassVar[str] = "refused"
    peer: str | None
    address: str
    code: str
    reason: str


class IdentityMismatch(Struct, frozen=True, kw_only=True):
    """Somebody else answered at a peer's address."""

    event: ClassVar[str] = "identity_mismatch"
    address: str
    expected: str
    found: str


class Verdict(Struct, frozen=True, kw_only=True):
    """What others say of a peer that was lost: whose fault it is."""

    event: ClassVar[str] = "verdict"
    peer: str
    name: str
    address: str
    verdict: str
    """`dead`, `cut`, `left` or `me`."""
    one_way: str | None
    """For `cut`: `from_peer` or `to_peer`, where it is shown that the other way is whole."""
    asked: int
    """How many peers were asked."""
    heard_by: tuple[str, ...]
    """Ids of those that hear it."""
    reason: str
    """The evidence in a sentence, for people."""


class Stopping(Struct, frozen=True, kw_only=True):
    """The node leaves."""

    event: ClassVar[str] = "stopping"
    reason: str


Event: TypeAlias = (
    Listening
    | PeerAlive
    | PingHeard
    | PeerDead
    | PeerLeft
    | Verdict
    | Refused
    | IdentityMismatch
    | Stopping
)

Tell: TypeAlias = Callable[[Event], None]
"""Takes one event. It returns at once and does not raise."""


class NodeStatus(Struct, frozen=True, kw_only=True):
    """How this node is. Times in Unix seconds where they are points, in seconds where they last."""

    id: str
    name: str
    port: int
    addresses: tuple[str, ...]
    """Where it listens."""
    advertised: tuple[str, ...]
    """Where others find it, as its record says."""
    network: str
    version: str
    started: float
    uptime_s: float
    view: str
    """16 hex digits, equal to those of a node that holds the same records (PROTOCOL §7)."""
    period_s: float
    heartbeat_s: float
    tags: Mapping[str, str]
    peers: Mapping[str, int]
    """How many are in each state of `PeerStatus`; each is there, also where it is 0."""


class PeerStatus(Struct, frozen=True, kw_only=True):
    """What is known of one peer."""

    id: str
    name: str
    state: str
    """`alive`, `dead`, `unreachable` (dead to us, and heard by others), `left` or `unmet`."""
    addresses: tuple[str, ...]
    """What its record says."""
    address: str | None
    """Where it is linked, or was found last; None where it never was."""
    rtt_ms: float | None
    """The last round trip on its link; None without one."""
    first_linked: float | None
    """Unix seconds; None where it never was."""
    last_linked: float | None
    """Unix seconds: now, where it is linked."""
    tags: Mapping[str, str]
    seq: int
    """Of its record: Unix milliseconds at which it was made."""
    expires: float
    """Unix seconds at which its record does."""


class RoundTripTimes(Struct, frozen=True, kw_only=True):
    """Of the pings on one link, in milliseconds; None where no answer has come yet."""

    last: float | None
    mean: float | None
    """Smoothed over about 16."""
    p50: float | None
    """Of the last 128, as is p99."""
    p99: float | None
    jitter: float
    """Smoothed difference of one to the next (RFC 3550 §6.4.1)."""


class LinkStatus(Struct, frozen=True, kw_only=True):
    """One link."""

    peer: str
    name: str
    address: str
    direction: str
    """`dialed` or `accepted`."""
    since: float
    """Unix seconds."""
    rtt_ms: RoundTripTimes
    pings_sent: int
    pings_answered: int
    pings_missed: int
    bytes_in: int
    """Of frames; what TLS and TCP add is not counted."""
    bytes_out: int
    frames_in: int
    frames_out: int
    cipher: str | None
    """Of TLS, by its name in RFC 8446; None where the transport does not tell."""


class Unknown(Exception):
    """There is no such peer."""


class NotLinked(Exception):
    """The peer has no link, which is needed for this."""


class Conflict(Exception):
    """It cannot be done as things are; the text says why, and what to do."""


class Refusal(Exception):
    """What was asked for is wrong in itself; the text says how."""


class Window(Protocol):
    """
    Through which a surface looks at a node. Nothing here blocks.

    Peers are named by their whole ids; `identify` finds the id.
    """

    def status(self) -> NodeStatus:
        """How the node is."""

    def peers(self) -> Iterable[PeerStatus]:
        """Every peer of the book at the time of the call, as they were learned; read at leisure."""

    def peer(self, peer: str) -> PeerStatus:
        """:raises Unknown: there is none with this id."""

    def links(self) -> Iterable[LinkStatus]:
        """Every link that is up at the time of the call, as far as it still is; read at leisure."""

    def link(self, peer: str) -> LinkStatus:
        """:raises Unknown: there is no such peer. :raises NotLinked: it has no link."""

    def counters(self) -> Mapping[str, float]:
        """Numbers since the start, and levels, by their names."""


class Desk(Protocol):
    """What a surface may ask a node to do."""

    async def ping(self, peer: str) -> float:
        """
        Ping now; the round trip in milliseconds.

        :raises Unknown: there is no such peer.
        :raises NotLinked: it has no link, or lost it.
        :raises Conflict: no answer came within three of its heartbeats, or too many are asked for.
        """

    def connect(self, address: str) -> None:
        """
        Join through `host:port`, tried until the node stops.

        :raises Refusal: it is no address.
        """

    def forget(self, peer: str) -> None:
        """
        Drop all that is known of a peer. Others that hold its record tell of it again.

        :raises Unknown: there is no such peer.
        :raises Conflict: it has a link.
        """

    def leave(self) -> None:
        """Stop on purpose: peers are told, then the process ends."""

    def reload(self) -> tuple[str, ...]:
        """
        Read the configuration again; the names of the options that changed.

        :raises Conflict: there is no file, or it cannot be read; nothing has changed.
        """


class Occurrence(Struct, frozen=True, kw_only=True):
    """An event that is kept, with its time; its number grows, also from one start to the next."""

    number: int
    time: float
    """Unix seconds."""
    event: str
    """By its name in INTERFACE."""
    members: Mapping[str, object]
    """What INTERFACE gives an event of this name, `time` and `event` apart."""


class Chronicle(Protocol):
    """What happened, as far as it is kept. Pings are told, and not kept."""

    def since(self, number: int, limit: int) -> list[Occurrence]:
        """
        The oldest of those with a greater number, in their order.

        All that subscribers were told of with a number is in it, as soon as they are told.
        """

    def latest(self, limit: int, *, before: int | None = None) -> list[Occurrence]:
        """The newest, oldest first; those with a smaller number, where `before` is given."""

    def subscribe(self, tell: "Callable[[Occurrence], None]") -> Callable[[], None]:
        """
        Tell of everything from now on, pings with number 0; call what is returned to end it.

        `tell` returns at once and does not raise.
        """

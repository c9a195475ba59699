"""
Every knob of a node, in one frozen value.

Pure: options are translated into it, and nothing deeper sees an option.
"""

from typing import Final

from msgspec import Struct, field

from gossip import __version__
from gossip.mesh.addresses import Address, IPNetwork
from gossip.trust.identity import PeerId

HEARTBEAT: Final = 1.0
"""Seconds, where nobody asks for another one."""


class Seed(Struct, frozen=True):
    """An address to join through."""

    address: Address
    peer: PeerId | None = None
    """Where it is given, nobody else is accepted there."""


class Limits(Struct, frozen=True, kw_only=True):
    """
    Bounds on what others can cost us (PROTOCOL §8). Times in seconds.

    They protect memory, descriptors and the event loop against one slow, mad or hostile peer. None
    of them may be zero, and raising one lets each such peer cost more.
    """

    connect_wait: float = 5.0
    """For TCP to one address, before the next one is tried. Three SYNs fit into it."""
    handshake_wait: float = 10.0
    """For TLS. A silent connection holds 51 KiB for this long."""
    pending_total: int = 128
    """Accepted connections that are not links yet: 6.5 MiB at worst."""
    pending_per_address: int = 64
    """The same from one source address, so that one stranger cannot take all places."""
    accepted_per_second: float = 200.0
    """Connections let in from all in the long run. A handshake costs about a millisecond: a fifth of
    a core."""
    accepted_at_once: int = 1000
    """The same at once, after a quiet time: a whole fleet may come back, and a second of our time is
    less than the silence after which anybody is dead. One source address gets half of either, so
    that others get in beside it."""
    unread_bytes: int = 1 << 20
    """Outgoing bytes that a peer does not read before its link is aborted."""
    unread_least: float = 2.0
    """For a peer to read again, however often it beats: 64 KiB, which are written before we wait,
    take that long on a line of 256 kbit/s."""
    unread_most: float = 4.0
    """The same however seldom it beats: a peer that promises little may not be deaf for minutes. With
    the seconds in which the buffers of two systems fill it is cut within 15."""
    closing_wait: float = 1.0
    """For a farewell to go out and be answered before the connection is aborted. A full second
    lets a `bye` cross a slow line; more would only hold descriptors."""
    probe_wait: float = 1.0
    """For the old one of two links to prove that it lives (PROTOCOL §4)."""
    peers: int = 10000
    """Records held: 10 MiB at a usual size. The never-linked are dropped first."""
    dials: int = 64
    """Dials under way at once."""
    backoff_first: float = 0.5
    """The first delay between dials of one peer; grows by half each time."""
    steady_after: float = 10.0
    """A link that lived shorter does not count as a success for the backoff: a peer that admits us
    and hangs up at once must not be dialed without end."""
    backoff_most: float = 60.0
    """The longest one. A split is healed within about this time after it ends."""
    unmet_tries: int = 3
    """Dials of a never-linked peer within the backoff, before `unmet_wait` holds. More would help
    a newcomer on a bad line, and whoever wants us to dial a victim."""
    unmet_wait: float = 600.0
    """Between later dials of a never-linked peer."""
    unmet_per_minute: int = 4
    """Dials of one address for peers that were not found there yet, whoever claims to be there."""
    sync_gap: float = 1.0
    """Between two `get_peers` on one link."""
    syncs: int = 4
    """`get_peers` unanswered at a time."""
    sync_wait: float = 10.0
    """For an answer before its place is given to another link."""
    record_cost: float = 0.4
    """Frames for which a record counts that had to be verified: 500 a second from one peer, which
    take a twentieth of a core with Ed25519 and a fifth with P-384."""
    look_cost: float = 0.02
    """Frames for which a record counts that was looked at and not verified, because it is old, or
    refused at sight: it takes a twentieth of the time. A full book that teaches nothing counts as
    200 frames, which an honest peer has to spare."""
    forged_records: int = 1000
    """Forged or malformed records on one link before it is ended: 0.1 s of a core."""
    stop_wait: float = 1.2
    """For farewells when the node stops; then everything is aborted. Below 2 s in all."""


class Settings(Struct, frozen=True, kw_only=True):
    """What a node is to do. Times in seconds."""

    port: int = 8080
    """TCP port to listen on; 0 lets the system pick one."""
    listen: tuple[str, ...] = ()
    """Addresses or Twisted endpoint strings to listen on; none means all, IPv4 and IPv6."""
    seeds: tuple[Seed, ...] = ()
    """Addresses to join through, tried for ever; none waits to be found."""
    advertise: tuple[Address, ...] = ()
    """Addresses to give to others; none lets peers report what they see."""
    key: str | None = None
    """Path of the private key; none makes one that lives as long as the process."""
    certificate: str | None = None
    """Path of a certificate for the key; none makes one."""
    authority: str | None = None
    """Path of the CA that must vouch for the host names of seeds; none asks for no such thing."""
    network: str = "default"
    """Nodes of different networks never link."""
    name: str = ""
    """Shown to people; proves nothing."""
    tags: tuple[tuple[str, str], ...] = ()
    """Shown to people and programs; part of the record."""
    period: float = 5.0
    """Between pings. Shorter measures round trips more often and costs more frames."""
    heartbeat: float = HEARTBEAT
    """The longest silence that we promise. Our death is known after three of them; shorter is
    noticed sooner, costs more frames, and forgives less."""
    steady: bool = False
    """Whether it stays so for any number of links; else it grows where there are more than 250."""
    message: str = ""
    """Sent with each ping."""
    peer_networks: tuple[IPNetwork, ...] = ()
    """Where not empty, addresses heard from others are dialed only inside these networks."""
    output: str = "text"
    """What goes to stdout: `text`, `json` or `none`."""
    state: str | None = None
    """Path of the directory in which the node remembers; none keeps everything in memory."""
    control: str | None = None
    """Path of the Unix socket at which it can be asked; none takes the usual place, if there is one."""
    http: Address | None = None
    """Where the page is, and the API for reading: a literal address or `localhost`; none has no page."""
    http_token: str | None = None
    """Path of the file whose first line everybody who looks there must know; none asks for nothing."""
    http_names: tuple[str, ...] = ()
    """Names by which browsers may ask for the page, besides `localhost` and its addresses."""
    log: str | None = None
    """Log levels, as `P2P_GOSSIP_LOG` has them; none lets the environment decide."""
    limits: Limits = field(default_factory=Limits)


def agent() -> str:
    """What this program calls itself to peers."""
    return f"p2p-gossip/{__version__}"

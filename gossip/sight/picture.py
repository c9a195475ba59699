"""
What a surface may see of the whole network: who can talk to whom, and what is broken.

`Window` (see `gossip.mesh.status`) tells what this node knows by itself. Here is what it finds out by
asking others for their rows, which is done only when somebody looks: hence the answers come later.

Names and texts in them are peers' own words: whoever shows them escapes them.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from msgspec import Struct

from gossip.mesh.status import RoundTripTimes
from gossip.sight.verdicts import Saying

MOST_PAIRS: Final = 100
"""Pairs of one finding: a network of 1,000 that is split in halves has 250,000, which is 35 MB of ids."""


class MatrixNode(Struct, frozen=True, kw_only=True):
    """One node of the matrix: it is a row and a column."""

    id: str
    name: str
    state: str
    """As in `PeerStatus`; this node itself is `alive`."""
    tags: Mapping[str, str]
    row: str
    """
    How its row was had: `own` (this node's), `told` (by itself), `through` (by another one, sealed by
    itself), `mute` (it does not speak this extension), `silent` (nobody could get it).
    """
    through: str | None
    """The id of the peer that passed it on."""
    age_s: float | None
    """How old the row is; None where there is none."""


class Matrix(Struct, frozen=True, kw_only=True):
    """Who hears whom. All three tables have a row a node and a column a node, in the order of `nodes`."""

    time: float
    """Unix seconds at which it was put together."""
    nodes: tuple[MatrixNode, ...]
    links: tuple[str, ...]
    """A character a pair: `u` up, `d` down, `?` unknown, `-` the node itself."""
    rtt_ms: tuple[tuple[float | None, ...], ...]
    """Mean round trips in milliseconds; None where there is none."""
    lost: tuple[tuple[float | None, ...], ...]
    """Share of the pings that were not answered, 0 to 1; None where none was sent."""


class PastTimes(Struct, frozen=True, kw_only=True):
    """The pings of one link in a stretch of time."""

    since: float
    """Unix seconds at which the stretch began; it lasts until the next one, at most 30 s."""
    mean_ms: float | None
    """None where no answer came."""
    worst_ms: float | None
    pings: int
    """How many were sent."""
    lost: int
    """How many of them were not answered."""


class PairStatus(Struct, frozen=True, kw_only=True):
    """What one node says of its link to another."""

    author: str
    peer: str
    state: str
    """`up`, `down`, `left` or `unmet`."""
    since: float | None
    """Unix seconds at which the link came up, or was lost, by the author's clock."""
    quiet_s: float | None
    """How long before it said so it had heard the peer last; None where never."""
    direction: str | None
    """`dialed` or `accepted`, as the author has it; None without a link."""
    rtt_ms: RoundTripTimes | None
    lost: float | None
    """Share of the pings that were not answered, 0 to 1."""
    bytes_in: int
    bytes_out: int
    losses: int
    """How often the author lost this peer within the last hour."""
    age_s: float
    """How old the saying is."""
    through: str | None
    """The id of the peer that passed it on; None where the author itself said it."""
    past: tuple[PastTimes, ...]
    """The last hour at most, oldest first."""


class Diagnosis(Struct, frozen=True, kw_only=True):
    """What is wrong with one peer, asked afresh."""

    peer: str
    name: str
    verdict: str
    """`fine`, `dead`, `cut`, `left`, `me`, or `unmet` (never linked by anybody that was asked)."""
    one_way: str | None
    """For `cut`: `from_peer` (its frames do not reach us), `to_peer`, or None where the rows show neither."""
    since: float | None
    """Unix seconds from which on it is like this, for this node."""
    sentences: tuple[str, ...]
    """For people: the verdict first, then who says what."""
    sayings: tuple[Saying, ...]


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that is wrong with the network."""

    kind: str
    """`split`, `dead`, `cut_node`, `cut`, `one_way`, `flapping`, `slow`, `skewed`, `old_version`, `mute`."""
    severity: str
    """`error` (somebody cannot be reached), `warning`, or `note` (nothing is wrong with it)."""
    sentence: str
    """For people, whole."""
    peers: tuple[str, ...]
    """Ids of whom it is about; of a split that is seen from inside one group, those in the other one."""
    pairs: tuple[tuple[str, str], ...]
    """Ids: the first does not hear, or hears badly, the second. The first `MOST_PAIRS` of them."""
    since: float | None
    more_pairs: int = 0
    """How many pairs more it is about."""


class Report(Struct, frozen=True, kw_only=True):
    """All that is wrong with the network, worst first."""

    time: float
    ok: bool
    """Whether there is neither an error nor a warning."""
    sentence: str
    """The whole in one sentence, for people: what is wrong and how much; the findings say who, and why."""
    asked: int
    """How many nodes were asked for their rows."""
    answered: int
    findings: tuple[Finding, ...]


class Lookout(Protocol):
    """
    Through which a surface looks at the whole network. Peers are named by their whole ids.

    Each answer about one peer or pair takes as long as the slowest that is asked, two seconds at most.
    A matrix or a report takes that for each 32 nodes that do not answer, and to read all rows: 12 ms for
    40 nodes, and two seconds of a core for a thousand; after half a minute nobody more is asked. Who
    asks for the same at the same time shares one gathering.
    """

    async def matrix(self) -> Matrix:
        """Who hears whom, from every row that can be had."""

    async def pair(self, author: str, peer: str) -> PairStatus:
        """
        What one node says of another; either may be this node.

        :raises Unknown: there is no such peer.
        :raises NotLinked: the author cannot be asked, not even through others.
        """

    async def report(self) -> Report:
        """All that is wrong with the network."""

    async def diagnosis(self, peer: str) -> Diagnosis:
        """:raises Unknown: there is no such peer."""

    def past(self, peer: str) -> tuple[PastTimes, ...]:
        """
        This node's own pings to a peer in the last hour at most, oldest first; it asks nobody.

        :raises Unknown: there is no such peer.
        """

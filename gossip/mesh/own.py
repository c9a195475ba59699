"""
The node's own record: what it says of itself, and when it says it anew (PROTOCOL §6).

Pure, but for the signature that it is given. Without `--advertise` the addresses are what peers
report to see: one liar must not add one.
"""

from collections import Counter
from collections.abc import Callable, Mapping

from attrs import define, field
from msgspec import Struct
from msgspec.structs import replace

from gossip.mesh.addresses import Address, is_loopback, literal, reachable
from gossip.trust import records
from gossip.trust.identity import PeerId
from gossip.trust.records import MOST_ADDRESSES, Record

REFUTE_GAP = 10.0
"""Seconds between the first two records that answer a newer one of our own key; doubles each time.
Where another process has the same key, the two must not outbid each other as fast as they can."""

REFUTE_MOST = 60.0
"""The longest such gap: two processes with one key make two records a minute, and when one of them
says farewell, the other takes it back within a minute."""

REFUTE_CALM = 4 * REFUTE_MOST
"""Seconds after which the gap is the first one again: nobody outbids us."""

_FURTHEST_AHEAD = int(records.FURTHEST_AHEAD * 1000)


class Subject(Struct, frozen=True, kw_only=True):
    """What of a node's record does not change while it runs."""

    public: bytes
    sign: Callable[[bytes], bytes]
    network: str
    name: str
    tags: Mapping[str, str]
    advertise: tuple[Address, ...] = ()
    ttl: float = records.DEFAULT_TTL
    used: int = 0
    """The largest `seq` that this key is known to have used."""


class OwnRecord:
    """Makes the node's record, and a new one when something in it changes."""

    def __init__(self, subject: Subject, wall: float) -> None:
        self._subject = subject
        self._port = 0
        self._reports: dict[PeerId, str] = {}
        self._votes: Counter[str] = Counter()
        self._votes_of_linked: Counter[str] = Counter()
        self._gone: dict[PeerId, None] = {}
        self._renewed_at = wall
        self._refuted_at = float("-inf")
        self._refute_gap = REFUTE_GAP
        self.record = self._make((), _above(subject.used, int(wall * 1000)), "alive")

    def listening(self, port: int, wall: float) -> None:
        """The port that goes with reported addresses is known."""
        self._port = port
        self._change(self._addresses(), wall)

    def reported(self, peer: PeerId, host: str, wall: float) -> bool:
        """A peer said at which address it sees this node; whether that makes a new record."""
        if not reachable(host):
            return False
        # Those of lost peers count until somebody reports anew: a node that lost everybody has not
        # lost its addresses.
        for gone in self._gone:
            self._vote(gone, None)
        self._gone.clear()
        self._vote(peer, str(literal(host)))
        return self._change(self._addresses(), wall)

    def lost(self, peer: PeerId, wall: float) -> bool:
        """
        A peer has no link any more; whether that makes a new record.

        What it said counts on, but does not outvote most of those who are linked: who moved hears
        so from whoever it reaches first, once, while its other links have not timed out yet.
        """
        if peer not in self._reports or peer in self._gone:
            return False
        self._gone[peer] = None
        _less(self._votes_of_linked, self._reports[peer])
        return self._change(self._addresses(), wall)

    def refute(self, seq: int, wall: float) -> bool:
        """A record of this key with a larger `seq` is about: outdo it; whether that was done."""
        since = wall - self._refuted_at
        if 0 <= since < self._refute_gap:
            return False
        calm = not 0 <= since < REFUTE_CALM
        self._refute_gap = REFUTE_GAP if calm else min(2 * self._refute_gap, REFUTE_MOST)
        self._refuted_at = wall
        self._renew(self.record.addresses, wall, above=seq)
        return True

    @property
    def advertises(self) -> bool:
        """Whether the operator gave its addresses; else they are what peers report."""
        return bool(self._subject.advertise)

    def lists(self, address: Address) -> bool:
        """Whether its record says that it is at an address."""
        return str(address) in self.record.addresses

    def renewal_due(self) -> float:
        """Wall time at which the record is made anew if nothing changes before."""
        return self._renewed_at + self._subject.ttl / 3

    def renew(self, wall: float) -> None:
        """Make it anew, so that it does not expire."""
        self._renew(self.record.addresses, wall)

    def restate(
        self, *, name: str, tags: Mapping[str, str], advertise: tuple[Address, ...], wall: float
    ) -> bool:
        """Say something else of itself; whether that makes a new record."""
        subject = replace(self._subject, name=name, tags=tags, advertise=advertise)
        if subject == self._subject:
            return False
        self._subject = subject
        self._renew(self._addresses(), wall)
        return True

    def leave(self, wall: float) -> Record:
        """The last one, which says that the node left."""
        self._renew(self.record.addresses, wall, state="left")
        return self.record

    def _addresses(self) -> tuple[str, ...]:
        if self._subject.advertise:
            return tuple(str(address) for address in self._subject.advertise)[:MOST_ADDRESSES]
        if not self._port:
            return ()
        best = self._votes.most_common(MOST_ADDRESSES)
        least = 2 if best and best[0][1] > 1 else 1
        found = [*self._seen_by_most(), *(ip for ip, count in best if count >= least)]
        found = list(dict.fromkeys(found))[:MOST_ADDRESSES]
        return tuple(str(Address(ip, self._port)) for ip in found)

    def _seen_by_most(self) -> list[str]:
        """Where most of those who are linked see this node, if others of before may outvote them."""
        if not self._gone:
            return []
        voters = len(self._reports) - len(self._gone)
        return [ip for ip, count in self._votes_of_linked.most_common(1) if 2 * count > voters]

    def _vote(self, peer: PeerId, ip: str | None) -> None:
        before = self._reports.pop(peer, None)
        if before is not None:
            _less(self._votes, before)
            if peer not in self._gone:
                _less(self._votes_of_linked, before)
        if ip is not None:
            self._reports[peer] = ip
            self._votes[ip] += 1
            self._votes_of_linked[ip] += 1

    def _change(self, addresses: tuple[str, ...], wall: float) -> bool:
        if set(addresses) == set(self.record.addresses):
            return False
        self._renew(addresses, wall)
        return True

    def _renew(
        self,
        addresses: tuple[str, ...],
        wall: float,
        *,
        state: records.State = "alive",
        above: int = 0,
    ) -> None:
        seq = max(_above(self.record.seq, int(wall * 1000)), above + 1)
        self._renewed_at = wall
        self.record = self._make(addresses, seq, state)

    def _make(self, addresses: tuple[str, ...], seq: int, state: records.State) -> Record:
        subject = self._subject
        return records.make(
            public=subject.public,
            sign=subject.sign,
            seq=seq,
            network=subject.network,
            name=subject.name,
            addresses=addresses,
            tags=subject.tags,
            state=state,
            ttl=subject.ttl,
        )


def _less(votes: Counter[str], ip: str) -> None:
    votes[ip] -= 1
    if not votes[ip]:
        del votes[ip]


def _above(before: int, made: int) -> int:
    # One that was made by a clock far ahead is refused by all who would compare numbers.
    return max(made, before + 1) if before <= made + _FURTHEST_AHEAD else made


@define(eq=False, repr=False)
class OwnAddresses:
    """
    The addresses at which this node is: where it listens, and what the operator said.

    What peers report is not among them: two liars would keep this node from whomever they name. Where
    it is true, this node meets itself when it dials (`Routes.met_self`).
    """

    own: OwnRecord
    bound: set[Address] = field(factory=set)
    """Where it listens."""

    def __contains__(self, address: object) -> bool:
        """Whether a literal address is the node's own."""
        if not isinstance(address, Address):
            return False
        if address in self.bound or (self.own.advertises and self.own.lists(address)):
            return True
        everywhere = any(
            other.port == address.port and other.host in ("0.0.0.0", "::") for other in self.bound
        )
        return everywhere and is_loopback(address.host)

"""
The book: every record held, what became of each peer, and whether two books are equal.

Pure. Wall time is an argument, as Unix seconds. The view and the buckets (PROTOCOL §7) are kept as
records come and go, so that comparing two books costs the same however thick they are.

What others invent costs memory, so a record is held as the bytes that came, and read again when it
is looked at; that of a linked peer is held ready as well.
"""

from collections.abc import Callable, Iterator
from enum import Enum
from heapq import heapify, heappop, heappush
from types import MappingProxyType
from typing import Final

from attrs import define, field

from gossip.mesh.memories import Changed, Memory
from gossip.trust import records
from gossip.trust.identity import PeerId
from gossip.trust.records import Record, RecordRefused
from gossip.wire.messages import BUCKET_BYTES, BUCKETS, Sealed

HEARSAY_BYTES: Final = 6 << 20
"""Bodies of the records of peers never linked, in all: 10,000 of the usual 400 bytes, and half as
much again. Longer ones crowd out each other, and nobody else."""


class BookFull(RecordRefused):
    """There is no room for another peer."""


class PeerState(Enum):
    """What became of a peer."""

    UNMET = "unmet"
    ALIVE = "alive"
    DEAD = "dead"
    LEFT = "left"


class Happening(Enum):
    """What can become of a peer."""

    LINKED = "linked"
    DIED = "died"
    SAID_BYE = "said bye"
    RETURNED = "returned"


TRANSITIONS: Final = MappingProxyType(
    {
        PeerState.UNMET: {
            Happening.LINKED: PeerState.ALIVE,
            Happening.SAID_BYE: PeerState.LEFT,
        },
        PeerState.ALIVE: {
            Happening.LINKED: PeerState.ALIVE,
            Happening.DIED: PeerState.DEAD,
            Happening.SAID_BYE: PeerState.LEFT,
        },
        PeerState.DEAD: {
            Happening.LINKED: PeerState.ALIVE,
            Happening.SAID_BYE: PeerState.LEFT,
        },
        PeerState.LEFT: {
            Happening.LINKED: PeerState.ALIVE,
            Happening.RETURNED: PeerState.UNMET,
        },
    }
)


@define(eq=False, repr=False, weakref_slot=False)
class Held:
    """A record, as it came: a third of what it takes when it is read, and at worst a fortieth."""

    id: PeerId
    seq: int
    expires_at: float
    digest: int
    body: bytes
    signature: str

    @classmethod
    def of(cls, record: Record) -> "Held":
        """Hold a record."""
        sealed = record.sealed
        body, seq = sealed.body.encode(), record.seq
        return cls(record.id, seq, record.expires_at(), record.digest, body, sealed.signature)

    def sealed(self) -> Sealed:
        """As it goes out."""
        return Sealed(self.body.decode(), self.signature)


@define(eq=False, repr=False, weakref_slot=False)
class Entry:
    """One peer, as the book knows it."""

    held: Held
    state: PeerState = PeerState.UNMET
    loopback: bool = False
    """Whether its record was heard over a loopback link (PROTOCOL §8, addresses)."""
    host: str = ""
    """The literal address, without a port, at which it proved its key last."""
    met: bool = False
    """Whether there ever was a link to it."""
    first_linked: float | None = None
    """Unix time of its first link."""
    last_linked: float | None = None
    """Unix time at which its last link came up, or was lost."""
    address: str = ""
    """`host:port` where it was found last, for people."""
    _ready: Record | None = field(default=None, init=False)

    @property
    def record(self) -> Record:
        """What it says of itself."""
        return self._ready or records.read(self.held.sealed())

    @property
    def found_at(self) -> str | None:
        """`host:port` where it was found last, or is to be found at the host that it proved."""
        if self.address or not self.host:
            return self.address or None
        said = self.record.addresses
        return next(
            (text for text in said if text.rpartition(":")[0].strip("[]") == self.host), None
        )

    def renew(self, record: Record) -> None:
        """It says something newer."""
        self.held = Held.of(record)
        self._ready = record if self.state is PeerState.ALIVE else None

    def happened(self, happening: Happening) -> bool:
        """Move to the state that follows, if one does; whether the state is another now."""
        before = self.state
        self.state = TRANSITIONS[before].get(happening, before)
        self.met = self.met or happening is Happening.LINKED
        self._ready = self.record if self.state is PeerState.ALIVE else None
        return self.state is not before


@define(eq=False, repr=False)
class _Digests:
    """The XOR of the digests of records, in all and by the first byte of their ids."""

    total: int = 0
    buckets: list[int] = field(factory=lambda: [0] * BUCKETS)

    def toggle(self, held: Held) -> None:
        """Add a record that is not in it, or take out one that is."""
        self.total ^= held.digest
        self.buckets[bucket_of(held.id)] ^= held.digest


def bucket_of(peer: PeerId) -> int:
    """The bucket in which a peer's record counts."""
    return int(peer[:2], 16)


class Book:
    """All records held, the node's own included."""

    def __init__(self, own: Record, capacity: int, changed: Changed = lambda peer: None) -> None:
        """`changed` is told of each peer of which something else is to be remembered."""
        self.own = own
        self.dropped = 0
        """How many peers had to go for others, since the book is full."""
        self._capacity = capacity
        self._changed = changed
        self._entries: dict[PeerId, Entry] = {}
        self._never_linked: dict[PeerId, None] = {}
        self._hearsay_bytes = 0
        self._counted: dict[PeerId, Held] = {}
        self._expiries: list[tuple[float, PeerId]] = []
        self._digests = _Digests()
        self._count(Held.of(own))

    def __len__(self) -> int:
        """How many peers are known."""
        return len(self._entries)

    def __iter__(self) -> Iterator[tuple[PeerId, Entry]]:
        """The peers, as they were learned."""
        return iter(list(self._entries.items()))

    def get(self, peer: PeerId) -> Entry | None:
        """What is known of a peer."""
        return self._entries.get(peer)

    def renew_own(self, record: Record) -> None:
        """The node made a new record of itself."""
        self.own = record
        self._count(Held.of(record))
        self._changed(record.id)

    def learn(
        self, sealed: Sealed, wall: float, *, loopback: bool, linking: bool = False
    ) -> Record | None:
        """
        Take a record that somebody sent. None where it is not above the one held.

        Of the node's own key nothing is taken, and one as high that says something else is returned.

        `linking` says that its subject itself sent it to open a link: it finds room, where a
        hearsay record would not.

        :raises RecordRefused: it does not count, or there is no room for it.
        """
        record = records.read(sealed)
        entry = self._entries.get(record.id)
        ours = record.id == self.own.id
        newest = self.own.seq if ours else entry.held.seq if entry is not None else -1
        # Said by a process of before, under a number that we use now: outdone like a newer one.
        contradicts = ours and sealed.body != self.own.sealed.body
        if record.seq < newest + (not contradicts):
            if entry is not None and sealed == entry.held.sealed():
                entry.loopback = entry.loopback or loopback
            return None
        records.judge(record, self.own.network, wall)
        records.verify(record)
        if ours:
            return record
        if entry is None:
            entry = self._enter(record, linking=linking)
        self._keep(entry, record, loopback)
        return record

    def happened(self, peer: PeerId, happening: Happening) -> bool:
        """Something became of a peer; whether its state is another now."""
        entry = self._entries[peer]
        if happening is Happening.LINKED:
            self._no_hearsay(entry)
        self._changed(peer)
        return entry.happened(happening)

    def recall(self, memory: Memory, wall: float) -> Entry:
        """
        Take back a peer as it was remembered; who was alive is dead until there is a link again.

        :raises RecordRefused: its record does not count, or there is no room for it.
        """
        record = records.read(memory.sealed)
        if record.id != memory.id or record.id == self.own.id:
            raise RecordRefused("it is the record of another peer, or of this node itself")
        records.judge(record, self.own.network, wall)
        records.verify(record)
        known = self._entries.get(record.id)
        if known is not None:
            return known
        entry = self._enter(record, linking=False)
        entry.loopback, entry.address = memory.loopback, memory.address or ""
        entry.first_linked, entry.last_linked = memory.first_linked, memory.last_linked
        entry.met = memory.first_linked is not None
        if entry.met:
            self._no_hearsay(entry)
            entry.state = PeerState.DEAD
        if record.state == "left":
            entry.state = PeerState.LEFT
        self._count(entry.held)
        self._crowd_out(record.id)
        return entry

    def remember(self, peer: PeerId) -> Memory | None:
        """What is to be remembered of a peer; None where nothing is."""
        entry = self._entries.get(peer)
        if entry is None:
            return None
        return Memory(
            id=peer,
            sealed=entry.held.sealed(),
            state=entry.state.value,
            first_linked=entry.first_linked,
            last_linked=entry.last_linked,
            address=entry.found_at,
            loopback=entry.loopback,
        )

    def forget(self, peer: PeerId) -> None:
        """Drop all that is known of a peer."""
        self._forget(peer)

    def expire(self, wall: float, linked: Callable[[PeerId], bool]) -> list[PeerId]:
        """
        Take out of the view what has expired, and forget whose it was unless `linked`.

        A linked peer's entry stays; its record counts again when it renews it. So does that of one
        whose link broke and that is not given up yet.
        """
        forgotten = []
        while self._expiries and self._expiries[0][0] <= wall:
            _, peer = heappop(self._expiries)
            held = self._counted.get(peer)
            # What expires here may have been replaced, or dropped, since.
            if held is None or held.expires_at > wall or peer == self.own.id:
                continue
            self._digests.toggle(self._counted.pop(peer))
            if not linked(peer) and self._entries[peer].state is not PeerState.ALIVE:
                self._forget(peer)
                forgotten.append(peer)
        return forgotten

    def forget_expired(self, peer: PeerId) -> bool:
        """The link to a peer is gone: forget it if its record has expired; whether it had."""
        if peer in self._counted or peer not in self._entries:
            return False
        self._forget(peer)
        return True

    def view(self) -> str:
        """16 hex digits that are equal where the same records are held (PROTOCOL §7)."""
        return f"{self._digests.total:016x}"

    def buckets(self) -> bytes:
        """The 256 x 8 bytes that tell which records differ."""
        return b"".join(part.to_bytes(BUCKET_BYTES, "big") for part in self._digests.buckets)

    def held(self, theirs: bytes | None) -> Iterator[Sealed]:
        """Records that have not expired: all, or those in buckets that differ from `theirs`."""
        differ = self._differing(theirs)
        for held in list(self._counted.values()):
            if bucket_of(held.id) in differ:
                yield held.sealed()

    def _differing(self, theirs: bytes | None) -> set[int]:
        if theirs is None:
            return set(range(BUCKETS))
        return {
            i
            for i, part in enumerate(self._digests.buckets)
            if theirs[i * BUCKET_BYTES : (i + 1) * BUCKET_BYTES]
            != part.to_bytes(BUCKET_BYTES, "big")
        }

    def _enter(self, record: Record, *, linking: bool) -> Entry:
        self._make_room(linking)
        entry = self._entries[record.id] = Entry(Held.of(record))
        self._never_linked[record.id] = None
        self._hearsay_bytes += len(entry.held.body)
        return entry

    def _keep(self, entry: Entry, record: Record, loopback: bool) -> None:
        longer = len(record.sealed.body.encode()) - len(entry.held.body)
        entry.renew(record)
        entry.loopback = loopback
        self._count(entry.held)
        # Of a linked peer, only its link says what became of it.
        if entry.state is not PeerState.ALIVE:
            entry.happened(Happening.SAID_BYE if record.state == "left" else Happening.RETURNED)
        if record.id in self._never_linked:
            self._hearsay_bytes += longer
            self._crowd_out(record.id)
        self._changed(record.id)

    def _count(self, held: Held) -> None:
        before = self._counted.get(held.id)
        if before is not None:
            self._digests.toggle(before)
        self._counted[held.id] = held
        self._digests.toggle(held)
        heappush(self._expiries, (held.expires_at, held.id))
        # A record that was replaced stays in the heap until it would have expired: bound them.
        if len(self._expiries) > len(self._counted) * 5 // 4 + 64:
            self._expiries = [(h.expires_at, h.id) for h in self._counted.values()]
            heapify(self._expiries)

    def _make_room(self, linking: bool) -> None:
        if len(self._entries) < self._capacity:
            return
        self.dropped += 1
        if self._never_linked:
            self._forget(next(iter(self._never_linked)))
            return
        if linking:
            for peer, entry in self._entries.items():
                if entry.state is not PeerState.ALIVE:
                    self._forget(peer)
                    return
        raise BookFull("the book is full of peers that were linked")

    def _crowd_out(self, newcomer: PeerId) -> None:
        while self._hearsay_bytes > HEARSAY_BYTES:
            self.dropped += 1
            self._forget(next(peer for peer in self._never_linked if peer != newcomer))

    def _no_hearsay(self, entry: Entry) -> None:
        if entry.held.id in self._never_linked:
            del self._never_linked[entry.held.id]
            self._hearsay_bytes -= len(entry.held.body)

    def _forget(self, peer: PeerId) -> None:
        self._no_hearsay(self._entries.pop(peer))
        held = self._counted.pop(peer, None)
        if held is not None:
            self._digests.toggle(held)
        self._changed(peer)

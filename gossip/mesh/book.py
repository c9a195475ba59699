"""
The book: every record held, what became of each peer, and whether two books are equal.

Pure. Wall time is an argument, as Unix seconds. The records that count are in its `View`.

What others invent costs memory, so a record is held as the bytes that came, and read again when it
is looked at; that of a peer that is linked, or about to be, is held ready as well.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from enum import Enum
from heapq import heapify, heappop, heappush
from types import MappingProxyType
from typing import Final

from attrs import define, field

from gossip.mesh.addresses import Address, literal
from gossip.mesh.memories import Changed, Memory
from gossip.mesh.view import Held, Lacking, View
from gossip.trust import records
from gossip.trust.identity import PeerId
from gossip.trust.records import Record, RecordRefused
from gossip.wire.messages import Sealed

HEARSAY_BYTES: Final = 6 << 20
"""Bodies of the records of peers never linked, in all: 10,000 of the usual 400 bytes, and half as
much again. Longer ones crowd out each other, and nobody else."""

# Where all encoders write the id. Whatever else stands there names nobody, or somebody whose record is
# another one.
_NAMED: Final = re.compile(r'"id" ?: ?"([0-9a-f]{64})"')


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

    def may_be_at(self, address: Address) -> bool:
        """Whether it may be found there: not if it was at another host last, and does not tell of this one."""
        plain = address.plain()
        elsewhere = self.host not in ("", plain.host) and literal(plain.host) is not None
        return not elsewhere or str(plain) in self.record.addresses

    def renew(self, held: Held, record: Record) -> None:
        """It says something newer."""
        self.held = held
        self._ready = record if self.state is PeerState.ALIVE else None

    def expect(self, record: Record) -> None:
        """A link to it is about to be up, for which its record was read."""
        self._ready = record

    def happened(self, happening: Happening) -> bool:
        """Move to the state that follows, if one does; whether the state is another now."""
        before = self.state
        self.state = TRANSITIONS[before].get(happening, before)
        self.met = self.met or happening is Happening.LINKED
        self._ready = self.record if self.state is PeerState.ALIVE else None
        return self.state is not before


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
        self._view = View()
        self._expiries: list[tuple[float, PeerId]] = []
        self._count(Held.of(own))

    def __len__(self) -> int:
        """How many peers are known."""
        return len(self._entries)

    def __iter__(self) -> Iterator[tuple[PeerId, Entry]]:
        """The peers, as they were learned."""
        return iter(list(self._entries.items()))

    def states(self) -> Counter[PeerState]:
        """How many peers are in each state; of ten thousand in 2 ms, and nothing is made for each."""
        return Counter(entry.state for entry in self._entries.values())

    def those(self, state: PeerState) -> list[PeerId]:
        """The peers in one state."""
        return [peer for peer, entry in self._entries.items() if entry.state is state]

    def get(self, peer: PeerId) -> Entry | None:
        """What is known of a peer."""
        return self._entries.get(peer)

    def renew_own(self, record: Record) -> None:
        """The node made a new record of itself."""
        self.own = record
        self._count(Held.of(record))
        self._changed(record.id)

    def learn(self, sealed: Sealed, wall: float, *, loopback: bool) -> Record | None:
        """
        Take a record that somebody sent. None where it is not above the one held.

        Of the node's own key nothing is taken, and one as high that says something else is returned.

        :raises RecordRefused: it does not count, or there is no room for it.
        """
        # Most of what comes is held already, to the byte: that takes 1 us to see, to read it 5.
        named = _NAMED.search(sealed.body)
        entry = self._entries.get(PeerId(named[1])) if named is not None else None
        if entry is not None and entry.held.is_of(sealed):
            entry.loopback = entry.loopback or loopback
            return None
        return self._take(records.read(sealed), wall, loopback=loopback, linking=False)

    def greeted(self, record: Record, wall: float, *, loopback: bool) -> Record | None:
        """
        Take a record that its subject itself sent to open a link: as `learn` does.

        It finds room where a hearsay record would not, and is held ready.

        :raises RecordRefused: it does not count, or there is no room for it.
        """
        taken = self._take(record, wall, loopback=loopback, linking=True)
        entry = self._entries.get(record.id)
        if entry is not None and entry.held.is_of(record.sealed):
            entry.expect(record)
        return taken

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
        entry = self._enter(Held.of(record), linking=False)
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
            held = self._view.get(peer)
            # What expires here may have been replaced, or dropped, since.
            if held is None or held.expires_at > wall or peer == self.own.id:
                continue
            self._view.drop(peer)
            if not linked(peer) and self._entries[peer].state is not PeerState.ALIVE:
                self._forget(peer)
                forgotten.append(peer)
        return forgotten

    def forget_expired(self, peer: PeerId) -> bool:
        """The link to a peer is gone: forget it if its record has expired; whether it had."""
        if self._view.get(peer) is not None or peer not in self._entries:
            return False
        self._forget(peer)
        return True

    def view(self) -> str:
        """16 hex digits that are equal where the same records are held (PROTOCOL §7)."""
        return f"{self._view.total:016x}"

    def buckets(self) -> bytes:
        """The 256 x 8 bytes that tell which records differ."""
        return self._view.sums()

    def held(self) -> Lacking:
        """All records that have not expired, the node's own included."""
        return Lacking(self._view)

    def lacking(self, theirs: bytes, guessed: frozenset[int] = frozenset()) -> Lacking:
        """Those that one with other buckets lacks: see `View.lacking`."""
        return self._view.lacking(theirs, guessed)

    def _take(self, record: Record, wall: float, *, loopback: bool, linking: bool) -> Record | None:
        entry = self._entries.get(record.id)
        ours = record.id == self.own.id
        newest = self.own.seq if ours else entry.held.seq if entry is not None else -1
        # Said by a process of before, under a number that we use now: outdone like a newer one.
        contradicts = ours and record.sealed.body != self.own.sealed.body
        if record.seq < newest + (not contradicts):
            if entry is not None and entry.held.is_of(record.sealed):
                entry.loopback = entry.loopback or loopback
            return None
        records.judge(record, self.own.network, wall)
        records.verify(record)
        if ours:
            return record
        held = Held.of(record)
        self._keep(entry or self._enter(held, linking=linking), held, record, loopback)
        return record

    def _enter(self, held: Held, *, linking: bool) -> Entry:
        self._make_room(linking)
        entry = self._entries[held.id] = Entry(held)
        self._never_linked[held.id] = None
        self._hearsay_bytes += len(held.body)
        return entry

    def _keep(self, entry: Entry, held: Held, record: Record, loopback: bool) -> None:
        longer = len(held.body) - len(entry.held.body)
        entry.renew(held, record)
        entry.loopback = loopback
        self._count(held)
        # Of a linked peer, only its link says what became of it.
        if entry.state is not PeerState.ALIVE:
            entry.happened(Happening.SAID_BYE if record.state == "left" else Happening.RETURNED)
        if record.id in self._never_linked:
            self._hearsay_bytes += longer
            self._crowd_out(record.id)
        self._changed(record.id)

    def _count(self, held: Held) -> None:
        self._view.put(held)
        heappush(self._expiries, (held.expires_at, held.id))
        # A record that was replaced stays in the heap until it would have expired: bound them.
        if len(self._expiries) > len(self._view) * 5 // 4 + 64:
            self._expiries = [(h.expires_at, h.id) for h in self._view]
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
        self._view.drop(peer)
        self._changed(peer)

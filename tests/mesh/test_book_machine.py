"""
The book against a dictionary: whatever is heard in whatever order, both hold the same.

The model keeps what PROTOCOL §6 and §8 say about each peer, and computes everything anew each time
it is asked.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from typing import Final

from attrs import define, evolve, frozen
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gossip.mesh.book import Book, BookFull, Happening
from gossip.trust.identity import Identity, PeerId
from gossip.trust.records import (
    NotForNow,
    NotYet,
    Record,
    RecordForged,
    RecordRefused,
    State,
    make,
    read,
)
from gossip.wire.messages import Sealed
from tests.cases import UnitCase
from tests.machines import prove

CAPACITY: Final = 3
DAY: Final = 86_400_000
MINUTE: Final = 60_000
"""Milliseconds."""

BEGUN: Final = 1_700_000_000_000
"""Unix time in milliseconds at which each example begins."""

KEYS: Final = [
    Identity.from_key(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))
    for number in range(7)
]
SELF: Final = 6
"""The number of the node's own key; the others are its peers'."""

AGES: Final = (0, 0, 0, 1, 1000, MINUTE - 1, MINUTE, 60 * MINUTE, -1, -1000, -DAY, -DAY - 1)
"""Milliseconds that have passed since a record was made; below zero it is of the future."""
TTLS: Final = (60, 3600, 86400)
"""Seconds."""

# All multiples of 1/8 s: floats hold them exactly, so that both sides see the same edges.
PASSING: Final = (125, 1000, MINUTE - 125, MINUTE, 30 * MINUTE, 60 * MINUTE, 12 * 60 * MINUTE)


@lru_cache(maxsize=4096)
def sealed(
    who: int, seq: int, ttl: int, state: State, name: str, network: str, sound: bool
) -> Sealed:
    """A record of one of the keys, or with `sound` false what somebody else would make of it."""
    made = make(
        public=KEYS[who].public,
        sign=KEYS[who if sound else who - 1].sign,
        seq=seq,
        network=network,
        name=name,
        addresses=(),
        tags={},
        state=state,
        ttl=float(ttl),
    )
    return made.sealed


@frozen
class Heard:
    """One record, and what the model knows of it without looking into it."""

    who: int
    seq: int
    ttl: int
    state: State
    name: str
    network: str
    sound: bool

    @property
    def sealed(self) -> Sealed:
        """As it travels."""
        return sealed(self.who, self.seq, self.ttl, self.state, self.name, self.network, self.sound)

    @property
    def peer(self) -> PeerId:
        """Whose it is."""
        return KEYS[self.who].id

    @property
    def expires(self) -> int:
        """Unix milliseconds."""
        return self.seq + self.ttl * 1000


@define
class Known:
    """One peer in the model."""

    record: Heard
    fate: str = "unmet"
    met: bool = False
    loopback: bool = False


RECORDS: Final = some.builds(
    Heard,
    who=some.integers(0, SELF),
    # The time at which it is heard is added.
    seq=some.sampled_from(AGES).map(lambda age: -age),
    ttl=some.sampled_from(TTLS),
    state=some.sampled_from(("alive", "alive", "left")),
    name=some.sampled_from(("", "other")),
    network=some.sampled_from(("lab",) * 7 + ("elsewhere",)),
    sound=some.sampled_from((True,) * 7 + (False,)),
)


class BookMachine(RuleBasedStateMachine):
    """The book of one node; links of its peers come and go as the rules say."""

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGUN
        self.own = Heard(SELF, BEGUN, 2_592_000, "alive", "", "lab", sound=True)
        self.book = Book(self._own_record(), CAPACITY)
        self.model: dict[PeerId, Known] = {}
        self.linked: set[PeerId] = set()
        self.past: list[Heard] = []

    # What happens.

    @rule(several=some.lists(RECORDS, min_size=1, max_size=4), loopback=some.booleans())
    def hear(self, several: list[Heard], loopback: bool) -> None:
        """Somebody tells of records."""
        for what in several:
            self._hear(self._made(what), loopback=loopback)

    @precondition(lambda self: self.past)
    @rule(which=some.integers(0, 1000), loopback=some.booleans())
    def hear_again(self, which: int, loopback: bool) -> None:
        """Somebody tells what was told before."""
        self._hear(self.past[which % len(self.past)], loopback=loopback)

    @precondition(lambda self: self.past)
    @rule(which=some.integers(0, 1000), ttl=some.sampled_from(TTLS))
    def hear_another(self, which: int, ttl: int) -> None:
        """Somebody tells of a record made with a number that its subject has used before."""
        self._hear(evolve(self.past[which % len(self.past)], ttl=ttl), loopback=False)

    @rule(what=RECORDS, loopback=some.booleans())
    def greet(self, what: Heard, loopback: bool) -> None:
        """A peer itself comes with its record, and is admitted if that counts."""
        made = self._made(what)
        if made.who == SELF or made.state == "left":
            return
        self._greet(made, loopback)

    @precondition(lambda self: self.model)
    @rule(which=some.integers(0, 1000), loopback=some.booleans())
    def come_back(self, which: int, loopback: bool) -> None:
        """A peer comes with the record that is known already."""
        known = list(self.model.values())[which % len(self.model)]
        if known.record.state == "alive":
            self._greet(known.record, loopback)

    @precondition(lambda self: self.linked)
    @rule(which=some.integers(0, 1000))
    def break_link(self, which: int) -> None:
        """A link breaks, which is no verdict."""
        self.linked.discard(sorted(self.linked)[which % len(self.linked)])

    @precondition(lambda self: self._lost())
    @rule(which=some.integers(0, 1000))
    def give_up(self, which: int) -> None:
        """A peer whose link broke is dead."""
        self._end(self._lost()[which % len(self._lost())], Happening.DIED, "dead")

    @precondition(lambda self: self.linked)
    @rule(which=some.integers(0, 1000))
    def say_bye(self, which: int) -> None:
        """A linked peer leaves."""
        peer = sorted(self.linked)[which % len(self.linked)]
        self.linked.discard(peer)
        self._end(peer, Happening.SAID_BYE, "left")

    @rule(passing=some.sampled_from(PASSING))
    def pass_time(self, passing: int) -> None:
        """Time passes, and what has expired goes."""
        self.now += passing
        gone = {
            peer
            for peer, known in self.model.items()
            if known.record.expires <= self.now and known.fate != "alive"
        }
        forgotten = self.book.expire(self.now / 1000, self.linked.__contains__)
        assert sorted(forgotten) == sorted(gone)
        for peer in gone:
            del self.model[peer]

    @rule()
    def renew_own(self) -> None:
        """The node makes a new record of itself."""
        seq = max(self.now, self.own.seq + 1)
        self.own = Heard(SELF, seq, 2_592_000, "alive", "", "lab", sound=True)
        self.book.renew_own(self._own_record())

    # What must hold.

    @invariant()
    def same(self) -> None:
        """The book and the model cannot be told apart."""
        self._same_peers()
        self._same_view()
        self._same_answers()
        # What was replaced does not pile up.
        assert len(self.book._expiries) <= 2 * (CAPACITY + 1) + 64

    def _same_peers(self) -> None:
        """Both know the same of the same peers, in the order in which they were learned."""
        found = [
            (peer, entry.record.sealed, entry.state.value, entry.met, entry.loopback)
            for peer, entry in self.book
        ]
        assert found == [
            (peer, known.record.sealed, known.fate, known.met, known.loopback)
            for peer, known in self.model.items()
        ]
        assert len(self.book) == len(self.model) <= CAPACITY
        assert all(self.book.get(peer) is not None for peer in self.linked)

    def _same_view(self) -> None:
        """The view is the XOR over all that have not expired, and so are the buckets."""
        buckets = [0] * 256
        for record in self._holding():
            digest = sha256(record.sealed.body.encode()).digest()
            buckets[int(record.peer[:2], 16)] ^= int.from_bytes(digest[:8], "big")
        view = 0
        for bucket in buckets:
            view ^= bucket
        assert self.book.view() == f"{view:016x}"
        assert self.book.buckets() == b"".join(bucket.to_bytes(8, "big") for bucket in buckets)

    def _same_answers(self) -> None:
        """All is told that has not expired; to one who lacks one record, no more than its bucket."""
        holding = self._holding()
        assert _bodies(self.book.held().sealed()) == _bodies(record.sealed for record in holding)
        assert not self.book.lacking(self.book.buckets()).held
        for record in holding:
            first = int(record.peer[:2], 16)
            theirs = bytearray(self.book.buckets())
            theirs[first * 8 + 7] ^= 1
            same = [r.sealed for r in holding if int(r.peer[:2], 16) == first]
            assert _bodies(self.book.lacking(bytes(theirs)).sealed()) == _bodies(same)

    # The rules of PROTOCOL §6 and §8, one by one.

    def _expected(self, what: Heard, *, linking: bool) -> type[RecordRefused] | bool:
        # The refusal, or whether the record is one above the one held.
        known = self.model.get(what.peer)
        held = self.own if what.who == SELF else known.record if known else None
        contradicts = what.who == SELF and what.sealed.body != self.own.sealed.body
        if held is not None and what.seq < held.seq + (not contradicts):
            return False
        if what.network != "lab":
            return NotForNow
        if what.seq > self.now + DAY:
            return NotYet
        if what.expires <= self.now:
            return RecordRefused
        if not what.sound:
            return RecordForged
        if held is None and len(self.model) >= CAPACITY and self._victim(linking) is None:
            return BookFull
        return True

    def _victim(self, linking: bool) -> PeerId | None:
        for peer, known in self.model.items():
            if not known.met:
                return peer
        for peer, known in self.model.items():
            if linking and known.fate != "alive":
                return peer
        return None

    def _hear(self, what: Heard, *, loopback: bool, linking: bool = False) -> bool:
        """Tell both; whether the record was not refused."""
        expected = self._expected(what, linking=linking)
        self.past.append(what)
        dropped = self.book.dropped
        try:
            learned = self._told(what.sealed, loopback, linking)
        except RecordRefused as error:
            assert type(error) is expected, error
            return False
        assert expected is (learned is not None), expected
        if learned is not None:
            assert learned.sealed == what.sealed
            self._take(what, loopback, linking)
            full = len(self.model) == CAPACITY
            assert (self.book.dropped > dropped) <= full
        elif what.who != SELF:
            known = self.model[what.peer]
            known.loopback |= loopback and known.record.sealed == what.sealed
        return True

    def _told(self, sealed: Sealed, loopback: bool, linking: bool) -> Record | None:
        if linking:
            return self.book.greeted(read(sealed), self.now / 1000, loopback=loopback)
        return self.book.learn(sealed, self.now / 1000, loopback=loopback)

    def _take(self, what: Heard, loopback: bool, linking: bool) -> None:
        if what.who == SELF:
            return
        peer = what.peer
        known = self.model.get(peer)
        if known is None:
            if len(self.model) >= CAPACITY:
                victim = self._victim(linking)
                assert victim is not None
                del self.model[victim]
            known = self.model[peer] = Known(what)
        known.record, known.loopback = what, loopback
        if known.fate != "alive":
            returned = "unmet" if known.fate == "left" else known.fate
            known.fate = "left" if what.state == "left" else returned

    def _greet(self, what: Heard, loopback: bool) -> None:
        if self._hear(what, loopback=loopback, linking=True):
            peer = what.peer
            known = self.model[peer]
            changed = known.fate != "alive"
            known.fate, known.met = "alive", True
            self.linked.add(peer)
            assert self.book.happened(peer, Happening.LINKED) is changed

    def _end(self, peer: PeerId, happening: Happening, fate: str) -> None:
        known = self.model[peer]
        known.fate = fate
        assert self.book.happened(peer, happening)
        expired = known.record.expires <= self.now
        assert self.book.forget_expired(peer) is expired
        if expired:
            del self.model[peer]

    def _lost(self) -> list[PeerId]:
        return [
            peer
            for peer, known in self.model.items()
            if known.fate == "alive" and peer not in self.linked
        ]

    def _holding(self) -> list[Heard]:
        known = [k.record for k in self.model.values() if k.record.expires > self.now]
        return [self.own, *known]

    def _made(self, what: Heard) -> Heard:
        return evolve(what, seq=self.now + what.seq)

    def _own_record(self) -> Record:
        return read(self.own.sealed)


def _bodies(records: Iterable[Sealed]) -> list[str]:
    return sorted(record.body for record in records)


class BookMachineTests(UnitCase):
    """A book and its model."""

    def test_any_order(self) -> None:
        """Whatever is heard, linked, lost and passed by, the book holds what the rules say."""
        prove(BookMachine, examples=150, steps=50)

    def test_number_used_twice(self) -> None:
        """A record that was dropped takes nothing with it when it would have expired."""
        short = Heard(0, BEGUN, 60, "alive", "", "lab", sound=True)
        machine = BookMachine()
        for what in (short, *(evolve(short, who=who, ttl=3600) for who in (1, 2, 3, 0))):
            machine._hear(what, loopback=False)
        machine.pass_time(MINUTE)
        machine.same()

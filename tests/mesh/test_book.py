"""
Every record held, and what became of each peer.
"""

import contextlib
import json
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from itertools import count, product
from typing import Any

from attrs import define, field
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as some

from gossip.mesh import book as module
from gossip.mesh.addresses import Address
from gossip.mesh.book import (
    TRANSITIONS,
    Book,
    BookFull,
    Entry,
    Happening,
    PeerState,
)
from gossip.mesh.memories import Memory
from gossip.mesh.view import Held, bucket_of
from gossip.trust import records
from gossip.trust.identity import Identity, PeerId
from gossip.trust.records import Record, RecordForged, RecordRefused, make, read
from gossip.wire.messages import Sealed
from tests.cases import UnitCase

NOW = 1_700_000_000.0
TTL = 3600.0

SELF, *PEERS = (
    Identity.from_key(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))
    for number in range(13)
)


def record(identity: Identity, made_at: float = NOW, **changes: Any) -> Record:
    """A record that an identity made."""
    members: dict[str, Any] = {
        "seq": int(made_at * 1000),
        "network": "lab",
        "name": "",
        "addresses": (),
        "tags": {},
        "ttl": TTL,
        **changes,
    }
    return make(public=identity.public, sign=identity.sign, **members)


def forged(identity: Identity, made_at: float = NOW) -> Sealed:
    """What looks like a record of an identity and was not made by it."""
    return Sealed(record(identity, made_at).sealed.body, b64encode(bytes(64)).decode())


def nobody(_: PeerId) -> bool:
    """No peer is linked."""
    return False


def everybody(_: PeerId) -> bool:
    """All peers are linked."""
    return True


class BookCase(UnitCase):
    """A book of a node, with room for ten peers."""

    def setUp(self) -> None:
        """An empty book."""
        self.own = record(SELF)
        self.book = Book(self.own, 10)

    def learn(self, identity: Identity, made_at: float = NOW, **changes: Any) -> Record | None:
        """Hear a record of a peer from others."""
        sealed = record(identity, made_at, **changes).sealed
        return self.book.learn(sealed, NOW, loopback=False)

    def greet(self, identity: Identity, made_at: float = NOW) -> Record | None:
        """Hear a record of a peer from itself, to open a link."""
        return self.book.greeted(record(identity, made_at), NOW, loopback=False)

    def entry(self, identity: Identity) -> Entry:
        """What is known of a peer."""
        entry = self.book.get(identity.id)
        assert entry is not None
        return entry

    def fill(self, count: int = 10) -> None:
        """Know so many peers."""
        for identity in PEERS[:count]:
            self.learn(identity)

    def known(self) -> list[int]:
        """The peers that are known, as numbers, in the order of the book."""
        ids = [identity.id for identity in PEERS]
        return [ids.index(peer) for peer, _ in self.book]


class PlaceTests(BookCase):
    """Where a peer may be."""

    def test_where_it_was_and_where_it_says(self) -> None:
        """Anywhere, before it was found; then at that host, at any port, and where its record says."""
        self.learn(PEERS[0], addresses=("192.0.2.7:1",))
        entry = self.entry(PEERS[0])
        elsewhere = Address("192.0.2.9", 1)
        self.assertTrue(entry.may_be_at(elsewhere))
        entry.host = "192.0.2.8"
        self.assertFalse(entry.may_be_at(elsewhere))
        for host, port in (("192.0.2.8", 5), ("::ffff:192.0.2.8", 5), ("192.0.2.7", 1)):
            self.assertTrue(entry.may_be_at(Address(host, port)), host)
        self.assertFalse(entry.may_be_at(Address("192.0.2.7", 2)))

    def test_a_name(self) -> None:
        """Which address a name has is not known here."""
        self.learn(PEERS[0])
        self.entry(PEERS[0]).host = "192.0.2.8"
        self.assertTrue(self.entry(PEERS[0]).may_be_at(Address("seed.example", 1)))


class StatesTests(BookCase):
    """How many peers are in each state, and which."""

    def test_states(self) -> None:
        """As they become other ones; of those in which nobody is, none."""
        self.fill(3)
        self.greet(PEERS[1])
        self.book.happened(PEERS[1].id, Happening.LINKED)
        self.assertEqual({PeerState.UNMET: 2, PeerState.ALIVE: 1}, self.book.states())
        self.book.happened(PEERS[1].id, Happening.DIED)
        self.assertEqual({PeerState.UNMET: 2, PeerState.DEAD: 1}, self.book.states())
        self.assertEqual([PEERS[1].id], self.book.those(PeerState.DEAD))
        self.assertEqual([], self.book.those(PeerState.ALIVE))


class LearnTests(BookCase):
    """Records that somebody sent."""

    def test_new(self) -> None:
        """A record of a peer that nobody knew makes it known, and unmet."""
        learned = self.learn(PEERS[0], name="bob")
        assert learned is not None
        self.assertEqual("bob", learned.name)
        self.assertEqual(learned, self.entry(PEERS[0]).record)
        self.assertIs(PeerState.UNMET, self.entry(PEERS[0]).state)
        self.assertFalse(self.entry(PEERS[0]).met)
        self.assertEqual((1, [0]), (len(self.book), self.known()))

    def test_newer(self) -> None:
        """A newer record takes the place of the one held."""
        self.learn(PEERS[0], NOW, name="before")
        learned = self.learn(PEERS[0], NOW + 0.001, name="after")
        assert learned is not None
        self.assertEqual("after", self.entry(PEERS[0]).record.name)
        self.assertEqual(1, len(self.book))

    def test_not_newer(self) -> None:
        """An older record, the same one, and another of the same number are skipped."""
        self.learn(PEERS[0], NOW, name="held")
        view = self.book.view()
        for made_at, name in ((NOW - 1, "older"), (NOW, "held"), (NOW, "other")):
            self.assertIsNone(self.learn(PEERS[0], made_at, name=name))
        self.assertEqual("held", self.entry(PEERS[0]).record.name)
        self.assertEqual(view, self.book.view())

    def test_skipped_before_it_is_verified(self) -> None:
        """What is not newer costs no verification: a forged one is skipped and not refused."""
        self.learn(PEERS[0])
        for made_at in (NOW - 1, NOW):
            sealed = forged(PEERS[0], made_at)
            self.assertIsNone(self.book.learn(sealed, NOW, loopback=True))
        self.assertFalse(self.entry(PEERS[0]).loopback)
        self.assertIsNone(self.book.learn(forged(SELF), NOW, loopback=False))

    def test_forged(self) -> None:
        """A record that its subject did not make is refused, new or newer."""
        self.learn(PEERS[0])
        for sealed in (forged(PEERS[0], NOW + 1), forged(PEERS[1]), forged(SELF, NOW + 1)):
            self.assertRaises(RecordForged, self.book.learn, sealed, NOW, loopback=False)
        self.assertEqual([0], self.known())
        self.assertEqual(NOW * 1000, self.entry(PEERS[0]).record.seq)

    def test_not_a_record(self) -> None:
        """What cannot be read is refused."""
        self.assertRaises(RecordForged, self.book.learn, Sealed("{}", ""), NOW, loopback=False)

    def test_does_not_count(self) -> None:
        """A record of another network, of the far future, or expired is refused."""
        for changes in (
            {"network": "field"},
            {"made_at": NOW + 86401},
            {"made_at": NOW - TTL},
        ):
            error = self.assertRaises(RecordRefused, self.learn, PEERS[0], **changes)
            self.assertNotIsInstance(error, RecordForged)
        self.assertEqual(0, len(self.book))

    def test_judged_before_it_is_verified(self) -> None:
        """What does not count anyway costs no verification."""
        error = self.assertRaises(
            RecordRefused, self.book.learn, forged(PEERS[0], NOW - TTL), NOW, loopback=False
        )
        self.assertNotIsInstance(error, RecordForged)

    def test_own_older(self) -> None:
        """The node's own record, or an older one, is nothing new."""
        self.assertIsNone(self.book.learn(self.own.sealed, NOW, loopback=False))
        self.assertIsNone(self.learn(SELF, NOW - 1))

    def test_own_of_the_same_number(self) -> None:
        """What a process of before said under the number that is used now contradicts it."""
        other = record(SELF, state="left")
        self.assertEqual(self.own.seq, other.seq)
        self.assertEqual(other, self.book.learn(other.sealed, NOW, loopback=False))
        self.assertIs(self.own, self.book.own)
        forgery = Sealed(other.sealed.body, self.own.sealed.signature)
        self.assertRaises(RecordForged, self.book.learn, forgery, NOW, loopback=False)

    def test_own_newer(self) -> None:
        """A newer record of the node's own key is returned, and changes nothing."""
        view = self.book.view()
        newer = self.learn(SELF, NOW + 1, name="impostor")
        assert newer is not None
        self.assertEqual(("impostor", SELF.id), (newer.name, newer.id))
        self.assertIs(self.own, self.book.own)
        self.assertIsNone(self.book.get(SELF.id))
        self.assertEqual((0, view), (len(self.book), self.book.view()))

    def test_renewed_own(self) -> None:
        """When the node renews its record, that is the one that counts."""
        renewed = record(SELF, NOW + 5)
        self.book.renew_own(renewed)
        self.assertIs(renewed, self.book.own)
        self.assertIsNone(self.learn(SELF, NOW + 4))
        self.assertEqual([renewed.sealed], list(self.book.held().sealed()))

    def test_each_is_read_and_verified_once(self) -> None:
        """What is learned is looked at once, however often it comes; what is older is only read."""
        counts = counted(self)
        many = [record(identity).sealed for identity in PEERS[:10]]
        for expected in ([10, 10], [10, 10]):
            for sealed in many:
                self.book.learn(sealed, NOW, loopback=False)
            self.assertEqual(expected, [counts[name] for name in ("read", "verify")])
        self.learn(PEERS[0], NOW - 1)
        self.assertEqual({"read": 11, "verify": 10}, counts)

    def test_written_otherwise(self) -> None:
        """What is not written as this node would write it is known again all the same."""
        sealed = backwards(PEERS[0])
        self.assertIsNotNone(self.book.learn(sealed, NOW, loopback=False))
        counts = counted(self)
        self.assertIsNone(self.book.learn(sealed, NOW, loopback=False))
        self.assertEqual({}, counts)

    def test_another_id_in_it(self) -> None:
        """A record in whose text another id comes first is not taken for that peer's."""
        self.learn(PEERS[0])
        sealed = backwards(PEERS[1], tags={"id": PEERS[0].id})
        self.assertIn(PEERS[0].id, sealed.body[: sealed.body.index(PEERS[1].id)])
        learned = self.book.learn(sealed, NOW, loopback=False)
        assert learned is not None
        self.assertEqual(PEERS[1].id, learned.id)
        self.assertIsNone(self.book.learn(sealed, NOW, loopback=False))

    def test_looking_while_learning(self) -> None:
        """Whoever goes through the book is not disturbed by what is learned meanwhile."""
        self.fill(3)
        for peer, _ in self.book:
            self.learn(PEERS[PEERS.index(by_id(peer)) + 3])
        self.assertEqual([0, 1, 2, 3, 4, 5], self.known())


class GreetedTests(BookCase):
    """A record with which its subject opens a link."""

    def test_new_and_again(self) -> None:
        """It is taken, or skipped, as one that others tell."""
        taken = self.greet(PEERS[0])
        assert taken is not None
        self.assertEqual(PEERS[0].id, taken.id)
        self.assertIsNone(self.greet(PEERS[0]))

    def test_not_read_again(self) -> None:
        """It is held ready, also where it was known before; an older one is not taken for it."""
        self.learn(PEERS[1])
        for identity in PEERS[:2]:
            said = record(identity)
            self.book.greeted(said, NOW, loopback=False)
            counts = counted(self)
            self.book.happened(identity.id, Happening.LINKED)
            self.assertIs(said, self.entry(identity).record)
            self.assertEqual({}, counts)
        self.greet(PEERS[0], NOW - 1)
        self.assertEqual(int(NOW * 1000), self.entry(PEERS[0]).record.seq)

    def test_own(self) -> None:
        """One with the node's own key, and a newer number, is returned and held by nobody."""
        self.assertIsNotNone(self.greet(SELF, NOW + 1))
        self.assertEqual(0, len(self.book))


def backwards(identity: Identity, **changes: Any) -> Sealed:
    """A record that an identity made, with its members in another order, and spaces between."""
    members = json.loads(record(identity, **changes).sealed.body)
    body = json.dumps(dict(reversed(members.items())))
    signature = identity.sign(b"p2p-gossip/1 record\n" + body.encode())
    return Sealed(body, b64encode(signature).decode())


def counted(case: UnitCase) -> Counter[str]:
    """From here on, how often a record is read, and how often one is verified."""
    counts: Counter[str] = Counter()

    def count(name: str) -> None:
        work = getattr(records, name)

        def counting(*args: Any) -> Any:
            counts[name] += 1
            return work(*args)

        case.patch(records, name, counting)

    count("read")
    count("verify")
    return counts


def by_id(peer: PeerId) -> Identity:
    """The identity with this id."""
    return next(identity for identity in PEERS if identity.id == peer)


class LoopbackTests(BookCase):
    """Whose record was heard over a loopback link."""

    def hear(self, made_at: float, *, loopback: bool) -> bool:
        """Hear a record of the first peer; whether loopback addresses in it may be dialed."""
        self.book.learn(record(PEERS[0], made_at).sealed, NOW, loopback=loopback)
        return self.entry(PEERS[0]).loopback

    def test_first(self) -> None:
        """The link over which a record came first tells."""
        self.assertFalse(self.hear(NOW, loopback=False))
        self.assertTrue(self.hear(NOW + 1, loopback=True))

    def test_again(self) -> None:
        """The same record, heard over loopback too, counts as such, and stays so."""
        self.hear(NOW, loopback=False)
        self.assertTrue(self.hear(NOW, loopback=True))
        self.assertTrue(self.hear(NOW, loopback=False))

    def test_older(self) -> None:
        """An older record heard over loopback says nothing of the one held."""
        self.hear(NOW, loopback=False)
        self.assertFalse(self.hear(NOW - 1, loopback=True))

    def test_newer(self) -> None:
        """A newer record from elsewhere is from elsewhere."""
        self.hear(NOW, loopback=True)
        self.assertFalse(self.hear(NOW + 1, loopback=False))


class StateTests(BookCase):
    """What becomes of a peer."""

    def test_table(self) -> None:
        """From each state each happening leads where it should, or nowhere."""
        u, a, d, left = PeerState.UNMET, PeerState.ALIVE, PeerState.DEAD, PeerState.LEFT
        expected = {
            Happening.LINKED: {u: a, a: a, d: a, left: a},
            Happening.DIED: {u: u, a: d, d: d, left: left},
            Happening.SAID_BYE: {u: left, a: left, d: left, left: left},
            Happening.RETURNED: {u: u, a: a, d: d, left: u},
        }
        for happening, before in product(Happening, PeerState):
            entry = Entry(Held.of(self.own), before)
            after = expected[happening][before]
            self.assertEqual(after is not before, entry.happened(happening), (before, happening))
            self.assertIs(after, entry.state)
        self.assertEqual(set(PeerState), set(TRANSITIONS))

    def test_met(self) -> None:
        """A peer is met from its first link on, whatever becomes of it."""
        self.learn(PEERS[0])
        self.book.happened(PEERS[0].id, Happening.SAID_BYE)
        self.assertFalse(self.entry(PEERS[0]).met)
        for happening in (Happening.LINKED, Happening.DIED, Happening.SAID_BYE):
            self.assertTrue(self.book.happened(PEERS[0].id, happening))
            self.assertTrue(self.entry(PEERS[0]).met)

    def test_left_elsewhere(self) -> None:
        """A peer without a link that says of itself that it left has left."""
        self.learn(PEERS[0])
        self.learn(PEERS[0], NOW + 1, state="left")
        self.assertIs(PeerState.LEFT, self.entry(PEERS[0]).state)

    def test_never_known_and_left(self) -> None:
        """A peer of which the first thing heard is its farewell has left."""
        self.learn(PEERS[0], state="left")
        self.assertIs(PeerState.LEFT, self.entry(PEERS[0]).state)

    def test_returned(self) -> None:
        """A peer that left and says that it lives is to be met again."""
        self.learn(PEERS[0], state="left")
        self.learn(PEERS[0], NOW + 1)
        self.assertIs(PeerState.UNMET, self.entry(PEERS[0]).state)

    def test_dead_and_renewed(self) -> None:
        """That others hear from a dead peer does not make it alive here."""
        self.learn(PEERS[0])
        self.book.happened(PEERS[0].id, Happening.LINKED)
        self.book.happened(PEERS[0].id, Happening.DIED)
        self.learn(PEERS[0], NOW + 1)
        self.assertIs(PeerState.DEAD, self.entry(PEERS[0]).state)

    def test_linked_and_said_to_have_left(self) -> None:
        """Of a linked peer only its link says what became of it."""
        self.learn(PEERS[0])
        self.book.happened(PEERS[0].id, Happening.LINKED)
        self.learn(PEERS[0], NOW + 1, state="left")
        self.assertIs(PeerState.ALIVE, self.entry(PEERS[0]).state)
        self.assertEqual("left", self.entry(PEERS[0]).record.state)


class CapacityTests(BookCase):
    """A full book."""

    def link(self, *numbers: int) -> None:
        """These peers have links, or had."""
        for number in numbers:
            self.book.happened(PEERS[number].id, Happening.LINKED)

    def test_oldest_never_linked_first(self) -> None:
        """The peers that were never linked go, the oldest first."""
        self.fill()
        self.link(0, 2)
        self.learn(PEERS[10])
        self.learn(PEERS[11])
        self.assertEqual([0, 2, 4, 5, 6, 7, 8, 9, 10, 11], self.known())

    def test_age_is_that_of_the_first_record(self) -> None:
        """A newer record does not make a peer that was never linked younger."""
        self.fill()
        self.learn(PEERS[0], NOW + 1)
        self.learn(PEERS[10])
        self.assertNotIn(0, self.known())

    def test_known_ones_need_no_room(self) -> None:
        """A newer record of a known peer pushes nobody out."""
        self.fill()
        self.learn(PEERS[5], NOW + 1)
        self.assertEqual(list(range(10)), self.known())

    def test_forgotten_entirely(self) -> None:
        """Who went is not in the view any more, and may come back."""
        self.fill()
        self.learn(PEERS[10])
        self.assertNotIn(record(PEERS[0]).sealed, list(self.book.held().sealed()))
        self.assertIsNone(self.book.get(PEERS[0].id))
        self.assertIsNotNone(self.learn(PEERS[0]))
        self.assertNotIn(1, self.known())

    def test_never_a_linked_one(self) -> None:
        """A book full of linked peers takes nobody new, from others or itself."""
        self.fill()
        self.link(*range(10))
        for linking in (False, True):
            error = self.assertRaises(
                RecordRefused, self.greet if linking else self.learn, PEERS[10]
            )
            self.assertEqual("the book is full of peers that were linked", str(error))
        self.assertEqual(list(range(10)), self.known())

    def test_who_was_linked_once(self) -> None:
        """Hearsay pushes out no peer that was ever linked, who comes itself does."""
        self.fill()
        self.link(*range(10))
        self.book.happened(PEERS[3].id, Happening.DIED)
        self.book.happened(PEERS[4].id, Happening.SAID_BYE)
        self.assertRaises(RecordRefused, self.learn, PEERS[10])
        self.greet(PEERS[10])
        self.assertEqual([0, 1, 2, 4, 5, 6, 7, 8, 9, 10], self.known())

    def test_never_linked_before_lost(self) -> None:
        """Who comes itself pushes out a never-linked peer before one that was linked."""
        self.fill()
        self.link(0)
        self.book.happened(PEERS[0].id, Happening.DIED)
        self.greet(PEERS[10])
        self.assertEqual([0, 2, 3, 4, 5, 6, 7, 8, 9, 10], self.known())

    def bodies(self, count: int) -> None:
        """Let there be room for the bodies of so many records of peers never linked."""
        size = len(record(PEERS[0]).sealed.body)
        self.patch(module, "HEARSAY_BYTES", count * size + size // 2)

    def test_bytes(self) -> None:
        """Peers never linked have a bound in bytes too: the oldest go."""
        self.bodies(3)
        for number in range(5):
            self.learn(PEERS[number])
        self.assertEqual([2, 3, 4], self.known())
        self.assertEqual(2, self.book.dropped)

    def test_bytes_of_linked_ones(self) -> None:
        """Those that were linked have none, and give back what they took."""
        self.bodies(3)
        for number in range(6):
            self.learn(PEERS[number])
            if number < 3:
                self.link(number)
        self.assertEqual([0, 1, 2, 3, 4, 5], self.known())
        self.learn(PEERS[6])
        self.assertEqual([0, 1, 2, 4, 5, 6], self.known())

    def test_bytes_of_a_longer_one(self) -> None:
        """One that says more than before pushes out others, and not itself."""
        self.bodies(3)
        for number in range(3):
            self.learn(PEERS[number])
        long = record(PEERS[0], NOW + 1, name="x" * 64)
        size = len(long.sealed.body)
        self.patch(module, "HEARSAY_BYTES", size + size // 2)
        self.book.learn(long.sealed, NOW, loopback=False)
        self.assertEqual([0], self.known())

    def test_bytes_are_given_back(self) -> None:
        """Whoever is forgotten takes no room."""
        self.fill()
        self.learn(PEERS[10])
        for peer in list(self.book._entries):
            self.book._forget(peer)
        self.assertEqual(0, self.book._hearsay_bytes)

    def test_forged_ones_push_out_nobody(self) -> None:
        """A record that is refused takes nobody's place."""
        self.fill()
        forgery = read(forged(PEERS[10]))
        self.assertRaises(RecordForged, self.book.greeted, forgery, NOW, loopback=False)
        self.assertEqual(list(range(10)), self.known())


class ExpiryTests(BookCase):
    """Records that no longer hold."""

    def test_number_used_twice(self) -> None:
        """A record that was dropped takes no other of the same number with it when it expires."""
        self.learn(PEERS[0], ttl=60.0)
        self.book._forget(PEERS[0].id)
        self.learn(PEERS[0])
        self.assertEqual([], self.book.expire(NOW + 60, nobody))
        self.assertEqual([PEERS[0].id], self.book.expire(NOW + TTL, nobody))

    def test_forgotten(self) -> None:
        """A peer without a link is forgotten when its record expires, not before."""
        self.learn(PEERS[0])
        self.learn(PEERS[1], NOW + 60)
        self.assertEqual([], self.book.expire(NOW + TTL - 0.1, nobody))
        self.assertEqual([PEERS[0].id], self.book.expire(NOW + TTL, nobody))
        self.assertEqual([1], self.known())
        self.assertNotIn(record(PEERS[0]).sealed, list(self.book.held().sealed()))

    def test_renewed(self) -> None:
        """A peer whose record was renewed in time is not forgotten."""
        self.learn(PEERS[0])
        self.learn(PEERS[0], NOW + 60)
        self.assertEqual([], self.book.expire(NOW + TTL + 59, nobody))
        self.assertEqual([PEERS[0].id], self.book.expire(NOW + TTL + 60, nobody))

    def test_renewed_for_a_shorter_time(self) -> None:
        """The newest record tells how long it holds, even where an older one held longer."""
        self.learn(PEERS[0])
        self.learn(PEERS[0], NOW + 1, ttl=60.0)
        self.assertEqual([PEERS[0].id], self.book.expire(NOW + 61, nobody))
        self.assertEqual([], self.book.expire(NOW + TTL, nobody))

    def test_linked(self) -> None:
        """A linked peer stays, out of the view, and counts again when it renews its record."""
        self.learn(PEERS[0])
        self.book.happened(PEERS[0].id, Happening.LINKED)
        self.assertEqual([], self.book.expire(NOW + TTL, everybody))
        self.assertEqual([0], self.known())
        self.assertEqual([self.own.sealed], list(self.book.held().sealed()))
        self.assertEqual(f"{self.own.digest:016x}", self.book.view())
        renewed = self.learn(PEERS[0], NOW + TTL)
        assert renewed is not None
        self.assertEqual(f"{self.own.digest ^ renewed.digest:016x}", self.book.view())

    def test_linked_as_it_is_asked(self) -> None:
        """Each peer is forgotten or kept as its own link says."""
        self.fill(3)
        linked: Callable[[PeerId], bool] = {PEERS[1].id}.__contains__
        self.assertEqual({PEERS[0].id, PEERS[2].id}, set(self.book.expire(NOW + TTL, linked)))
        self.assertEqual([1], self.known())

    def test_link_broken_and_not_given_up(self) -> None:
        """A peer whose link broke is kept until it is known what became of it."""
        self.learn(PEERS[0])
        self.book.happened(PEERS[0].id, Happening.LINKED)
        self.assertEqual([], self.book.expire(NOW + TTL, nobody))
        self.assertTrue(self.book.happened(PEERS[0].id, Happening.DIED))
        self.assertTrue(self.book.forget_expired(PEERS[0].id))
        self.assertEqual([], self.known())

    def test_link_gone_after_expiry(self) -> None:
        """Who expired while linked is forgotten with the link."""
        self.fill(2)
        self.book.happened(PEERS[0].id, Happening.LINKED)
        self.book.expire(NOW + TTL, everybody)
        self.assertTrue(self.book.forget_expired(PEERS[0].id))
        self.assertIsNone(self.book.get(PEERS[0].id))
        self.assertFalse(self.book.forget_expired(PEERS[0].id))
        self.assertEqual([1], self.known())

    def test_link_gone_before_expiry(self) -> None:
        """Who has not expired is not forgotten with the link."""
        self.learn(PEERS[0])
        self.assertFalse(self.book.forget_expired(PEERS[0].id))
        self.assertEqual([0], self.known())

    def test_own(self) -> None:
        """The node does not forget itself, however late it is."""
        self.assertEqual([], self.book.expire(NOW + 100 * TTL, nobody))
        self.assertEqual([self.own.sealed], list(self.book.held().sealed()))

    def test_many_renewals(self) -> None:
        """Memory does not grow with the records that were replaced, nor is one forgotten."""
        for minute in range(500):
            self.book.renew_own(record(SELF, NOW + minute))
        self.assertLessEqual(len(self.book._expiries), 2 + 64 + 1)
        self.learn(PEERS[0])
        for minute in range(200):
            self.book.renew_own(record(SELF, NOW + 1000 + minute))
        self.assertEqual([PEERS[0].id], self.book.expire(NOW + TTL, nobody))


class ViewTests(BookCase):
    """Whether two books are equal."""

    def test_alone(self) -> None:
        """The view of an empty book is that of the node's own record."""
        digest = sha256(self.own.sealed.body.encode()).digest()[:8]
        self.assertEqual(digest.hex(), self.book.view())
        bucket = int(SELF.id[:2], 16)
        buckets = self.book.buckets()
        self.assertEqual(2048, len(buckets))
        self.assertEqual(digest, buckets[8 * bucket : 8 * bucket + 8])
        self.assertEqual(256 * 8 - 8, buckets.count(0) - digest.count(0))

    def test_sixteen_digits(self) -> None:
        """A view has sixteen digits even where the first ones are zero."""
        number = 0
        while not (own := record(SELF, NOW + number / 1000)).digest < 1 << 60:
            number += 1
        self.assertEqual(16, len(Book(own, 10).view()))
        self.assertEqual("0", Book(own, 10).view()[0])

    def test_order_does_not_matter(self) -> None:
        """Who knows the same has the same view, in whatever order it came."""
        other = Book(record(PEERS[0]), 10)
        for identity in (PEERS[1], SELF, PEERS[2]):
            other.learn(record(identity).sealed, NOW, loopback=False)
        for number in (2, 0, 1):
            self.learn(PEERS[number])
        self.assertEqual(other.view(), self.book.view())
        self.assertEqual(other.buckets(), self.book.buckets())
        self.assertEqual([], list(other.lacking(self.book.buckets()).sealed()))

    def test_held(self) -> None:
        """Who asks for all gets all records, the node's own included."""
        self.fill(3)
        expected = {self.own.sealed, *(record(identity).sealed for identity in PEERS[:3])}
        self.assertEqual(expected, set(self.book.held().sealed()))
        self.assertEqual(4, len(list(self.book.held().sealed())))

    def test_held_in_buckets_that_differ(self) -> None:
        """Who tells its buckets gets the records of those that differ, and no others."""
        self.fill(3)
        theirs = bytearray(self.book.buckets())
        self.assertEqual([], list(self.book.lacking(bytes(theirs)).sealed()))
        bucket = bucket_of(PEERS[0].id)
        theirs[8 * bucket + 7] ^= 1
        found = set(self.book.lacking(bytes(theirs)).sealed())
        self.assertIn(record(PEERS[0]).sealed, found)
        for sealed in (self.own.sealed, *(record(identity).sealed for identity in PEERS[1:3])):
            same = bucket == int(sealed.body.split('"id":"')[1][:2], 16)
            self.assertEqual(same, sealed in found)

    def test_held_in_the_first_and_the_last_bucket(self) -> None:
        """No bucket is passed over: neither the one of ids with 00 in front, nor that with ff."""
        numbered = (
            Identity.from_key(Ed25519PrivateKey.from_private_bytes(number.to_bytes(32, "big")))
            for number in count(1)
        )
        wanted = {"00", "ff"}
        while wanted:
            identity = next(numbered)
            start = identity.id[:2]
            if start in wanted:
                wanted.remove(start)
                before = self.book.buckets()
                self.learn(identity)
                self.assertEqual(
                    [record(identity).sealed], list(self.book.lacking(before).sealed())
                )

    def test_held_while_learning(self) -> None:
        """An answer that is under way while more is learned goes on."""
        self.fill(3)
        answer = self.book.held().sealed()
        next(answer)
        self.learn(PEERS[3])
        self.assertEqual(3, len(list(answer)))


@define
class Model:
    """A book as simple as one can be."""

    capacity: int
    peers: dict[PeerId, Record] = field(factory=dict)
    counted: dict[PeerId, Record] = field(factory=dict)
    linked: set[PeerId] = field(factory=set)
    ever: set[PeerId] = field(factory=set)

    def learn(self, new: Record, wall: float) -> None:
        """Take a record."""
        held = self.peers.get(new.id)
        if (held is not None and new.seq <= held.seq) or new.expires_at() <= wall:
            return
        if held is None and len(self.peers) >= self.capacity:
            never = [peer for peer in self.peers if peer not in self.ever]
            if not never:
                return
            self.forget(never[0])
        self.peers[new.id] = self.counted[new.id] = new

    def forget(self, peer: PeerId) -> None:
        """Know nothing of a peer."""
        self.peers.pop(peer)
        self.counted.pop(peer, None)

    def expire(self, wall: float) -> set[PeerId]:
        """Let records expire."""
        late = {peer for peer, held in self.counted.items() if held.expires_at() <= wall}
        for peer in late:
            del self.counted[peer]
            if peer not in self.linked:
                self.forget(peer)
        return late - self.linked

    def view(self, own: Record) -> tuple[str, bytes]:
        """The view and the buckets, from scratch."""
        buckets = [0] * 256
        for held in (own, *self.counted.values()):
            digest = sha256(held.sealed.body.encode()).digest()[:8]
            buckets[int(held.id[:2], 16)] ^= int.from_bytes(digest, "big")
        total = 0
        for part in buckets:
            total ^= part
        return f"{total:016x}", b"".join(part.to_bytes(8, "big") for part in buckets)


STEPS = some.lists(
    some.tuples(
        some.sampled_from(["learn", "learn", "learn", "expire", "link", "lose", "renew"]),
        some.integers(0, 5),
        some.integers(0, 8),
    ),
    max_size=30,
)


class AgainstASimpleModelTests(UnitCase):
    """Random lives of a book."""

    @settings(deadline=None, database=None, max_examples=100)
    @given(STEPS)
    def test_same_as_a_simple_book(self, steps: list[tuple[str, int, int]]) -> None:
        """After whatever happened, the book knows what a simple one knows, in the same view."""
        own = record(SELF)
        book, model, wall = Book(own, 4), Model(4), NOW
        for step, number, minutes in steps:
            peer = PEERS[number].id
            if step == "learn":
                new = record(PEERS[number], NOW + 60 * minutes, ttl=300.0)
                model.learn(new, wall)
                with contextlib.suppress(RecordRefused):
                    book.learn(new.sealed, wall, loopback=False)
            elif step == "expire":
                wall += 60 * minutes
                forgotten = book.expire(wall, model.linked.__contains__)
                self.assertEqual(model.expire(wall), set(forgotten))
            elif step == "link" and peer in model.peers:
                book.happened(peer, Happening.LINKED)
                model.linked.add(peer)
                model.ever.add(peer)
            elif step == "lose" and peer in model.linked:
                book.happened(peer, Happening.DIED)
                model.linked.remove(peer)
                if book.forget_expired(peer):
                    self.assertNotIn(peer, model.counted)
                    model.forget(peer)
            elif step == "renew":
                own = record(SELF, NOW + 60 * minutes)
                book.renew_own(own)
            self.assertEqual({peer: entry.record for peer, entry in book}, model.peers)
            self.assertEqual(model.view(own), (book.view(), book.buckets()))
            sealed = {held.sealed for held in (own, *model.counted.values())}
            self.assertEqual(sealed, set(book.held().sealed()))


class MemoryCase(BookCase):
    """A book that says what is to be remembered, and another one that takes it back."""

    def setUp(self) -> None:
        super().setUp()
        self.told: list[PeerId] = []
        self.book = Book(self.own, 10, self.told.append)
        self.next = Book(record(SELF, NOW + 1), 10)

    def remembered(self, identity: Identity) -> Memory:
        """What is to be remembered of a peer."""
        memory = self.book.remember(identity.id)
        assert memory is not None
        return memory

    def linked(self, identity: Identity) -> Entry:
        """A peer to which there was a link."""
        self.learn(identity)
        self.book.happened(identity.id, Happening.LINKED)
        entry = self.entry(identity)
        entry.first_linked, entry.last_linked, entry.address = NOW - 9, NOW - 3, "192.0.2.1:8080"
        return entry


class RememberingTests(MemoryCase):
    """What outlives the process."""

    def test_each_change_is_told(self) -> None:
        """What is learned, becomes of a peer, or is dropped, once each."""
        peer = PEERS[0]
        self.learn(peer)
        self.learn(peer)
        self.book.happened(peer.id, Happening.LINKED)
        self.book.happened(peer.id, Happening.DIED)
        self.book.forget(peer.id)
        self.assertEqual([peer.id] * 4, self.told)
        self.assertIsNone(self.book.remember(peer.id))

    def test_expiry_is_told(self) -> None:
        """What has expired is nothing to be remembered."""
        self.learn(PEERS[0])
        self.told.clear()
        self.book.expire(NOW + TTL, nobody)
        self.assertEqual([PEERS[0].id], self.told)

    def test_there_and_back(self) -> None:
        """One that was linked is dead until it has a link again, and all else is as it was."""
        before = self.linked(PEERS[0])
        before.loopback = True
        entry = self.next.recall(self.remembered(PEERS[0]), NOW + 1)
        self.assertEqual((PeerState.DEAD, True, True), (entry.state, entry.met, entry.loopback))
        self.assertEqual(before.held.sealed(), entry.held.sealed())
        self.assertEqual((NOW - 9, NOW - 3), (entry.first_linked, entry.last_linked))
        self.assertEqual("192.0.2.1:8080", entry.address)
        self.next.renew_own(self.own)
        self.assertEqual(self.book.view(), self.next.view())

    def test_remembered_twice(self) -> None:
        """The second memory of a peer takes no more room than the first, and changes nothing."""
        self.linked(PEERS[0])
        memory = self.remembered(PEERS[0])
        first, second = (self.next.recall(memory, NOW + 1) for _ in range(2))
        self.assertEqual(1, len(self.next))
        self.assertIs(first, second)

    def test_hearsay_stays_hearsay(self) -> None:
        """One that was never linked is unmet, and the first to go."""
        self.learn(PEERS[0])
        entry = self.next.recall(self.remembered(PEERS[0]), NOW)
        self.assertEqual((PeerState.UNMET, False), (entry.state, entry.met))
        for identity in PEERS[1:11]:
            self.next.learn(record(identity).sealed, NOW, loopback=False)
        self.assertIsNone(self.next.get(PEERS[0].id))

    def test_who_left_has_left(self) -> None:
        """Its own word is in its record."""
        self.linked(PEERS[0])
        self.book.happened(PEERS[0].id, Happening.DIED)
        self.learn(PEERS[0], NOW + 1, state="left")
        self.assertIs(PeerState.LEFT, self.next.recall(self.remembered(PEERS[0]), NOW + 2).state)


class TamperedTests(MemoryCase):
    """What is taken back is verified again."""

    def refused(self, memory: Memory, wall: float = NOW) -> None:
        """It is not taken back, and nothing has changed."""
        view = self.next.view()
        self.assertRaises(RecordRefused, self.next.recall, memory, wall)
        self.assertEqual((view, 0), (self.next.view(), len(self.next)))

    def test_forged(self) -> None:
        """A record that its subject did not sign."""
        self.refused(Memory(id=PEERS[0].id, sealed=forged(PEERS[0]), state="dead"))

    def test_of_another(self) -> None:
        """A record under the id of another peer, or of this node itself."""
        sealed = record(PEERS[0]).sealed
        self.refused(Memory(id=PEERS[1].id, sealed=sealed, state="dead"))
        self.refused(Memory(id=SELF.id, sealed=self.own.sealed, state="dead"))

    def test_expired(self) -> None:
        """A record whose time is over."""
        sealed = record(PEERS[0]).sealed
        self.refused(Memory(id=PEERS[0].id, sealed=sealed, state="dead"), NOW + TTL)

    def test_no_room(self) -> None:
        """A file that holds more than may be known."""
        for identity in PEERS[:10]:
            sealed = record(identity).sealed
            self.next.recall(
                Memory(id=identity.id, sealed=sealed, state="dead", first_linked=NOW), NOW
            )
        sealed = record(PEERS[10]).sealed
        memory = Memory(id=PEERS[10].id, sealed=sealed, state="dead", first_linked=NOW)
        self.assertRaises(BookFull, self.next.recall, memory, NOW)
        self.assertEqual(10, len(self.next))

"""
Where targets may be dialed, and how often.
"""

from gossip.mesh.addresses import Address, Judge
from gossip.mesh.attempt import Ending
from gossip.mesh.book import Book
from gossip.mesh.routes import NOWHERE, OWN_ADDRESSES_KEPT, SELF_WAIT, Routes
from gossip.mesh.target import Target
from gossip.settings import Seed
from gossip.trust import records
from gossip.trust.identity import Identity, PeerId
from tests.cases import UnitCase

NOW = 1_800_000_000.0


def record(identity: Identity, *addresses: str) -> records.Record:
    """A record with these addresses."""
    return records.make(
        public=identity.public,
        sign=identity.sign,
        seq=int(NOW * 1000),
        network="default",
        name="",
        addresses=addresses,
        tags={},
    )


class RoutesCase(UnitCase):
    """Routes with one peer in the book."""

    def setUp(self) -> None:
        """A book, its peer, and routes over it."""
        self.peer = Identity.generate()
        self.book = Book(record(Identity.generate()), 10)
        self.routes = Routes(self.book, Judge(own=()), 4)

    def target(self, *addresses: str, loopback: bool = False) -> Target:
        """The peer as a target, with these addresses in its record."""
        self.book.learn(record(self.peer, *addresses).sealed, NOW, loopback=loopback)
        return Target(lambda _: None, self.peer.id)

    def objection(self, target: Target, address: str, now: float = 0) -> Ending | None:
        """What is said against an address."""
        return self.routes.objection(target, Address.parse(address), now)


class CandidateTests(RoutesCase):
    """Addresses of a target, best first."""

    def test_where_it_was_found_comes_first(self) -> None:
        """Then what its record says, in its order; nothing twice, and nothing unreadable."""
        target = self.target("10.0.0.1:1", "no address", "10.0.0.2:2")
        target.last_good = Address("10.0.0.2", 2)
        self.assertEqual(
            [Address("10.0.0.2", 2), Address("10.0.0.1", 1)], self.routes.candidates(target)
        )

    def test_where_somebody_else_was_found_is_left_out(self) -> None:
        """Until that is taken back."""
        target = self.target("10.0.0.1:1", "10.0.0.2:2")
        target.mismatched = frozenset({Address("10.0.0.1", 1)})
        self.assertEqual([Address("10.0.0.2", 2)], self.routes.candidates(target))

    def test_a_seed_is_its_address(self) -> None:
        """Whatever was found there."""
        seed = Seed(Address("seed.example", 8080))
        target = Target(lambda _: None, self.peer.id, seed)
        self.assertEqual([seed.address], self.routes.candidates(target))

    def test_who_is_not_in_the_book_has_none(self) -> None:
        """A peer that was dropped is nowhere."""
        self.assertEqual([], self.routes.candidates(Target(lambda _: None, PeerId("0" * 64))))


class ObjectionTests(RoutesCase):
    """What is not dialed."""

    def test_an_address_is_dialed_so_often_a_minute(self) -> None:
        """However it is spelled, and whoever claims to be there."""
        target = self.target("10.0.0.1:1")
        for spelling in ("10.0.0.1:1", "[::ffff:10.0.0.1]:1", "10.0.0.1:1", "[2002:a00:1::]:1"):
            self.assertIsNone(self.objection(target, spelling))
        refused = self.objection(target, "[::ffff:a00:1]:1", 59)
        assert refused is not None
        self.assertEqual(NOWHERE, refused.code)
        self.assertIn("too often", refused.reason)
        self.assertIsNone(self.objection(target, "10.0.0.1:2", 59))
        self.assertIsNone(self.objection(target, "10.0.0.1:1", 61))

    def test_where_it_proved_to_be_it_may_always_be_dialed(self) -> None:
        """At the host where it had a link, and nowhere else."""
        target = self.target("10.0.0.1:1")
        entry = self.book.get(self.peer.id)
        assert entry is not None
        entry.host = "10.0.0.1"
        for _ in range(100):
            self.assertIsNone(self.objection(target, "[::ffff:10.0.0.1]:1"))
        verdicts = [self.objection(target, "10.0.0.2:1") for _ in range(5)]
        self.assertEqual([None] * 4, verdicts[:4])
        self.assertIsNotNone(verdicts[4])

    def test_where_the_node_was(self) -> None:
        """It may have moved, and somebody else come: it looks again, but not for ten minutes."""
        seed = Target(lambda _: None, None, Seed(Address("10.0.0.1", 1)))
        for target in (seed, self.target("10.0.0.1:1")):
            self.routes.met_self(Address("10.0.0.1", 1), 50.0)
            self.routes.met_self(Address("10.0.0.1", 1), 100.0)
            self.assertIsNotNone(self.objection(target, "10.0.0.1:1", 100 + SELF_WAIT - 1))
            self.assertIsNone(self.objection(target, "10.0.0.1:1", 100 + SELF_WAIT))

    def test_who_is_not_in_the_book_has_proved_nothing(self) -> None:
        """Its addresses are spared as everybody's, and are not known to be loopback's."""
        nobody = Target(lambda _: None, PeerId("0" * 64))
        verdicts = [self.objection(nobody, "10.0.0.1:1") for _ in range(5)]
        self.assertEqual([True] * 4 + [False], [verdict is None for verdict in verdicts])
        self.assertIsNotNone(self.objection(nobody, "127.0.0.1:1"))

    def test_the_judge_is_heard(self) -> None:
        """Loopback is dialed only where the record came over loopback."""
        refused = self.objection(self.target("127.0.0.1:1"), "127.0.0.1:1")
        assert refused is not None
        self.assertEqual("127.0.0.1:1 is not dialed: loopback, from elsewhere", refused.reason)
        self.assertIsNone(self.objection(self.target("127.0.0.1:1", loopback=True), "127.0.0.1:1"))

    def test_what_the_operator_named_is_dialed(self) -> None:
        """Whatever it is, as often as it takes, but for the node itself."""
        seed = Target(lambda _: None, None, Seed(Address("169.254.1.1", 1)))
        for _ in range(100):
            self.assertIsNone(self.objection(seed, "169.254.1.1:1"))
        self.routes.met_self(Address("169.254.1.1", 1), 0.0)
        refused = self.objection(seed, "169.254.1.1:1")
        assert refused is not None
        self.assertEqual("self", refused.code)

    def test_the_node_itself_is_not_dialed(self) -> None:
        """Which says nothing about a peer; and a bounded number of such addresses is kept."""
        for port in range(OWN_ADDRESSES_KEPT + 10):
            self.routes.met_self(Address("10.0.0.1", port), 0.0)
        self.assertEqual(OWN_ADDRESSES_KEPT, len(self.routes.own))
        refused = self.objection(self.target("10.0.0.1:200"), "10.0.0.1:200")
        assert refused is not None
        self.assertEqual(NOWHERE, refused.code)

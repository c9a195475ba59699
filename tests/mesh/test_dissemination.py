"""
How records come around: the node's own, and those that peers pass on.
"""

from msgspec.structs import replace

from gossip.mesh.book import PeerState
from gossip.mesh.status import PeerLeft
from gossip.settings import Limits, Seed
from gossip.wire.messages import Bye, GetPeers, Hello, Peers, Sealed
from tests.street import PORT, WALL, Line, StreetCase, identity, record


class DisseminationCase(StreetCase):
    """A house with a puppet at a line."""

    def setUp(self) -> None:
        self.town = self.street()
        self.a = self.town.house("a", message="hello there")
        self.p = self.town.puppet("p")
        self.line = self.p.dial(self.a)

    def own(self, line: Line) -> list[Sealed]:
        """The house's own records that were said on a line, hello and all."""
        said = [hello.record for hello in line.of(Hello)]
        said += [sealed for peers in line.of(Peers) for sealed in peers.records]
        return [sealed for sealed in said if self.a.id in sealed.body]

    def tell(self, *sealed: Sealed) -> None:
        """The puppet passes on records."""
        self.line.say(Peers(list(sealed), more=False))
        self.town.run(0.1, 0.01)

    def dialed(self) -> list[str]:
        """Where the house dialed."""
        return [str(where) for host, where in self.town.dials if host == self.a.host]


class OwnRecordTests(DisseminationCase):
    """What the node says of itself follows what its peers see."""

    def test_observed(self) -> None:
        """The first report makes a record with the address, which everybody is told."""
        self.assertIn(f"10.0.0.2:{PORT}", self.own(self.line)[-1].body)
        self.assertEqual([f"10.0.0.2:{PORT}"], list(self.a.mesh.book.own.addresses))

    def test_change_is_told_to_all(self) -> None:
        """A new record goes to everyone, once."""
        before = len(self.own(self.line))
        for name in ("q", "r"):
            self.town.puppet(name).dial(self.a, observed="198.51.100.7")
        self.town.run(0.2)
        self.assertIn(f"198.51.100.7:{PORT}", self.own(self.line)[-1].body)
        self.assertLessEqual(len(self.own(self.line)) - before, 2)

    def test_change_for_one_that_is_lost(self) -> None:
        """Where most of those that are left see the node is told to them."""
        others = [self.town.puppet(name) for name in ("q", "r")]
        lines = [puppet.dial(self.a, observed="198.51.100.7") for puppet in others]
        self.town.run(0.2)
        self.assertNotIn(f"10.0.0.2:{PORT}", self.own(self.line)[-1].body)
        for line in lines:
            line.end()
        self.town.run(0.2)
        self.assertIn(f"10.0.0.2:{PORT}", self.own(self.line)[-1].body)

    def test_where_liars_say_we_are(self) -> None:
        """Who is where two liars say that the node is, is looked for all the same."""
        for name in ("q", "r"):
            self.town.puppet(name).dial(self.a, observed="10.5.0.1")
        self.town.run(0.2)
        self.assertIn(f"10.5.0.1:{PORT}", self.a.mesh.book.own.addresses)
        self.tell(record("old", [f"10.5.0.1:{PORT}"], at=WALL - 100).sealed)
        self.assertEqual([f"10.5.0.1:{PORT}"], self.dialed())

    def test_told_to_be_elsewhere(self) -> None:
        """Who is said to be where the node itself is, is looked for there once."""
        here = f"{self.a.host}:{PORT}"
        # It listens everywhere, as most do, so that it knows of no address by itself.
        self.a.mesh._here.bound.clear()
        self.assertEqual([here], list(self.a.mesh.book.own.addresses))
        self.tell(record("old", [here], at=WALL - 100).sealed)
        self.town.run(120)
        self.assertEqual([here], self.dialed())

    def test_change_while_a_hello_is_answered(self) -> None:
        """Who was greeted with the record before is told the new one as soon as it has answered."""
        q = self.town.puppet("q", "10.1.0.9")
        self.a.mesh._dialer.dial_seed(Seed(q.address))
        self.town.run(0.1, 0.01)
        (line,) = q.lines
        (before,) = self.own(line)
        self.a.mesh._own.renew(WALL + 50)
        self.a.mesh._dissemination.announce()
        line.hello()
        self.town.run(0.1, 0.01)
        self.assertEqual([before, self.a.mesh.book.own.sealed], self.own(line))
        self.assertNotEqual(before, self.a.mesh.book.own.sealed)

    def test_renewal(self) -> None:
        """It is made anew before it expires."""
        count = len(self.own(self.line))
        self.a.mesh._own._renewed_at -= 86400.0
        self.town.run(2)
        self.assertEqual(count + 1, len(self.own(self.line)))

    def test_refuted(self) -> None:
        """A newer record of the node's own key is outdone, and told; not more than each ten seconds."""
        for i in range(5):
            self.tell(record("a", ["10.66.6.6:1"], at=WALL + 1000 + i).sealed)
        self.assertGreater(self.a.mesh.book.own.seq, (WALL + 1000) * 1000)
        self.assertLess(self.a.mesh.book.own.seq, (WALL + 1001) * 1000)
        self.assertNotIn("10.66.6.6", self.own(self.line)[-1].body)
        self.town.run(11)
        self.tell(record("a", ["10.66.6.6:1"], at=WALL + 1004).sealed)
        self.assertGreater(self.a.mesh.book.own.seq, (WALL + 1004) * 1000)


class HearsayTests(DisseminationCase):
    """Records that were passed on."""

    def test_newcomer_is_dialed(self) -> None:
        """A peer that was not known is dialed: by the younger one at once."""
        self.tell(record("old", ["10.5.0.1:1"], at=WALL - 100).sealed)
        self.assertEqual({"10.5.0.1:1"}, set(self.dialed()))
        self.tell(record("new", ["10.5.0.2:1"], at=WALL + 100).sealed)
        self.assertEqual({"10.5.0.1:1"}, set(self.dialed()))
        self.town.run(1.2)
        self.assertIn("10.5.0.2:1", self.dialed())

    def test_of_the_same_millisecond(self) -> None:
        """Of two that are equally old one dials at once, which both know by the ids."""
        seq = self.a.mesh.book.own.seq
        twins = [record(f"t{i}", [f"10.5.0.{i}:1"], at=seq / 1000) for i in range(20)]
        self.tell(*(twin.sealed for twin in twins))
        self.assertEqual({seq}, {twin.seq for twin in twins})
        smaller = {twin.addresses[0] for twin in twins if twin.id < self.a.id}
        self.assertTrue(0 < len(smaller) < 20)
        self.assertEqual(smaller, set(self.dialed()))

    def test_without_an_address_yet(self) -> None:
        """One that does not say where it is yet is not dialed in vain, and at once when it says."""
        for state, addresses in ((WALL - 50, []), (WALL - 49, ["10.5.0.1:1"])):
            self.assertEqual([], self.dialed())
            self.tell(record("other", addresses, at=state).sealed)
        self.assertEqual(["10.5.0.1:1"], self.dialed())
        self.assertEqual(1, self.a.mesh._dialer._peers[identity("other").id].tries)

    def test_whoever_arrives_dials(self) -> None:
        """One that has no address before its first link dials all that it is told of on arrival."""
        q = self.town.puppet("q")
        b = self.town.house("b", join=[Seed(q.address)])
        self.town.run(0.1, 0.01)
        (line,) = q.lines
        line.hello(view="f" * 16)
        self.town.run(0.1, 0.01)
        self.assertEqual(1, len(line.of(GetPeers)))
        own, later = record("q", [str(q.address)], at=WALL + 1).sealed, WALL + 100
        line.say(Peers([own], more=False))
        line.say(Peers([own, record("x", ["10.5.0.1:1"], at=later).sealed], more=True))
        line.say(Peers([own, record("y", ["10.5.0.2:1"], at=later).sealed], more=False))
        self.town.run(0.1, 0.01)
        line.say(Peers([own, record("z", ["10.5.0.3:1"], at=later).sealed], more=False))
        self.town.run(0.1, 0.01)
        dialed = {str(where) for host, where in self.town.dials if host == b.host}
        self.assertEqual({str(q.address), "10.5.0.1:1", "10.5.0.2:1"}, dialed)

    def test_refused_ones(self) -> None:
        """Each bad one costs itself only."""
        good = record("good")
        bad = (
            replace(record("forged").sealed, signature=good.sealed.signature),
            Sealed("{}", ""),
            record("foreign", network="other").sealed,
            record("expired", at=WALL - 400_000).sealed,
            record("ahead", at=WALL + 90_000).sealed,
        )
        self.tell(*bad[:3], good.sealed, *bad[3:])
        self.assertEqual({"p", "good"}, {entry.record.name for _, entry in self.a.mesh.book})
        self.assertIn(self.p.id, self.a.mesh.links)

    def test_what_is_looked_at_in_vain_costs(self) -> None:
        """Old ones and those that are refused at sight cost the peer little, and not nothing."""
        cases = {
            "old": record("p").sealed,
            "foreign": record("foreign", network="other").sealed,
            "expired": record("expired", at=WALL - 400_000).sealed,
            "ahead": record("ahead", at=WALL + 90_000).sealed,
        }
        for name, sealed in cases.items():
            self.assertAlmostEqual(2.0, self.charged(*[sealed] * 100), msg=name)

    def test_where_there_is_no_room(self) -> None:
        """A record that finds no place in a book full of peers was verified all the same."""
        self.a = self.town.house("small", limits=Limits(peers=1))
        self.line = self.p.dial(self.a)
        self.assertAlmostEqual(0.4, self.charged(record("another").sealed))

    def charged(self, *sealed: Sealed) -> float:
        """Frames that a list of records has cost the puppet, beyond the one that it is."""
        session = self.a.mesh.links[self.p.id].session
        assert session is not None
        costs: list[float] = []
        self.patch(session, "charge", costs.append)
        self.tell(*sealed)
        return sum(costs)

    def test_forger(self) -> None:
        """One that forges without end is told so and cut; nothing of it is remembered."""
        forged = replace(record("x").sealed, signature="AAAA")
        for _ in range(11):
            self.tell(*[forged] * 100)
        self.assertEqual(["protocol"], [bye.code for bye in self.line.of(Bye)])
        self.town.run(2)
        self.assertEqual(({}, {}), (self.a.mesh.links, self.a.mesh._dissemination._forged))

    def test_a_thousand_identities(self) -> None:
        """One that invents peers fills the book, and nothing grows beyond it."""
        small = self.a = self.town.house("small", limits=Limits(peers=30))
        self.line = self.p.dial(small)
        for start in range(0, 1000, 100):
            some = [record(f"x{i}", ["10.66.0.1:1"]).sealed for i in range(start, start + 100)]
            self.tell(*some)
        self.assertEqual(30, len(small.mesh.book))
        self.assertLessEqual(len(small.mesh._dialer._peers), 2 * 30 + 65)
        self.assertIn(self.p.id, small.mesh.links)
        small.mesh.leave("enough")

    def test_linked_peer(self) -> None:
        """What others say of a linked peer does not end its link, nor dial it."""
        left = record("p", at=WALL + 1, state="left").sealed
        q = self.town.puppet("q").dial(self.a)
        q.say(Peers([left], more=False))
        self.town.run(2)
        self.assertIn(self.p.id, self.a.mesh.links)
        self.assertEqual(([], []), (self.a.said(PeerLeft), self.dialed()))

    def test_newer_record_of_one_that_moved(self) -> None:
        """A dead peer is dialed where its newer record says it is."""
        self.line.hello()
        self.town.run(1)
        del self.town.houses[self.p.address]
        q = self.line = self.town.puppet("q").dial(self.a)
        self.assertIsNotNone(q)
        self.tell(record("p", ["10.5.0.9:1"], at=WALL + 10).sealed)
        self.town.run(62)
        self.assertIn("10.5.0.9:1", self.dialed())
        entry = self.a.mesh.book.get(identity("p").id)
        assert entry is not None
        self.assertEqual(PeerState.DEAD, entry.state)

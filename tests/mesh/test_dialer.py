"""
Who is dialed, when, and how often.
"""

from collections.abc import Callable
from itertools import pairwise
from statistics import mean

from attrs import define
from twisted.internet.task import Clock

from gossip.mesh.addresses import Address
from gossip.mesh.agenda import Agenda
from gossip.mesh.attempt import Ending
from gossip.mesh.book import Book, Happening
from gossip.mesh.places import AT_ONCE
from gossip.mesh.target import Target
from gossip.settings import Seed
from gossip.trust.identity import PeerId
from tests.mesh.dials import Call, DialerCase, RoadFault
from tests.street import WALL, identity, record


@define(eq=False)
class Beating:
    """Something that is due in each turn of the reactor, a thousand times."""

    agenda: Agenda
    clock: Clock
    then: Callable[[], None]
    left: int = 1000

    def tick(self, now: float) -> None:
        """Do it, and once more in the next turn."""
        self.then()
        self.left -= 1
        if self.left:
            self.agenda.set(self, self.clock.seconds())


class BackoffTests(DialerCase):
    """Nobody is dialed in bursts, and nobody is forgotten."""

    def test_envelope(self) -> None:
        """The waits are spread over all of an envelope that grows by half up to a minute."""
        waits: dict[int, list[float]] = {}
        for i in range(150):
            peer = self.know(f"p{i}", f"198.51.100.{i + 1}:8080")
            self.dialer.want(peer)
        self.refuse(2000, 0.5)
        by_address: dict[Address, list[float]] = {}
        for call in self.roads.calls:
            by_address.setdefault(call.address, []).append(call.at)
        self.assertEqual(150, len(by_address))
        for times in by_address.values():
            for n, (before, after) in enumerate(pairwise(times), 1):
                waits.setdefault(min(n, 13), []).append(after - before)
        for n, seen in waits.items():
            most = min(60.0, 0.5 * 1.5**n)
            # The grain of the test comes on top.
            self.assertLessEqual(max(seen), most + 1.0)
            if most > 10:
                self.assertLess(abs(mean(seen) - most / 2 - 0.25), most / 6)
                self.assertLess(min(seen), most / 5)
                self.assertGreater(max(seen), most * 0.8)

    def test_for_ever(self) -> None:
        """A peer that was met once is dialed after days as it was in the first hour."""
        self.dialer.want(self.know("p", "198.51.100.1:8080"))
        self.refuse(2 * 86400, 10)
        self.assertGreater(len(self.refuse(3600, 1)), 60)

    def test_admission_resets(self) -> None:
        """After an admission the first wait is short again."""
        peer = self.know("p", "198.51.100.1:8080")
        self.dialer.want(peer)
        self.refuse(1000, 1)
        while not self.roads.pending():
            self.time.advance(1)
        self.admit(self.roads.pending()[0], peer)
        self.assertEqual([], self.refuse(100))
        self.dialer.lost(peer, lived=100, at_once=True)
        self.assertGreater(len(self.refuse(5)), 2)

    def test_admission_resets_a_seed(self) -> None:
        """The same for a seed of which it was not known whom it leads to."""
        self.dialer.dial_seed(Seed(Address("198.51.100.1", 8080)))
        self.refuse(1000, 1)
        while not self.roads.pending():
            self.time.advance(1)
        peer = self.know("p")
        self.admit(self.roads.pending()[0], peer)
        self.dialer.lost(peer, lived=100, at_once=True)
        self.assertGreater(len(self.refuse(5)), 2)

    def test_brief_links(self) -> None:
        """A peer that admits us and hangs up at once is dialed less and less often."""
        peer = self.know("p", "198.51.100.1:8080")
        self.dialer.want(peer)
        for _ in range(3000):
            self.time.advance(0.5)
            for call in self.roads.pending():
                self.admit(call, peer)
                self.dialer.lost(peer, lived=0.1, at_once=True)
        calls = [call.at for call in self.roads.calls]
        self.assertLess(len(calls), 120)
        gaps = [after - before for before, after in pairwise(calls[-20:])]
        self.assertLess(max(gaps), 61)

    def test_steady_link_is_dialed_at_once(self) -> None:
        """One that lasted is made anew in the same instant, though brief ones came before it."""
        peer = self.know("p", "198.51.100.1:8080")
        self.dialer.linked(peer)
        for _ in range(10):
            self.dialer.lost(peer, lived=0.1, at_once=True)
            self.dialer.linked(peer)
        self.dialer.lost(peer, lived=10, at_once=True)
        self.time.advance(0)
        self.assertEqual(1, len(self.roads.calls))

    def test_hasten(self) -> None:
        """Those that wait are dialed within two seconds, but only twice a minute."""
        for i in range(20):
            self.dialer.want(self.know(f"p{i}", f"198.51.100.{i + 1}:8080"))
        self.refuse(1000, 1)
        begun = self.time.seconds()
        self.dialer.hasten(begun)
        self.assertEqual(20, len(set(self.addresses()[-len(self.refuse(2.1)) :])))
        self.refuse(27, 1)
        again = len(self.roads.calls)
        self.refuse(20, 1)
        quiet = len(self.roads.calls) - again
        self.dialer.hasten(self.time.seconds())
        self.dialer.hasten(self.time.seconds())
        self.assertGreater(len(self.refuse(2.1)), 20)
        self.assertLess(quiet, 200)

    def test_hasten_too_soon(self) -> None:
        """What comes and goes does not make the node dial everybody each time."""
        self.dialer.want(self.know("p", "198.51.100.1:8080"))
        self.dialer.hasten(self.time.seconds())
        self.refuse(29.5, 0.5)
        waiting = self.agenda._at(self.dialer._peers[identity("p").id])
        self.dialer.hasten(self.time.seconds())
        self.assertEqual(waiting, self.agenda._at(self.dialer._peers[identity("p").id]))

    def test_change_of_our_own_does_not_wait_for_others(self) -> None:
        """After a sleep or a move all are dialed soon, however lately a peer came back; once."""
        peer = self.know("p", "198.51.100.1:8080")
        self.dialer.want(peer)
        self.refuse(300, 0.5)
        self.dialer.hasten(self.time.seconds())
        self.refuse(10, 0.5)
        target = self.dialer._peers[peer]
        self.agenda.set(target, self.time.seconds() + 60)
        self.dialer.hasten(self.time.seconds(), changed=True)
        self.assertLessEqual(self.agenda._at(target), self.time.seconds() + 2)
        self.agenda.set(target, self.time.seconds() + 60)
        self.dialer.hasten(self.time.seconds() + 4, changed=True)
        self.assertEqual(self.time.seconds() + 60, self.agenda._at(target))


class CrowdTests(DialerCase):
    """Many are dialed at once, but not too many, in their order."""

    def many(self, count: int, *, met: bool = True) -> list[PeerId]:
        """So many are wanted."""
        peers = [self.know(f"p{i}", f"198.51.100.{i + 1}:8080", met=met) for i in range(count)]
        for peer in peers:
            self.dialer.want(peer)
        self.time.advance(0)
        return peers

    def test_sixty_four(self) -> None:
        """The sixty-fifth waits for a place, and the first to wait is the first to go."""
        self.many(70)
        self.assertEqual(64, len(self.roads.pending()))
        for i in range(3):
            self.roads.calls[10 * i].refuse()
            self.assertEqual(64, len(self.roads.pending()))
        went = [call.address.host for call in self.roads.calls[64:]]
        self.assertEqual([f"198.51.100.{i}" for i in (65, 66, 67)], went)

    def test_one_a_peer(self) -> None:
        """A peer is dialed once at a time, however often it is wanted."""
        peer = self.know("p", "198.51.100.1:8080", "198.51.100.2:8080")
        for _ in range(5):
            self.dialer.want(peer)
            self.time.advance(0.1)
        self.assertEqual(1, len(self.roads.calls))
        self.roads.calls[0].refuse()
        self.assertEqual(["198.51.100.2:8080"], [str(c.address) for c in self.roads.pending()])

    def test_linked_while_it_waits_for_a_place(self) -> None:
        """Who has a link meanwhile is not dialed when its turn comes."""
        peers = self.many(66)
        self.dialer.linked(peers[64])
        self.dialer.forget(peers[65])
        self.roads.calls[0].refuse()
        self.assertEqual(64, len(self.roads.calls))

    def test_lost_again_while_it_stands_in_the_queue(self) -> None:
        """One that was linked and lost while it waited for a place is dialed once, and only once."""
        peers = self.many(65)
        self.dialer.linked(peers[64])
        self.dialer.lost(peers[64], lived=100, at_once=True)
        self.time.advance(0)
        for call in self.roads.pending()[:5]:
            call.refuse()
        self.assertEqual(1, self.addresses().count("198.51.100.65:8080"))

    def test_ends_on_the_stack_of_another(self) -> None:
        """A thousand dials that end at once do not start each other on one stack."""
        for i in range(1000):
            self.dialer.want(self.know(f"q{i}", met=False))
        self.time.advance(0)
        self.assertEqual(1000, len(self.failed))

    def test_hearsay_does_not_crowd_out_friends(self) -> None:
        """However many are wanted that were never met, one that was met goes first."""
        self.many(200, met=False)
        friend = self.know("friend", "203.0.113.1:8080")
        self.dialer.want(friend)
        self.time.advance(0)
        self.assertEqual("203.0.113.1:8080", self.addresses()[-1])
        self.assertEqual(33, len(self.roads.pending()))
        self.roads.calls[0].refuse()
        self.assertEqual(33, len(self.roads.pending()))

    def test_a_few_in_each_turn_of_the_reactor(self) -> None:
        """However many dials end as they begin, links are served after a few of them."""
        for i in range(1000):
            self.dialer.want(self.know(f"q{i}", "127.0.0.1:1", met=False))
        seen: list[int] = []
        link = Beating(self.agenda, self.time, lambda: seen.append(len(self.failed)))
        self.agenda.set(link, 0.0)
        self.time.advance(0)
        self.assertEqual(1000, len(self.failed))
        gaps = [after - before for before, after in pairwise(seen)]
        self.assertLessEqual(max(gaps), 2 * AT_ONCE)

    def test_comes_and_goes_while_it_waits(self) -> None:
        """It waits once, however often it is wanted, and not at all when it is gone."""
        peers = self.many(65)
        for _ in range(5):
            self.dialer.left(peers[64])
            self.dialer.want(peers[64])
            self.time.advance(0)
        self.assertEqual(1, len(self.dialer._places._own))
        self.dialer.forget(peers[64])
        self.assertEqual(0, len(self.dialer._places._own))

    def test_table_is_bounded(self) -> None:
        """Those that a full book has dropped are not dialed, nor remembered, for ever."""
        self.book = self.dialer._book = Book(record("me"), 20)
        for i in range(500):
            self.dialer.want(self.know(f"x{i}", f"198.51.100.{i % 250 + 1}:8080", met=False), 5)
        self.assertLess(len(self.dialer._peers), 120)
        self.assertLess(len(self.agenda), 120)


class UnmetTests(DialerCase):
    """Hearsay does not make the node a weapon."""

    def test_three_tries_and_then_ten_minutes(self) -> None:
        """One that was never linked is tried three times, and then every ten minutes at most."""
        self.dialer.want(self.know("p", "198.51.100.1:8080", met=False))
        times = self.refuse(4000, 1)
        self.assertLess(times[2], 10)
        gaps = [after - before for before, after in pairwise(times[2:])]
        self.assertGreaterEqual(min(gaps), 600)
        self.assertLessEqual(max(gaps), 722)
        self.assertGreaterEqual(len(gaps), 5)

    def test_begins_anew_where_it_names_an_address(self) -> None:
        """What was tried before there was an address at all counts for nothing."""
        self.dialer.want(self.know("p", met=False), placed=False)
        self.assertEqual([], self.refuse(100))
        peer = self.know("p", "198.51.100.1:8080", met=False, at=WALL + 1)
        for _ in range(3):
            self.dialer.want(peer, 5)
        times = self.refuse(100)
        self.assertLess(times[0], 105.5)
        self.assertEqual(3, len(times))

    def test_hasten_spares_them(self) -> None:
        """Whatever comes and goes, they are not tried sooner."""
        self.dialer.want(self.know("p", "198.51.100.1:8080", met=False))
        self.refuse(20)
        for _ in range(5):
            self.dialer.hasten(self.time.seconds())
            self.assertEqual([], self.refuse(60, 1))

    def test_four_a_minute_for_one_address(self) -> None:
        """However many are said to be at one address, it is dialed four times a minute."""
        for i in range(30):
            self.dialer.want(self.know(f"p{i}", "198.51.100.1:8080", met=False))
        self.assertEqual(4, len(self.refuse(59)))
        self.assertIn("198.51.100.1:8080 was dialed too often", self.failed[-1].reason)

    def test_met_once(self) -> None:
        """A link, whoever dialed it, ends the sparing."""
        peer = self.know("p", "198.51.100.1:8080", met=False)
        self.dialer.want(peer)
        self.refuse(20)
        self.book.happened(peer, Happening.LINKED)
        self.dialer.linked(peer)
        self.book.happened(peer, Happening.DIED)
        self.dialer.lost(peer, lived=100, at_once=True)
        self.assertGreater(len(self.refuse(300, 1)), 8)


class EndTests(DialerCase):
    """However a dial ends, its peer is dialed again, or rests for a reason."""

    def test_fault_of_ours(self) -> None:
        """A road that breaks in an unexpected way is logged, and tried again."""
        self.roads.fault = True
        self.dialer.want(self.know("p", "198.51.100.1:1"))
        self.time.advance(0)
        self.assertEqual(1, len(self.flushLoggedErrors(RoadFault)))
        self.roads.fault = False
        self.assertTrue(self.refuse(5))

    def test_forget_while_it_is_dialed(self) -> None:
        """It gives its place to the next, and does not come back."""
        peer = self.know("p", "198.51.100.1:1")
        self.dialer.want(peer)
        self.time.advance(0)
        self.dialer.forget(peer)
        self.dialer.forget(peer)
        self.assertEqual(([], []), (self.roads.pending(), self.failed))
        self.assertEqual([], self.refuse(100))
        self.assertEqual(0, len(self.dialer._places))

    def test_forget_when_it_is_connected(self) -> None:
        """The same between connection and admission, whatever then comes of it."""
        peer = self.know("p", "198.51.100.1:1")
        self.dialer.want(peer)
        self.time.advance(0)
        attempt = self.roads.calls[0].connect()
        self.dialer.left(peer)
        attempt.settle(Ending("leaving", "enough"))
        self.assertEqual([], self.refuse(100))
        self.assertEqual(([], 0), (self.failed, len(self.dialer._places)))

    def test_forget_on_the_outcome(self) -> None:
        """Whoever hears that a dial failed may forget its peer, or stop everything."""
        for reaction in (self.forget_it, lambda target: self.dialer.stop()):
            self.when_failed = reaction
            self.dialer.want(self.know("p", "198.51.100.1:1", at=WALL + len(self.failed)))
            self.time.advance(0)
            self.roads.pending()[0].refuse()
            self.assertEqual([], self.refuse(100))
            self.assertEqual(0, len(self.dialer._places))

    def forget_it(self, target: Target) -> None:
        """Forget the peer of a dial."""
        assert target.peer is not None
        self.dialer.forget(target.peer)

    def test_stop(self) -> None:
        """After a stop nobody is dialed, whoever was dialed, waited or stood in the queue."""
        for i in range(70):
            self.dialer.want(self.know(f"p{i}", f"198.51.100.{i + 1}:8080"))
        self.time.advance(0)
        self.dialer.want(self.know("later", "203.0.113.1:1"), 5)
        self.dialer.stop()
        self.dialer.want(self.know("never", "203.0.113.2:1"))
        self.dialer.hasten(self.time.seconds())
        count = len(self.roads.calls)
        self.refuse(100)
        self.assertEqual((count, []), (len(self.roads.calls), self.failed))

    def test_linked_while_it_is_dialed(self) -> None:
        """A dial that fails although its peer has a link by now is nobody's business."""
        peer = self.know("p", "198.51.100.1:1")
        self.dialer.want(peer)
        self.time.advance(0)
        self.dialer.linked(peer)
        self.roads.calls[0].refuse()
        self.assertEqual([], self.failed)
        self.assertEqual([], self.refuse(100))

    def test_lost_while_it_is_still_dialed(self) -> None:
        """A link that comes and goes during a dial leaves the peer to be dialed."""
        peer = self.know("p", "198.51.100.1:1")
        self.dialer.want(peer)
        self.time.advance(0)
        self.dialer.linked(peer)
        self.dialer.lost(peer, lived=100, at_once=True)
        self.roads.calls[0].refuse()
        self.assertTrue(self.refuse(5))

    def test_duplicate_without_a_link(self) -> None:
        """A dial that another one forestalled is no failure that anybody must know."""
        peer = self.know("p", "198.51.100.1:1")
        self.dialer.want(peer)
        self.time.advance(0)
        self.roads.calls[0].connect(peer).settle(Ending("duplicate", "there is one already"))
        self.assertEqual([], self.failed)
        self.assertTrue(self.refuse(5))

    def test_left(self) -> None:
        """A peer that left is not dialed, until somebody wants it again."""
        peer = self.know("p", "198.51.100.1:1")
        self.dialer.linked(peer)
        self.dialer.left(peer)
        self.assertEqual([], self.refuse(200, 1))
        self.dialer.want(peer)
        self.assertTrue(self.refuse(5))


class SeedTests(DialerCase):
    """Seeds are dialed until they lead to a link, and whenever that is lost, for ever."""

    def seed(self, host: str = "198.51.100.1", peer: PeerId | None = None) -> Call:
        """A seed that is being dialed."""
        self.dialer.dial_seed(Seed(Address(host, 1), peer))
        self.time.advance(0)
        return self.roads.calls[-1]

    def test_rests_while_it_has_a_link(self) -> None:
        """It is not dialed while the peer that it led to has a link, and is after that."""
        peer = self.know("p")
        self.admit(self.seed(), peer)
        self.assertEqual([], self.refuse(200, 1))
        self.dialer.lost(peer, lived=100, at_once=True)
        self.assertTrue(self.refuse(5))

    def test_its_peer_moved(self) -> None:
        """It is dialed once more where that peer is linked elsewhere: somebody else may have come there."""
        peer, other = self.know("p", "198.51.100.1:1"), self.know("q")
        self.admit(self.seed(), peer)
        self.dialer.lost(peer, lived=100, at_once=False)
        self.know("p", "198.51.100.9:1", at=WALL + 1)
        self.dialer.linked(peer)
        count = len(self.roads.calls)
        self.time.pump([0.1] * 10)
        (call,) = self.roads.calls[count:]
        self.assertEqual("198.51.100.1:1", str(call.address))
        self.admit(call, other)
        self.assertEqual([], self.refuse(200, 1))

    def test_its_peer_moved_as_others_see_it(self) -> None:
        """Where it is found there all the same, behind an address that it does not know, that was all."""
        peer = self.know("p", "192.0.2.1:1")
        self.admit(self.seed(), peer)
        self.dialer.lost(peer, lived=100, at_once=False)
        self.dialer.linked(peer)
        count = len(self.roads.calls)
        for _ in range(10):
            self.time.advance(0.1)
            for call in self.roads.pending():
                call.connect(peer).settle(Ending("duplicate", "there is one already"))
        self.assertEqual(1, len(self.roads.calls) - count)
        self.assertEqual([], self.failed)

    def test_stays_when_its_peer_left(self) -> None:
        """It is dialed again when the peer that it led to left: another may come there."""
        peer = self.know("p")
        self.admit(self.seed(), peer)
        self.dialer.left(peer)
        self.assertTrue(self.refuse(5))

    def test_two_that_lead_to_one(self) -> None:
        """Both rest on the one link; the second one's dial is no failure."""
        peer = self.know("p")
        first, second = self.seed(), self.seed("198.51.100.2")
        attempts = first.connect(peer), second.connect(peer)
        attempts[1].settle(Ending("duplicate", "there is one already"))
        self.dialer.linked(peer)
        attempts[0].settle(None)
        self.assertEqual(([], []), (self.failed, self.refuse(200, 1)))
        self.dialer.lost(peer, lived=100, at_once=True)
        self.assertEqual(2, len(set(self.addresses()[-len(self.refuse(5)) :])))

    def test_pinned_one_does_not_rest_on_another(self) -> None:
        """Where another peer than the pinned one is found, its link is not what was asked for."""
        other, wanted = self.know("other"), identity("wanted").id
        self.dialer.linked(other)
        call = self.seed(peer=wanted)
        call.connect(other).settle(Ending("identity", "expected wanted, found other"))
        self.assertEqual(["identity"], [ending.code for ending in self.failed])
        self.assertTrue(self.refuse(62, 1))

    def test_is_not_judged(self) -> None:
        """The operator may name what hearsay may not."""
        self.assertEqual("127.0.0.1:1", str(self.seed("127.0.0.1").address))

    def test_of_nobody(self) -> None:
        """A seed where there is nobody is told of, and tried for ever."""
        self.seed()
        self.refuse(1000, 1)
        self.assertGreater(len(self.refuse(600, 1)), 10)
        self.assertEqual({"unreachable"}, {ending.code for ending in self.failed})


class RecallTests(DialerCase):
    """Peers that were known before the node started."""

    def test_where_it_was_found_last(self) -> None:
        """That address is dialed first, then what its record says."""
        peer = self.know("p", "198.51.100.1:8080", "198.51.100.2:8080")
        self.dialer.recall(peer, Address("198.51.100.2", 8080))
        self.refuse(1)
        self.assertEqual(["198.51.100.2:8080", "198.51.100.1:8080"], self.addresses()[:2])

    def test_nowhere(self) -> None:
        """One that never was found is looked for by its record."""
        self.dialer.recall(self.know("p", "198.51.100.1:8080"), None)
        self.refuse(1)
        self.assertEqual("198.51.100.1:8080", self.addresses()[0])


class SeedOfALinkedPeerTests(DialerCase):
    """A seed at whose address somebody is linked is found."""

    def test_not_dialed(self) -> None:
        """Who was dialed there for itself is whom the seed leads to."""
        peer, where = self.know("p", "198.51.100.1:8080"), Address("198.51.100.1", 8080)
        self.dialer.dial_seed(Seed(where))
        self.refuse(0.1)
        self.dialer.want(peer)
        self.time.advance(0)
        self.admit(self.roads.pending()[-1], peer)
        count = len(self.roads.calls)
        self.refuse(200, 0.5)
        self.assertEqual(count, len(self.roads.calls))
        self.dialer.lost(peer, lived=20.0, at_once=True)
        self.refuse(200, 0.5)
        self.assertGreater(len(self.roads.calls), count + 5)

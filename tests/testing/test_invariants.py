"""
Invariants: each is silent about a sound network, and sees what it is there to see.
"""

from msgspec.structs import replace

from gossip.mesh.addresses import Address
from gossip.mesh.view import Held
from gossip.settings import Seed
from gossip.testing import invariants
from gossip.testing.invariants import ALWAYS, AT_REST, BOUNDS, DIALS, ENDED, Invariant
from gossip.testing.liars import VICTIM
from gossip.testing.machine import identity
from gossip.trust.identity import PeerId
from gossip.trust.records import FURTHEST_AHEAD, read
from gossip.wire.messages import Sealed
from tests.street import record
from tests.testing.village import Village, VillageCase

EVERY = (*ALWAYS, *BOUNDS, *AT_REST, *ENDED)


class InvariantTests(VillageCase):
    """A village of three, in which one thing is made wrong at a time."""

    def setUp(self) -> None:
        self.town = self.village()

    def wrong(self, invariant: Invariant, village: Village | None = None) -> list[str]:
        """What an invariant says of a village."""
        return list(invariant((village or self.town).watch))

    def test_sound(self) -> None:
        """Nothing is wrong with nodes that have found each other, now or later."""
        self.town.watch.rest()
        for _ in range(20):
            self.town.pass_time(1)
            self.assertEqual([], [w for invariant in EVERY for w in self.wrong(invariant)])

    def test_each_has_a_number_and_a_sentence(self) -> None:
        """What a breach is called leads to what it means."""
        for invariant in EVERY:
            number, colon, sentence = (invariant.__doc__ or "").partition(": ")
            self.assertRegex(number, r"\AI\d+[a-z]?\Z", invariant)
            self.assertTrue(colon and sentence.endswith("."), invariant)

    def test_one_link_a_pair(self) -> None:
        """Two open links to one peer are borne as long as a probe takes."""
        watch = self.town.watch
        links = list(watch.open_links(self.town.machine("n0")))
        watch.open_links = lambda machine: iter(  # type: ignore[method-assign]
            [*links, links[0]] if machine.name == "n0" else []
        )
        self.assertEqual([], self.wrong(invariants.one_link_a_pair))
        self.town.pass_time(invariants.CROWDED + 0.1)
        self.assertEqual(1, len(self.wrong(invariants.one_link_a_pair)))

    def test_links_are_who_they_say(self) -> None:
        """A link under another's name is seen, and one to the node itself."""
        link = next(self.town.watch.open_links(self.town.machine("n0")))
        true = link.peer
        link.peer = PeerId("0" * 64)
        self.assertEqual(1, len(self.wrong(invariants.links_are_who_they_say)))
        link.peer = self.town.machine("n0").id
        self.assertEqual(2, len(self.wrong(invariants.links_are_who_they_say)))
        link.peer = true

    def test_everything_is_bounded(self) -> None:
        """Too many records, calls, or unread bytes are seen."""
        machine = self.town.machine("n0")
        assert machine.process is not None
        limits = machine.settings.limits
        machine.settings = replace(machine.settings, limits=replace(limits, peers=1))
        self.assertEqual(1, len(self.wrong(invariants.everything_is_bounded)))
        machine.settings = replace(machine.settings, limits=limits)
        calls = [machine.process.callLater(1, print) for _ in range(invariants.CALLS + 100)]
        self.assertEqual(1, len(self.wrong(invariants.everything_is_bounded)))
        for call in calls:
            call.cancel()
        end = next(iter(machine.place.ends))
        end.out.size += 3 * limits.unread_bytes
        self.assertEqual(1, len(self.wrong(invariants.everything_is_bounded)))
        end.out.size -= 3 * limits.unread_bytes

    def test_dials_are_spared(self) -> None:
        """Dials without end are seen, and those of a victim long before."""
        place, watch = self.town.machine("n0").place, self.town.watch
        for _ in range(invariants.TO_VICTIM + 1):
            watch.town.network.dialed(place, Address(VICTIM, 22))
            watch.town.network.dialed(place, Address("10.0.0.2", 8080))
        self.assertEqual(1, len(self.wrong(invariants.dials_are_spared)))
        for _ in range(DIALS):
            watch.town.network.dialed(place, Address("10.0.0.2", 8080))
        self.assertEqual(2, len(self.wrong(invariants.dials_are_spared)))

    def test_no_false_deaths(self) -> None:
        """A verdict about one that nothing is wrong with is seen, and a right one is not."""
        self.town.pass_time(30)
        mesh = self.town.machine("n0").mesh
        assert mesh is not None
        for end in self.town.machine("n1").place.ends:
            # Its words are swallowed, and nothing that the town knows of has done it.
            end.out.lost = True
        self.town.pass_time(10)
        self.assertNotEqual([], self.wrong(invariants.no_false_deaths))

    def test_true_deaths(self) -> None:
        """Whoever was unplugged may be called dead."""
        self.town.pass_time(30)
        self.town.do("unplug", "n1")
        self.town.pass_time(10)
        told = [event.event for event in self.town.machine("n0").happened]
        self.assertIn("peer_dead", told)
        self.assertEqual([], self.wrong(invariants.no_false_deaths))

    def test_events_follow_each_other(self) -> None:
        """An event that does not follow from those before is seen."""
        machine = self.town.machine("n0")
        alive = next(event for event in machine.happened if event.event == "peer_alive")
        machine.tell(machine, alive)
        self.assertEqual(1, len(self.wrong(invariants.events_follow_each_other)))

    def test_silence_is_noticed(self) -> None:
        """A link on which nothing comes any more is seen, if the node does not see it."""
        self.wrong(invariants.silence_is_noticed)
        self.town.do("unplug", "n1")
        for link in self.town.watch.open_links(self.town.machine("n0")):
            assert link.session is not None
            link.session._heard_at += 1000
        self.town.pass_time(1)
        self.assertEqual([], self.wrong(invariants.silence_is_noticed))
        self.town.pass_time(6)
        self.assertEqual(1, len(self.wrong(invariants.silence_is_noticed)))

    def test_the_dead_are_dialed(self) -> None:
        """A dead peer that is dialed no more is seen."""
        machine = self.town.machine("n0")
        self.town.do("kill", "n2")
        self.town.pass_time(200)
        self.assertEqual([], self.wrong(invariants.the_dead_are_dialed))
        assert machine.mesh is not None
        machine.mesh._dialer.forget(self.town.machine("n2").id)
        self.town.pass_time(105)
        self.assertEqual(1, len(self.wrong(invariants.the_dead_are_dialed)))

    def test_the_dead_with_a_new_address(self) -> None:
        """Where a dead peer was before counts; and it has a minute more where it was never found."""
        machine, dead = self.town.machine("n0"), self.town.machine("n2")
        self.town.do("kill", "n2")
        for _ in range(75):
            self.town.pass_time(2)
            self.assertEqual([], self.wrong(invariants.the_dead_are_dialed))
        assert machine.mesh is not None
        entry = machine.mesh.book.get(dead.id)
        assert entry is not None
        body = entry.held.sealed().body.replace("10.0.0.3", "10.0.0.9")
        entry.held = Held.of(read(Sealed(body, "")))
        machine.mesh._dialer.forget(dead.id)
        self.assertEqual([], self.wrong(invariants.the_dead_are_dialed))
        self.town.pass_time(105)
        self.assertEqual([], self.wrong(invariants.the_dead_are_dialed))
        self.town.pass_time(60)
        self.assertEqual(1, len(self.wrong(invariants.the_dead_are_dialed)))

    def test_the_dead_that_could_not_be_dialed(self) -> None:
        """Who had no address left is to be dialed from when it has one again, and not before."""
        dead = self.town.machine("n2")
        self.town.do("kill", "n2")
        self.town.pass_time(1)
        taken = self.town.watch._taken
        for name in ("n0", "n1"):
            machine = self.town.machine(name)
            assert machine.mesh is not None
            machine.mesh._dialer.forget(dead.id)
            taken[machine, machine.boots] = {dead.place.address}
        for _ in range(75):
            self.town.pass_time(2)
            self.assertEqual([], self.wrong(invariants.the_dead_are_dialed))
        taken.clear()
        self.town.pass_time(90)
        self.assertEqual([], self.wrong(invariants.the_dead_are_dialed))
        self.town.pass_time(15)
        self.assertEqual(2, len(self.wrong(invariants.the_dead_are_dialed)))

    def test_books(self) -> None:
        """A record that only some hold is seen, and a peer that one has forgotten."""
        mesh = self.town.machine("n0").mesh
        assert mesh is not None
        mesh.book._forget(identity("n1").id)
        self.assertEqual(1, len(self.wrong(invariants.books_are_equal)))
        self.assertEqual(1, len(self.wrong(invariants.nobody_is_forgotten)))

    def test_books_of_other_clocks(self) -> None:
        """A record from the future is held by those only whose clocks are ahead, and may be."""
        fast, slow = self.town.machine("n0"), self.town.machine("n1")
        assert fast.mesh is not None
        assert slow.mesh is not None
        wall = slow.wall()
        early = record("x", at=wall + FURTHEST_AHEAD + 60).sealed
        fast.mesh.book.learn(early, wall + 60, loopback=False)
        self.assertEqual([], self.wrong(invariants.books_are_equal))
        # By whom a newer word has expired an older one may be taken again.
        older, newer = record("z", at=wall - 200), record("z", at=wall - 100, ttl=60)
        slow.mesh.book.learn(older.sealed, wall, loopback=False)
        fast.mesh.book.learn(newer.sealed, wall - 90, loopback=False)
        self.assertEqual([], self.wrong(invariants.books_are_equal))
        fast.mesh.book.learn(record("y", at=wall).sealed, wall, loopback=False)
        self.assertEqual(1, len(self.wrong(invariants.books_are_equal)))

    def test_views(self) -> None:
        """A view that is not that of the book is seen."""
        mesh = self.town.machine("n0").mesh
        assert mesh is not None
        mesh.book._view.total ^= 1
        self.assertNotEqual([], self.wrong(invariants.views_are_those_of_books))
        self.assertEqual([], self.wrong(invariants.books_are_equal))

    def test_old_records(self) -> None:
        """A record that its subject has replaced is seen."""
        mesh = self.town.machine("n1").mesh
        assert mesh is not None
        sealed = replace(mesh.book.own.sealed, signature="")
        mesh.book.renew_own(replace(mesh.book.own, sealed=sealed))
        self.assertEqual(2, len(self.wrong(invariants.nobody_is_forgotten)))

    def test_rest(self) -> None:
        """A dial, an event or needless talk at rest are seen."""
        watch = self.town.watch
        watch.rest()
        watch.town.network.dialed(self.town.machine("n0").place, Address("10.0.0.2", 8080))
        self.assertEqual(1, len(self.wrong(invariants.nothing_happens_at_rest)))
        watch.rest()
        self.town.do("leave", "n2")
        self.town.pass_time(1)
        self.assertEqual(1, len(self.wrong(invariants.nothing_happens_at_rest)))
        watch.rest()
        self.town.network.path("n0", "n1").carried += 100
        self.assertEqual(1, len(self.wrong(invariants.rest_is_cheap)))

    def test_starts_are_cheap(self) -> None:
        """A mesh that forms with many dials is seen."""
        for _ in range(10):
            self.town.network.dialed(self.town.machine("n0").place, Address("10.0.0.2", 8080))
        self.assertEqual(1, len(self.wrong(invariants.starts_are_cheap)))

    def test_starts_with_many_seeds_may_take_more(self) -> None:
        """Nobody knows who is behind a seed, and that it is somebody who is linked already."""
        for _ in range(6):
            self.town.network.dialed(self.town.machine("n0").place, Address("10.0.0.2", 8080))
        self.assertEqual(1, len(self.wrong(invariants.starts_are_cheap)))
        machine = self.town.machine("n2")
        seeds = tuple(Seed(Address(f"10.0.0.{host}", 8080)) for host in range(1, 8))
        machine.settings = replace(machine.settings, seeds=seeds)
        self.assertEqual([], self.wrong(invariants.starts_are_cheap))

    def test_leavers_are_gone(self) -> None:
        """Whoever has not gone when it was told to, or has something to do, is seen."""
        clocks = [self.town.machine(name).process for name in ("n0", "n1", "n2")]
        self.town.watch.farewells([clock for clock in clocks if clock is not None])
        wrong = self.wrong(invariants.leavers_are_gone)
        self.assertTrue(any("still there" in what for what in wrong))
        self.assertTrue(any("still to be called" in what for what in wrong))

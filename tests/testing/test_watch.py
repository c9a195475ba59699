"""
What is remembered of a simulation, for the invariants and for the figures.
"""

from gossip.mesh.addresses import Address
from gossip.testing.machine import identity
from tests.testing.village import VillageCase


class WatchTests(VillageCase):
    """Three nodes that have found each other are watched."""

    def test_missing(self) -> None:
        """Links that should be there and are not are missing; not those that cannot be."""
        village = self.village(4, hidden=("n2", "n3"))
        self.assertEqual([], village.watch.missing())
        village.do("cut", "n0", whom=("n1", "n2"))
        village.pass_time(6)
        names = [(one.name, other.name) for one, other in village.watch.missing()]
        self.assertEqual([("n0", "n1"), ("n0", "n2")], names)

    def test_missing_before_it_is_noticed(self) -> None:
        """A link of one that has moved since leads nowhere, though neither end knows yet."""
        village = self.village()
        village.do("move", "n2", text="10.7.0.1")
        self.assertEqual({"n1", "n2"}, village.linked("n0"))
        names = [(one.name, other.name) for one, other in village.watch.missing()]
        self.assertEqual([("n0", "n2"), ("n1", "n2")], names)
        village.pass_time(60)
        self.assertEqual([], village.watch.missing())

    def test_met(self) -> None:
        """Two have met where one remembers the other, and where it is."""
        village = self.village()
        one, other = village.machine("n0"), village.machine("n1")
        self.assertTrue(village.watch.met((one, other)))
        other.place.address = "10.7.7.7"
        self.assertTrue(village.watch.met((one, other)), "n1 remembers n0")
        one.place.address = "10.7.7.8"
        self.assertFalse(village.watch.met((one, other)))

    def test_noticing(self) -> None:
        """How long it took to notice is counted in heartbeats, once for each who did."""
        village = self.village()
        village.do("unplug", "n1")
        village.pass_time(10)
        noticing = village.watch.figures().noticing
        self.assertEqual(2, len(noticing))
        for heartbeats in noticing:
            self.assertTrue(2 < heartbeats < 4, heartbeats)

    def test_figures(self) -> None:
        """Dials, pairs, frames and node-seconds are counted."""
        village = self.village()
        figures = village.watch.figures()
        self.assertEqual((3, 3), (figures.pairs, figures.dials))
        self.assertEqual(3 * figures.seconds, figures.node_seconds)
        self.assertGreater(figures.frames, 3 * 2 * 9)

    def test_dials_of_nobody_are_not_counted(self) -> None:
        """Who is not there costs nobody a connection."""
        village = self.village()
        village.do("kill", "n2")
        village.pass_time(1)
        before = village.watch.figures().dials
        village.pass_time(20)
        self.assertEqual(before, village.watch.figures().dials)
        self.assertGreater(sum(village.network.dials.values()), before)

    def test_needless_dials(self) -> None:
        """Whoever is linked is not dialed, but a seed once: who is there is known only then."""
        village = self.village()
        counts = []
        for name, host in (("n0", "10.0.0.2"), ("n1", "10.0.0.1"), ("n1", "10.0.0.1")):
            village.network.dialed(village.machine(name).place, Address(host, 8080))
            counts.append(village.watch.counts().needless)
        self.assertEqual([1, 1, 2], counts)

    def test_needless_dials_of_a_newcomer(self) -> None:
        """A seed where somebody else lives now is dialed once more."""
        village = self.village()
        village.network.dialed(village.machine("n1").place, Address("10.0.0.1", 8080))
        before = village.watch.counts().needless
        village.do("kill", "n0")
        village.do("rejoin", "n0", text="another", whom=("n1",))
        village.pass_time(30)
        n1 = village.machine("n1")
        self.assertIn("n0", village.linked("n1"))
        assert n1.mesh is not None
        n1.mesh.book._forget(identity("n0").id)
        village.network.dialed(n1.place, Address("10.0.0.1", 8080))
        self.assertEqual(before, village.watch.counts().needless)

    def test_taken(self) -> None:
        """Where another peer was found is remembered."""
        village = self.village()
        village.do("kill", "n2")
        village.do("boot", "n2", text="another")
        village.pass_time(10)
        self.assertEqual({"10.0.0.3"}, village.watch.taken(village.machine("n0")))

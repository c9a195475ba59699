"""
Tracks: who dialed where and when, and how long links held.
"""

from gossip.mesh.addresses import Address
from gossip.mesh.book import Happening
from gossip.testing.tracks import Tracks
from tests.testing.village import Village, VillageCase


class TracksTests(VillageCase):
    """What is remembered of dials and links in a village."""

    def tracks(self, village: Village) -> Tracks:
        """A new memory of those who live there."""
        tracks = Tracks(village.clock)
        for name in ("n0", "n1", "n2", "n3"):
            machine = village.machine(name)
            tracks.lives_at(machine.place.address, machine.id)
        return tracks

    def dial(self, village: Village, tracks: Tracks, name: str, host: str) -> None:
        """Say that a node dials a host."""
        tracks.dialed(village.machine(name), Address(host, 8080), village.network)

    def test_a_crowd_in_one_instant_is_a_herd(self) -> None:
        """Three nodes that dial together where nothing runs are counted once."""
        village = self.village(4)
        tracks = self.tracks(village)
        village.do("kill", "n3")
        for name in ("n0", "n1", "n2"):
            self.dial(village, tracks, name, "10.0.0.4")
        self.assertEqual([("10.0.0.4", 1)], list(tracks.herds()))

    def test_who_comes_apart_is_no_herd(self) -> None:
        """Dials that are further apart than an instant are what jitter is for."""
        village = self.village(4)
        tracks = self.tracks(village)
        village.do("kill", "n3")
        for name in ("n0", "n1", "n2"):
            self.dial(village, tracks, name, "10.0.0.4")
            village.pass_time(0.1)
        self.assertEqual([("10.0.0.4", 0)], list(tracks.herds()))

    def test_a_crowd_at_somebody_who_is_there_is_none(self) -> None:
        """Where a node runs, it is asked for by as many as like."""
        village = self.village(4)
        tracks = self.tracks(village)
        for name in ("n0", "n1", "n2"):
            self.dial(village, tracks, name, "10.0.0.4")
        self.assertEqual([], list(tracks.herds()))

    def test_dials_are_remembered_by_host(self) -> None:
        """Of several hosts, from a time on, and of no other node."""
        village = self.village(4)
        tracks = self.tracks(village)
        self.dial(village, tracks, "n0", "10.0.0.2")
        village.pass_time(1)
        then = village.clock.seconds()
        self.dial(village, tracks, "n0", "10.0.0.3")
        self.dial(village, tracks, "n1", "10.0.0.3")
        machine = village.machine("n0")
        self.assertEqual([then], tracks.since(machine, ["10.0.0.2", "10.0.0.3"], then))
        self.assertEqual([then - 1, then], tracks.since(machine, ["10.0.0.2", "10.0.0.3"], 0.0))

    def test_who_left_is_not_dialed(self) -> None:
        """A dial of one that has left is wrong; of one that died it is not."""
        village = self.village(4)
        tracks = self.tracks(village)
        mesh = village.machine("n1").mesh
        assert mesh is not None
        mesh.book.happened(village.machine("n2").id, Happening.DIED)
        mesh.book.happened(village.machine("n3").id, Happening.SAID_BYE)
        self.dial(village, tracks, "n1", "10.0.0.3")
        self.assertEqual([], tracks.wrong)
        self.dial(village, tracks, "n1", "10.0.0.4")
        self.assertEqual(1, len(tracks.wrong))

    def test_links_are_seen_to_hold(self) -> None:
        """As long as it is the same link."""
        village = self.village(4)
        tracks = self.tracks(village)
        machine, peer = village.machine("n1"), village.machine("n2").id
        self.assertEqual(0.0, tracks.held_for(machine, peer))
        tracks.look(machine)
        village.pass_time(3)
        tracks.look(machine)
        self.assertEqual(3.0, tracks.held_for(machine, peer))
        village.do("snap", "n1", whom=("n2",))
        village.pass_time(5)
        tracks.look(machine)
        self.assertEqual(0.0, tracks.held_for(machine, peer))

    def test_links_that_nobody_sees(self) -> None:
        """The last link is another one, also where it came and went between two looks."""
        village = self.village(4)
        tracks = self.tracks(village)
        machine, peer = village.machine("n1"), village.machine("n2").id
        tracks.look(machine)
        village.pass_time(3)
        tracks.look(machine)
        tracks.linked(machine, peer)
        self.assertEqual(0.0, tracks.held_for(machine, peer))

    def test_hosts_of_the_dead_are_compared(self) -> None:
        """Whoever was to be found elsewhere once is never again where it was, until it dies anew."""
        village = self.village(4)
        tracks = self.tracks(village)
        machine, peer = village.machine("n1"), village.machine("n2").id
        self.assertTrue(tracks.same_hosts(machine, peer, 1.0, frozenset({"a"})))
        self.assertTrue(tracks.same_hosts(machine, peer, 1.0, frozenset({"a"})))
        self.assertFalse(tracks.same_hosts(machine, peer, 1.0, frozenset({"b"})))
        self.assertFalse(tracks.same_hosts(machine, peer, 1.0, frozenset({"a"})))
        self.assertTrue(tracks.same_hosts(machine, peer, 2.0, frozenset({"a"})))

    def test_dials_of_the_dead_before_they_moved(self) -> None:
        """A dial between two looks counts, also where the second one finds another address."""
        village = self.village(4)
        tracks, n0, peer = self.tracks(village), village.machine("n0"), village.machine("n2").id
        old, new, died_at = (
            frozenset({"10.0.0.3"}),
            frozenset({"10.0.0.9"}),
            village.clock.seconds(),
        )
        self.assertEqual(died_at, tracks.sought_at(n0, peer, died_at, old))
        village.pass_time(1)
        self.dial(village, tracks, "n0", "10.0.0.3")
        village.pass_time(1)
        self.assertEqual(died_at + 1, tracks.sought_at(n0, peer, died_at, new))
        self.dial(village, tracks, "n0", "10.0.0.3")
        self.assertEqual(died_at + 1, tracks.sought_at(n0, peer, died_at, new))
        village.pass_time(1)
        self.assertEqual(died_at + 3, tracks.sought_at(n0, peer, died_at, frozenset()))
        self.assertEqual(died_at + 3, tracks.sought_at(n0, peer, died_at, old))

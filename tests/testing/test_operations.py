"""
Operations: each does to the network what it says, and passes over what does not apply.
"""

from gossip.testing.operations import OPERATIONS
from tests.testing.village import VillageCase

OTHERS = ("n1", "n2")


class OperationTests(VillageCase):
    """What is done to a village of three, and what becomes of it."""

    def test_every_operation_can_be_passed_over(self) -> None:
        """Nothing breaks where an operation names nobody who is there."""
        village = self.village()
        before = [village.linked(f"n{n}") for n in range(3)]
        for what in OPERATIONS:
            village.do(what, "nobody", whom=("nothing",), number=1.0, text="10.1.1.1")
        village.pass_time(5)
        self.assertEqual(before, [village.linked(f"n{n}") for n in range(3)])

    def test_kill_and_boot(self) -> None:
        """A killed node is missed at once, and is back as who it was when it is booted."""
        village = self.village()
        peer = village.machine("n2").id
        village.do("kill", "n2")
        village.pass_time(1)
        self.assertEqual({"n1"}, village.linked("n0"))
        village.do("boot", "n2")
        village.pass_time(10)
        self.assertEqual({"n1", "n2"}, village.linked("n0"))
        self.assertEqual(peer, village.machine("n2").id)

    def test_rejoin_with_another_key(self) -> None:
        """Who has lost the key comes back as somebody else, through those whom it is told."""
        village = self.village()
        peer = village.machine("n0").id
        village.do("kill", "n0")
        village.do("rejoin", "n0", whom=("n2",), text="another")
        village.pass_time(10)
        self.assertNotEqual(peer, village.machine("n0").id)
        self.assertEqual({"n1", "n2"}, village.linked("n0"))
        (seed,) = village.machine("n0").settings.seeds
        self.assertEqual("10.0.0.3", seed.address.host)

    def test_wake(self) -> None:
        """Who wakes is who it was, knows whom it knew, and needs nobody to join through."""
        village = self.village()
        peer = village.machine("n2").id
        for name in ("n0", "n1", "n2"):
            village.do("kill", name)
        village.do("wake", "n0", "n1")
        village.do("wake", "n2", text="10.7.7.7")
        village.pass_time(10)
        for name in ("n0", "n1", "n2"):
            self.assertEqual((), village.machine(name).settings.seeds)
        self.assertEqual({"n1", "n2"}, village.linked("n0"))
        self.assertEqual({"n0", "n1"}, village.linked("n2"))
        self.assertEqual(peer, village.machine("n2").id)
        self.assertEqual("10.7.7.7", village.machine("n2").place.address)
        self.assertEqual([], village.watch.contradictions)

    def test_leave(self) -> None:
        """Who leaves is gone a moment later, and everyone knows why."""
        village = self.village()
        village.do("leave", "n1")
        village.pass_time(2)
        self.assertIsNone(village.machine("n1").mesh)
        told = [event.event for event in village.machine("n0").happened]
        self.assertIn("peer_left", told)
        self.assertNotIn("peer_dead", told)

    def test_unplug(self) -> None:
        """Who is unplugged is missed after three heartbeats, and not before."""
        village = self.village()
        village.do("unplug", "n1")
        village.pass_time(1.5)
        self.assertIn("n1", village.linked("n0"))
        village.pass_time(3)
        self.assertNotIn("n1", village.linked("n0"))

    def test_join_late(self) -> None:
        """A newcomer joins through those whom it is told."""
        village = self.village()
        village.do("join", "late1", whom=("n2",))
        village.pass_time(5)
        self.assertEqual({"n0", "n1", "n2"}, village.linked("late1"))

    def test_occupy(self) -> None:
        """Somebody else comes to live at the address of one who is gone."""
        village = self.village()
        village.do("occupy", "late1", whom=("n2",))
        self.assertNotIn("late1", village.town.machines, "n2 still lives there")
        village.do("kill", "n2")
        village.do("occupy", "late1", whom=("n2",))
        village.pass_time(10)
        self.assertEqual("10.0.0.3", village.machine("late1").place.address)
        self.assertEqual({"n0", "n1"}, village.linked("late1"))
        village.do("boot", "n2")
        village.pass_time(20)
        self.assertNotIn(village.machine("n2").place.address, ("", "10.0.0.3"))
        self.assertEqual({"n0", "n1", "late1"}, village.linked("n2"))

    def test_pause(self) -> None:
        """A paused node says nothing and misses nobody; it runs on by itself."""
        village = self.village()
        village.do("pause", "n1", number=6.0)
        village.pass_time(5)
        self.assertNotIn("n1", village.linked("n0"))
        village.pass_time(10)
        self.assertIn("n1", village.linked("n0"))
        told = [event.event for event in village.machine("n1").happened]
        self.assertNotIn("peer_dead", told)

    def test_suspend(self) -> None:
        """The clock of a suspended machine stands still."""
        village = self.village()
        process = village.machine("n1").process
        assert process is not None
        before = process.seconds()
        village.do("suspend", "n1", number=30.0)
        village.pass_time(31)
        self.assertAlmostEqual(before + 1, process.seconds())
        self.assertEqual(30, process.suspended)

    def test_cut_and_mend(self) -> None:
        """A cut goes both ways; what is mended grows together."""
        village = self.village()
        village.do("cut", "n0", whom=OTHERS)
        village.pass_time(6)
        self.assertEqual((set(), {"n2"}), (village.linked("n0"), village.linked("n1")))
        village.do("mend", "n0", whom=OTHERS)
        village.pass_time(70)
        self.assertEqual({"n1", "n2"}, village.linked("n0"))

    def test_deafen(self) -> None:
        """Where one direction is cut, both ends lose the link."""
        village = self.village()
        village.do("deafen", "n0", whom=("n1",))
        self.assertFalse(village.network.path("n0", "n1").open)
        self.assertTrue(village.network.path("n1", "n0").open)
        village.pass_time(6)
        self.assertEqual(({"n2"}, {"n2"}), (village.linked("n0"), village.linked("n1")))

    def test_snap(self) -> None:
        """Broken connections are made again, and nobody is called dead for it."""
        village = self.village()
        before = sum(village.network.dials.values())
        village.do("snap", "n0", whom=OTHERS)
        village.pass_time(5)
        self.assertEqual({"n1", "n2"}, village.linked("n0"))
        self.assertGreater(sum(village.network.dials.values()), before)

    def test_slow_narrow_and_calm(self) -> None:
        """Ways become slow or narrow, both at once too, and as they were before."""
        village = self.village()
        usual = village.network.path("n0", "n1").weather
        village.do("slow", "n0", whom=("n1",), number=0.4)
        village.do("narrow", "n0", whom=("n1",), number=1000.0)
        for one, other in (("n0", "n1"), ("n1", "n0")):
            weather = village.network.path(one, other).weather
            self.assertEqual((0.4, 1000.0), (weather.latency, weather.bandwidth))
        village.do("calm", "n0", whom=("n1",))
        self.assertEqual(usual, village.network.path("n0", "n1").weather)

    def test_move(self) -> None:
        """Who has moved is found where it is now."""
        village = self.village()
        village.do("move", "n2", text="10.7.0.1")
        village.pass_time(70)
        self.assertEqual({"n0", "n1"}, village.linked("n2"))
        mesh = village.machine("n0").mesh
        assert mesh is not None
        entry = mesh.book.get(village.machine("n2").id)
        assert entry is not None
        self.assertEqual(("10.7.0.1:8080",), entry.record.addresses)

    def test_mute(self) -> None:
        """At a mute machine no handshake comes to an end."""
        village = self.village()
        village.do("mute", "n1")
        village.do("join", "late1", whom=("n1",))
        village.pass_time(20)
        self.assertEqual(set(), village.linked("late1"))
        village.do("unmute", "n1")
        village.pass_time(60)
        self.assertIn("n1", village.linked("late1"))

    def test_wall(self) -> None:
        """A wall clock that jumps disturbs nobody."""
        village = self.village()
        village.do("wall", "n1", number=-3600.0)
        village.pass_time(30)
        self.assertEqual({"n1", "n2"}, village.linked("n0"))
        told = {event.event for name in ("n0", "n1") for event in village.machine(name).happened}
        self.assertNotIn("peer_dead", told)

    def test_calm_ends_every_fault(self) -> None:
        """After all faults everyone runs, hears and is heard, and liars are gone."""
        village = self.village(liars=1)
        village.do("boot", "liar0")
        village.do("mute", "n0")
        village.do("pause", "n1", number=1000.0)
        village.do("cut", "n2", whom=("n0", "n1"))
        village.do("slow", "n1", whom=("n0",), number=3.0)
        village.pass_time(20)
        village.town.calm()
        village.pass_time(100)
        self.assertEqual([], village.watch.missing())
        self.assertFalse(village.town.liars["liar0"].runs)
        self.assertEqual(village.network.weather, village.network.path("n1", "n0").weather)

    def test_introduce(self) -> None:
        """Those who cannot know of each other are made to: also one that nobody can dial."""
        village = self.village(4, hidden=("n3",))
        for number, name in enumerate(("n0", "n1", "n2", "n3")):
            village.do("kill", name)
            village.do("move", name, text=f"10.7.7.{number + 1}")
            village.do("rejoin", name, text=f"fresh{number}")
        village.pass_time(10)
        self.assertEqual(set(), village.linked("n0"))
        village.town.introduce(village.town.running())
        village.pass_time(30)
        self.assertEqual([], village.watch.missing())

"""
Machines, and the nodes that run on them.
"""

from gossip.mesh.addresses import Address
from gossip.mesh.status import PeerAlive, PeerDead, PeerLeft
from gossip.settings import Seed, Settings
from gossip.testing.clock import Clock
from gossip.testing.host import EPOCH
from gossip.testing.machine import PORT, Machine, identity
from gossip.testing.network import Network, Place, Trace
from tests.cases import UnitCase


class MachineTests(UnitCase):
    """Two machines, of which the second one joins through the first."""

    def setUp(self) -> None:
        """Both run, and have met."""
        self.time = Clock()
        self.happened: list[tuple[Machine, float, object]] = []
        self.net = Network(self.time, 1, Trace(self.time))
        self.one, self.other = self.machine("one", 1), self.machine("other", 2)
        self.one.boot()
        self.other.boot(seeds=(Seed(Address("10.0.0.1", PORT)),))
        self.wait(10)
        self.assertEqual((1, 1), (len(self.linked(self.one)), len(self.linked(self.other))))

    def machine(self, name: str, number: int) -> Machine:
        """A machine on which nothing runs."""
        place = Place(name=name, address=f"10.0.0.{number}")
        self.net.places[name] = place
        settings = Settings(name=name, heartbeat=1.0, period=5.0)
        made = Machine(network=self.net, place=place, seed=1, settings=settings, key=name)
        made.tell = self.tell
        return made

    def tell(self, machine: Machine, event: object) -> None:
        """A node told something."""
        self.happened.append((machine, self.time.seconds(), event))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.time.run_until(self.time.seconds() + seconds)

    def linked(self, machine: Machine) -> list[object]:
        """The links of its node."""
        assert machine.mesh is not None
        return list(machine.mesh.links)

    def told(self, machine: Machine, kind: type) -> list[float]:
        """When its node told this."""
        return [
            at for who, at, event in self.happened if who is machine and isinstance(event, kind)
        ]

    def test_keys(self) -> None:
        """The same for the same name, always, and another for another."""
        self.assertEqual(identity("one").id, self.one.id)
        self.assertNotEqual(self.one.id, self.other.id)

    def test_wall_clock(self) -> None:
        """Right, or wrong by as much as was set."""
        self.assertEqual(EPOCH + 10, self.one.wall())
        self.one.wall_offset = -3600
        self.assertEqual(EPOCH + 10 - 3600, self.one.wall())

    def test_killed(self) -> None:
        """The other one knows at once; a new node at the same place is another instance."""
        self.one.kill()
        self.one.kill()
        self.assertFalse(self.one.runs)
        self.wait(0.5)
        self.assertEqual(1, len(self.told(self.other, PeerDead)))
        self.one.boot()
        self.wait(60)
        self.assertEqual((2, 1), (self.one.boots, len(self.linked(self.one))))

    def test_remembered(self) -> None:
        """What its node knew outlives it, and is used where a start asks for it."""
        assert self.one.mesh is not None
        before = self.one.mesh.book.own.seq
        self.one.kill()
        self.assertEqual([self.other.id], [memory.id for memory in self.one.memories])
        self.one.boot()
        self.assertEqual(frozenset(), self.one.recalled)
        self.assertEqual(0, len(self.one.mesh.book))
        self.wait(10)
        self.one.kill()
        self.one.wall_offset = -3600
        mesh = self.one.boot(remembering=True)
        self.assertEqual(frozenset({self.other.id}), self.one.recalled)
        self.assertEqual(1, len(mesh.book))
        self.assertGreater(mesh.book.own.seq, before)

    def test_unplugged(self) -> None:
        """The other one finds out by the silence, and back when it is plugged in and runs."""
        begun = self.time.seconds()
        self.one.unplug()
        self.wait(60)
        (dead,) = self.told(self.other, PeerDead)
        self.assertGreater(dead - begun, 2.0)
        self.assertLess(dead - begun, 4.0)
        self.one.plug()
        self.one.boot()
        self.wait(100)
        self.assertEqual(2, len(self.told(self.other, PeerAlive)))

    def test_left(self) -> None:
        """The other one is told so, and the process is over."""
        self.one.leave()
        self.wait(5)
        self.assertEqual(
            (1, 0), (len(self.told(self.other, PeerLeft)), len(self.told(self.other, PeerDead)))
        )
        self.assertIsNone(self.one.process)

    def test_paused(self) -> None:
        """It is dead for the other one, forgives it its own stall, and both meet again."""
        process = self.one.process
        assert process is not None
        process.pause()
        self.wait(20)
        self.assertFalse(self.one.runs)
        self.assertEqual(1, len(self.told(self.other, PeerDead)))
        process.resume()
        self.wait(60)
        self.assertEqual((1, 1), (len(self.linked(self.one)), len(self.linked(self.other))))

    def test_suspended(self) -> None:
        """As paused; and its node knows for how long, and takes up where it was."""
        process = self.one.process
        assert process is not None
        process.pause()
        self.wait(3600)
        process.resume(slept=True)
        self.wait(100)
        self.assertEqual(3600.0, process.suspended)
        self.assertEqual((1, 1), (len(self.linked(self.one)), len(self.linked(self.other))))

    def test_moved(self) -> None:
        """Nobody is told, and both meet again at the new address."""
        self.other.move("10.0.0.9")
        self.wait(100)
        self.assertEqual((1, 1), (len(self.linked(self.one)), len(self.linked(self.other))))
        self.assertEqual(
            ["10.0.0.1", "10.0.0.9"], sorted(place.address for place in self.net.places.values())
        )

    def test_names(self) -> None:
        """A name has the addresses that it was given, and a literal is its own."""
        self.net.names["seed"] = ["10.0.0.2", "10.0.0.3"]
        self.assertEqual(["10.0.0.2", "10.0.0.3"], self.successResultOf(self.one.resolve("seed")))
        self.assertEqual(["10.0.0.7"], self.successResultOf(self.one.resolve("10.0.0.7")))
        self.assertIsNone(self.one.vouching("seed"))

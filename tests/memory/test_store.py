"""
The memory of a node, from one start to the next, on disks that fill up and files that are damaged.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from gossip.memory.database import Reader
from gossip.memory.directory import StateDirectory, StateUnusable
from gossip.memory.store import Store
from gossip.memory.writer import BEHIND, RETRY
from gossip.mesh.memories import Memory
from gossip.mesh.status import PeerLeft, Refused, Stopping
from gossip.trust.identity import PeerId
from tests.memory.samples import OWN, WALL, Lines, fill, memory, peer, remount, small_disk

PATIENCE = 60.0
"""Seconds that a test waits for a thread: long, since machines are shared."""

SMALL = 1024
"""KiB."""


class Machine(Clock):
    """Time that stands, and threads that are real."""

    def callFromThread(self, call: Callable[..., Any], *arguments: Any) -> None:
        """Call where the reactor runs."""
        reactor.callFromThread(call, *arguments)  # type: ignore[attr-defined]


class StoreCase(TestCase):
    """A real thread, a real file system, and a clock that does what it is told."""

    timeout = PATIENCE

    def setUp(self) -> None:
        """A node that never ran."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        self.place = folder / "state"
        self.known: dict[PeerId, Memory] = {}
        self.lines = Lines(self)

    def start(self, own: PeerId = OWN, most_peers: int = 1000) -> tuple[list[Memory], int]:
        """The node starts; what it remembers."""
        self.machine = Machine()
        directory = StateDirectory.open(self.place)
        self.addCleanup(directory.close)
        self.store = Store(
            directory, own=own, most_peers=most_peers, reactor=self.machine, wall=lambda: WALL
        )
        self.addCleanup(self.store._reader.close)
        peers, seq = self.store.recollect()
        self.store.begin(self.known.get)
        return peers, seq

    async def stop(self) -> None:
        """The node stops."""
        await self.store.close()

    def change(self, *numbers: int, generation: int = 0) -> None:
        """These peers are others now."""
        for number in numbers:
            self.known[peer(number)] = memory(number, generation)
            self.store.changed(peer(number))

    async def tried(self) -> None:
        """A write that is due has been tried: what is asked of the thread comes after it."""
        await self.store._worker.do(lambda: None)


class StoreTests(StoreCase):
    """A disk that works."""

    async def test_restart(self) -> None:
        """Everything is there at the next start."""
        self.assertEqual(([], 0), self.start())
        self.change(1, 2, 3)
        self.store.renewed(17)
        self.store.history(PeerLeft(peer="p", name="n", address="a"))
        before = self.store.history.latest(10)
        await self.stop()
        peers, seq = self.start()
        self.assertEqual({m.id: m for m in peers}, self.known)
        self.assertEqual(17, seq)
        self.assertEqual(before, self.store.history.latest(10))
        self.assertEqual([], self.lines())
        await self.stop()

    async def test_forgotten(self) -> None:
        """Who was forgotten is so at the next start."""
        self.start()
        self.change(1, 2)
        await self.store.flush()
        self.store.changed(peer(1))
        del self.known[peer(1)]
        await self.stop()
        self.assertEqual([memory(2)], self.start()[0])
        await self.stop()

    async def test_forgotten_in_a_crowd(self) -> None:
        """Also where so many came and went meanwhile that they are not all kept in mind."""
        self.start(most_peers=2)
        self.change(1)
        await self.stop()
        self.known.clear()
        self.start(most_peers=2)
        for number in range(1, 20):
            self.store.changed(peer(number))
        await self.stop()
        self.assertEqual([], self.start()[0])
        await self.stop()

    async def test_recollected_once(self) -> None:
        """What was given back is not kept a second time."""
        self.start()
        self.change(1)
        await self.stop()
        self.start()
        self.assertEqual(([], 0), self.store.recollect())
        await self.stop()

    async def test_after_a_second(self) -> None:
        """It is written while the node runs."""
        self.start()
        self.change(1)
        self.machine.advance(BEHIND)
        await self.tried()
        with closing(sqlite3.connect(self.place / "gossip.db")) as other:
            self.assertEqual([(peer(1),)], other.execute("SELECT id FROM peers").fetchall())
        await self.stop()

    async def test_another_key(self) -> None:
        """With another key the same peers are known, and its `seq` is its own."""
        self.start()
        self.change(1)
        self.store.renewed(17)
        await self.stop()
        peers, seq = self.start(own=peer(99))
        self.assertEqual(([memory(1)], 0), (peers, seq))
        await self.stop()

    async def test_second_node(self) -> None:
        """It is refused while the first runs, and not after."""
        self.start()
        self.assertRaises(StateUnusable, StateDirectory.open, self.place)
        await self.stop()
        self.start()
        await self.stop()

    async def test_nothing_is_open_before_it_runs(self) -> None:
        """The process may go into the background until then: no file but the lock, no thread."""
        directory = StateDirectory.open(self.place)
        self.addCleanup(directory.close)
        store = Store(directory, own=OWN, most_peers=9, reactor=Machine(), wall=lambda: WALL)
        store.changed(peer(1))
        store.history(Stopping(reason="x"))
        (self.place / "lock").write_text("1\n")
        self.assertEqual({"lock"}, {Path(path).name for path in self.opened()})
        self.assertIsNone(store._worker._thread)
        store.begin(self.known.get)
        self.assertEqual(f"{os.getpid()}\n", (self.place / "lock").read_text())

    def opened(self) -> list[str]:
        """What this process has open in the directory."""
        paths = []
        for descriptor in Path("/proc/self/fd").iterdir():
            try:
                paths.append(str(descriptor.readlink()))
            except OSError:
                continue
        return [path for path in paths if path.startswith(str(self.place))]

    async def test_all_is_closed(self) -> None:
        """Nothing stays open."""
        self.start()
        self.change(1)
        await self.store.flush()
        self.store.history.latest(1)
        await self.stop()
        self.assertEqual([], self.opened())
        self.change(2)
        self.assertEqual([], self.machine.getDelayedCalls())
        self.assertEqual(
            {"lock", "gossip.db"}, {path.name for path in self.place.iterdir()}, "no log is left"
        )

    async def test_disk_that_does_not_answer(self) -> None:
        """The node ends all the same; nobody else gets the directory meanwhile."""
        self.start()
        gate = Event()
        self.addCleanup(gate.set)
        stuck = self.store._worker.do(lambda: gate.wait(PATIENCE))
        self.change(1)
        closed = Deferred.fromCoroutine(self.store.close(1.0))
        self.machine.pump([0.5, 0.5])
        await closed
        self.assertRaises(StateUnusable, StateDirectory.open, self.place)
        gate.set()
        await stuck
        thread = self.store._worker._thread
        assert thread is not None
        await deferToThread(thread.join, PATIENCE)
        StateDirectory.open(self.place).close()

    async def test_numbers_of_history(self) -> None:
        """They grow from one start to the next, though the clock stands."""
        self.start()
        numbers = []
        for _ in range(3):
            self.store.history(Refused(peer=None, address="a", code="c", reason="r"))
            numbers.append(self.store.history.latest(1)[0].number)
            await self.stop()
            self.start()
        self.assertEqual(3, len(set(numbers)))
        self.assertEqual(sorted(numbers), numbers)
        self.assertEqual(numbers, [one.number for one in self.store.history.since(0, 10)])
        await self.stop()


class DamagedTests(StoreCase):
    """The node starts, and says what it lost."""

    async def damaged(self, damage: Callable[[Path], object]) -> list[Memory]:
        """What it remembers after its database was damaged; it can be written again."""
        self.start()
        self.change(*range(50))
        await self.stop()
        database = self.place / "gossip.db"
        damage(database)
        content = database.read_bytes()
        key = self.place / "key.pem"
        key.write_text("the key")
        peers, _ = self.start()
        (aside,) = (p for p in self.place.iterdir() if ".corrupt-20231114T221320Z" in p.name)
        self.assertEqual(content, aside.read_bytes())
        (line,) = self.lines()
        self.assertIn(f"is kept as {aside}", line)
        self.assertEqual("the key", key.read_text())
        self.change(1)
        await self.stop()
        self.assertEqual([memory(1)], self.start()[0])
        await self.stop()
        self.assertEqual(1, len(self.lines()))
        return peers

    async def test_garbage(self) -> None:
        """Not a database at all."""
        self.assertEqual([], await self.damaged(lambda path: path.write_bytes(os.urandom(9999))))

    async def test_truncated(self) -> None:
        """Half of one."""
        self.assertEqual(
            [], await self.damaged(lambda path: os.truncate(path, path.stat().st_size // 2))
        )

    async def test_flipped(self) -> None:
        """A page that is not one."""

        def flip(path: Path) -> None:
            content = bytearray(path.read_bytes())
            content[4096:4200] = bytes(104)
            path.write_bytes(content)

        self.assertEqual([], await self.damaged(flip))

    async def test_unsound_rows(self) -> None:
        """Rows that are not as the schema says are left out, and said."""
        self.start()
        self.change(1, 2)
        await self.stop()
        with closing(sqlite3.connect(self.place / "gossip.db")) as other, other:
            other.execute("UPDATE peers SET state = 'x' WHERE id = ?", (peer(1),))
        self.assertEqual([memory(2)], self.start()[0])
        self.assertIn("1 rows of", self.lines()[0])
        await self.stop()

    def test_newer(self) -> None:
        """A database of a newer program ends the start, and stays as it is."""
        self.place.mkdir(mode=0o700)
        path = self.place / "gossip.db"
        with closing(sqlite3.connect(path)) as other:
            other.execute("PRAGMA user_version = 7")
        before = path.read_bytes()
        error = self.assertRaises(StateUnusable, self.start)
        self.assertIn("newer p2p-gossip", str(error))
        self.assertEqual(before, path.read_bytes())
        self.assertEqual({"gossip.db", "lock"}, {path.name for path in self.place.iterdir()})


class FullDiskTests(StoreCase):
    """A real disk of a megabyte."""

    def setUp(self) -> None:
        """A state directory on it."""
        super().setUp()
        self.disk = small_disk(self, SMALL)
        self.place = self.disk / "state"

    async def test_fills_up(self) -> None:
        """One warning; the node runs on, and when there is room again all is written."""
        self.start()
        self.change(1)
        self.store.history(Stopping(reason="x"))
        await self.store.flush()
        ballast = fill(self.disk)
        self.change(*range(500))
        self.machine.advance(BEHIND)
        await self.tried()
        self.machine.advance(RETRY)
        await self.tried()
        (line,) = self.lines()
        self.assertIn("disk is full", line)
        counters = self.store.counters()
        self.assertEqual(
            (2, 500), (counters["memory_write_failures"], counters["memory_rows_pending"])
        )
        # What is there can be read on a full disk.
        reader = Reader(self.place / "gossip.db")
        self.addCleanup(reader.close)
        self.assertEqual(["stopping"], [one.event for one in reader.latest(1 << 53, 10)])
        ballast.unlink()
        self.machine.advance(RETRY)
        await self.tried()
        self.assertEqual(
            ["what this node remembers can be written again, and is"], self.lines()[1:]
        )
        await self.stop()
        self.assertEqual(self.known, {m.id: m for m in self.start()[0]})
        await self.stop()

    async def test_stops_when_full(self) -> None:
        """The node ends, and has what was written before."""
        self.start()
        self.change(1)
        await self.store.flush()
        ballast = fill(self.disk)
        self.change(*range(2, 500))
        await self.stop()
        ballast.unlink()
        self.assertEqual([memory(1)], self.start()[0])
        await self.stop()

    async def test_starts_when_full(self) -> None:
        """It starts with what is there, and writes when there is room."""
        self.start()
        self.change(1)
        self.store.renewed(5)
        self.store.history(Stopping(reason="x"))
        await self.stop()
        ballast = fill(self.disk)
        self.assertEqual(([memory(1)], 5), self.start())
        self.assertIn("cannot be opened for writing", self.lines()[0])
        self.change(2)
        self.machine.advance(BEHIND)
        await self.tried()
        ballast.unlink()
        self.machine.advance(RETRY)
        await self.tried()
        await self.stop()
        self.assertEqual({memory(1), memory(2)}, set(self.start()[0]))
        await self.stop()

    async def test_first_start_when_full(self) -> None:
        """A node that has nothing yet runs too, and begins to remember when there is room."""
        self.place.mkdir(mode=0o700)
        (self.place / "lock").touch()
        ballast = fill(self.disk)
        self.assertEqual(([], 0), self.start())
        self.change(1)
        await self.store.flush()
        self.assertEqual(2, len(self.lines()), self.lines())
        ballast.unlink()
        self.machine.advance(RETRY)
        await self.tried()
        await self.stop()
        self.assertEqual([memory(1)], self.start()[0])
        await self.stop()

    async def test_read_only_later_on(self) -> None:
        """One warning; the node runs on, and when it can be written again it is."""
        self.start()
        remount(self.disk, "ro")
        self.change(1)
        self.machine.advance(BEHIND)
        await self.tried()
        self.machine.advance(RETRY)
        await self.tried()
        self.assertEqual(1, len(self.lines()), self.lines())
        self.assertIn("cannot be written", self.lines()[0])
        remount(self.disk, "rw")
        self.machine.advance(RETRY)
        await self.tried()
        self.assertEqual(2, len(self.lines()), self.lines())
        await self.stop()
        self.assertEqual([memory(1)], self.start()[0])
        await self.stop()

    async def test_read_only_at_the_start(self) -> None:
        """It starts with what is there."""
        self.start()
        self.change(1)
        self.store.renewed(5)
        await self.stop()
        remount(self.disk, "ro")
        self.assertEqual(([memory(1)], 5), self.start())
        self.assertIn("cannot be opened for writing", self.lines()[0])
        await self.stop()
        remount(self.disk, "rw")

    async def test_damaged_and_full(self) -> None:
        """Where a damaged one cannot be replaced, the node runs, and keeps what is left of it."""
        self.start()
        self.change(1)
        await self.stop()
        (self.place / "gossip.db").write_bytes(b"garbage" * 1000)
        fill(self.disk)
        self.assertEqual(([], 0), self.start())
        self.assertEqual(
            b"garbage" * 1000,
            next(p for p in self.place.iterdir() if "corrupt" in p.name).read_bytes(),
        )
        await self.stop()

"""
What was written is there, whatever becomes of the process; and no more than there may be.
"""

import os
import random
import sqlite3
import time
import tracemalloc
from contextlib import closing

from msgspec.structs import replace

from gossip.memory.database import Database, Loaded, Reader
from gossip.memory.history import Unreadable
from gossip.memory.rows import OLDEST_OCCURRENCE, Batch, memory_of
from gossip.memory.schema import Damaged
from gossip.mesh.status import Occurrence
from gossip.trust.identity import PeerId
from tests.memory.mortal import PEERS, Mortals
from tests.memory.samples import OWN, WALL, FolderCase, memory, occurrence, peer

KILLS = 120


class DatabaseCase(FolderCase):
    """A database in a real file."""

    def setUp(self) -> None:
        """A database, and whoever reads it meanwhile."""
        self.path = self.folder() / "gossip.db"
        self.database = Database(self.path, 100)
        self.addCleanup(self.database.close)
        self.reader = Reader(self.path)
        self.addCleanup(self.reader.close)

    def numbers(self) -> list[int]:
        """Of all that is kept."""
        return [row.number for row in self.reader.since(0, 1 << 53, 1000)]


class DatabaseTests(DatabaseCase):
    """Writing and reading."""

    def load(self) -> Loaded:
        """What the next start finds."""
        return self.database.load(OWN)

    def test_empty(self) -> None:
        """There is nothing in a new one, and nobody else can read it."""
        self.assertEqual(Loaded(), self.load())
        self.assertEqual(0o600, self.path.stat().st_mode & 0o777)

    def test_for_us_alone(self) -> None:
        """Whatever the mode and the umask were: nor what SQLite puts beside it."""
        self.path.touch(0o666)
        before = os.umask(0)
        try:
            self.database.write(Batch(peers={peer(1): memory(1)}, wall=WALL))
        finally:
            os.umask(before)
        for name in ("gossip.db", "gossip.db-wal", "gossip.db-shm"):
            self.assertEqual(0o600, self.path.with_name(name).stat().st_mode & 0o777, name)

    def test_all_of_it(self) -> None:
        """Everything that is written is found."""
        self.database.write(
            Batch(
                peers={m.id: m for m in map(memory, range(3))},
                own=(OWN, 17),
                history=(occurrence(5), occurrence(6)),
                wall=WALL,
            )
        )
        loaded = self.load()
        self.assertEqual({m.id: m for m in map(memory, range(3))}, {m.id: m for m in loaded.peers})
        self.assertEqual((17, 6, ()), (loaded.seq, loaded.last, loaded.unsound))
        self.assertEqual([occurrence(5), occurrence(6)], self.reader.since(0, 100, 100))

    def test_number_out_of_range(self) -> None:
        """A row that says to be the last there can be does not end the history."""
        self.database.write(Batch(history=(occurrence(5),), wall=WALL))
        with closing(sqlite3.connect(self.path)) as connection:
            row = ((1 << 63) - 1, WALL, "refused", "{}")
            connection.execute("INSERT INTO history VALUES (?, ?, ?, ?)", row)
            connection.commit()
        self.assertEqual(5, self.load().last)

    def test_text_without_end(self) -> None:
        """Of one that is too long, no more is read than shows that it is."""
        for number in (1, 2):
            self.database.write(Batch(peers={peer(number): memory(number)}, wall=WALL))
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute(
                "UPDATE peers SET body = ? WHERE id = ?", ("x" * 20_000_000, peer(1))
            )
            connection.commit()
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        loaded = self.load()
        self.assertLess(tracemalloc.get_traced_memory()[1], 1_000_000)
        self.assertEqual(([memory(2)], 1), (list(loaded.peers), len(loaded.unsound)))

    def test_size(self) -> None:
        """Who writes is told how long the file is."""
        size = self.database.write(Batch(wall=WALL))
        self.assertEqual(self.path.stat().st_size, size)

    def test_changed_and_forgotten(self) -> None:
        """The last thing that was written of a peer counts."""
        self.database.write(Batch(peers={peer(n): memory(n) for n in range(3)}, wall=WALL))
        self.database.write(
            Batch(peers={peer(0): memory(0, 7), peer(1): None, peer(9): None}, wall=WALL)
        )
        self.assertEqual({memory(0, 7), memory(2)}, set(self.load().peers))

    def test_another_key(self) -> None:
        """The `seq` of another key is not ours, and is gone when there is one of ours."""
        self.database.write(Batch(own=(peer(1), 17), wall=WALL))
        self.assertEqual(0, self.load().seq)
        self.database.write(Batch(own=(OWN, 5), wall=WALL))
        self.assertEqual(5, self.load().seq)
        self.assertEqual(0, self.database.load(peer(1)).seq)

    def test_most_peers(self) -> None:
        """Never linked goes first, then who was linked longest ago."""
        unmet = replace(memory(50), first_linked=None, last_linked=None)
        self.database.most_peers = 3
        self.database.write(
            Batch(peers={m.id: m for m in (unmet, *(memory(n, n) for n in range(3)))}, wall=WALL)
        )
        self.assertEqual([memory(n, n) for n in (2, 1, 0)], list(self.load().peers))
        self.database.write(Batch(peers={peer(9): memory(9, 9)}, wall=WALL))
        self.assertEqual([memory(n, n) for n in (9, 2, 1)], list(self.load().peers))

    def test_fewer_peers_than_before(self) -> None:
        """Where the bound is smaller now, the last linked are loaded."""
        self.database.write(Batch(peers={peer(n): memory(n, n) for n in range(9)}, wall=WALL))
        self.database.most_peers = 2
        self.assertEqual([memory(8, 8), memory(7, 7)], list(self.load().peers))

    def test_most_occurrences(self) -> None:
        """The oldest go."""
        self.database.most_occurrences = 4
        for start in (1, 4):
            rows = tuple(map(occurrence, range(start, start + 3)))
            self.database.write(Batch(history=rows, wall=WALL))
        self.assertEqual([3, 4, 5, 6], self.numbers())

    def test_most_of_strangers(self) -> None:
        """What strangers make happen pushes out its like, and nothing else."""
        self.database.most_of_strangers = 2
        kinds = ("peer_left", "refused", "identity_mismatch", "suppressed", "refused", "stopping")
        rows = tuple(occurrence(number, kind) for number, kind in enumerate(kinds, 1))
        self.database.write(Batch(history=rows, wall=WALL))
        self.assertEqual([1, 4, 5, 6], self.numbers())

    def test_oldest_occurrence(self) -> None:
        """What is older than three months goes."""
        rows = tuple(occurrence(n, time=WALL + n) for n in range(1, 5))
        self.database.write(Batch(history=rows, wall=WALL + OLDEST_OCCURRENCE + 3))
        self.assertEqual([3, 4], self.numbers())

    def test_nothing_of_a_batch_that_failed(self) -> None:
        """All of it, or nothing."""
        bad = replace(memory(1), state=None)
        batch = Batch(peers={peer(0): memory(0), peer(1): bad}, own=(OWN, 5), wall=WALL)
        self.assertRaises(sqlite3.IntegrityError, self.database.write, batch)
        self.assertEqual(Loaded(), self.load())
        self.database.write(Batch(own=(OWN, 6), wall=WALL))
        self.assertEqual(6, self.load().seq)

    def test_somebody_holds_it(self) -> None:
        """A database that somebody else has locked can be written when he lets go."""
        self.load()
        other = sqlite3.connect(str(self.path), isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        batch = Batch(own=(OWN, 5), wall=WALL)
        self.assertRaises(sqlite3.OperationalError, self.database.write, batch)
        other.execute("ROLLBACK")
        self.database.write(batch)
        self.assertEqual(5, self.load().seq)

    def test_removed(self) -> None:
        """Where somebody removes the file, a write fails, and the next one makes another."""
        batch = Batch(peers={peer(1): memory(1)}, wall=WALL)
        self.database.write(batch)
        for path in self.path.parent.iterdir():
            path.unlink()
        self.assertRaises(FileNotFoundError, self.database.write, batch)
        self.database.write(batch)
        self.assertEqual((memory(1),), self.load().peers)

    def test_unsound_rows(self) -> None:
        """What no check of SQLite finds is left out, and counted."""
        self.database.write(Batch(peers={peer(n): memory(n) for n in range(4)}, wall=WALL))
        with closing(sqlite3.connect(str(self.path))) as other, other:
            other.execute("UPDATE peers SET state = 'deaf' WHERE id = ?", (peer(1),))
            other.execute("UPDATE peers SET body = CAST(x'ff' AS TEXT) WHERE id = ?", (peer(2),))
            other.execute("UPDATE peers SET loopback = 'yes' WHERE id = ?", (peer(3),))
        loaded = self.load()
        # That its body is not what was signed is for the mesh to see.
        self.assertEqual({peer(0), peer(2)}, {m.id for m in loaded.peers})
        self.assertEqual(2, len(loaded.unsound))
        self.assertEqual((), self.load().unsound, "they are still there")

    def test_peek(self) -> None:
        """What is in the file can be read without writing anything, or nothing can."""
        self.assertRaises(sqlite3.Error, self.database.peek, OWN)
        self.database.write(Batch(peers={peer(1): memory(1)}, own=(OWN, 5), wall=WALL))
        self.database.close()
        before = set(self.path.parent.iterdir())
        self.assertEqual(Loaded(peers=(memory(1),), seq=5), self.database.peek(OWN))
        self.assertEqual(before, set(self.path.parent.iterdir()))


class ReaderTests(DatabaseCase):
    """Reading while somebody writes."""

    def setUp(self) -> None:
        """A history of a hundred."""
        super().setUp()
        self.database.write(Batch(history=tuple(map(occurrence, range(1, 101))), wall=WALL))

    def wanted(self, *numbers: int) -> list[Occurrence]:
        """These, as they were written."""
        return [occurrence(number) for number in numbers]

    def test_since(self) -> None:
        """The oldest between two numbers, no more than asked for."""
        self.assertEqual(self.wanted(51, 52, 53), self.reader.since(50, 200, 3))
        self.assertEqual(self.wanted(51, 52), self.reader.since(50, 53, 9))
        self.assertEqual([], self.reader.since(100, 200, 9))

    def test_latest(self) -> None:
        """The newest below a number, oldest first."""
        self.assertEqual(self.wanted(98, 99, 100), self.reader.latest(200, 3))
        self.assertEqual(self.wanted(1, 2), self.reader.latest(3, 9))

    def test_does_not_wait(self) -> None:
        """A write that is under way is not seen, and not waited for."""
        self.reader.since(0, 1, 1)
        writing = sqlite3.connect(str(self.path), isolation_level=None)
        self.addCleanup(writing.close)
        writing.execute("BEGIN IMMEDIATE")
        writing.execute("DELETE FROM history")
        self.assertEqual(self.wanted(100), self.reader.latest(200, 1))
        writing.execute("COMMIT")
        self.assertEqual([], self.reader.latest(200, 1))

    def test_writes_nothing(self) -> None:
        """Its connection cannot change anything."""
        self.reader.since(0, 1, 1)
        connection = self.reader._connection
        assert connection is not None
        self.assertRaises(sqlite3.OperationalError, connection.execute, "DELETE FROM history")

    def test_no_file(self) -> None:
        """Where there is none it makes none."""
        reader = Reader(self.path.with_name("other.db"))
        self.assertRaises(Unreadable, reader.since, 0, 1, 1)
        self.assertFalse(reader.path.exists())

    def test_quick(self) -> None:
        """A page is found by an index, however much there is."""
        self.reader.since(0, 1, 1)
        connection = self.reader._connection
        assert connection is not None
        for which in (
            "number > 5 AND number < 9 ORDER BY number",
            "number < 9 ORDER BY number DESC",
        ):
            plan = connection.execute(f"EXPLAIN QUERY PLAN SELECT * FROM history WHERE {which}")
            (step,) = [row[3] for row in plan]
            self.assertIn("USING INTEGER PRIMARY KEY", step)


class DamagedTests(DatabaseCase):
    """Files that are no sound databases any more."""

    def setUp(self) -> None:
        """A database of some pages."""
        super().setUp()
        for start in range(1, 1000, 100):
            rows = tuple(map(occurrence, range(start, start + 100)))
            peers = {peer(n): memory(n) for n in range(start, start + 10)}
            self.database.write(Batch(peers=peers, history=rows, wall=WALL))
        self.database.close()
        self.sound = self.path.read_bytes()

    def test_damaged(self) -> None:
        """Each is found at the start."""
        sound, size = self.sound, len(self.sound)
        for name, content in {
            "garbage": os.urandom(size),
            "text": b"not a database\n" * 1000,
            "header": b"\xff" * 100 + sound[100:],
            "magic": b"s" + sound[1:],
            "half": sound[: size // 2],
            "one page": sound[:4096],
            "a page of zeroes": sound[: size // 2] + bytes(4096) + sound[size // 2 + 4096 :],
            "the schema": sound[:100] + bytes(200) + sound[300:],
            "a name": sound.replace(b"TABLE peers", b"TABLE pears", 1),
            "a column": sound.replace(b"last_linked", b"lost_linked", 1),
        }.items():
            self.path.write_bytes(content)
            self.assertRaises(Damaged, self.database.load, OWN)
            self.path.unlink()
            self.assertNotEqual(sound, content, name)

    def test_flipped_bytes(self) -> None:
        """Wherever a byte flips, it is found, or what is loaded is well formed."""
        chance = random.Random(7)
        damaged = 0
        for _ in range(200):
            content = bytearray(self.sound)
            content[chance.randrange(100, len(content))] ^= chance.randrange(1, 256)
            self.path.write_bytes(content)
            try:
                loaded = self.database.load(OWN)
            except Damaged:
                damaged += 1
            else:
                for found in loaded.peers:
                    row = (found.id, found.sealed.body, found.sealed.signature, found.state)
                    rest = (found.first_linked, found.last_linked, found.address, found.loopback)
                    self.assertIsNotNone(memory_of((*row, *rest)))
        self.assertGreater(damaged, 0)

    def test_somebody_elses_log(self) -> None:
        """A log that does not belong to it changes nothing."""
        self.path.with_name("gossip.db-wal").write_bytes(os.urandom(8192))
        loaded = self.database.load(OWN)
        self.assertEqual((100, 1000), (len(loaded.peers), loaded.last))


class KilledTests(FolderCase):
    """The process is killed at any instant, again and again, with one database."""

    def test_holds_all_that_was_flushed(self) -> None:
        """Each time the database is whole, and holds everything that was said to be in it."""
        mortals = Mortals()
        self.addCleanup(mortals.close)
        place = self.folder()
        seed = random.randrange(1 << 32)
        chance = random.Random(seed)
        last, spoke, longest = 0, 0, 0.04
        for kill in range(KILLS):
            pid = mortals.start("write", place)
            time.sleep(chance.uniform(0, longest))
            os.kill(pid, 9)
            said = [int(line) for line in mortals.last_words()]
            spoke += bool(said)
            # A machine that is busy needs longer to come to a first word.
            longest = max(0.04, longest * 0.8) if said else min(2.0, longest * 1.25)
            flushed = said[-1] if said else last
            last = self.checked(Database(place / "gossip.db", PEERS), flushed, f"{seed}, {kill}")
        self.assertGreater(spoke, KILLS // 10, seed)

    def checked(self, database: Database, flushed: int, where: str) -> int:
        """The last batch that is in it, which is whole, as are all before."""
        loaded = database.load(OWN)
        last = loaded.last
        # One more may have been written than could be said.
        self.assertIn(last, (flushed, flushed + 1), where)
        self.assertEqual(last, loaded.seq, where)
        expected = {
            peer(number): generation
            for generation in range(max(1, last - 1), last + 1)
            for number in range(generation % 2, PEERS, 2)
        }
        generations: dict[PeerId, int] = {
            m.id: int((m.last_linked or 0) - WALL) for m in loaded.peers
        }
        self.assertEqual(expected, generations, where)
        with closing(sqlite3.connect(str(database.path))) as connection:
            (count,) = connection.execute("SELECT count(*) FROM history").fetchone()
        self.assertEqual(last, count, where)
        return last

"""
Versions of the database: the older become the newest, the newer are left alone.
"""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from gossip.memory.directory import StateUnusable
from gossip.memory.schema import APPLICATION, STEPS, Damaged, Step, prepare, refuse_newer
from tests.memory.mortal import Mortals
from tests.memory.samples import FolderCase

NEXT: Step = (
    "ALTER TABLE peers ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey'",
    "CREATE TABLE colours (name TEXT PRIMARY KEY)",
)
BROKEN: Step = ("CREATE TABLE moons (name TEXT)", "INSERT INTO suns VALUES ('Sol')")

LEAVE_A_LOG = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA user_version = 999")
os.kill(os.getpid(), signal.SIGKILL)
"""


class SchemaTests(FolderCase):
    """Real files."""

    def setUp(self) -> None:
        """A place for a database."""
        self.path = self.folder() / "gossip.db"

    def prepared(self, *steps: Step) -> sqlite3.Connection:
        """A connection to a database that has taken these steps."""
        connection = sqlite3.connect(str(self.path), isolation_level=None)
        self.addCleanup(connection.close)
        prepare(connection, self.path, steps)
        return connection

    def version(self) -> tuple[int, int]:
        """What the database says of itself."""
        with closing(sqlite3.connect(str(self.path))) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (application,) = connection.execute("PRAGMA application_id").fetchone()
        return version, application

    def files(self) -> dict[str, bytes]:
        """Everything there, byte for byte; what is no more than an index of the log apart."""
        return {
            path.name: path.read_bytes()
            for path in self.path.parent.iterdir()
            if not path.name.endswith("-shm")
        }

    def refused(self, *steps: Step) -> str:
        """Why it is not taken; and it stays as it is."""
        before = self.files()
        error = str(self.assertRaises(StateUnusable, refuse_newer, self.path, steps))
        self.assertEqual(before, self.files())
        return error

    def test_new(self) -> None:
        """An empty file becomes a database of the newest version, ours, with a log."""
        connection = self.prepared(*STEPS)
        self.assertEqual((len(STEPS), APPLICATION), self.version())
        self.assertEqual(("wal",), connection.execute("PRAGMA journal_mode").fetchone())
        self.assertEqual((2,), connection.execute("PRAGMA synchronous").fetchone())

    def test_upgrade(self) -> None:
        """What is in it stays, and has what the new version adds."""
        row = ("p", "body", "signature", "left", 1.0, 2.0, "192.0.2.1:8080", 0)
        before = self.prepared(*STEPS)
        before.execute("INSERT INTO peers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        before.close()
        after = self.prepared(*STEPS, NEXT)
        self.assertEqual([(*row, "grey")], after.execute("SELECT * FROM peers").fetchall())
        self.assertEqual([], after.execute("SELECT * FROM colours").fetchall())
        self.assertEqual(len(STEPS) + 1, self.version()[0])

    def test_only_the_missing_steps(self) -> None:
        """A step is taken once, however often the database is opened."""
        for _ in range(3):
            self.prepared(*STEPS, NEXT).close()
        self.assertEqual(len(STEPS) + 1, self.version()[0])

    def test_upgrade_that_fails(self) -> None:
        """All of the steps or none: what was there before can still be used."""
        self.prepared(*STEPS).close()
        self.assertRaises(sqlite3.OperationalError, self.prepared, *STEPS, NEXT, BROKEN)
        self.assertEqual(len(STEPS), self.version()[0])
        self.prepared(*STEPS).close()

    def test_newer(self) -> None:
        """One of a newer program is refused and untouched."""
        self.prepared(*STEPS, NEXT).close()
        self.assertIn("newer p2p-gossip (version 2, and this one knows 1)", self.refused(*STEPS))

    def test_newer_in_the_log(self) -> None:
        """The same where the newer program was killed before its version came to the file."""
        self.prepared(*STEPS).close()
        process = self.spawned()
        self.assertEqual(-9, process)
        self.assertEqual(b"\0\0\0\1", self.path.read_bytes()[60:64])
        self.assertIn("version 999", self.refused(*STEPS))

    def spawned(self) -> int:
        """How a process ended that leaves a version in the log."""
        return subprocess.run(
            [sys.executable, "-c", LEAVE_A_LOG, self.path], check=False
        ).returncode

    def test_version_is_in_the_header(self) -> None:
        """An upgraded database says so where an older program looks, also before it is closed."""
        self.prepared(*STEPS, NEXT)
        self.assertEqual(b"\0\0\0\2", self.path.read_bytes()[60:64])
        self.refused(*STEPS)

    def test_not_newer(self) -> None:
        """Nothing, an empty file, and the same version are not refused."""
        refuse_newer(self.path)
        self.path.touch()
        refuse_newer(self.path)
        self.prepared(*STEPS).close()
        refuse_newer(self.path)

    def test_no_file(self) -> None:
        """A pipe is not waited for, and a directory is no database."""
        os.mkfifo(self.path)
        self.assertIn(
            "is not a file", str(self.assertRaises(StateUnusable, refuse_newer, self.path))
        )
        self.path.unlink()
        self.path.mkdir()
        self.assertRaises(StateUnusable, refuse_newer, self.path)

    def test_another_programs(self) -> None:
        """A database that is none of ours is refused."""
        with closing(sqlite3.connect(str(self.path))) as connection:
            connection.execute("CREATE TABLE recipes (name TEXT)")
        before = self.files()
        error = self.assertRaises(StateUnusable, self.prepared, *STEPS)
        self.assertIn("is not a database of p2p-gossip", str(error))
        self.assertEqual(before, self.files())

    def test_damaged_header(self) -> None:
        """One with our tables, and a header that cannot be right, is damaged."""
        for pragma in ("application_id = 5", "user_version = 0", "user_version = 16777217"):
            self.path.unlink(missing_ok=True)
            self.prepared(*STEPS).execute(f"PRAGMA {pragma}").connection.close()
            refuse_newer(self.path)
            self.assertRaises(Damaged, self.prepared, *STEPS)

    def test_damaged_tables(self) -> None:
        """One that lacks a table, or has another one under its name, is damaged."""
        for statement in (
            "DROP TABLE own",
            "DROP INDEX history_time",
            "ALTER TABLE peers RENAME COLUMN state TO stave",
        ):
            self.path.unlink(missing_ok=True)
            self.prepared(*STEPS).execute(statement).connection.close()
            self.assertRaises(Damaged, self.prepared, *STEPS)

    def test_tables_of_the_operator(self) -> None:
        """What somebody adds by hand does no harm."""
        self.prepared(*STEPS).execute("CREATE INDEX mine ON peers (state)").connection.close()
        self.prepared(*STEPS)


class KilledTests(FolderCase):
    """The process is killed before each single line of the program."""

    def test_all_or_nothing(self) -> None:
        """Wherever it ends while it makes a database, the next start has one."""
        mortals = Mortals()
        self.addCleanup(mortals.close)
        folder = self.folder()
        empty, ended = 0, False
        line = 0
        while not ended:
            line += 1
            place = Path(folder / str(line))
            place.mkdir()
            mortals.start("load", place, line)
            ended = list(mortals.last_words()) == ["whole"]
            path = place / "gossip.db"
            with closing(sqlite3.connect(str(path), isolation_level=None)) as connection:
                tables = connection.execute("SELECT * FROM sqlite_master").fetchall()
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                self.assertEqual(bool(tables), version == len(STEPS), line)
                empty += not tables
                prepare(connection, path)
        self.assertGreater(empty, 20)
        self.assertGreater(line - empty, 20)

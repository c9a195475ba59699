"""
Damaged databases are kept under another name.
"""

from pathlib import Path

from gossip.memory.salvage import KEPT, put_aside
from tests.memory.samples import FolderCase

WALL = 1_700_000_000.0
DATE = "20231114T221320Z"


class SalvageTests(FolderCase):
    """Real files."""

    def setUp(self) -> None:
        """A place for a database."""
        self.path = self.folder() / "gossip.db"

    def names(self) -> set[str]:
        """What is there."""
        return {path.name for path in self.path.parent.iterdir()}

    def damaged(self, *companions: str) -> None:
        """A database, and what belongs to it."""
        for companion in ("", *companions):
            Path(f"{self.path}{companion}").write_text(f"damaged{companion}")

    def test_all_of_it(self) -> None:
        """What belongs to it goes along, under names by which SQLite finds it."""
        self.damaged("-wal", "-shm")
        aside = put_aside(self.path, WALL)
        name = f"gossip.db.corrupt-{DATE}"
        self.assertEqual(self.path.with_name(name), aside)
        self.assertEqual({name, f"{name}-wal", f"{name}-shm"}, self.names())
        self.assertEqual("damaged-wal", Path(f"{aside}-wal").read_text())

    def test_twice_in_a_second(self) -> None:
        """None is written over."""
        for _ in range(2):
            self.damaged()
            put_aside(self.path, WALL)
        self.assertEqual({f"gossip.db.corrupt-{DATE}", f"gossip.db.corrupt-{DATE}.1"}, self.names())

    def test_bounded(self) -> None:
        """The newest are kept, with what belongs to them, and nothing else is touched."""
        (self.path.parent / "key.pem").touch()
        kept = set()
        for day in range(6):
            self.damaged("-wal")
            aside = put_aside(self.path, WALL + 86400 * day)
            if day >= 6 - KEPT:
                kept |= {aside.name, f"{aside.name}-wal"}
        self.assertEqual({"key.pem", *kept}, self.names())

"""
What the tables of the database look like, in each version, and how one becomes the next.

`user_version` says how many of the steps have been taken. A step that has been released is never
changed: what it made is out there. The new ones are added at the end.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

from gossip.memory.directory import StateUnusable

APPLICATION: Final = 0x70327067
"""`application_id`: "p2pg"."""

Step: TypeAlias = tuple[str, ...]
"""Statements that lead from one version to the next."""

STEPS: Final[tuple[Step, ...]] = (
    (
        """
        CREATE TABLE peers (
            id TEXT PRIMARY KEY, body TEXT NOT NULL, signature TEXT NOT NULL, state TEXT NOT NULL,
            first_linked REAL, last_linked REAL, address TEXT, loopback INTEGER NOT NULL
        )
        """,
        "CREATE TABLE own (id TEXT PRIMARY KEY, seq INTEGER NOT NULL)",
        """
        CREATE TABLE history (
            number INTEGER PRIMARY KEY, time REAL NOT NULL, event TEXT NOT NULL,
            members TEXT NOT NULL
        )
        """,
        "CREATE INDEX history_time ON history (time)",
        "CREATE INDEX history_event ON history (event)",
    ),
)

_MAGIC = b"SQLite format 3\x00"
_NEVER = 1000
"""No program will ever be at this version: whatever says so is a damaged header."""

_VERSION = slice(60, 64)
"""Where `user_version` is in the header (https://www.sqlite.org/fileformat.html §1.3)."""


class Damaged(Exception):
    """The file is no sound database; the text says what is wrong with it."""


def refuse_newer(path: Path, steps: Sequence[Step] = STEPS) -> None:
    """
    Look at the version of a database without changing a byte of it.

    SQLite is not asked first: what opens a database in the usual way also tidies it up.

    :raises StateUnusable: a newer program made it, or another one; or it is no file.
    """
    if path.exists() and not path.is_file():
        # Opening a pipe would wait for somebody who writes to it.
        raise StateUnusable(f"{path} is not a file; move it away")
    try:
        with path.open("rb") as stream:
            header = stream.read(100)
    except FileNotFoundError:
        return
    if header.startswith(_MAGIC):
        _not_above(path, int.from_bytes(header[_VERSION], "big", signed=True), steps)
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        # What a killed program left there may not be in the file yet.
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        try:
            _not_above(path, _version(connection), steps)
        finally:
            connection.close()


def prepare(connection: sqlite3.Connection, path: Path, steps: Sequence[Step] = STEPS) -> None:
    """
    Bring a database to the newest version: all of the steps that it lacks, or none.

    :raises StateUnusable: a newer program made it, or another one; it is left as it is.
    :raises Damaged: its tables are not what the steps make.
    """
    version = _version(connection)
    _not_above(path, version, steps)
    _judge(connection, path, version, steps)
    connection.execute("PRAGMA journal_mode = WAL")
    # One flush to disk a second at most, in a thread: it costs nothing, and without it a machine that
    # loses power would forget what was flushed.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA journal_size_limit = 4194304")
    if version < len(steps):
        _upgrade(connection, version, steps)
    if _wanted(steps) - _tables(connection):
        raise Damaged("its tables are not those of its version")


def _upgrade(connection: sqlite3.Connection, version: int, steps: Sequence[Step]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        _take(connection, steps[version:])
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    # So that the version is in the header of the file, where an older program looks for it.
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _take(connection: sqlite3.Connection, steps: Sequence[Step]) -> None:
    for step in steps:
        for statement in step:
            connection.execute(statement)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _not_above(path: Path, version: int, steps: Sequence[Step]) -> None:
    if len(steps) < version < _NEVER:
        raise StateUnusable(
            f"{path} was made by a newer p2p-gossip (version {version}, and this one knows"
            f" {len(steps)}): run the newer one, or move the file away"
        )


def _judge(connection: sqlite3.Connection, path: Path, version: int, steps: Sequence[Step]) -> None:
    """Whether it is a database of ours that can be brought to the newest version."""
    tables = _tables(connection)
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION and (tables or application):
        # One with our tables is ours, whatever became of its header.
        if _wanted(steps) - tables:
            raise StateUnusable(f"{path} is not a database of p2p-gossip; move it away")
        raise Damaged("its header does not say whose it is")
    if not (1 if tables else 0) <= version <= len(steps):
        raise Damaged("its header does not say which version it is")


def _tables(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    rows = connection.execute("SELECT name, coalesce(sql, '') FROM sqlite_master")
    return {(name, sql) for name, sql in rows if not name.startswith("sqlite_stat")}


def _wanted(steps: Sequence[Step]) -> set[tuple[str, str]]:
    model = sqlite3.connect(":memory:", isolation_level=None)
    try:
        _take(model, steps)
        return _tables(model)
    finally:
        model.close()

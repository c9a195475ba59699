"""
The database: what is read from it at the start, what is written to it, and what is read later on.

Each connection is opened where it is first used: a process that goes into the background after this
was made must not carry one along, and no connection goes from one thread to another.
"""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from attrs import define, field, frozen

from gossip.memory import rows
from gossip.memory.history import Unreadable
from gossip.memory.rations import STRANGERS
from gossip.memory.rows import MOST_OCCURRENCES, MOST_OF_STRANGERS, Batch, Row
from gossip.memory.schema import STEPS, Damaged, Step, prepare, refuse_newer
from gossip.mesh.memories import Memory
from gossip.mesh.status import Occurrence
from gossip.trust.identity import PeerId

PATIENCE: Final = 2.0
"""Seconds for which a write waits for somebody else who holds the file, such as `sqlite3`."""

# Of a text that is too long only so much is read as shows that it is.
_PEERS = """
    SELECT rowid, substr(id, 1, 65), substr(body, 1, ?1), substr(signature, 1, ?2),
        substr(state, 1, 8), first_linked, last_linked, substr(address, 1, ?2), loopback
    FROM peers ORDER BY last_linked DESC LIMIT ?3
"""
_SINCE = """
    SELECT number, time, substr(event, 1, 64), substr(members, 1, ?1) FROM history
    WHERE number > ?2 AND number < ?3 ORDER BY number LIMIT ?4
"""
_LATEST = """
    SELECT number, time, substr(event, 1, 64), substr(members, 1, ?1) FROM history
    WHERE number < ?2 ORDER BY number DESC LIMIT ?3
"""

# Who was linked longest ago goes first, and before that who never was.
_BOUND_PEERS = """
    DELETE FROM peers WHERE id IN (
        SELECT id FROM peers ORDER BY last_linked
        LIMIT max(0, (SELECT count(*) FROM peers) - ?1)
    )
"""
_BOUND_STRANGERS = """
    DELETE FROM history WHERE number IN (
        SELECT number FROM history WHERE event IN (?1, ?2, ?3) ORDER BY number
        LIMIT max(0, (SELECT count(*) FROM history WHERE event IN (?1, ?2, ?3)) - ?4)
    )
"""
_BOUND_HISTORY = """
    DELETE FROM history WHERE number IN (
        SELECT number FROM history ORDER BY number
        LIMIT max(0, (SELECT count(*) FROM history) - ?1)
    )
"""


@frozen(kw_only=True)
class Loaded:
    """What was in the database at the start."""

    peers: tuple[Memory, ...] = ()
    seq: int = 0
    """The largest that this key is known to have used."""
    last: int = 0
    """The number of the newest occurrence."""
    unsound: tuple[tuple[int], ...] = ()
    """Rows of peers that were not as the schema says, by their numbers in the file."""


@define(eq=False)
class Database:
    """One file, and the connection that writes to it. What is in `write` is on disk after it."""

    path: Path
    most_peers: int
    steps: Sequence[Step] = STEPS
    most_occurrences: int = MOST_OCCURRENCES
    most_of_strangers: int = MOST_OF_STRANGERS
    _connection: sqlite3.Connection | None = field(default=None, init=False)

    def load(self, own: PeerId) -> Loaded:
        """
        Check the file, bring it to the newest version, and read it. No connection stays.

        :raises StateUnusable: a newer program made it, or another one; it is as it was.
        :raises Damaged: it is no sound database.
        :raises sqlite3.OperationalError: it cannot be read or written now.
        :raises OSError: the same.
        """
        try:
            refuse_newer(self.path, self.steps)
            with closing(self._opened()) as connection:
                _check(connection)
                loaded = _loaded(connection, own, self.most_peers)
                # Where it cannot be written now, they are found again at the next start.
                with suppress(sqlite3.OperationalError):
                    connection.executemany("DELETE FROM peers WHERE rowid = ?", loaded.unsound)
                return loaded
        except sqlite3.DatabaseError as error:
            raise _sorted(error) from error
        except UnicodeDecodeError:
            # SQLite's own message quotes what it found.
            raise Damaged("its schema is not text") from None

    def peek(self, own: PeerId) -> Loaded:
        """
        Read what can be read where nothing can be written, not even a lock.

        :raises sqlite3.Error: nothing can.
        """
        with closing(
            sqlite3.connect(f"{self.path.as_uri()}?mode=ro&immutable=1", uri=True)
        ) as connection:
            connection.text_factory = _text
            return _loaded(connection, own, self.most_peers)

    def write(self, batch: Batch) -> int:
        """
        Write all of a batch, or nothing; the bytes that the file has then.

        :raises sqlite3.Error: it could not be done now.
        :raises StateUnusable: another program has changed the file meanwhile.
        :raises Damaged: it is no sound database any more.
        :raises OSError: it could not be done now.
        """
        if self._connection is None:
            self._connection = self._opened()
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            self._put(connection, batch)
            connection.execute("COMMIT")
            # Where somebody has removed the file, SQLite writes on to what nobody will find.
            return self.path.stat().st_size
        except BaseException:
            # What was begun is undone with it, and one that met a read-only file system stays
            # read-only: the next try has a new one.
            with suppress(sqlite3.Error):
                self.close()
            raise

    def close(self) -> None:
        """Close the connection, in the thread that writes."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _opened(self) -> sqlite3.Connection:
        # SQLite gives its other files the mode that this one has.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self.path.chmod(0o600)
        connection = sqlite3.connect(str(self.path), timeout=PATIENCE, isolation_level=None)
        try:
            connection.text_factory = _text
            prepare(connection, self.path, self.steps)
        except BaseException:
            connection.close()
            raise
        return connection

    def _put(self, connection: sqlite3.Connection, batch: Batch) -> None:
        held = [rows.of_memory(memory) for memory in batch.peers.values() if memory is not None]
        gone = [(peer,) for peer, memory in batch.peers.items() if memory is None]
        connection.executemany("DELETE FROM peers WHERE id = ?", gone)
        connection.executemany("INSERT OR REPLACE INTO peers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", held)
        if held:
            connection.execute(_BOUND_PEERS, (self.most_peers,))
        if batch.own is not None:
            connection.execute("DELETE FROM own WHERE id != ?", batch.own[:1])
            connection.execute("INSERT OR REPLACE INTO own VALUES (?, ?)", batch.own)
        if batch.history:
            happened = [rows.of_occurrence(occurrence) for occurrence in batch.history]
            connection.executemany("INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?)", happened)
            oldest = batch.wall - rows.OLDEST_OCCURRENCE
            connection.execute("DELETE FROM history WHERE time < ?", (oldest,))
            connection.execute(_BOUND_STRANGERS, (*STRANGERS, self.most_of_strangers))
            connection.execute(_BOUND_HISTORY, (self.most_occurrences,))


@define(eq=False)
class Reader:
    """Reads occurrences, on a connection of its own that never waits for the one that writes."""

    path: Path
    _connection: sqlite3.Connection | None = field(default=None, init=False)

    def since(self, number: int, before: int, limit: int) -> list[Occurrence]:
        """
        The oldest of those between two numbers, in their order.

        :raises Unreadable: it cannot be read now.
        """
        return rows.occurrences_of(self._rows(_SINCE, (number, before, limit)))

    def latest(self, before: int, limit: int) -> list[Occurrence]:
        """
        The newest of those with a smaller number, oldest first.

        :raises Unreadable: it cannot be read now.
        """
        return rows.occurrences_of(reversed(self._rows(_LATEST, (before, limit))))

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _rows(self, query: str, values: tuple[int, ...]) -> list[Row]:
        try:
            if self._connection is None:
                self._connection = self._opened()
            longest = rows.LONGEST_MEMBERS + 1
            return self._connection.execute(query, (longest, *values)).fetchall()
        except sqlite3.Error as error:
            self.close()
            raise Unreadable(str(error)) from error

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.path.as_uri()}?mode=rw", uri=True, timeout=0, isolation_level=None
        )
        connection.text_factory = _text
        connection.execute("PRAGMA query_only = 1")
        return connection


def _check(connection: sqlite3.Connection) -> None:
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise Damaged(" ".join(found.split()))


def _loaded(connection: sqlite3.Connection, own: PeerId, most: int) -> Loaded:
    newest = connection.execute(_PEERS, (rows.LONGEST_BODY + 1, rows.LONGEST_TEXT + 1, most))
    found = [(number, rows.memory_of(tuple(row))) for number, *row in newest]
    seq = connection.execute("SELECT seq FROM own WHERE id = ?", (own,)).fetchone()
    (last,) = connection.execute(
        "SELECT max(number) FROM history WHERE number < ?", (rows.LARGEST_NUMBER,)
    ).fetchone()
    return Loaded(
        peers=tuple(memory for _, memory in found if memory is not None),
        seq=seq[0] if seq and isinstance(seq[0], int) else 0,
        last=last or 0,
        unsound=tuple((number,) for number, memory in found if memory is None),
    )


def _sorted(error: sqlite3.DatabaseError) -> Exception:
    # NOTADB and CORRUPT are the errors that have no class of their own; FULL, READONLY, IOERR,
    # CANTOPEN, BUSY are operational. Their codes can be had from Python 3.11 on.
    return Damaged(str(error)) if type(error) is sqlite3.DatabaseError else error


def _text(raw: bytes) -> str:
    # What is not UTF-8 is no text that we wrote: its row fails the checks on it.
    return raw.decode(errors="replace")

"""
The one door to this room: what a node remembers is opened, given back, kept, and closed.
"""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as TimeUp
from twisted.logger import Logger

from gossip.logs import levels
from gossip.memory import salvage
from gossip.memory.database import Database, Loaded, Reader
from gossip.memory.directory import StateDirectory
from gossip.memory.history import History
from gossip.memory.schema import Damaged
from gossip.memory.worker import Worker
from gossip.memory.writer import FLUSH_WAIT, Remember, Writer
from gossip.mesh.memories import Memory
from gossip.trust.identity import PeerId

_log = Logger(observer=levels)


class Store:
    """The memory of one node, in its state directory."""

    def __init__(
        self,
        directory: StateDirectory,
        *,
        own: PeerId,
        most_peers: int,
        reactor: Any,
        wall: Callable[[], float],
    ) -> None:
        """
        Read what is there.

        No thread and no connection is kept yet, so that the process can go into the background.

        :raises StateUnusable: the database is a newer program's, or no database of ours.
        """
        self._directory = directory
        self._own = own
        self._clock = reactor
        database = Database(directory.database, most_peers)
        self._loaded = _load(database, own, wall())
        self._database = database
        self._worker = Worker(reactor)
        self._writer = Writer(
            lambda batch: self._worker.do(partial(database.write, batch)),
            clock=reactor,
            wall=wall,
            stored={memory.id for memory in self._loaded.peers},
            most_peers=most_peers,
        )
        self._reader = Reader(directory.database)
        self.history = History(
            wall=wall,
            seconds=reactor.seconds,
            after=self._loaded.last,
            older=self._reader,
            keep=self._writer.happened,
        )

    def recollect(self) -> tuple[list[Memory], int]:
        """
        Whom the node knew, the last linked first, and the largest `seq` that it used; once.

        Signatures are not verified here, and nobody is alive for having been so.
        """
        loaded, self._loaded = self._loaded, Loaded()
        return list(loaded.peers), loaded.seq

    def begin(self, remember: Remember) -> None:
        """The node runs, in the process in which it stays: write from now on."""
        self._directory.claim()
        self._writer.begin(remember)

    def changed(self, peer: PeerId) -> None:
        """Something else is to be remembered of a peer, or nothing any more."""
        self._writer.changed(peer)

    def renewed(self, seq: int) -> None:
        """The node has a new record of its own."""
        self._writer.own(self._own, seq)

    def counters(self) -> Mapping[str, float]:
        """Numbers since the start, and levels, by their names."""
        return self._writer.counters()

    def flush(self, within: float = FLUSH_WAIT) -> Deferred[None]:
        """Write what waits. It fires without an error, at the latest after so many seconds."""
        return self._writer.flush(within)

    async def close(self, within: float = FLUSH_WAIT) -> None:
        """
        Write what waits, and let go of the directory: at the latest after so many seconds.

        Where the disk does not answer, the thread that waits for it keeps the directory until the
        process ends.
        """
        await self.flush(within / 2)
        self._writer.close()
        self._reader.close()
        closed = self._worker.do(self._let_go)
        self._worker.end()
        with suppress(sqlite3.Error, TimeUp):
            await closed.addTimeout(within / 2, self._clock)

    def _let_go(self) -> None:
        try:
            self._database.close()
        finally:
            self._directory.close()


def _load(database: Database, own: PeerId, wall: float) -> Loaded:
    try:
        loaded = database.load(own)
    except Damaged as damage:
        loaded = _load_anew(database, own, wall, damage)
    except (sqlite3.Error, OSError) as error:
        _log.warn(
            "{path} cannot be opened for writing: {error}; the node starts with what can be read,"
            " and tries again",
            path=str(database.path),
            error=str(error),
        )
        loaded = _peeked(database, own)
    if loaded.unsound:
        _log.error(
            "{count} rows of {path} were damaged, and are dropped",
            count=len(loaded.unsound),
            path=str(database.path),
        )
    return loaded


def _load_anew(database: Database, own: PeerId, wall: float, damage: Damaged) -> Loaded:
    try:
        aside = salvage.put_aside(database.path, wall)
        _log.error(
            "{path} is damaged ({damage}): it is kept as {aside}, and an empty one begins. Peers come"
            " back from other peers; what happened before is only in the old one",
            path=str(database.path),
            damage=str(damage),
            aside=str(aside),
        )
        return database.load(own)
    except (sqlite3.Error, OSError, Damaged) as error:
        _log.error(
            "{path} is damaged ({damage}), and no other can be made: {error}; the node runs"
            " without",
            path=str(database.path),
            damage=str(damage),
            error=str(error),
        )
        return Loaded()


def _peeked(database: Database, own: PeerId) -> Loaded:
    try:
        return database.peek(own)
    except sqlite3.Error:
        return Loaded()

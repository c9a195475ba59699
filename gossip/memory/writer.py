"""
What has changed goes to disk: not at once, not one by one, and never while the event loop waits.

Changes are collected for a second or until there are a hundred, then taken and written in one
transaction. What cannot be written stays, and is tried again each minute; meanwhile the node runs on.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from gossip.logs import levels
from gossip.memory.rows import Batch
from gossip.mesh.memories import Memory
from gossip.mesh.status import Occurrence
from gossip.trust.identity import PeerId

BEHIND: Final = 1.0
"""Seconds by which the disk is behind at most, while it works."""

ROWS_BEHIND: Final = 100
"""Changes after which it is written sooner."""

MOST_AT_ONCE: Final = 1000
"""Rows of each kind in one transaction: taking them holds up the event loop for milliseconds."""

MOST_WAITING: Final = 10_000
"""Occurrences that wait for a disk which cannot be written; the oldest go first."""

RETRY: Final = 60.0
"""Seconds between tries while it cannot be written."""

FLUSH_WAIT: Final = 1.0
"""Seconds for which a node that stops waits for its disk: half of the time that it has."""

Remember: TypeAlias = Callable[[PeerId], Memory | None]
"""What is to be remembered of a peer now; None where nothing is."""


class Writer:
    """
    See the module. `write` takes a batch to where it is written, and returns the size of the file.

    Of a peer only its id waits, and what is remembered of it is asked for when it is written: so
    changes to one peer are one row, however many there were.
    """

    _log = Logger(observer=levels)

    def __init__(
        self,
        write: Callable[[Batch], Deferred[int]],
        *,
        clock: IReactorTime,
        wall: Callable[[], float],
        stored: set[PeerId],
        most_peers: int,
    ) -> None:
        """`stored` has the peers that are in the file now."""
        self._write = write
        self._clock = clock
        self._wall = wall
        self._stored = stored
        self._most_changed = 4 * most_peers
        self._remember: Remember | None = None
        self._changed: dict[PeerId, None] = {}
        self._own: tuple[PeerId, int] | None = None
        self._own_written: tuple[PeerId, int] | None = None
        self._history: deque[Occurrence] = deque()
        self._timer: IDelayedCall | None = None
        self._busy = False
        self._failing = False
        self._closed = False
        self._flushes: list[Deferred[None]] = []
        self._lost = 0
        self._failures = 0
        self._written_at = 0.0
        self._size = 0

    def begin(self, remember: Remember) -> None:
        """From now on it is written."""
        self._remember = remember
        self._soon()

    def changed(self, peer: PeerId) -> None:
        """Something else is to be remembered of a peer, or nothing any more."""
        self._changed[peer] = None
        if len(self._changed) > self._most_changed:
            self._sweep()
        self._soon()

    def own(self, peer: PeerId, seq: int) -> None:
        """The node has used this `seq`."""
        self._own = (peer, seq)
        self._soon()

    def happened(self, occurrence: Occurrence) -> None:
        """Something is to be kept."""
        self._history.append(occurrence)
        self._bound()
        self._soon()

    def flush(self, within: float = FLUSH_WAIT) -> Deferred[None]:
        """
        Write all that waits now.

        What is returned fires without an error: when it is written, when it could not be, or after
        `within` seconds.
        """
        done: Deferred[None] = Deferred()
        self._flushes.append(done)
        late = self._clock.callLater(within, self._fire, done)
        done.addCallback(lambda _: late.cancel() if late.active() else None)
        self._hurry()
        return done

    def close(self) -> None:
        """Write nothing any more."""
        self._closed = True
        self._unset()

    def counters(self) -> Mapping[str, float]:
        """Numbers since the start, and levels, by their names."""
        return {
            "memory_rows_pending": self._waiting(),
            "memory_rows_lost": self._lost,
            "memory_write_failures": self._failures,
            "memory_last_write": self._written_at,
            "memory_bytes": self._size,
        }

    def _waiting(self) -> int:
        return len(self._changed) + len(self._history) + (self._own is not None)

    def _sweep(self) -> None:
        """
        Those that are neither in the file nor remembered need no row taken away.

        While nothing can be written there would be more and more of them.
        """
        remember = self._remember or (lambda _: None)
        self._changed = {
            peer: None
            for peer in self._changed
            if peer in self._stored or remember(peer) is not None
        }

    def _bound(self) -> None:
        while len(self._history) > MOST_WAITING:
            self._history.popleft()
            self._lost += 1

    # When it is written.

    def _soon(self) -> None:
        if self._busy or self._failing or self._closed or self._remember is None:
            return
        # Not within this call: whoever reports a change may be in the midst of it.
        wait = BEHIND if self._waiting() < ROWS_BEHIND else 0.0
        if self._timer is None:
            self._timer = self._clock.callLater(wait, self._due)
        elif not wait and self._timer.getTime() > self._clock.seconds():
            self._timer.reset(0)

    def _due(self) -> None:
        self._timer = None
        self._put()

    def _hurry(self) -> None:
        if not self._busy:
            self._unset()
            self._put()

    def _unset(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self, *flushes: Deferred[None]) -> None:
        for flush in flushes:
            self._flushes.remove(flush)
            flush.callback(None)

    # What is written, and what became of it.

    def _put(self) -> None:
        if self._closed or self._remember is None or not self._waiting():
            self._again()
            self._fire(*self._flushes)
            return
        batch = self._taken(self._remember)
        self._busy = True
        self._write(batch).addCallbacks(
            self._written, self._failed, callbackArgs=(batch,), errbackArgs=(batch,)
        )

    def _taken(self, remember: Remember) -> Batch:
        peers = list(self._changed)[:MOST_AT_ONCE]
        for peer in peers:
            del self._changed[peer]
        count = min(len(self._history), MOST_AT_ONCE)
        own, self._own = self._own, None
        return Batch(
            peers={peer: remember(peer) for peer in peers},
            own=own,
            history=tuple(self._history.popleft() for _ in range(count)),
            wall=self._wall(),
        )

    def _written(self, size: int, batch: Batch) -> None:
        self._busy = False
        self._size, self._written_at = size, self._wall()
        self._own_written = batch.own or self._own_written
        for peer, memory in batch.peers.items():
            if memory is None:
                self._stored.discard(peer)
            else:
                self._stored.add(peer)
        if self._failing:
            self._failing = False
            self._log.warn("what this node remembers can be written again, and is")
        if self._flushes:
            self._put()
        elif self._waiting():
            self._soon()

    def _failed(self, failure: Failure, batch: Batch) -> None:
        self._busy = False
        self._failures += 1
        self._changed = {**dict.fromkeys(batch.peers), **self._changed}
        self._own = self._own or batch.own
        if failure.check(FileNotFoundError):
            # Somebody has removed it: what was in it is to be in the one that comes.
            self._changed = {**dict.fromkeys(self._stored), **self._changed}
            self._own = self._own or self._own_written
        self._history.extendleft(reversed(batch.history))
        self._bound()
        if not self._failing:
            self._failing = True
            self._log.warn(
                "what this node remembers cannot be written: {error}; it runs on, and tries again"
                " each minute",
                error=failure.getErrorMessage(),
            )
        self._again()
        self._fire(*self._flushes)

    def _again(self) -> None:
        if self._failing and not self._closed:
            self._timer = self._clock.callLater(RETRY, self._due)

"""
What a node keeps of itself and others: in a state directory, or only as long as it runs.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from gossip import keys
from gossip.memory import keys as kept_keys
from gossip.memory.directory import StateDirectory, StateUnusable
from gossip.memory.history import History
from gossip.memory.store import Store
from gossip.mesh.memories import Memory
from gossip.settings import Settings
from gossip.trust.identity import Identity, PeerId


class CannotKeep(Exception):
    """A key or the state directory cannot be used; the text says why, and what to do."""


class Keeping(Protocol):
    """Who the node is, what it remembers, and what happened."""

    identity: Identity
    history: History
    used: int
    """The largest `seq` that this key is known to have used."""
    control: Path | None
    """Where its control socket belongs; None where that has no place of its own."""

    def begin(self, remember: Callable[[PeerId], Memory | None]) -> Iterable[Memory]:
        """The node runs from now on, in this process; whom it knew."""

    def changed(self, peer: PeerId) -> None:
        """Something else is to be remembered of a peer."""

    def renewed(self, seq: int) -> None:
        """The node has a new record of its own."""

    def counters(self) -> Mapping[str, float]:
        """Numbers of its own."""

    async def close(self) -> None:
        """Let nothing be lost that is not written yet."""


class WhileItRuns:
    """Keeps all in memory."""

    def __init__(self, settings: Settings, reactor: Any, wall: Callable[[], float]) -> None:
        """:raises KeyUnusable: the key that is to be used cannot be."""
        self.identity = keys.identity(settings)
        self.history = History(wall=wall, seconds=reactor.seconds)
        self.used = 0
        self.control: Path | None = None

    def begin(self, remember: Callable[[PeerId], Memory | None]) -> Iterable[Memory]:
        """It knew nobody."""
        return ()

    def changed(self, peer: PeerId) -> None:
        """That is all in the book."""

    def renewed(self, seq: int) -> None:
        """That is in its record."""

    def counters(self) -> Mapping[str, float]:
        """There is nothing to be counted."""
        return {}

    async def close(self) -> None:
        """There is nothing to be written."""


class InDirectory:
    """Keeps all in a state directory, from one start to the next."""

    def __init__(
        self, path: str, settings: Settings, reactor: Any, wall: Callable[[], float]
    ) -> None:
        """
        Open it, and read what is there.

        :raises StateUnusable, KeyUnusable: the directory, its database or the key cannot be used.
        """
        directory = StateDirectory.open(path)
        try:
            # A key that is given by name counts; the directory remembers for either.
            given = settings.key is not None
            self.identity = keys.identity(settings) if given else kept_keys.identity(directory)
            self._store = Store(
                directory,
                own=self.identity.id,
                most_peers=settings.limits.peers,
                reactor=reactor,
                wall=wall,
            )
        except BaseException:
            directory.close()
            raise
        self.history = self._store.history
        self.control: Path | None = directory.control
        self._memories, self.used = self._store.recollect()

    def begin(self, remember: Callable[[PeerId], Memory | None]) -> Iterable[Memory]:
        """Write from now on; whom the node knew, the last linked first."""
        self._store.begin(remember)
        memories, self._memories = self._memories, []
        return memories

    def changed(self, peer: PeerId) -> None:
        """Write it down soon."""
        self._store.changed(peer)

    def renewed(self, seq: int) -> None:
        """Write it down soon."""
        self._store.renewed(seq)

    def counters(self) -> Mapping[str, float]:
        """What was written, and what waits."""
        return self._store.counters()

    async def close(self) -> None:
        """Write what waits, and let go of the directory."""
        await self._store.close()


def keeping(settings: Settings, reactor: Any, wall: Callable[[], float]) -> Keeping:
    """
    As the settings want it.

    :raises CannotKeep: see there.
    """
    try:
        if settings.state is None:
            return WhileItRuns(settings, reactor, wall)
        return InDirectory(settings.state, settings, reactor, wall)
    except (keys.KeyUnusable, StateUnusable) as error:
        raise CannotKeep(str(error)) from None

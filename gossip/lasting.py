"""
What a node keeps of itself and others in a state directory, from one start to the next.

Whoever wants no such directory need not import this, and with it a database.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from gossip import keys
from gossip.memory import keys as kept_keys
from gossip.memory.directory import StateDirectory, StateUnusable
from gossip.memory.store import Store
from gossip.mesh.memories import Memory
from gossip.settings import Settings
from gossip.trust.identity import PeerId

__all__ = ["InDirectory", "StateUnusable"]


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

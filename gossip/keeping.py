"""
What a node keeps of itself and others: only as long as it runs, or in a state directory.
"""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from gossip import keys
from gossip.memory.history import History
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


def keeping(settings: Settings, reactor: Any, wall: Callable[[], float]) -> Keeping:
    """
    As the settings want it.

    :raises CannotKeep: see there.
    """
    try:
        if settings.state is None:
            return WhileItRuns(settings, reactor, wall)
        return _lasting(settings, reactor, wall)
    except keys.KeyUnusable as error:
        raise CannotKeep(str(error)) from None


def _lasting(settings: Settings, reactor: Any, wall: Callable[[], float]) -> Keeping:
    # A database and what mends one are loaded for it.
    lasting = import_module("gossip.lasting")
    try:
        kept: Keeping = lasting.InDirectory(settings.state, settings, reactor, wall)
    except lasting.StateUnusable as error:
        raise CannotKeep(str(error)) from None
    return kept

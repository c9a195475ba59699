"""
Where a running node can be asked: its control socket, and what answers there.

Whoever wants no such socket need not import this, and with it a web server.
"""

from pathlib import Path
from typing import Any

from twisted.internet.defer import maybeDeferred

from gossip.control import unixsocket
from gossip.control.front import Front
from gossip.control.sight import Sight
from gossip.control.unixsocket import ControlUnusable
from gossip.mesh.status import Desk

__all__ = ["Asking", "ControlUnusable"]


class Asking:
    """The API of a node, at one Unix socket."""

    def __init__(
        self,
        path: Path,
        sight: Sight,
        desk: Desk,
        reactor: Any,
        *,
        makes_place: bool,
    ) -> None:
        """
        Answer from now on. `makes_place` says that the directory is ours, and made where it is not.

        :raises ControlUnusable: there can be no socket at this path.
        """
        if makes_place:
            unixsocket.private_directory(str(path.parent))
        self._front = Front(sight, desk, reactor)
        self._port = unixsocket.listen(str(path), self._front, reactor)

    async def stop(self) -> None:
        """Answer nobody any more; the socket is removed."""
        await maybeDeferred(self._port.stopListening)
        await self._front.stop()

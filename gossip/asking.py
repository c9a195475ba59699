"""
Where a running node can be asked: its control socket, its page, and what answers there.

Whoever wants neither need not import this, and with it a web server.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import maybeDeferred

from gossip.control import pages, tcpsocket, unixsocket
from gossip.control.front import Front, Part
from gossip.control.gate import Gate
from gossip.control.hosts import LOCAL, Hosts
from gossip.control.login import Login
from gossip.control.pages import Pages
from gossip.control.sessions import Sessions
from gossip.control.sight import Sight
from gossip.control.tcpsocket import HttpUnusable
from gossip.control.unixsocket import ControlUnusable
from gossip.mesh.status import Desk

__all__ = ["Asking", "ControlUnusable", "HttpUnusable", "Web"]

PATIENCE: Final = 20
"""
Seconds in which a request must have come wholly to the page's door, and for which a connection may be
idle: browsers keep some open that they do not use, and strangers could.
"""

_ID_DIGITS: Final = 16
"""Of a node's id, in the name of its cookie."""

_EVERYWHERE: Final = ("0.0.0.0", "::")


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

    def close(self) -> None:
        """Let nobody in any more; the socket is removed."""
        self._port.stopListening()

    async def stop(self) -> None:
        """Answer nobody any more."""
        await maybeDeferred(self._port.stopListening)
        await self._front.stop()


class Web:
    """The page of a node, and what of the API changes nothing, at one TCP address."""

    def __init__(
        self,
        host: str,
        port: int,
        sight: Sight,
        reactor: Any,
        *,
        names: Sequence[str] = (),
        token: str | None = None,
    ) -> None:
        """
        Answer from now on, at a literal address or `localhost`.

        `names` are those by which it may be asked, besides its addresses. With a `token` only who
        has it is answered.

        :raises HttpUnusable: it cannot be listened there.
        """
        sessions = None if token is None else Sessions(token, reactor)
        node = sight.window.status().id[:_ID_DIGITS]
        gate = Gate(Hosts(names), sessions, f"p2p-gossip-{node}")
        more: list[Part] = [Pages(pages.packaged())]
        if sessions is not None:
            more.append(Login(gate))
        self._front = Front(sight, None, reactor, gate=gate, more=more, patience=PATIENCE)
        literal = "127.0.0.1" if host == LOCAL else host
        self._port = tcpsocket.listen(literal, port, self._front, reactor)
        self.url = _url(LOCAL if literal in _EVERYWHERE else host, self._port.getHost().port)
        """Where the page is, for a browser on this machine."""

    def close(self) -> None:
        """Let nobody in any more."""
        self._port.stopListening()

    async def stop(self) -> None:
        """Answer nobody any more."""
        await maybeDeferred(self._port.stopListening)
        await self._front.stop()


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"

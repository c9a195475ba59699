"""
At which doors a running node answers: the control socket, the page, both, or none.

A web server is loaded where there is one of them, which takes longer than all else of a start.
"""

import os
from collections.abc import Callable, Coroutine
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from twisted.internet.defer import Deferred, gatherResults
from twisted.logger import Logger

from gossip import keys
from gossip.doors import control_path
from gossip.logs import levels
from gossip.mesh.status import Desk
from gossip.settings import Settings


class CannotAnswer(Exception):
    """A door that was asked for cannot be opened; the text says why, and what to do."""


class _Opened(Protocol):
    def close(self) -> None:
        """Let nobody in any more."""

    def stop(self) -> Coroutine[Any, Any, None]:
        """Answer nobody any more."""


class Answering:
    """The doors of one node."""

    _log = Logger(observer=levels)

    def __init__(
        self,
        settings: Settings,
        kept: Path | None,
        port: int,
        sight: Callable[[], Any],
        reactor: Any,
    ) -> None:
        """
        The doors are closed yet.

        `kept` is the socket beside what the node remembers, where it does; `port` is that of peers.
        `sight` makes the `control.sight.Sight` of all doors, where there is one.
        """
        self.http: str | None = None
        """The URL of the page, once it is there."""
        self._settings = settings
        self._kept = kept
        self._port = port
        self._sight = sight
        self._reactor = reactor
        self._opened: list[_Opened] = []

    def open(self, desk: Desk) -> None:
        """
        Answer from now on.

        :raises CannotAnswer: a door that the settings name cannot be. None is left open.
        """
        # The socket is a file, and last: what fails before leaves none behind.
        self._open_page()
        try:
            self._open_socket(desk)
        except CannotAnswer:
            for opened in self._opened:
                opened.close()
            raise

    async def stop(self) -> None:
        """Answer nobody any more."""
        # Side by side: each lets answers out for a while, and the node has two seconds in all.
        await gatherResults([Deferred.fromCoroutine(each.stop()) for each in self._opened])

    def _open_page(self) -> None:
        settings = self._settings
        if settings.http is None:
            return
        asking = import_module("gossip.asking")
        try:
            page = asking.Web(
                settings.http.host,
                settings.http.port,
                self._sight(),
                self._reactor,
                names=settings.http_names,
                token=keys.token(settings),
            )
        except (keys.KeyUnusable, asking.HttpUnusable) as error:
            raise CannotAnswer(str(error)) from None
        self._opened.append(page)
        self.http = page.url
        self._log.info("the page of this node is at {url}", url=page.url)

    def _open_socket(self, desk: Desk) -> None:
        path = control_path(self._settings, self._kept, self._port, os.environ)
        if path is None:
            return
        chosen = self._settings.control is not None
        # The user's runtime directory is there, and ours in it at first is not.
        makes_place = not chosen and self._kept is None
        asking = import_module("gossip.asking")
        try:
            self._opened.append(
                asking.Asking(path, self._sight(), desk, self._reactor, makes_place=makes_place)
            )
        except asking.ControlUnusable as error:
            if chosen:
                raise CannotAnswer(str(error)) from None
            self._log.warn("this node cannot be asked: {error}", error=str(error))

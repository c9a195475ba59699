"""
Who is told what happens while a node runs: its output, and systemd.
"""

import os
import time
from collections.abc import Callable
from typing import Any, TextIO

from twisted.logger import Logger

from gossip.logs import levels
from gossip.mesh.status import Event, Tell
from gossip.settings import Settings
from gossip.surfaces.outlet import Outlet
from gossip.surfaces.systemd import Notifier
from gossip.surfaces.terminal import Json, Printer, Text


class Showing:
    """See the module. It is a `Tell` itself, and tells all others."""

    _log = Logger(observer=levels)

    def __init__(self, settings: Settings, reactor: Any, stdout: TextIO | None) -> None:
        self._tells: list[Tell] = []
        self._closings: list[Callable[[], None]] = []
        if settings.output != "none":
            fancy = stdout is not None and stdout.isatty() and not os.environ.get("NO_COLOR")
            wall = time.time
            render = Json(wall) if settings.output == "json" else Text(wall, terminal=fancy)
            outlet = Outlet(stdout, lost=render.lost)
            self._tells.append(Printer(render, outlet.write, reactor))
            self._closings.append(outlet.flush)
        self._notifier = Notifier.from_environment(os.environ, reactor)
        if self._notifier is not None:
            # Its children are not this unit's main process: they must not speak for it.
            del os.environ["NOTIFY_SOCKET"]
            self._tells.append(self._notifier)
            self._closings.append(self._notifier.stop)

    def __call__(self, event: Event) -> None:
        """Tell everyone of an event, whoever fails."""
        for tell in self._tells:
            with self._log.failuresHandled("while telling of {event}", event=event):
                tell(event)

    def add(self, tell: Tell) -> None:
        """Tell one more, from now on."""
        self._tells.append(tell)

    def reloading(self) -> None:
        """The node reads its configuration again."""
        if self._notifier is not None:
            self._notifier.reloading()

    def reloaded(self) -> None:
        """It has, or could not."""
        if self._notifier is not None:
            self._notifier.reloaded()

    def close(self) -> None:
        """Nothing happens any more."""
        for closing in self._closings:
            closing()

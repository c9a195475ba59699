"""
Tells systemd how the node is: sd_notify(3), for units of `Type=notify` with a watchdog.
"""

import os
import socket
import time
from collections.abc import Mapping

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from gossip.logs import levels
from gossip.mesh.status import Event, Listening, PeerAlive, PeerDead, PeerLeft, Stopping

STATUS_GAP = 1.0
"""Seconds between two STATUS= at least: a mesh that forms would send thousands."""


class Notifier:
    """Sends the states of the node to the socket in `NOTIFY_SOCKET`."""

    _log = Logger(observer=levels)

    def __init__(self, path: str, watchdog: float | None, clock: IReactorTime) -> None:
        # "@" stands for the NUL byte of an abstract socket.
        self._address = "\0" + path[1:] if path.startswith("@") else path
        self._clock = clock
        self._peers: set[str] = set()
        self._pending: IDelayedCall | None = None
        self._beat: LoopingCall | None = None
        if watchdog is not None:
            # By the event loop and nothing else: when it hangs, the beats end.
            self._beat = LoopingCall(self._send, "WATCHDOG=1")
            self._beat.clock = clock
            self._interval = watchdog / 3

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], clock: IReactorTime
    ) -> "Notifier | None":
        """What the environment asks for; None where nobody listens."""
        path = environment.get("NOTIFY_SOCKET", "")
        if not path.startswith(("/", "@")):
            return None
        microseconds = environment.get("WATCHDOG_USEC", "")
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watchdog = int(microseconds) / 1e6 if microseconds.isdigit() and ours else None
        return cls(path, watchdog or None, clock)

    def __call__(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, Listening):
            self._send(f"READY=1\n{self._status()}")
            if self._beat is not None:
                self._beat.start(self._interval).addErrback(self._failed)
        elif isinstance(event, Stopping):
            self._send("STOPPING=1")
        elif isinstance(event, PeerAlive):
            self._peers.add(event.peer)
            self._soon()
        elif isinstance(event, PeerDead | PeerLeft):
            self._peers.discard(event.peer)
            self._soon()

    def reloading(self) -> None:
        """The node reads its configuration again."""
        # The time lets systemd tell this reload from an earlier one (sd_notify(3)).
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={microseconds}")

    def reloaded(self) -> None:
        """It has, or could not."""
        self._send("READY=1")

    def stop(self) -> None:
        """Send nothing any more."""
        if self._beat is not None and self._beat.running:
            self._beat.stop()
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None

    def _failed(self, failure: Failure) -> None:
        self._log.failure("while telling systemd that the node runs", failure)

    def _status(self) -> str:
        count = len(self._peers)
        return f"STATUS={count} peer{'' if count == 1 else 's'} alive"

    def _soon(self) -> None:
        if self._pending is None:
            self._pending = self._clock.callLater(STATUS_GAP, self._tell_status)

    def _tell_status(self) -> None:
        self._pending = None
        self._send(self._status())

    def _send(self, text: str) -> None:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.settimeout(0)
                sender.sendto(text.encode(), self._address)
        except OSError as error:
            # systemd may be busy or gone; the node is neither.
            self._log.info("systemd was not told {text!r}: {error}", text=text, error=str(error))

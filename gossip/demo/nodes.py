"""
A node of the demonstration: a process, and what is known of it by what it prints.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from attrs import define, field

from gossip.demo.relay import Relay

NETWORK = "demo"

LONGEST_LINE = 1 << 20
"""Bytes of one event: far more than any has."""

GONE_WAIT = 4.0
"""Seconds for a node to say farewell; then it is killed."""

Event: TypeAlias = dict[str, Any]


class NotStarted(Exception):
    """A node does not run; the text is what it said of that."""


def environment() -> dict[str, str]:
    """Ours, with the `gossip` that this is, and without what is for this process alone."""
    path = os.pathsep.join(
        filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")))
    )
    kept = {k: v for k, v in os.environ.items() if k not in ("NOTIFY_SOCKET", "WATCHDOG_USEC")}
    return {**kept, "PYTHONPATH": path}


@define(eq=False, kw_only=True)
class Node:
    """See the module."""

    name: str
    directory: Path
    """Below which it keeps what is its own."""
    group: int
    """The process group that it joins."""
    relay: Relay
    http: bool
    """Whether it has a page."""
    tell: Callable[["Node", Event], None]
    """Is told of each event, and of its end as event `ended`."""
    command: tuple[str, ...] = (sys.executable, "-m", "gossip")
    id: str = ""
    page: str | None = None
    links: dict[str, bool] = field(factory=dict)
    """Each peer by its id, and whether it is alive, as this node says."""
    round_trips: dict[str, float] = field(factory=dict)
    """Of each peer, by its id: the last one, in milliseconds."""
    process: asyncio.subprocess.Process | None = None
    _reading: "asyncio.Task[None] | None" = None

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return self.process is not None and self.process.returncode is None

    @property
    def pid(self) -> int:
        """Of the process, while there is one; else 0."""
        return self.process.pid if self.process is not None and self.running else 0

    @property
    def control(self) -> Path:
        """Where it can be asked."""
        return self.directory / f"{self.name}.sock"

    @property
    def _log(self) -> Path:
        return self.directory / f"{self.name}.log"

    async def start(self, *connect: str) -> None:
        """
        Start it, to join through some addresses, and wait until it listens.

        :raises NotStarted: it ended before that.
        """
        self.links.clear()
        self.round_trips.clear()
        ready: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        with self._log.open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self._words(connect),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=LONGEST_LINE,
                cwd=self.directory,
                env=environment(),
                preexec_fn=self._join,
            )
        self._reading = asyncio.ensure_future(self._read(self.process, ready))
        if not await ready:
            said = self._log.read_text(errors="replace").strip().splitlines()
            raise NotStarted(f"{self.name} ended at once: {said[-1] if said else 'without a word'}")

    def kill(self) -> None:
        """Kill it, without a chance to say farewell."""
        self._signal(signal.SIGKILL)

    async def stop(self) -> None:
        """Let it say farewell, and wait until it is gone."""
        self._signal(signal.SIGTERM)
        await self.gone(GONE_WAIT)
        self._signal(signal.SIGKILL)
        await self.gone(GONE_WAIT)

    async def gone(self, patience: float) -> None:
        """Wait until it has ended, and all that it said was read; at most so many seconds."""
        if self._reading is not None:
            await asyncio.wait((self._reading,), timeout=patience)

    def hears(self, peer: "Node") -> bool:
        """Whether this node says that a peer is alive."""
        return self.links.get(peer.id, False)

    def _signal(self, number: int) -> None:
        if self.process is not None and self.running:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)

    def _join(self) -> None:
        os.setpgid(0, self.group)

    def _words(self, connect: tuple[str, ...]) -> list[str]:
        seeds = [word for address in connect for word in ("--connect", address)]
        return [
            *self.command,
            *("--output", "json", "--network", NETWORK, "--name", self.name),
            *("--listen", "127.0.0.1", "--port", "0"),
            *("--advertise", f"127.0.0.1:{self.relay.port}", "--period", "1"),
            *("--state", str(self.directory / self.name), "--control", str(self.control)),
            *(("--http", "127.0.0.1:0") if self.http else ()),
            *seeds,
        ]

    async def _read(
        self, process: asyncio.subprocess.Process, ready: "asyncio.Future[bool]"
    ) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            self._happened(json.loads(line))
            if self.relay.to and not ready.done():
                ready.set_result(True)
        status = await process.wait()
        self.relay.to = 0
        self.links.clear()
        self.round_trips.clear()
        if not ready.done():
            ready.set_result(False)
        self.tell(self, {"event": "ended", "status": status, "time": time.time()})

    def _happened(self, event: Event) -> None:
        kind, peer = event["event"], event.get("peer")
        if kind == "listening":
            self.id, self.page, self.relay.to = event["id"], event.get("http"), event["port"]
        elif kind == "peer_alive":
            self.links[str(peer)] = True
        elif kind in ("peer_dead", "peer_left"):
            self.links[str(peer)] = False
            self.round_trips.pop(str(peer), None)
        elif kind == "ping" and event["rtt_ms"] is not None:
            self.round_trips[str(peer)] = event["rtt_ms"]
        self.tell(self, event)

"""
The kinds of mesh that are measured beside each other, and one node of whichever kind.
"""

import math
import re
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from attrs import frozen

from benchmarks.measure import PLAIN
from benchmarks.processes import PYTHON, Event, Process, Read, json_line
from gossip.trust.identity import Identity

OURS: Final = "p2p-gossip"
SERF: Final = "serf local"

Command: TypeAlias = Callable[[int, int | None], Sequence[str]]
"""Of a node's port, and its seed's."""


class Member:
    """One node of whatever kind, and whom it takes for alive or dead, since when."""

    def __init__(self, port: int, read: Read) -> None:
        self.port = port
        self.id = ""
        self.listening = math.nan
        self.alive: dict[str, float] = {}
        self.dead: dict[str, float] = {}
        self.process: Process
        self._read = read

    async def start(self, command: Sequence[str]) -> None:
        """Start it."""
        self.process = await Process.start(*command, read=self.hear)

    def hear(self, line: str) -> Event | None:
        """It printed a line."""
        event = self._read(line)
        if event is None:
            return None
        event.setdefault("time", time.time())
        if event["event"] == "listening":
            self.id, self.listening = event["id"], event["time"]
        elif event["event"] == "peer_alive":
            self.alive[event["peer"]] = event["time"]
            self.dead.pop(event["peer"], None)
        elif event["event"] == "peer_dead":
            self.dead[event["peer"]] = event["time"]
            self.alive.pop(event["peer"], None)
        return event


@frozen
class Kind:
    """A kind of mesh."""

    name: str
    command: Command
    read: Read = json_line


_SERF_EVENTS: Final = {"Join": "peer_alive", "Failed": "peer_dead", "Leave": "peer_dead"}
_SERF_EVENT: Final = re.compile(r"EventMember(Join|Failed|Leave): (\S+)")
_SERF_NAME: Final = re.compile(r"Node name: '(\S+)'")


def serf_line(line: str) -> Event | None:
    """What a line of `serf agent` tells. That a node joins itself counts for nobody."""
    named = _SERF_NAME.search(line)
    if named is not None:
        return {"event": "listening", "id": named[1]}
    happened = _SERF_EVENT.search(line)
    if happened is None:
        return None
    return {"event": _SERF_EVENTS[happened[1]], "peer": happened[2]}


def kinds(directory: Path, ports: Iterable[int]) -> list[Kind]:
    """Those that can run here; each of our nodes gets a key, which it has when it is back too."""
    for port in ports:
        key = directory / f"{port}.pem"
        key.touch(mode=0o600)
        key.write_bytes(Identity.generate().key_pem())

    def ours(port: int, seed: int | None) -> Sequence[str]:
        key = ("--key", str(directory / f"{port}.pem"), "--output", "json")
        where = ("--listen", "127.0.0.1", "--port", str(port))
        return (*PYTHON, "gossip", *where, *key, *_seed("--connect=127.0.0.1:{}", seed))

    def plain(port: int, seed: int | None) -> Sequence[str]:
        return (*PYTHON, "benchmarks.yardstick", str(port), *_seed("{}", seed))

    def serf(port: int, seed: int | None) -> Sequence[str]:
        # Without retries whoever is up before the seed gives up; by itself it retries each 30 s.
        join = _seed("-retry-join=127.0.0.1:{}", seed)
        where = (f"-bind=127.0.0.1:{port}", f"-rpc-addr=127.0.0.2:{port}")
        return (
            "serf",
            "agent",
            f"-node={port}",
            "-profile=local",
            "-retry-interval=1s",
            *where,
            *join,
        )

    found = [Kind(OURS, ours), Kind(PLAIN, plain)]
    if shutil.which("serf"):
        found.append(Kind(SERF, serf, serf_line))
    return found


def _seed(form: str, seed: int | None) -> Sequence[str]:
    return () if seed is None else (form.format(seed),)

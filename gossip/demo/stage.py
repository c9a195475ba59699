"""
All nodes of the demonstration and the relays before them, and what happens to them.
"""

import asyncio
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import define, field, frozen

from gossip.demo import guard
from gossip.demo.nodes import Event, Node
from gossip.demo.owners import owner
from gossip.demo.relay import Paths, Relay

AT_ONCE = 4
"""Nodes that are started beside each other: each takes half a second of a core."""

MOST_KEPT = 10000
"""Events that are kept for whoever looks back: more than a minute of pings."""


@frozen
class Happening:
    """What a node said, and when, in seconds of `Stage.now`."""

    at: float
    node: Node
    event: Event


@define(eq=False)
class Guarded:
    """A directory and a process group, of which nothing is left when this process is gone."""

    directory: Path
    group: int
    _process: "subprocess.Popen[bytes]"

    @classmethod
    def begin(cls) -> "Guarded":
        """:raises OSError: there is no place for such a directory."""
        # It is begun with them blocked: one that comes before it ignores them would end it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, guard.IGNORED)
        try:
            process = subprocess.Popen(  # noqa: S603 - our own program
                (sys.executable, "-I", "-S", guard.__file__),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        assert process.stdout is not None
        told = process.stdout.readline().decode().strip()
        process.stdout.close()
        if not told:
            process.wait()
            raise OSError("no temporary directory can be made; see TMPDIR")
        return cls(Path(told), process.pid, process)

    def end(self) -> None:
        """Remove the directory, and let the guard kill whoever is left."""
        shutil.rmtree(self.directory, ignore_errors=True)
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@define(eq=False)
class Stage:
    """See the module."""

    nodes: list[Node]
    paths: Paths
    guarded: Guarded
    begun: float = field(factory=time.monotonic)
    past: list[Happening] = field(factory=list)
    """What happened, pings apart, oldest first."""
    _waiting: list[tuple[Callable[[], bool], "asyncio.Future[None]"]] = field(factory=list)

    @classmethod
    def of(cls, count: int, guarded: Guarded) -> "Stage":
        """A stage with so many nodes, none of which runs yet."""
        stage = cls([], Paths(), guarded)
        for number in range(1, count + 1):
            name = f"node-{number}"
            node = Node(
                name=name,
                directory=guarded.directory,
                group=guarded.group,
                relay=Relay(name, stage.paths, stage.whose),
                http=number == 1,
                tell=stage.happened,
            )
            stage.nodes.append(node)
        return stage

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.begun

    async def open(self) -> None:
        """Start all nodes, which join through the first."""
        for node in self.nodes:
            await node.relay.listen()
        first, *others = self.nodes
        await first.start()
        seed = f"127.0.0.1:{first.relay.port}"
        for at in range(0, len(others), AT_ONCE):
            await asyncio.gather(*(node.start(seed) for node in others[at : at + AT_ONCE]))

    async def close(self) -> None:
        """Stop all nodes, and leave nothing behind."""
        try:
            await asyncio.gather(*(node.stop() for node in self.nodes))
            await asyncio.gather(*(node.relay.close() for node in self.nodes))
        finally:
            self.guarded.end()

    def whose(self, local: int, remote: int) -> str | None:
        """Which node has a connection between two ports, its own first; None if none has."""
        by_pid = {node.pid: node.name for node in self.nodes if node.running}
        pid = owner(by_pid, local, remote)
        return None if pid is None else by_pid[pid]

    def happened(self, node: Node, event: Event) -> None:
        """A node said something."""
        if event["event"] != "ping":
            self.past.append(Happening(self.now, node, event))
            del self.past[:-MOST_KEPT]
        for wanted, future in self._waiting:
            if not future.done() and wanted():
                future.set_result(None)

    async def until(self, wanted: Callable[[], bool], patience: float) -> bool:
        """Wait until something is so, which is looked at when a node says something; whether it is."""
        if wanted():
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (wanted, future)
        self._waiting.append(entry)
        try:
            await asyncio.wait((future,), timeout=patience)
        finally:
            self._waiting.remove(entry)
        return wanted()

    def since(self, at: float, kind: str, about: Node) -> list[Happening]:
        """What was said of a node since then, of this kind; the last word of each who said it."""
        said = {
            one.node.name: one
            for one in self.past
            if one.at >= at and one.event["event"] == kind and one.event.get("peer") == about.id
        }
        return list(said.values())

    def times(self) -> list[tuple[float, str, str]]:
        """The last round trip of each pair of nodes: milliseconds, who sent it, and to whom."""
        names = {node.id: node.name for node in self.nodes}
        return [
            (time, node.name, names[peer])
            for node in self.nodes
            for peer, time in node.round_trips.items()
            if peer in names
        ]

    def whole(self, nodes: Sequence[Node]) -> bool:
        """Whether each of these hears all the others."""
        return all(one.hears(other) for one in nodes for other in nodes if one is not other)

    def apart(self, some: Sequence[Node], others: Sequence[Node]) -> bool:
        """Whether none of some hears any of others, nor is heard."""
        return not any(a.hears(b) or b.hears(a) for a in some for b in others)

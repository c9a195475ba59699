"""
Nodes as processes of their own, watched through what they print.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

import gossip

PATIENCE = 60.0
"""Seconds that a test waits for something that should happen: long, since machines are shared."""

P = TypeVar("P", bound="Program")
Event: TypeAlias = dict[str, Any]
Wanted: TypeAlias = Callable[[Event], bool]

IMPORTED_FROM = (str(Path(gossip.__file__).parent.parent), str(Path(__file__).parents[2]))
"""Where `gossip` and `tests` are; these may be far apart, and far from where trial runs."""


def environment(**more: str) -> dict[str, str]:
    """The environment of a process: ours, with the `gossip` and the `tests` that we import."""
    path = os.pathsep.join(filter(None, (*IMPORTED_FROM, os.environ.get("PYTHONPATH"))))
    kept = {k: v for k, v in os.environ.items() if k not in ("P2P_GOSSIP_LOG", "RUST_LOG")}
    return {**kept, "PYTHONPATH": path, **more}


class Program(ProcessProtocol):
    """A process whose output lines are events, as far as they are JSON, and are all kept."""

    descriptors: Mapping[int, int | str] | None = None
    """What the process has by which number; else pipes."""

    def __init__(self, command: Sequence[str], **environ: str) -> None:
        self.events: list[Event] = []
        self.output = ""
        self.errors = ""
        self._rest = ""
        self._waiting: list[tuple[Wanted, Deferred[Event]]] = []
        self.ended: Deferred[int] = Deferred()
        self.process = reactor.spawnProcess(
            self, command[0], command, env=environment(**environ), childFDs=self.descriptors
        )

    def outReceived(self, data: bytes) -> None:
        """More of stdout."""
        self.output += data.decode()
        *lines, self._rest = (self._rest + data.decode()).split("\n")
        for line in filter(lambda line: line.startswith("{"), lines):
            self._happened(json.loads(line))

    def errReceived(self, data: bytes) -> None:
        """More of stderr."""
        self.errors += data.decode()

    def processEnded(self, reason: Failure) -> None:
        """It is gone."""
        status = reason.value
        code = getattr(status, "exitCode", None)
        self.ended.callback(code if code is not None else -int(getattr(status, "signal", 0)))
        waiting, self._waiting = self._waiting, []
        for _, deferred in waiting:
            deferred.errback(AssertionError(f"it ended with {code}: {self.output}{self.errors}"))

    def until(
        self, wanted: Wanted, *, since: int = 0, patience: float = PATIENCE
    ) -> Deferred[Event]:
        """
        The first event that is wanted, past or to come, of those numbered `since` and later.

        It fails when it has not come within `patience` seconds.
        """
        found: Deferred[Event] = Deferred()
        for event in self.events[since:]:
            if wanted(event):
                found.callback(event)
                return found
        self._waiting.append((wanted, found))
        return found.addTimeout(patience, reactor, lambda *_: self._impatient())

    def said(self, kind: str, **members: object) -> Deferred[Event]:
        """The first event, past or to come, of this kind with these members."""
        return self.until(
            lambda event: (
                event["event"] == kind
                and all(event[name] == value for name, value in members.items())
            )
        )

    def signal(self, name: str) -> None:
        """Send a signal, if it still runs."""
        with suppress(ProcessExitedAlready):
            self.process.signalProcess(signal.Signals[f"SIG{name}"].value)

    def _happened(self, event: Event) -> None:
        self.events.append(event)
        for entry in list(self._waiting):
            wanted, deferred = entry
            if wanted(event):
                self._waiting.remove(entry)
                deferred.callback(event)

    def _impatient(self) -> Event:
        seen = "\n".join(json.dumps(event) for event in self.events if event["event"] != "ping")
        raise AssertionError(f"it did not happen; what did:\n{seen}\n{self.errors}")


class NodeProcess(Program):
    """One node, printing JSON."""

    START: tuple[str, ...] = (sys.executable, "-m", "gossip", "--output", "json")

    def __init__(self, *arguments: str, **environ: str) -> None:
        self._alive: set[str] = set()
        super().__init__((*self.START, *arguments), **environ)

    async def listening(self) -> Event:
        """Wait until it listens."""
        return await self.until(lambda event: event["event"] == "listening")

    @property
    def id(self) -> str:
        """Its peer id, once it listens."""
        return str(self._listening["id"])

    @property
    def port(self) -> int:
        """Its port, once it listens."""
        return int(self._listening["port"])

    @property
    def address(self) -> str:
        """Where it can be joined through, once it listens."""
        return f"127.0.0.1:{self.port}"

    @property
    def _listening(self) -> Event:
        return next(event for event in self.events if event["event"] == "listening")

    def alive(self) -> set[str]:
        """Whom it holds to be alive, by what it printed."""
        return set(self._alive)

    def _happened(self, event: Event) -> None:
        if event["event"] == "peer_alive":
            self._alive.add(event["peer"])
        elif event["event"] in ("peer_dead", "peer_left"):
            self._alive.discard(event["peer"])
        super()._happened(event)

    def count(self, kind: str, **members: object) -> int:
        """How often it said this so far."""
        return sum(
            event["event"] == kind and all(event[name] == value for name, value in members.items())
            for event in self.events
        )


class LivedCase(TestCase):
    """A test with processes; none of them survives it."""

    timeout = 150

    def node(self, *arguments: str, **environ: str) -> NodeProcess:
        """
        Start a node on a free port of loopback.

        Its heartbeat is one that a loaded machine keeps: nobody must be dead of that.
        """
        defaults = ("--listen", "127.0.0.1", "--port", "0", "--heartbeat", "1", "--period", "0.5")
        return self.watched(NodeProcess(*defaults, *arguments, **environ))

    def watched(self, program: P) -> P:
        """End a program when the test is over, whatever it does."""

        def end() -> Deferred[int]:
            program.signal("CONT")
            program.signal("KILL")
            ended: Deferred[int] = program.ended
            return ended

        self.addCleanup(end)
        return program

    async def mesh(self, nodes: Sequence[NodeProcess], patience: float = PATIENCE) -> None:
        """Wait until everyone holds everyone to be alive."""
        everyone = {node.id for node in nodes}
        waits = []
        for node in nodes:
            others = everyone - {node.id}

            def complete(_: Event, node: NodeProcess = node, others: set[str] = others) -> bool:
                return others <= node.alive()

            waits.append(node.until(complete, patience=patience))
        await gatherResults(waits, consumeErrors=True)

    async def known(self, nodes: Sequence[NodeProcess]) -> None:
        """Wait for a mesh in which everyone knows where everyone listens."""
        await self.mesh(nodes)
        waits = [
            node.said("ping", peer=other.id, address=other.address)
            for node in nodes
            for other in nodes
            if other is not node
        ]
        await gatherResults(waits, consumeErrors=True)


class RoughCase(LivedCase):
    """A test that takes minutes, most of which it waits: such have an environment of tox together."""

    if os.environ.get("P2P_GOSSIP_ROUGH") == "no":
        skip = "tests that take minutes run in an environment of their own: tox -e rough"

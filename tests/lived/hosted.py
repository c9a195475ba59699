"""
Nodes on hosts of a network that a test can break.

How long the tests break things is set by the environment:

`P2P_GOSSIP_PROOF=1`             the long forms of all tests: an hour and a half instead of minutes
`P2P_GOSSIP_LOSSY_SECONDS`       how long a bad line is watched (90; proof: 1200)
`P2P_GOSSIP_FLAPPING_SECONDS`    how long a line flaps (30; proof: 600)
`P2P_GOSSIP_SOAK_SECONDS`        from one full mesh to the next, with kills and starts (180; proof: 3600)
`P2P_GOSSIP_SOAK_NODES`          how many there are (30)
`P2P_GOSSIP_SEED`                what chance begins with, to repeat a run; printed by each
"""

import os
import re
import sys
import time
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from twisted.internet import reactor
from twisted.internet.defer import Deferred, FirstError, ensureDeferred, gatherResults
from twisted.internet.task import deferLater
from twisted.trial.unittest import SkipTest

from tests.lived import relay
from tests.lived.netns import PORT, Host, Network, lacking
from tests.lived.nodes import PATIENCE, Event, NodeProcess, Program, RoughCase, Wanted

HEARTBEAT = 1.0
"""Seconds, the default. Three of silence are a death."""

NOTICED = 3 * HEARTBEAT + 1
"""Seconds in which silence is noticed."""

HEALED = 60 + 5 + 10
"""Seconds in which a network is whole again: the longest backoff, one dial to an address that does
not answer, and one TLS handshake."""

SLACK = 6.0
"""Seconds more, for a machine that is busy with other things."""

PROOF = os.environ.get("P2P_GOSSIP_PROOF") == "1"

_TROUBLE = re.compile(r"Traceback|Unhandled|^[0-9:]{8} (error|critical) ")

T = TypeVar("T")


def length(name: str, short: float, long: float) -> float:
    """How long or how much, by an environment variable, in proof or in brief."""
    return float(os.environ.get(f"P2P_GOSSIP_{name}") or (long if PROOF else short))


def seed() -> str:
    """What chance begins with."""
    return os.environ.get("P2P_GOSSIP_SEED") or str(time.time_ns() % 1_000_000)


def pause(seconds: float) -> Deferred[None]:
    """Let a fault last so long."""
    return deferLater(reactor, seconds)


async def together(*waits: Coroutine[Any, Any, T] | Deferred[T]) -> list[T]:
    """Wait for all, or for the first that fails."""
    try:
        return list(await gatherResults([ensureDeferred(w) for w in waits], consumeErrors=True))
    except FirstError as error:
        error.subFailure.raiseException()


class HostedNode(NodeProcess):
    """The node of a host."""

    def __init__(self, host: Host, *arguments: str, **environ: str) -> None:
        self.host = host
        self.START = (*host.inside, *NodeProcess.START)
        super().__init__(*arguments, **environ)

    @property
    def address(self) -> str:
        """Where it can be joined through."""
        return self.host.address

    @property
    def now(self) -> int:
        """The number of its next event."""
        return len(self.events)

    def dead(self, other: NodeProcess, since: int = 0) -> Deferred[Event]:
        """When it calls another one dead."""
        return self.until(about("peer_dead", other), since=since)

    def tally(self) -> dict[str, int]:
        """How many events of each kind there were, but for pings."""
        kinds = [event["event"] for event in self.events if event["event"] != "ping"]
        return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


class NetworkCase(RoughCase):
    """A test with networks of its own; it is skipped where they cannot be made."""

    timeout = 240

    def setUp(self) -> None:
        """See that networks can be made."""
        reason = lacking()
        if reason is not None:
            raise SkipTest(reason)
        self.nodes: list[HostedNode] = []

    def network(self, hosts: int = 0, *, ipv6: bool = False) -> Network:
        """A network, removed when the test is over."""
        network = Network(ipv6=ipv6)
        self.addCleanup(network.remove)
        for _ in range(hosts):
            network.host()
        return network

    async def relayed(self, hosts: int, *, delay: float, jitter: float, seed: str) -> Network:
        """A network of which every host is on a line that delays what the host sends."""
        network = self.network()
        lines = [str(number) for number in range(hosts)]
        inside = ("ip", "netns", "exec", network.switch, sys.executable, str(relay.__file__))
        program = self.watched(Program((*inside, seed, str(delay), str(jitter), *lines)))
        await program.until(lambda event: event["event"] == "ready")
        for line in lines:
            network.distant(line)
        return network

    def on(self, host: Host, *arguments: str, **environ: str) -> HostedNode:
        """Start a node on a host."""
        defaults = ("--port", str(PORT), "--heartbeat", str(HEARTBEAT), "--period", "1")
        node = self.watched(HostedNode(host, *defaults, *arguments, **environ))
        self.nodes.append(node)
        return node

    async def started(self, hosts: Sequence[Host], *arguments: str) -> list[HostedNode]:
        """Nodes on these hosts, started at once, which listen."""
        nodes = [self.on(host, *arguments) for host in hosts]
        for node in nodes:
            await node.listening()
        return nodes

    async def grown(self, hosts: Sequence[Host], *arguments: str) -> list[HostedNode]:
        """A mesh of nodes on these hosts, joined through the first."""
        (first,) = await self.started(hosts[:1], *arguments)
        others = await self.started(hosts[1:], "--connect", first.address, *arguments)
        nodes = [first, *others]
        await self.talking(nodes)
        return nodes

    async def talking(self, nodes: Sequence[HostedNode], patience: float = PATIENCE) -> float:
        """
        Wait until everyone has heard a ping of everyone from now on, and holds all to be alive.

        Returns the seconds that it took.
        """
        begun = time.monotonic()
        waits = [
            node.until(about("ping", other), since=node.now, patience=patience)
            for node in nodes
            for other in nodes
            if other is not node
        ]
        await together(*waits)
        await self.mesh(nodes, patience)
        return time.monotonic() - begun

    def assert_nobody_was_lost(self, nodes: Sequence[NodeProcess]) -> None:
        """None of them ever called anybody dead or gone."""
        for node in nodes:
            self.assertEqual(
                [], [e for e in node.events if e["event"] in ("peer_dead", "peer_left")]
            )

    def assert_no_trouble(self) -> None:
        """No node of this test has stumbled."""
        for node in self.nodes:
            self.assertEqual([], troubles(node.errors))

    def figure(self, **figures: Any) -> None:
        """Show what was measured."""
        shown = ", ".join(
            f"{name.replace('_', ' ')} {value:.1f}"
            if isinstance(value, float)
            else f"{name} {value}"
            for name, value in figures.items()
        )
        print(f"\n    {self._testMethodName}: {shown}", flush=True)


def about(kind: str, node: NodeProcess) -> Wanted:
    """Wants an event of this kind about that node."""
    peer = node.id
    return lambda event: event["event"] == kind and event["peer"] == peer


def troubles(errors: str) -> list[str]:
    """The lines of a node's log that no network, however bad, excuses."""
    return [line for line in errors.splitlines() if _TROUBLE.search(line)]

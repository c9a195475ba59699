"""
Nodes that are killed and started anew at random, for minutes or for hours.

Run by `tests.lived.test_soak`, beside others; alone by `python -m twisted.trial tests.lived.soak`.
"""

import os
import time
from pathlib import Path
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.lived.hosted import HEALED, SLACK, HostedNode, NetworkCase, length, pause, seed
from tests.lived.netns import PORT, Host, Network
from tests.lived.nodes import Event

LASTING = 3
"""Nodes that are never killed, and must not grow."""

QUIET = 8.0
"""Seconds in which nothing is done, to see what a node does by itself."""

SETTLED = 4.0
"""Seconds before these, for what is under way to end."""

PACE = 1.0
"""Seconds between two kills or starts, on average."""

MORE_MEMORY = 6 << 20
"""Bytes that a node may have grown by: what Python's and the C library's heaps do not give back."""


class LongNode(HostedNode):
    """A node whose pings and output are not kept, since it runs for hours."""

    def outReceived(self, data: bytes) -> None:
        """More of stdout."""
        super().outReceived(data)
        self.output = ""

    def _happened(self, event: Event) -> None:
        super()._happened(event)
        if event["event"] == "ping":
            self.events.pop()


class Usage:
    """What a process has of the machine, read from /proc."""

    def __init__(self, pid: int) -> None:
        process = Path("/proc", str(pid))
        status = dict(
            line.split(":\t", 1) for line in (process / "status").read_text().splitlines()
        )
        self.memory = int(status["VmRSS"].split()[0]) << 10
        self.descriptors = sum(1 for _ in (process / "fd").iterdir())
        self.wakings = int(status["voluntary_ctxt_switches"])
        ticks = (process / "stat").read_text().rpartition(")")[2].split()[11:13]
        self.seconds = sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


class Idle:
    """What a node uses while nothing happens."""

    def __init__(self, before: Usage, after: Usage) -> None:
        self.memory = after.memory
        self.descriptors = after.descriptors
        self.wakings = (after.wakings - before.wakings) / QUIET
        self.load = (after.seconds - before.seconds) / QUIET * 100

    def __str__(self) -> str:
        """For people."""
        return (
            f"{self.memory / 1e6:.1f} MB, {self.descriptors} descriptors,"
            f" {self.wakings:.0f} wakings/s, {self.load:.1f} % of a core"
        )


class SoakTests(NetworkCase):
    """A mesh in which there is always somebody who has just died or just come."""

    seconds = length("SOAK_SECONDS", 180, 3600)
    size = int(length("SOAK_NODES", 30, 30))
    timeout = 300 + int(seconds)

    async def test_churn_leaves_no_trace(self) -> None:
        """After random kills and restarts there is a full mesh, and who stayed is as it was before."""
        chance = seed()
        print(f"\n    P2P_GOSSIP_SEED={chance}", flush=True)
        self.random = Random(chance)
        nodes = await self.populated(self.network(self.size))
        lasting = nodes[:LASTING]
        first = await self.idle(lasting)
        kills = await self.churn(nodes)
        healed = await self.talking(nodes, HEALED + SLACK)
        last = await self.idle(lasting)
        self.figure(seconds=self.seconds, nodes=self.size, kills=kills, seconds_to_heal=healed)
        for before, after in zip(first, last, strict=True):
            print(f"    {before}\n     -> {after}", flush=True)
        for before, after in zip(first, last, strict=True):
            self.assertLess(after.memory, before.memory + MORE_MEMORY)
            self.assertEqual(before.descriptors, after.descriptors)
            # Whatever was left behind with a timer would wake it.
            self.assertLess(after.wakings, 1.5 * before.wakings + 5)
        stayed = {node.id for node in lasting}
        for node in lasting:
            dead = {event["peer"] for event in node.events if event["event"] == "peer_dead"}
            self.assertEqual(set(), dead & stayed)
            self.assertEqual(self.size - 1, len(node.alive()))
        self.assert_no_trouble()

    async def populated(self, network: Network) -> list[HostedNode]:
        """A mesh in which every host has its key."""
        self.keys: dict[Host, str] = {}
        for host in network.hosts:
            path = Path(self.mktemp())
            secret = Ed25519PrivateKey.generate()
            path.write_bytes(
                secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            )
            self.keys[host] = str(path)
        self.seeds = [network.hosts[0].address, network.hosts[1].address]
        nodes = [self.begun(host) for host in network.hosts]
        for node in nodes:
            await node.listening()
        await self.talking(nodes)
        return nodes

    def begun(self, host: Host) -> HostedNode:
        """Start the node of a host, with its key."""
        seeds = [part for s in self.seeds if s != host.address for part in ("--connect", s)]
        options = ("--port", str(PORT), "--key", self.keys[host])
        node = self.watched(LongNode(host, *options, *seeds))
        self.nodes.append(node)
        return node

    async def idle(self, nodes: list[HostedNode]) -> list[Idle]:
        """What these nodes use while nothing happens."""
        await pause(SETTLED)
        before = [Usage(node.process.pid) for node in nodes]
        await pause(QUIET)
        return [Idle(b, Usage(n.process.pid)) for b, n in zip(before, nodes, strict=True)]

    async def churn(self, nodes: list[HostedNode]) -> int:
        """Kill and start all but the lasting at random; in the end all run. How many were killed."""
        kills = 0
        until = time.monotonic() + self.seconds - 2 * (SETTLED + QUIET)
        down: set[int] = set()
        while time.monotonic() < until or down:
            over = time.monotonic() >= until
            await pause(0 if over else self.random.expovariate(1 / PACE))
            number = min(down) if over else self.random.randrange(LASTING, len(nodes))
            node = nodes[number]
            if number in down:
                down.remove(number)
                nodes[number] = self.begun(node.host)
                continue
            # Also one that does not listen yet.
            node.signal("KILL")
            await node.ended
            down.add(number)
            kills += 1
        for node in nodes:
            await node.listening()
        return kills

"""
Verdicts of real nodes on networks that break: each fault is called what it is, by every node.

`tests.lived.hosted` says what these tests need, and how long they last.
"""

import time
from collections.abc import Sequence

from tests.lived.hosted import NOTICED, SLACK, HostedNode, NetworkCase, about, pause, together
from tests.lived.nodes import Event

AFTER = 1.0
"""Seconds from a loss to its verdict."""


class VerdictsTests(NetworkCase):
    """Five nodes, each on a host of its own."""

    async def judged(
        self, verdict: str, nodes: Sequence[HostedNode], others: Sequence[HostedNode]
    ) -> list[Event]:
        """Wait until each of the nodes has said this of each of the others."""
        waits = [
            node.said("verdict", peer=other.id, verdict=verdict)
            for node in nodes
            for other in others
        ]
        events = await together(*waits)
        for node in nodes:
            for other in others:
                (dead, *_) = [event for event in node.events if about("peer_dead", other)(event)]
                (told, *_) = [event for event in node.events if about("verdict", other)(event)]
                self.assertLess(told["time"] - dead["time"], AFTER + SLACK)
        return events

    def assert_judged_nobody(self, nodes: Sequence[HostedNode]) -> None:
        """None of these has told a verdict."""
        for node in nodes:
            self.assertEqual(0, node.count("verdict"), node.events)

    def drop(self, node: HostedNode, *others: HostedNode) -> None:
        """Let a host take nothing from these."""
        hosts = ", ".join(other.host.ip for other in others)
        node.host.filter(received=f"ip saddr {{ {hosts} }} drop")

    async def test_a_cut_pair_and_a_killed_node(self) -> None:
        """The two say that it is the path, the others nothing; and who is killed is dead to all."""
        network = self.network(5)
        one, other, *rest = nodes = await self.grown(network.hosts)
        begun = time.monotonic()
        self.drop(one, other)
        self.drop(other, one)
        cut = await together(self.judged("cut", [one], [other]), self.judged("cut", [other], [one]))
        for (event,) in cut:
            self.assertEqual({node.id for node in rest}, set(event["heard_by"]))
            self.assertIn(" hear it", event["reason"])
        took = time.monotonic() - begun
        self.assertLess(took, NOTICED + AFTER + 2 * SLACK)
        self.assert_judged_nobody(rest)
        killed = rest.pop()
        killed.signal("KILL")
        survivors = [node for node in nodes if node is not killed]
        for event in await self.judged("dead", survivors, [killed]):
            self.assertEqual([], event["heard_by"])
            self.assertGreater(event["asked"], 0)
        for node in (one, other):
            node.host.filter()
        await self.talking(survivors, 90)
        self.figure(seconds_to_the_verdict=took)
        self.assert_no_trouble()

    async def test_a_line_that_carries_one_way_only(self) -> None:
        """Both ends say which way it is."""
        network = self.network(4)
        deaf, mute, *rest = await self.grown(network.hosts)
        self.drop(deaf, mute)
        (one,), (other,) = await together(
            self.judged("cut", [deaf], [mute]), self.judged("cut", [mute], [deaf])
        )
        self.assertEqual(("from_peer", "to_peer"), (one["one_way"], other["one_way"]))
        self.assert_judged_nobody(rest)
        self.assert_no_trouble()

    async def test_a_host_that_lost_its_line(self) -> None:
        """It says that it is itself; the others say that it is dead."""
        network = self.network(4)
        alone, *rest = await self.grown(network.hosts)
        alone.host.down()
        await together(self.judged("me", [alone], rest), self.judged("dead", rest, [alone]))
        self.assert_no_trouble()

    async def test_nobody_is_judged_where_nothing_is_wrong(self) -> None:
        """Nor when one leaves, and comes back."""
        network = self.network(4)
        *rest, leaver = await self.grown(network.hosts)
        leaver.signal("TERM")
        await together(*(node.said("peer_left", peer=leaver.id) for node in rest))
        (again,) = await self.started([leaver.host], "--connect", rest[0].address)
        await self.talking([*rest, again])
        await pause(3)
        self.assert_judged_nobody([*rest, again])
        self.assert_no_trouble()

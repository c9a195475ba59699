"""
Lines that lose, delay and reorder, and lines that come and go: minutes of watching.

Run by `tests.lived.test_soak`, beside others; alone by `python -m twisted.trial tests.lived.lines`.
"""

import time

from tests.lived.hosted import (
    HEALED,
    HEARTBEAT,
    SLACK,
    HostedNode,
    NetworkCase,
    length,
    pause,
    seed,
)

LOSS = 5
DELAY = 0.2
JITTER = 0.1


class BadLineTests(NetworkCase):
    """Lines that are bad without an end."""

    seconds = length("LOSSY_SECONDS", 90, 1200)
    timeout = 150 + int(seconds)
    heartbeat = 4.0
    """Seconds. TCP is silent for 7 s where a segment is lost four times in a row, and for 3 s where it is
    lost three times, which is once in ten minutes on twelve such lines: too often for one second."""

    async def test_loss_and_delay_kill_nobody(self) -> None:
        """With 5 % loss and 200 ± 100 ms each way no peer is called dead."""
        chance = seed()
        network = await self.relayed(4, delay=DELAY, jitter=JITTER, seed=chance)
        for host in network.hosts:
            host.filter(received=f"numgen random mod 100 < {LOSS} counter drop")
        nodes = await self.grown(network.hosts, "--heartbeat", str(self.heartbeat))
        begun = [node.now for node in nodes]
        await pause(self.seconds)
        await self.talking(nodes)
        dropped = sum(host.counted() for host in network.hosts)
        pings = [
            event["rtt_ms"]
            for node, first in zip(nodes, begun, strict=True)
            for event in node.events[first:]
            if event["event"] == "ping" and event["rtt_ms"] is not None
        ]
        self.figure(
            seed=chance,
            seconds=self.seconds,
            packets_lost=dropped,
            shortest_round_trip_ms=min(pings),
            median_round_trip_ms=sorted(pings)[len(pings) // 2],
            longest_round_trip_ms=max(pings),
            deaths=sum(node.count("peer_dead") for node in nodes),
        )
        self.assert_nobody_was_lost(nodes)
        self.assert_no_trouble()
        # The lines were as bad as they are said to be.
        self.assertGreaterEqual(min(pings), 2 * (DELAY - JITTER) * 1000)
        self.assertGreater(dropped, 0)


class FlappingTests(NetworkCase):
    """Lines that come and go."""

    seconds = length("FLAPPING_SECONDS", 30, 600)
    timeout = 150 + int(seconds)

    async def test_quickly_flapping_line_is_no_event(self) -> None:
        """A line that is up a second and down a second kills nobody."""
        # Twice the usual heartbeat: on a busy machine a line is down for longer than it was told.
        nodes = await self.flap(1, "--heartbeat", str(2 * HEARTBEAT))
        self.assert_nobody_was_lost(nodes)

    async def test_slowly_flapping_line_is_no_storm(self) -> None:
        """A line that is down four seconds and up four makes one death a pair and time, and a mesh after."""
        nodes = await self.flap(4)
        times = self.seconds / 8 + 1
        for node in nodes:
            pairs = 3 if node is nodes[0] else 1
            self.assertLessEqual(node.count("peer_dead"), pairs * times, node.tally())
            self.assertLessEqual(node.count("peer_alive"), pairs * times + 3, node.tally())
            self.assertLessEqual(node.count("refused"), pairs * times, node.tally())
        for node in nodes[1:]:
            dead = {event["peer"] for event in node.events if event["event"] == "peer_dead"}
            self.assertEqual({nodes[0].id}, dead)

    async def flap(self, each: float, *arguments: str) -> list[HostedNode]:
        """Take the line of one host of four down and up again, and again, then wait for a mesh."""
        network = self.network(4)
        flapping = network.hosts[0]
        flapping.filter(sent="tcp flags & (syn | ack) == syn counter")
        nodes = await self.grown(network.hosts, *arguments)
        dialed, begun = flapping.counted(), time.monotonic()
        while time.monotonic() < begun + self.seconds:
            flapping.down()
            await pause(each)
            flapping.up()
            await pause(each)
        lasted = time.monotonic() - begun
        dialed = flapping.counted() - dialed
        healed = await self.talking(nodes, HEALED + SLACK)
        self.figure(seconds=lasted, dials=dialed, events=nodes[0].tally(), seconds_to_heal=healed)
        # Three peers, each dialed with backoff that begins at half a second.
        self.assertLessEqual(dialed, 3 * lasted)
        self.assert_no_trouble()
        return nodes

"""
Networks that break: split, cut one way, moved, mute, and whole again without anybody's help.

`tests.lived.hosted` says what these tests need, and how long they last.
"""

import time
from collections.abc import Sequence

from tests.lived.hosted import (
    HEALED,
    NOTICED,
    SLACK,
    HostedNode,
    NetworkCase,
    about,
    length,
    pause,
    together,
)
from tests.lived.nodes import Event, Wanted


class BreakingCase(NetworkCase):
    """What tests of broken networks do again and again."""

    async def lost(self, nodes: Sequence[HostedNode], others: Sequence[HostedNode]) -> list[Event]:
        """Wait until each of the nodes has called each of the others dead, from now on."""
        waits = [node.dead(other, node.now) for node in nodes for other in others]
        return await together(*waits)

    async def noticed(self, nodes: Sequence[HostedNode], others: Sequence[HostedNode]) -> float:
        """
        Wait until silence is noticed; not before three heartbeats, and not later than promised.

        Returns the longest silence that it took.
        """
        dead = await self.lost(nodes, others)
        for event in dead:
            self.assertGreaterEqual(event["silent_s"], NOTICED - 1, event)
            self.assertLess(event["silent_s"], NOTICED + SLACK, event)
        return max(float(event["silent_s"]) for event in dead)

    async def healed(self, nodes: Sequence[HostedNode]) -> float:
        """Wait until all talk again, which must not take longer than promised."""
        return await self.talking(nodes, HEALED + SLACK)


class SplitTests(BreakingCase):
    """Networks that fall apart, and grow together."""

    async def test_halves_that_grew_while_split_become_one(self) -> None:
        """Two halves of a split, each with a new member, are one full mesh a backoff after it heals."""
        network = self.network(6)
        left, right = network.hosts[:3], network.hosts[3:]
        nodes = await self.grown([*left[:2], *right[:2]])
        west, east = nodes[:2], nodes[2:]
        network.split(left, right)
        waits = [self.noticed(west, east), self.noticed(east, west)]
        noticed = max(await together(*waits))
        west += await self.started(left[2:], "--connect", west[1].address)
        east += await self.started(right[2:], "--connect", east[1].address)
        await together(self.talking(west), self.talking(east))
        await pause(length("SPLIT_SECONDS", 12, 300))
        network.heal()
        healed = await self.healed(west + east)
        self.figure(silence_until_noticed=noticed, seconds_to_heal=healed)
        self.assert_no_trouble()

    async def test_networks_that_never_met_become_one_through_a_seed(self) -> None:
        """Two meshes become one when they are bridged and one node has had a seed in the other."""
        network = self.network(4)
        network.split(network.hosts[:2], network.hosts[2:])
        far = network.hosts[2].address
        west, east = await together(
            self.grown(network.hosts[:2], "--connect", far), self.grown(network.hosts[2:])
        )
        self.assertEqual(set(), (west[0].alive() | west[1].alive()) & {n.id for n in east})
        network.heal()
        self.figure(seconds_to_heal=await self.healed(west + east))
        self.assert_nobody_was_lost(west + east)
        self.assert_no_trouble()

    async def test_one_newcomer_makes_two_meshes_one(self) -> None:
        """Two meshes on one network become one when a node starts that has a seed in each."""
        network = self.network(5)
        west, east = await together(self.grown(network.hosts[:2]), self.grown(network.hosts[2:4]))
        self.assertEqual({west[1].id}, west[0].alive())
        seeds = ("--connect", west[1].address, "--connect", east[1].address)
        everyone = [*west, *east, *await self.started(network.hosts[4:], *seeds)]
        self.figure(seconds_to_heal=await self.healed(everyone))
        self.assert_nobody_was_lost(everyone)
        self.assert_no_trouble()


class OneWayTests(BreakingCase):
    """A line that carries one way only is no link."""

    async def test_both_ends_of_a_one_way_line_know(self) -> None:
        """Where one direction is cut both ends call each other dead, once, and talk when it is back."""
        network = self.network(3)
        deaf, mute, witness = nodes = await self.grown(network.hosts)
        begun = time.monotonic()
        network.hosts[0].filter(received=f"ip saddr {mute.host.ip} drop")
        waits = [self.lost([deaf], [mute]), self.lost([mute], [deaf])]
        await together(*waits)
        agreed = time.monotonic() - begun
        # The one that still hears learns of it from the other, whose time is up first.
        self.assertLess(agreed, 2 * NOTICED + SLACK)
        await pause(length("ONE_WAY_SECONDS", 8, 120))
        for one, other in ((deaf, mute), (mute, deaf)):
            self.assertEqual(1, one.count("peer_alive", peer=other.id), one.events)
            self.assertEqual(1, one.count("peer_dead", peer=other.id), one.events)
            self.assertIn(witness.id, one.alive())
        network.hosts[0].filter()
        healed = await self.healed(nodes)
        self.assert_nobody_was_lost([witness])
        self.figure(seconds_to_agree=agreed, seconds_to_heal=healed)
        self.assert_no_trouble()


class HostTests(BreakingCase):
    """Hosts that stand still, vanish, or move."""

    async def test_frozen_host_accuses_nobody(self) -> None:
        """A frozen node is noticed by silence; awake again it calls nobody dead, and is back in 10 s."""
        network = self.network(3)
        nodes = await self.grown(network.hosts)
        frozen, others = nodes[0], nodes[1:]
        frozen.signal("STOP")
        noticed = await self.noticed(others, [frozen])
        await pause(length("FROZEN_SECONDS", 3, 120))
        frozen.signal("CONT")
        back = await self.talking(nodes)
        self.assertLess(back, 10 + SLACK)
        self.assert_nobody_was_lost([frozen])
        for node in others:
            self.assertEqual(1, node.count("peer_dead"))
        self.figure(silence_until_noticed=noticed, seconds_to_return=back)
        self.assert_no_trouble()

    async def test_vanished_host_is_noticed_by_silence(self) -> None:
        """A host that is gone without FIN or RST is dead after three heartbeats, and comes back."""
        network = self.network(3)
        nodes = await self.grown(network.hosts)
        vanished, others = nodes[0], nodes[1:]
        vanished.host.down()
        waits = [self.noticed(others, [vanished]), self.noticed([vanished], others)]
        noticed = max(await together(*waits))
        await pause(length("VANISHED_SECONDS", 3, 300))
        vanished.host.up()
        healed = await self.healed(nodes)
        for node in others:
            self.assertEqual(1, node.count("peer_dead"))
        self.figure(silence_until_noticed=noticed, seconds_to_return=healed)
        self.assert_no_trouble()

    async def test_host_that_moves_is_found_at_its_new_address(self) -> None:
        """A node whose address changes is linked again soon, and newcomers are told the new one."""
        network = self.network(4)
        nodes = await self.grown(network.hosts[:3])
        moved, others = nodes[2], nodes[:2]
        before = moved.address
        since = [node.now for node in nodes]
        moved.host.move(99)
        begun = time.monotonic()
        at_new = [
            node.until(at(moved.address), since=first)
            for node, first in zip(others, since, strict=False)
        ]
        await together(*at_new)
        await self.talking(nodes)
        took = time.monotonic() - begun
        self.assertLess(took, 10 + SLACK)
        # It cannot dial any more, so whoever meets it has dialed where it is now.
        moved.host.filter(sent="tcp flags & (syn | ack) == syn drop")
        (newcomer,) = await self.started(network.hosts[3:], "--connect", others[1].address)
        met = await newcomer.until(about("peer_alive", moved))
        self.assertEqual(("dialed", moved.address), (met["direction"], met["address"]))
        self.assertNotEqual(before, moved.address)
        self.figure(seconds_to_return=took)
        self.assert_no_trouble()


class ForgottenTests(BreakingCase):
    """What stands between hosts forgets their connections, or ends them."""

    async def test_forgotten_connections_are_replaced(self) -> None:
        """Where a firewall drops all connections that it knew and takes new ones, there are new ones."""
        network = self.network(3)
        host = network.hosts[0]
        host.filter(received="ct mark set 1", sent="ct mark set 1")
        nodes = await self.grown(network.hosts)
        host.filter(received="ct mark 1 counter drop", sent="ct mark 1 counter drop")
        # What was heard before is read by then, and nothing new is begun before three seconds.
        await pause(1)
        healed = await self.healed(nodes)
        self.assertGreater(host.counted(), 0)
        for node in nodes[1:]:
            deaths = [nodes[0].count("peer_dead", peer=node.id), node.count("peer_dead")]
            # Who is dialed anew by the one that noticed first need not notice it by itself.
            self.assertIn(deaths, [[1, 0], [0, 1], [1, 1]])
        self.figure(seconds_to_heal=healed)
        self.assert_no_trouble()

    async def test_storm_of_resets(self) -> None:
        """While all that a host says is answered by resets it dials with patience, and is back after."""
        network = self.network(3)
        host = network.hosts[0]
        nodes = await self.grown(network.hosts)
        reset = "counter meta l4proto tcp reject with tcp reset"
        host.filter(received=reset, sent=reset)
        waits = [self.lost(nodes[:1], nodes[1:]), self.lost(nodes[1:], nodes[:1])]
        await together(*waits)
        seconds = length("RESETS_SECONDS", 10, 300)
        await pause(seconds)
        packets = host.counted()
        host.filter()
        healed = await self.healed(nodes)
        for node in nodes:
            self.assert_few(node, deaths=2)
        # Backoff: some eight dials a pair and end, of one packet each.
        self.assertLess(packets, 100 + 10 * seconds)
        self.figure(packets_reset=packets, seconds_to_heal=healed)
        self.assert_no_trouble()

    def assert_few(self, node: HostedNode, deaths: int) -> None:
        """A node has called others dead no more often than that, and made no other noise."""
        self.assertLessEqual(node.count("peer_dead"), deaths, node.tally())
        self.assertLessEqual(node.count("refused"), 10 * deaths, node.tally())


class NarrowTests(BreakingCase):
    """Lines on which there is little room."""

    async def test_many_join_at_once_over_narrow_lines(self) -> None:
        """Eight nodes with large records join four at once, a megabit a second each; nobody is lost."""
        network = self.network(12)
        for host in network.hosts:
            host.narrow("1mbit")
        bulk = ("--tag", f"bulk={'x' * 3900}")
        nodes = await self.grown(network.hosts[:4], *bulk)
        begun = time.monotonic()
        nodes += await self.started(network.hosts[4:], *bulk, "--connect", nodes[0].address)
        await self.talking(nodes, HEALED + SLACK)
        self.figure(seconds_to_join=time.monotonic() - begun)
        self.assert_nobody_was_lost(nodes)
        self.assert_no_trouble()


class AddressFamilyTests(BreakingCase):
    """Networks that have IPv6 and nothing else."""

    async def test_ipv6_only(self) -> None:
        """Where there is no IPv4 nodes form a mesh, notice a death, and return after it."""
        network = self.network(4, ipv6=True)
        nodes = await self.grown(network.hosts[:3])
        ping = next(e for e in nodes[1].events if e["event"] == "ping" and e["peer"] == nodes[2].id)
        self.assertEqual(nodes[2].address, ping["address"])
        vanished = nodes[2]
        vanished.host.down()
        noticed = await self.noticed(nodes[:2], [vanished])
        vanished.host.up()
        nodes += await self.started(network.hosts[3:], "--connect", nodes[0].address)
        healed = await self.healed(nodes)
        self.figure(silence_until_noticed=noticed, seconds_to_return=healed)
        self.assert_no_trouble()


def at(address: str) -> Wanted:
    """Wants a ping from whoever listens there."""
    return lambda event: event["event"] == "ping" and event["address"] == address

"""
What a node does when the machine gives it no more: descriptors, or room on a disk.
"""

from pathlib import Path

from twisted.trial.unittest import SkipTest

from tests.lived.hostile.case import OFTEN, HostileCase, after, when
from tests.lived.hostile.costs import descriptors
from tests.lived.hostile.keys import LOOPBACK
from tests.lived.hostile.peers import Stranger, linked, strange
from tests.lived.nodes import NodeProcess

FEW = 64
"""Descriptors that a node may have."""

DEFAULTS = ("--listen", LOOPBACK, "--port", "0", "--heartbeat", "1", *OFTEN)


class FewDescriptors(NodeProcess):
    """A node that may open few files and sockets."""

    START = ("sh", "-c", f'ulimit -n {FEW}; exec "$@"', "sh", *NodeProcess.START)


class FullDisk(NodeProcess):
    """A node whose log goes to a disk that is full, and whose log is long."""

    START = ("sh", "-c", 'exec "$@" 2>/dev/full', "sh", *NodeProcess.START)


class LimitsTests(HostileCase):
    """It runs on."""

    async def test_descriptors_run_out(self) -> None:
        """It says so, its links stay, and others are let in when there is room again."""
        await self.meet(self.watched(FewDescriptors(*DEFAULTS)))
        peers = [await linked(self.victim.port) for _ in range(20)]
        strangers: list[Stranger] = []
        for _ in range(2 * FEW):
            strangers.append(await strange(self.victim.port))
            await after(0.01)
        await self.pinged()
        await when(lambda: "LimitNOFILE=" in self.victim.errors, "a word about it")
        self.assertLessEqual(descriptors(self.victim), FEW)
        self.assertGreater(descriptors(self.victim), FEW - 8)
        for stranger in strangers:
            stranger.reset()
        await when(lambda: all(s.over for s in strangers), "the closing")
        newcomer = self.node("--connect", self.victim.address)
        await newcomer.listening()
        await self.victim.said("peer_alive", peer=newcomer.id)
        for peer in peers:
            self.assertFalse(peer.over)
        lines = self.victim.errors.splitlines()
        self.assertEqual(1, len(lines), lines)
        self.assertIn("warn", lines[0])
        self.victim.errors = ""
        await self.unharmed()

    async def test_log_on_a_full_disk(self) -> None:
        """Nothing can be logged, and nothing else is different."""
        if not Path("/dev/full").exists():
            raise SkipTest("this machine has no /dev/full")
        await self.meet(self.watched(FullDisk(*DEFAULTS, P2P_GOSSIP_LOG="debug")))
        for _ in range(20):
            (await linked(self.victim.port)).reset()
        await self.unharmed()

"""
Meshes of real nodes: joining, killing, stopping, splitting and healing, as an operator would.
"""

import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from twisted.internet.defer import gatherResults

from tests.lived.nodes import LivedCase, NodeProcess


class FormationTests(LivedCase):
    """However nodes are started, they end as one full mesh."""

    async def started(self, nodes: list[NodeProcess]) -> None:
        """Wait until all listen."""
        for node in nodes:
            await node.listening()

    async def test_two_nodes_find_and_ping_each_other(self) -> None:
        """The second node joins through the first; each shows the other's pings and text."""
        first = self.node("--name", "first", "--message", "from first")
        await first.listening()
        second = self.node("--name", "second", "--connect", first.address)
        await second.listening()
        alive = await second.said("peer_alive", peer=first.id)
        self.assertEqual(
            ("first", "dialed", True), (alive["name"], alive["direction"], alive["first"])
        )
        await first.said("peer_alive", peer=second.id, direction="accepted", name="second")
        ping = await second.said("ping", peer=first.id, text="from first")
        self.assertEqual(1, ping["seq"])
        await first.until(lambda e: e["event"] == "ping" and isinstance(e["rtt_ms"], float))

    async def test_ten_nodes_started_at_once_through_one_seed(self) -> None:
        """Nine newcomers that know only the seed end with a link to each other."""
        seed = self.node()
        await seed.listening()
        nodes = [seed, *(self.node("--connect", seed.address) for _ in range(9))]
        await self.started(nodes)
        await self.mesh(nodes)
        for node in nodes:
            self.assertEqual(0, node.count("peer_dead"))
            self.assertEqual("", node.errors)

    async def test_seed_that_comes_later(self) -> None:
        """A seed that does not answer is a line, and is tried until it does."""
        port = await self.free_port()
        early = self.node("--connect", f"localhost:{port}")
        await early.listening()
        refused = await early.said("refused", code="unreachable")
        self.assertEqual(f"localhost:{port}", refused["address"])
        late = self.watched(NodeProcess("--listen", "127.0.0.1", "--port", str(port)))
        await late.listening()
        await early.said("peer_alive", peer=late.id)

    async def test_seed_that_is_the_node_itself(self) -> None:
        """A node that is told to join through itself says so and runs on."""
        port = await self.free_port()
        node = self.watched(
            NodeProcess(
                *("--listen", "127.0.0.1", "--port", str(port), "--connect", f"127.0.0.1:{port}")
            )
        )
        await node.said("refused", code="self")
        other = self.node("--connect", f"127.0.0.1:{port}")
        await other.listening()
        await self.mesh([node, other])
        self.assertEqual(1, node.count("refused"))

    async def free_port(self) -> int:
        """A port on which nobody listens."""
        probe = self.node()
        await probe.listening()
        probe.signal("KILL")
        await probe.ended
        return probe.port


class LossTests(LivedCase):
    """Who is gone is known, and who is not is not called gone."""

    async def two(self, *arguments: str) -> tuple[NodeProcess, NodeProcess]:
        """Two linked nodes."""
        first = self.node(*arguments)
        await first.listening()
        second = self.node("--connect", first.address, *arguments)
        await second.listening()
        await self.known([first, second])
        return first, second

    async def test_killed_node_is_dead_at_once(self) -> None:
        """A closed connection that cannot be made again is a death, long before the silence is."""
        first, second = await self.two("--heartbeat", "20")
        second.signal("KILL")
        dead = await first.said("peer_dead", peer=second.id)
        self.assertLess(dead["silent_s"], 20)
        self.assertIn("dialed again", dead["reason"])

    async def test_stopped_node_is_dead_after_three_heartbeats_and_comes_back(self) -> None:
        """Silence is death after three heartbeats; on waking nobody calls the others dead."""
        first, second = await self.two()
        second.signal("STOP")
        dead = await first.said("peer_dead", peer=second.id)
        self.assertGreaterEqual(dead["silent_s"], 3)
        self.assertTrue(dead["reason"].startswith("silent"))
        second.signal("CONT")
        await first.said("peer_alive", peer=second.id, first=False)
        self.assertEqual(0, second.count("peer_dead"))

    async def test_leaving_is_not_dying(self) -> None:
        """SIGTERM tells everyone, and the exit status is 0."""
        first, second = await self.two()
        second.signal("TERM")
        await first.said("peer_left", peer=second.id)
        self.assertEqual(0, await second.ended)
        self.assertEqual(1, second.count("stopping"))
        self.assertEqual(0, first.count("peer_dead"))

    async def test_leaving_does_not_wait_for_a_stopped_peer(self) -> None:
        """A peer that answers nothing does not hold up a node that leaves."""
        first, second = await self.two("--heartbeat", "20")
        second.signal("STOP")
        begun = time.monotonic()
        first.signal("INT")
        self.assertEqual(0, await first.ended)
        # The promise is two seconds; the rest is this machine's.
        self.assertLess(time.monotonic() - begun, 10)

    async def test_restarted_node_with_its_key_is_the_same_peer(self) -> None:
        """The same key at another port is the same peer, and no second one."""
        key = Path(self.mktemp())
        secret = Ed25519PrivateKey.generate()
        key.write_bytes(secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        first = self.node()
        await first.listening()
        second = self.node("--connect", first.address, "--key", str(key))
        await second.listening()
        await self.mesh([first, second])
        second.signal("KILL")
        await first.said("peer_dead", peer=second.id)
        again = self.node("--connect", first.address, "--key", str(key))
        await again.listening()
        self.assertEqual(second.id, again.id)
        alive = await first.said("peer_alive", peer=again.id, first=False)
        self.assertEqual("accepted", alive["direction"])

    async def test_half_of_a_mesh_is_killed_and_started_anew(self) -> None:
        """The survivors bury the dead, and meet those who come in their place."""
        seed = self.node()
        await seed.listening()
        nodes = [seed, *(self.node("--connect", seed.address) for _ in range(5))]
        for node in nodes:
            await node.listening()
        await self.known(nodes)
        kept, killed = nodes[:3], nodes[3:]
        for node in killed:
            node.signal("KILL")
        await gatherResults([k.said("peer_dead", peer=d.id) for k in kept for d in killed])
        fresh = [self.node("--connect", kept[1].address) for _ in range(3)]
        for node in fresh:
            await node.listening()
        await self.mesh(kept + fresh)


class SplitTests(LivedCase):
    """Networks that grew apart become one when a single pair has met."""

    async def test_two_meshes_become_one(self) -> None:
        """Two meshes of three, joined by one newcomer that knows a member of each."""
        halves = []
        for _ in range(2):
            seed = self.node()
            await seed.listening()
            half = [seed, *(self.node("--connect", seed.address) for _ in range(2))]
            for node in half:
                await node.listening()
            await self.mesh(half)
            halves.append(half)
        bridge = self.node("--connect", halves[0][1].address, "--connect", halves[1][2].address)
        await bridge.listening()
        await self.mesh([*halves[0], *halves[1], bridge])

    async def test_stopped_half_heals(self) -> None:
        """Half of a mesh stands still until it is buried; when it wakes, the mesh is whole again."""
        seed = self.node()
        await seed.listening()
        nodes = [seed, *(self.node("--connect", seed.address) for _ in range(3))]
        for node in nodes:
            await node.listening()
        await self.mesh(nodes)
        for node in nodes[2:]:
            node.signal("STOP")
        for node in nodes[:2]:
            for lost in nodes[2:]:
                await node.said("peer_dead", peer=lost.id)
        grown = self.node("--connect", seed.address)
        await grown.listening()
        await self.mesh([*nodes[:2], grown])
        for node in nodes[2:]:
            node.signal("CONT")
        await self.mesh([*nodes, grown])


class TrustTests(LivedCase):
    """Who is who is proved, not claimed."""

    async def test_pinned_seed_refuses_another_key(self) -> None:
        """`--connect host:port#ID` links with that node only, and says who was there instead."""
        first = self.node()
        await first.listening()
        wanted = "0" * 64
        second = self.node("--connect", f"{first.address}#{wanted}")
        mismatch = await second.said("identity_mismatch")
        self.assertEqual(
            (first.address, wanted, first.id),
            (mismatch["address"], mismatch["expected"], mismatch["found"]),
        )
        self.assertEqual(set(), second.alive())

    async def test_impostor_at_a_known_address(self) -> None:
        """Another key at the address of a known peer is refused as that peer."""
        first = self.node()
        await first.listening()
        second = self.node("--connect", first.address)
        await second.listening()
        await self.known([first, second])
        second.signal("KILL")
        await first.said("peer_dead", peer=second.id)
        impostor = self.watched(
            NodeProcess("--listen", "127.0.0.1", "--port", str(second.port), "--heartbeat", "0.3")
        )
        await impostor.listening()
        mismatch = await first.said("identity_mismatch", expected=second.id, found=impostor.id)
        self.assertEqual(second.address, mismatch["address"])
        self.assertEqual(set(), first.alive())

    async def test_networks_do_not_mix(self) -> None:
        """A node of another network is refused, in words, on both sides."""
        first = self.node("--network", "red")
        await first.listening()
        second = self.node("--network", "blue", "--connect", first.address)
        await second.said("refused", code="network")
        await first.said("refused", code="network")
        self.assertEqual((set(), set()), (first.alive(), second.alive()))

"""
The slow, the silent and the tireless: what takes long, and what never ends.
"""

import os
import time
from base64 import b64encode
from itertools import cycle
from pathlib import Path

from twisted.internet import reactor

from tests.lived.hostile.case import GRAIN, PROOF, HostileCase, after, together, when
from tests.lived.hostile.costs import MIB, memory
from tests.lived.hostile.keys import Key, Message
from tests.lived.hostile.peers import Peer, Stranger, dial, frame, linked, strange, tls

BURST, RATE = 1000, 200
"""Frames that a node takes at once and in a second (the protocol's §8)."""


class PatienceTests(HostileCase):
    """What takes long, all at the same time."""

    async def test_what_takes_time(self) -> None:
        """The slow, the silent and the tireless are all bounded; what each does is told below."""
        await self.stage()
        await together(
            [
                self.silent_before_tls(),
                self.dribbled_tls(),
                self.silent_after_tls(),
                self.dribbled_hello(),
                self.dribbled_frame(),
                self.flood_of_pings(),
                self.two_with_one_key(),
                self.hanging_up(),
                self.answers_without_end(),
            ]
        )
        await self.unharmed()

    async def silent_before_tls(self) -> None:
        """10 s are given for a handshake that does not begin."""
        await self.closed_after(await strange(self.victim.port), "TLS handshake")

    async def dribbled_tls(self) -> None:
        """And no longer for one that goes on and on."""
        stranger = await strange(self.victim.port)
        begun = time.monotonic()
        for byte in b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(60):
            if stranger.over:
                break
            stranger.raw(bytes([byte]))
            await after(0.3)
        await self.closed_after(stranger, "TLS handshake", begun)

    async def silent_after_tls(self) -> None:
        """10 s are given for a hello."""
        await self.closed_after(await dial(self.victim.port, tls(Key())), "hello")

    async def dribbled_hello(self) -> None:
        """And no longer for one that comes byte by byte."""
        key = Key()
        peer = await dial(self.victim.port, tls(key))
        begun = time.monotonic()
        for byte in frame(key.hello()):
            if peer.over:
                break
            peer.raw(bytes([byte]))
            await after(0.2)
        await self.closed_after(peer, "hello", begun)

    async def closed_after(self, stranger: Stranger, wait: str, begun: float | None = None) -> None:
        """It is closed for its lateness, about 10 s after it came."""
        begun = begun or time.monotonic()
        event = await self.refused(stranger, "timeout")
        self.assertIn(wait, event["reason"])
        self.assertGreater(time.monotonic() - begun, 9)
        self.assertLess(time.monotonic() - begun, 14)

    async def dribbled_frame(self) -> None:
        """20 s are given for a frame that has begun, whatever else is promised."""
        key = Key()
        peer = await linked(self.victim.port, key)
        begun = time.monotonic()
        for byte in frame({"type": "ping", "seq": 1, "text": "x" * 1000}):
            if peer.over:
                break
            peer.raw(bytes([byte]))
            await after(0.25)
        bye = await peer.told("bye")
        self.assertEqual("timeout", bye["code"])
        self.assertGreater(time.monotonic() - begun, 19)
        self.assertLess(time.monotonic() - begun, 25)
        await self.victim.said("peer_dead", peer=key.id, reason=bye["reason"])

    async def flood_of_pings(self) -> None:
        """5000 pings at once are all answered, in their order, and not faster than is allowed."""
        key, many = Key(), 5000
        peer = await linked(self.victim.port, key)
        begun = time.monotonic()
        peer.say(*[{"type": "ping", "seq": n + 1, "text": "flood"} for n in range(many)])
        await peer.told("pong", seq=many)
        took = time.monotonic() - begun
        self.assertGreater(took, 0.9 * (many - BURST) / RATE)
        pongs = [message["seq"] for message in peer.messages if message["type"] == "pong"]
        self.assertEqual(list(range(1, many + 1)), pongs)
        shown = self.victim.count("ping", peer=key.id)
        self.assertLess(shown, 11 * (took + 2))

    async def two_with_one_key(self) -> None:
        """Two processes with one key disturb each other, and nobody much."""
        key = Path(self.mktemp())
        key.write_bytes(Key().pem())
        seed = self.node()
        await seed.listening()
        twins = [self.node("--key", str(key), "--connect", seed.address) for _ in range(2)]
        for twin in twins:
            await twin.listening()
        await seed.said("peer_alive", peer=twins[0].id)
        await after(10)
        for node in (seed, *twins):
            told = [event for event in node.events if event["event"] != "ping"]
            self.assertLess(len(told), 30, told)
            self.assertLess(len(node.errors.splitlines()), 5, node.errors)
            self.assertNotIn("Traceback", node.errors)
            self.assertNotIn("Unhandled", node.errors)

    async def hanging_up(self) -> None:
        """A peer that admits a node and hangs up at once is dialed ever more rarely."""
        key = Key()

        def greet_and_go(peer: Peer) -> None:
            peer.say(key.hello(record=record))
            reactor.callLater(GRAIN, peer.reset)

        trap = await self.trap(greet_and_go, tls(key))
        record = key.record(addresses=[f"127.0.0.1:{trap.port}"])
        node = self.node()
        await node.listening()
        (await linked(node.port, key, record=record)).reset()
        await node.said("peer_alive", peer=key.id)
        await when(lambda: trap.connections, "a dial")
        await after(8)
        self.assertLess(len(trap.connections), 20)
        told = [event for event in node.events if event["event"] != "ping"]
        self.assertLess(len(told), 60)
        self.assertFalse(node.errors, node.errors)

    async def answers_without_end(self) -> None:
        """Peers whose answers never end do not keep a node from asking others for what it lacks."""
        node = self.node()
        await node.listening()
        liars = [await linked(node.port) for _ in range(4)]
        heard: list[Message] = []

        async def more(liar: Peer) -> None:
            await liar.told("get_peers")
            late = time.monotonic() + 22
            while not heard and time.monotonic() < late:
                liar.say({"type": "peers", "records": [], "more": True})
                await after(1)

        async def other() -> None:
            await together(self.asked(liar) for liar in liars)
            peer = await linked(node.port, view="1" * 16)
            begun = time.monotonic()
            heard.append(await peer.told("get_peers"))
            self.assertLess(time.monotonic() - begun, 20)

        await together([*(more(liar) for liar in liars), other()])

    async def asked(self, peer: Peer) -> None:
        """It was asked for what it knows."""
        await peer.told("get_peers")


FLOOD = 60.0 if PROOF else 6.0
"""Seconds of each flood."""


class FloodsTests(HostileCase):
    """Those who never stop talking."""

    async def test_pings(self) -> None:
        """They cost less than half a core, and others are answered in time."""
        await self.flooded([frame({"type": "ping", "seq": n, "text": "x" * 1000}) for n in (1, 2)])

    async def test_questions(self) -> None:
        """So do questions for all that a node knows, and for what differs."""
        buckets = b64encode(os.urandom(2048)).decode()
        await self.flooded(
            [frame({"type": "get_peers"}), frame({"type": "get_peers", "buckets": buckets})]
        )

    async def test_unknown_ones(self) -> None:
        """So do messages that nobody knows."""
        await self.flooded([frame(b'{"type":"x","a":"' + b"a" * 60000 + b'"}')])

    async def test_long_ones(self) -> None:
        """So do frames as long as they may be, of what is slowest to read."""
        stuffed = b"[" + b"{}," * 21000 + b"{}]"
        many = b",".join(b'"%x":0' % n for n in range(6000))
        await self.flooded(
            [frame(b'{"type":"x","a":%s}' % stuffed), frame(b'{"type":"pong","seq":1,%s}' % many)]
        )

    async def flooded(self, frames: list[bytes]) -> None:
        """Four links say these again and again, as fast as they are heard."""
        await self.stage()
        peers = [await linked(self.victim.port) for _ in range(4)]
        for peer in peers:
            records = [Key().record(tags={"a": "x" * 500}) for _ in range(50)]
            peer.say({"type": "peers", "records": records, "more": False})
            # What was said before is heard before the flood.
            peer.say({"type": "ping", "seq": 1, "text": ""})
            await peer.told("pong")
        costs = self.costs()
        for peer in peers:
            peer.offer(cycle(frames))
        # The burst that is allowed is over by then.
        await after(5)
        await costs.of(self.flooding())
        self.told(f"{frames[0][:40]!r}", costs)
        self.assertFalse([peer for peer in peers if peer.over])
        for peer in peers:
            peer.reset()
        self.spared(costs)
        self.assertLess(costs.memory, 8 * MIB)
        self.unslowed(costs)
        await self.unharmed()

    async def flooding(self) -> None:
        """The time of a flood."""
        await after(FLOOD)


class ReadingTests(HostileCase):
    """Those who do not read."""

    async def test_peer_that_asks_and_does_not_read(self) -> None:
        """It is cut off with `overload`, and costs next to no memory until then."""
        await self.stage()
        feeder = await linked(self.victim.port)
        for _ in range(10):
            records = [Key().record(tags={"a": "x" * 4000}) for _ in range(8)]
            feeder.say({"type": "peers", "records": records, "more": False})
        feeder.say({"type": "ping", "seq": 1, "text": ""})
        await feeder.told("pong")
        key = Key()
        # However little it promises.
        deaf = await linked(self.victim.port, key, heartbeat=60)
        await self.pinged()
        before = most = memory(self.victim)
        deaf.deaf()
        begun = time.monotonic()
        ended = self.victim.said("peer_dead", peer=key.id)
        while not deaf.over and not ended.called:
            deaf.say(*[{"type": "get_peers"}] * 10)
            most = max(most, memory(self.victim))
            await after(0.05)
        dead = await ended
        self.assertIn("did not read", dead["reason"])
        print(f"\ncut after {time.monotonic() - begun:.1f} s, {(most - before) / MIB:+.1f} MiB")
        self.assertLess(time.monotonic() - begun, 15 if PROOF else 30)
        self.assertLess(most - before, 4 * MIB)
        deaf.reset()
        await self.unharmed()

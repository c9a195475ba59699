"""
What hostile peers say to a node: what is no frame, no JSON, or no message.
"""

from tests.lived.hostile.case import HostileCase, together
from tests.lived.hostile.keys import Key, Message
from tests.lived.hostile.peers import dial, frame, linked, tls
from tests.lived.hostile.wrong import BAD_JSON, deep, wrong_members, wrong_messages


class GrammarTests(HostileCase):
    """What is no frame, no JSON, or no message."""

    async def test_before_hello(self) -> None:
        """Whatever comes in place of a hello ends the connection with `protocol`."""
        await self.stage()
        ping = {"type": "ping", "seq": 1, "text": ""}
        too_long = (16385).to_bytes(4, "big")
        cases: list[bytes] = [
            too_long,
            b"\xff\xff\xff\xff",
            bytes(4),
            frame(b"{"),
            frame(ping),
            frame({"type": "x"}),
            frame(Key().hello()) + frame(ping),
            frame(Key().hello()) + frame(b"{"),
            *(frame(body) for body in BAD_JSON),
        ]
        await together(self.turned_down(Key(), data, "protocol") for data in cases)
        await self.all_counted()
        await self.unharmed()

    async def test_after_hello(self) -> None:
        """On a link too, except that there a type that nobody knows is ignored."""
        await self.stage()

        async def one(data: bytes) -> None:
            key = Key()
            peer = await linked(self.victim.port, key)
            peer.raw(data)
            await self.broken(peer, key, repr(data[:60]))

        bodies = (*BAD_JSON, b'{"type":"x","a":' + b"[" * 65000, b"[" * 65536)
        long = b'{"type":"x","a":"' + b"a" * (65536 - 19) + b'"}'
        self.assertEqual(65536, len(long))
        announced = ((65537).to_bytes(4, "big"), b"\xff\xff\xff\xff", bytes(4), frame(b"{"))
        await together(one(data) for data in (*map(frame, bodies), *announced))
        ping: Message = {"type": "ping", "seq": 1, "text": "in one breath"}
        asking: Message = {"type": "get_peers"}
        breath = b"".join(map(frame, (ping, asking, {"type": "heartbeat", "view": "1" * 16})))
        await together(one(breath + end) for end in (bytes(4), frame(b"{")))
        for code, said in (("leaving", "peer_left"), ("protocol", "peer_dead")):
            farewell: Message = {"type": "bye", "code": code, "reason": ""}
            key = Key()
            (await linked(self.victim.port, key, heartbeat=0.3)).raw(breath + frame(farewell))
            await self.victim.said(said, peer=key.id)
            await self.turn()
            peer = await dial(self.victim.port, tls(Key()))
            peer.raw(frame(Key().hello()) + frame(farewell))
            await self.refused(peer, code)
        twice = Key()
        peer = await linked(self.victim.port, twice)
        peer.say(twice.hello())
        await self.broken(peer, twice, "hello twice")
        peer = await linked(self.victim.port)
        unknown: Message = {"type": "from the future", "seq": -1}
        peer.say(unknown, long, deep(32), {"type": "ping", "seq": 1, "text": "", "x": None})
        await peer.told("pong", seq=1)
        self.assertFalse(peer.over)
        await self.unharmed()

    async def test_each_member_of_each_message(self) -> None:
        """A known type with a bad member ends the link, and the reason names the member."""
        await self.stage()

        async def one(kind: str, member: str, message: Message, key: Key) -> None:
            peer = await linked(self.victim.port, key)
            peer.say(message)
            await self.broken(peer, key, f"{message}"[:200], member)

        for kind in ("ping", "pong", "heartbeat", "get_peers", "peers", "bye"):
            cases = list(wrong_messages(kind, Key()))
            await together(one(kind, member, message, Key()) for member, message in cases)
        await self.unharmed()

    async def test_each_member_of_hello(self) -> None:
        """A bad member of hello refuses the connection with `protocol`, and the reason names it."""
        await self.stage()
        key = Key()
        for member in wrong_members(key)["hello"]:
            await together(
                self.turned_down(key, frame(message), "protocol", member=name)
                for name, message in wrong_messages("hello", key)
                if name == member
            )
        await self.all_counted()
        await self.unharmed()

"""
What hostile peers and strangers do to a node, over its real port, and what it does not care about.

After every attack the node has said one line about it, has not stumbled, and has not lost touch
with an honest peer for a moment.
"""

import json
import os
import re
import socket
import ssl
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any
from unicodedata import category

from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from OpenSSL import SSL
from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure

from tests.lived import hostile
from tests.lived.hostile import Key, Message, Peer, Stranger, Trap, dial, frame, linked, tls
from tests.lived.nodes import PATIENCE, Event, LivedCase, NodeProcess, environment

GRAIN = 0.02
"""Seconds between looks at what has no event."""

PENDING = 64
"""Connections from one address that may be pending (the protocol's §8)."""

BURST, RATE = 1000, 200
"""Frames that a node takes at once and in a second (the protocol's §8)."""

MIB = 1 << 20


def after(seconds: float) -> Deferred[None]:
    """Some time later."""
    return deferLater(reactor, seconds, lambda: None)


async def when(condition: Callable[[], object], what: str = "it") -> None:
    """Return as soon as the condition holds."""
    late = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > late:
            raise AssertionError(f"{what} did not happen")
        await after(GRAIN)


async def together(works: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Do all of it at the same time, to the end, and fail then if any of it has failed."""
    begun = [Deferred.fromCoroutine(work) for work in works]
    for succeeded, result in await DeferredList(begun, consumeErrors=True):
        if not succeeded and isinstance(result, Failure):
            result.raiseException()


class HostileCase(LivedCase):
    """A node to attack, and an honest peer of it that watches."""

    victim: NodeProcess
    honest: NodeProcess

    def setUp(self) -> None:
        """Nobody was attacked yet."""
        self._turns: deque[float] = deque(maxlen=9)
        self._attackers: list[str] = []
        self._lines: list[Event] = []
        # More than one for an address: a port that was given back is soon another's.
        self._byes: list[tuple[str, Message]] = []

    async def stage(self, *arguments: str, **environ: str) -> None:
        """Start both, and link them."""
        often = ("--period", "0.25")
        self.victim = self.node("--name", "victim", *often, *arguments, **environ)
        await self.victim.listening()
        join = ("--connect", self.victim.address)
        self.honest = self.node("--name", "honest", *often, *join, **environ)
        await self.honest.listening()
        await self.mesh([self.victim, self.honest])
        await self.pinged()

    async def turn(self) -> None:
        """
        Wait as long as it takes not to be refused more often than ten times a second.

        What is above that is counted, and not shown.
        """
        if len(self._turns) == self._turns.maxlen:
            await after(max(0.0, self._turns[0] + 1.1 - time.monotonic()))
        self._turns.append(time.monotonic())

    async def refused(self, attacker: Stranger | str, *codes: str) -> Event:
        """The node's one line about an attacker, with one of these codes."""
        where = attacker if isinstance(attacker, str) else attacker.where
        self._attackers.append(where)
        # A port that was given back is soon another's: of two lines this is the later one.
        event = await self.victim.until(
            lambda event: (
                (event["event"], event.get("address")) == ("refused", where)
                and not any(event is line for line in self._lines)
            )
        )
        self._lines.append(event)
        self.assertIn(event["code"], codes, event)
        if isinstance(attacker, Stranger):
            await when(lambda: attacker.over, f"{where} being closed")
        return event

    async def turned_down(self, key: Key, data: bytes, *codes: str, member: str = "") -> None:
        """In place of a link there is a `bye` with one of these codes, which names the member."""
        peer = await dial(self.victim.port, tls(key))
        peer.raw(data)
        bye = await peer.told("bye")
        self._byes.append((peer.where, bye))
        self.assertIn(bye["code"], codes, f"{data!r}: {bye}")
        self.assertIn(member, bye["reason"])
        self.assertLessEqual(len(bye["reason"]), 1024)
        await when(lambda: peer.over, "the close")

    async def all_counted(self) -> None:
        """Of those turned down each is a line or in a count; the lines say what the peers heard."""
        await when(lambda: self.counted() >= len(self._byes), "a line for each, or a count")
        told = [e for e in self.victim.events if e["event"] in ("refused", "suppressed")]
        self.assertEqual(len(self._byes), self.counted(), told)
        for event in self.victim.events:
            if event["event"] == "refused":
                byes = [bye for where, bye in self._byes if where == event["address"]]
                said = [(bye["code"], bye["reason"]) for bye in byes]
                self.assertIn((event["code"], event["reason"]), said)

    def counted(self) -> int:
        """How many refusals were shown, or counted in place of that."""
        suppressed = [
            event["count"]
            for event in self.victim.events
            if event["event"] == "suppressed" and event["of"] == "refused"
        ]
        return self.victim.count("refused") + sum(map(int, suppressed))

    async def broken(self, peer: Peer, key: Key, kind: str, member: str = "") -> None:
        """A linked peer is told that it broke the rules, which member did, and is gone."""
        bye = await peer.told("bye")
        self.assertEqual("protocol", bye["code"], bye)
        self.assertIn(member, bye["reason"], kind)
        await when(lambda: peer.over, "the close")
        dead = await self.victim.said("peer_dead", peer=key.id)
        self.assertEqual(bye["reason"], dead["reason"])
        self.assertEqual(1, self.victim.count("peer_dead", peer=key.id))

    async def pinged(self) -> None:
        """Both go on pinging each other."""
        for watcher, other in self.pairs():
            last = self.pings(watcher, other)[-1:]

            def newer(event: Event, other: NodeProcess = other, last: list[Event] = last) -> bool:
                seq = last[0]["seq"] if last else 0
                return self.is_ping(event, other) and bool(event["seq"] > seq)

            await watcher.until(newer)

    async def unharmed(self) -> None:
        """All of the above: see the module."""
        await self.pinged()
        for watcher, other in self.pairs():
            self.assertEqual(0, watcher.count("peer_dead", peer=other.id))
            self.assertEqual(0, watcher.count("peer_left", peer=other.id))
            self.assertEqual(1, watcher.count("peer_alive", peer=other.id))
            numbers = [event["seq"] for event in self.pings(watcher, other)]
            self.assertEqual(list(range(numbers[0], numbers[-1] + 1)), numbers)
        for where, times in Counter(self._attackers).items():
            self.assertEqual(times, self.victim.count("refused", address=where), where)
        for node in (self.victim, self.honest):
            self.assertFalse(node.errors, node.errors)
            self.assertTrue(node.output.isascii())
        for node in (self.honest, self.victim):
            node.signal("TERM")
            self.assertEqual(0, await node.ended)
            self.assertFalse(node.errors, node.errors)

    def pairs(self) -> list[tuple[NodeProcess, NodeProcess]]:
        """Who watches whom."""
        return [(self.honest, self.victim), (self.victim, self.honest)]

    def is_ping(self, event: Event, of: NodeProcess) -> bool:
        """Whether it shows a ping of this node."""
        return (event["event"], event.get("peer")) == ("ping", of.id)

    def pings(self, watcher: NodeProcess, of: NodeProcess) -> list[Event]:
        """Those that one has heard of the other."""
        return [event for event in watcher.events if self.is_ping(event, of)]

    async def trap(
        self,
        behave: Callable[[Peer], None],
        creator: hostile.Creator | None = None,
        host: str = hostile.LOOPBACK,
    ) -> Trap:
        """Somebody who listens, until the test is over."""
        trap = await Trap(behave, secure=creator is not None).open(creator, host)
        self.addCleanup(lambda: Deferred.fromCoroutine(trap.shut()))
        return trap


class StrangersTests(HostileCase):
    """Those who do not get past the TLS handshake."""

    async def test_what_is_not_our_tls(self) -> None:
        """Whoever speaks no TLS, an old one, or one with other names in it, is closed in one line."""
        await self.stage()
        port = self.victim.port
        http = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        for data in (b"hello?\n", http, os.urandom(2000), b"\x16\x03\x01\xff\xff" + bytes(70000)):
            await self.turn()
            await self.refused(await hostile.strange(port, data), "tls")
        key = Key()
        for creator in (
            tls(key, newest=SSL.TLS1_2_VERSION),
            tls(None),
            tls(key, alpn=(b"h2", b"http/1.1")),
            tls(key, alpn=()),
        ):
            await self.turn()
            peer = await dial(port, creator)
            await self.refused(peer, "tls")
            self.assertEqual([], peer.messages)
        for way in (Stranger.finish, Stranger.reset):
            for data in (b"", b"\x16\x03\x01\x02\x00\x01"):
                await self.turn()
                stranger = await hostile.strange(port, data)
                if data:
                    await after(GRAIN)
                way(stranger)
                await self.refused(stranger, "closed", "tls")
        await self.unharmed()

    async def test_certificates_and_keys(self) -> None:
        """Any certificate but one short one with an allowed key in canonical form is refused."""
        await self.stage()
        key, curve = Key(), Key(ec.generate_private_key(ec.SECP256R1()))
        for allowed in (
            curve,
            Key(ec.generate_private_key(ec.SECP384R1())),
            Key(rsa.generate_private_key(65537, 2048)),
        ):
            (await linked(self.victim.port, allowed)).finish()
            await self.victim.said("peer_alive", peer=allowed.id)
        long = Key().certificate(bulk=5000)
        exact = next(c for c in map(key.certificate, range(3500, 4097)) if len(c) == 4096)
        other = Key().certificate()
        (await linked_with(self.victim.port, key, tls(key, certificate=exact))).finish()
        longer = key.certificate(bulk=4096)
        self.assertGreater(len(longer), 4096)
        self.assertGreater(len(long), 4096)
        cases: dict[str, Callable[[], hostile.Creator]] = {
            "too long": lambda: tls(key, certificate=longer),
            "a chain": lambda: tls(key, chain=(other,)),
            "RSA of 1024 bits": lambda: tls(Key(rsa.generate_private_key(65537, 1024))),
            "P-521": lambda: tls(Key(ec.generate_private_key(ec.SECP521R1()))),
            "P-224": lambda: tls(Key(ec.generate_private_key(ec.SECP224R1()))),
            "Ed448": lambda: tls(Key(ed448.Ed448PrivateKey.generate())),
            "compressed": lambda: tls(
                curve, certificate=curve.certificate_with(curve.compressed())
            ),
            "explicit": lambda: tls(curve, certificate=curve.certificate_with(curve.explicit())),
        }
        for what, make in cases.items():
            try:
                creator = make()
            except SSL.Error as error:
                print(f"not tried, this OpenSSL cannot present it: {what}: {error}")
                continue
            await self.turn()
            peer = await dial(self.victim.port, creator)
            await self.refused(peer, "tls")
            self.assertEqual([], peer.messages, what)
        await self.unharmed()

    async def test_sessions_are_not_resumed(self) -> None:
        """A session is of no use for a second connection: who one is, is proved each time."""
        await self.stage()
        key = Key()
        files = Path(self.mktemp())
        files.write_bytes(pem(key.certificate()) + key.pem())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.load_cert_chain(files)
        context.set_alpn_protocols([hostile.ALPN.decode()])

        def resumed() -> list[bool | None]:
            session, found = None, []
            for _ in range(3):
                raw = socket.create_connection((hostile.LOOPBACK, self.victim.port), PATIENCE)
                with context.wrap_socket(raw, session=session) as connection:
                    connection.sendall(frame(key.hello()))
                    connection.recv(4)
                    session = connection.session
                    found.append(connection.session_reused)
            return found

        self.assertEqual([False] * 3, await deferToThread(resumed))
        await self.unharmed()

    async def test_two_hundred_connections_at_once(self) -> None:
        """One address gets 64 places and no more; others get in meanwhile, and it too afterwards."""
        both = ("--listen", "::1") if ipv6() else ()
        await self.stage(*both)
        strangers: list[Stranger] = []

        async def one() -> None:
            strangers.append(await hostile.strange(self.victim.port))

        await together(one() for _ in range(200))
        await when(lambda: sum(s.over for s in strangers) >= 200 - PENDING, "the closing")

        await when(lambda: self.counted() >= 200 - PENDING, "a line for each, or a count")
        self.assertEqual(200 - PENDING, sum(s.over for s in strangers))
        self.assertEqual(200 - PENDING, self.counted())
        if both:
            beside = self.node("--listen", "::1", "--connect", f"[::1]:{self.victim.port}")
            await beside.listening()
            await self.victim.said("peer_alive", peer=beside.id)
        for stranger in strangers:
            if not stranger.over:
                stranger.finish()
        newcomer = self.node("--connect", self.victim.address)
        await newcomer.listening()
        await self.victim.said("peer_alive", peer=newcomer.id)
        await self.unharmed()

    async def test_reset_in_every_phase(self) -> None:
        """A connection that is reset at any point is one line, or none where it was a link."""
        await self.stage()
        key = Key()

        def handshaken(peer: Peer) -> None:
            peer.reset()

        def half_a_frame(peer: Peer) -> None:
            peer.raw(frame(key.hello())[:100])
            reactor.callLater(GRAIN, peer.reset)

        def hello(peer: Peer) -> None:
            peer.say(key.hello())
            reactor.callLater(0, peer.reset)

        def much(peer: Peer) -> None:
            peer.say(key.hello(), *[{"type": "ping", "seq": n, "text": ""} for n in range(1, 300)])
            reactor.callLater(GRAIN, peer.reset)

        def rude_and_polite(peer: Peer) -> None:
            peer.say(key.hello())
            peer.finish()
            reactor.callLater(GRAIN, peer.reset)

        for act in (handshaken, half_a_frame, hello, much, rude_and_polite):
            await self.turn()
            key = Key()
            peer = await dial(self.victim.port, tls(key))
            act(peer)
            await when(lambda peer=peer: peer.over, "the close")  # type: ignore[misc]
        for _ in range(20):
            peer = await linked(self.victim.port, key)
            peer.say({"type": "get_peers"})
            peer.reset()
        await self.unharmed()


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
            *(frame(body) for body in hostile.BAD_JSON),
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

        bodies = (*hostile.BAD_JSON, b'{"type":"x","a":' + b"[" * 65000, b"[" * 65536)
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
        peer.say(unknown, long, hostile.deep(32), {"type": "ping", "seq": 1, "text": "", "x": None})
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
            cases = list(hostile.wrong_messages(kind, Key()))
            await together(one(kind, member, message, Key()) for member, message in cases)
        await self.unharmed()

    async def test_each_member_of_hello(self) -> None:
        """A bad member of hello refuses the connection with `protocol`, and the reason names it."""
        await self.stage()
        key = Key()
        for member in hostile.wrong_members(key)["hello"]:
            await together(
                self.turned_down(key, frame(message), "protocol", member=name)
                for name, message in hostile.wrong_messages("hello", key)
                if name == member
            )
        await self.all_counted()
        await self.unharmed()


class RecordsTests(HostileCase):
    """Records that do not hold, in hello and in hearsay."""

    async def test_in_hello(self) -> None:
        """Only one's own, valid, current record of this network opens a link."""
        await self.stage()
        key, other = Key(), Key()
        now = time.time() * 1000
        stale, any_of = ("refused", "protocol"), ("protocol",)
        forged = {**key.record(), "signature": other.record()["signature"]}
        cases: list[tuple[Message, tuple[str, ...]]] = [
            (key.hello(network="elsewhere"), ("network",)),
            (key.hello(record=forged), any_of),
            (key.hello(record={**key.record(), "signature": "!"}), any_of),
            (key.hello(record={**key.record(), "signature": ""}), any_of),
            (key.hello(record=other.record()), any_of),
            (key.hello(record=other.seal(json.dumps(key.body()))), any_of),
            (key.hello(record=key.record(key=other.body()["key"])), any_of),
            (key.hello(record=key.record(network="elsewhere")), (*stale, "network")),
            (key.hello(record=key.record(seq=int(now) + 90_000_000)), stale),
            (key.hello(record=key.record(seq=int(now) - 400_000_000)), stale),
            (key.hello(record=key.record(state="left")), any_of),
            (key.hello(record=key.seal("x")), any_of),
            (key.hello(record=key.seal("[]")), any_of),
            (key.hello(record=key.seal('{"a":NaN}')), any_of),
            (key.hello(record=key.seal(json.dumps(key.body(name="\ud800")))), any_of),
            *(
                (key.hello(record=key.record(**{member: value})), any_of)
                for member, values in WRONG_IN_RECORDS.items()
                for value in values
            ),
        ]
        for half in (cases[::2], cases[1::2]):
            await together(self.turned_down(key, frame(message), *codes) for message, codes in half)
        await self.all_counted()
        self.assertEqual(0, self.victim.count("peer_alive", peer=key.id))
        await self.unharmed()

    async def test_replayed_ones(self) -> None:
        """An older record of a peer, from itself or others, does not replace the newer one."""
        await self.stage()
        key = Key()
        old = key.record(name="old", seq=int(time.time() * 1000) - 1000)
        new = key.record(name="new")
        (await linked(self.victim.port, key, record=new)).reset()
        peer = await linked(self.victim.port, key, record=old)
        witness = await linked(self.victim.port)
        witness.say({"type": "peers", "records": [old], "more": False}, {"type": "get_peers"})
        answer = await witness.told("peers", more=False)
        self.assertIn(new, answer["records"])
        self.assertNotIn(old, answer["records"])
        peer.say({"type": "ping", "seq": 1, "text": "again"})
        ping = await self.victim.said("ping", peer=key.id, text="again")
        self.assertEqual("new", ping["name"])
        await self.unharmed()

    async def test_in_peers(self) -> None:
        """Each bad record of a list is refused alone, and the rest is kept and passed on."""
        await self.stage()
        good = [Key().record(name=f"good {n}") for n in range(3)]
        key, now = Key(), int(time.time() * 1000)
        bad = [
            {**Key().record(), "signature": good[0]["signature"]},
            {**Key().record(), "signature": "é"},
            key.seal(json.dumps(Key().body())),
            key.record(key=Key().body()["key"]),
            key.record(network="elsewhere"),
            key.record(seq=now + 90_000_000),
            key.record(seq=now - 400_000_000),
            key.seal("x"),
            key.seal('{"a":' + "[" * 7000),
            *(
                key.record(**{m: value})
                for m, values in WRONG_IN_RECORDS.items()
                for value in values
            ),
        ]
        liar = await linked(self.victim.port)
        for batch in (bad[:30], bad[30:]):
            records = [good[0], *batch, good[1]]
            liar.say({"type": "peers", "records": records, "more": False})
        liar.say({"type": "peers", "records": [*bad[:5], good[2]], "more": False})
        liar.say({"type": "ping", "seq": 1, "text": ""})
        await liar.told("pong")
        witness = await linked(self.victim.port)
        witness.say({"type": "get_peers"})
        answer = await witness.told("peers", more=False)
        for record in good:
            self.assertIn(record, answer["records"])
        for record in bad:
            self.assertNotIn(record, answer["records"])
        self.assertFalse(liar.over)
        await self.unharmed()


WRONG_IN_RECORDS: dict[str, list[Any]] = {
    "id": [None, "", "A" * 64, "0" * 64, "0" * 65],
    "key": [None, 1, "", "!", "AAAA"],
    "seq": [None, True, "1", -1, 1.5, 2**53],
    "network": [None, ""],
    "name": [None, 1, "x" * 65],
    "addresses": [None, {}, ["1.2.3.4:1"] * 9, ["x" * 254 + ":1"], [1]],
    "tags": [None, [], {"a": 1}, {"a": "x" * 4097}, {"a": "é" * 4000}],
    "state": [None, "", "dead"],
    "ttl": [None, "60", 59, 2592001],
}
"""For each member of a record, values that the protocol does not allow there."""


class LoadTests(HostileCase):
    """Those who would use up a node, or use it against others."""

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
        deaf = await linked(self.victim.port, key, heartbeat=1)
        await self.pinged()
        before = most = memory(self.victim)
        deaf.deaf()
        ended = self.victim.said("peer_dead", peer=key.id)
        while not deaf.over and not ended.called:
            deaf.say(*[{"type": "get_peers"}] * 10)
            most = max(most, memory(self.victim))
            await after(0.05)
        dead = await ended
        self.assertIn("did not read", dead["reason"])
        self.assertLess(most - before, 8 * MIB)
        deaf.reset()
        await self.unharmed()

    async def test_hearsay_that_points_at_a_victim(self) -> None:
        """However many records name an address, it is dialed a few times; some addresses never."""
        watch = Watch()
        self.addCleanup(watch.close)
        await self.stage(**watch.environ)
        target = await self.trap(lambda peer: None)
        six = await self.trap(lambda peer: None, host="::1") if ipv6() else None
        wanted = [
            [f"127.0.0.1:{target.port}"],
            [f"[::ffff:127.0.0.1]:{target.port}", f"localhost:{target.port}"],
            ["169.254.169.254:80", "[::ffff:169.254.169.254]:80", "[fe80::1]:80"],
            ["127.0.0.1:0", "0.0.0.0:80", "[::]:80", "224.0.0.1:80", "255.255.255.255:80"],
            [self.victim.address, f"[::ffff:127.0.0.1]:{self.victim.port}"],
            [f"localhost:{self.victim.port}", f"127.0.0.1:{target.port}"],
        ]
        if six is not None:
            wanted.append([f"[::1]:{six.port}", f"[0::1]:{six.port}"])
        feeder = await linked(self.victim.port)
        for n in range(0, 2000, 50):
            records = [Key().record(addresses=wanted[k % len(wanted)]) for k in range(n, n + 50)]
            feeder.say({"type": "peers", "records": records, "more": False})
            await after(0)
        feeder.say({"type": "ping", "seq": 1, "text": ""})
        await feeder.told("pong")
        await when(lambda: target.connections, "a dial")
        # Long enough for the three tries that a peer never met gets within the backoff.
        await after(2.5)
        dialed = watch.dialed(self.victim)
        ports = {target.port, *([six.port] if six is not None else [])}
        self.assertEqual(set(), {where for where in dialed if where[1] not in ports})
        self.assertLessEqual(len(target.connections), 2 * DIALS_OF_HEARSAY)
        self.assertLessEqual(dialed.count(("127.0.0.1", target.port)), DIALS_OF_HEARSAY)
        at_target = [where for where in dialed if where[1] == target.port]
        self.assertLessEqual(len(at_target), DIALS_OF_HEARSAY, at_target)
        await self.unharmed()

    async def test_one_victim_under_many_spellings(self) -> None:
        """An address that is written in many ways is still one address."""
        if not ipv6():
            print("not tried: there is no IPv6 on this machine")
            return
        await self.stage()
        target = await self.trap(lambda peer: None, host="::1")
        feeder = await linked(self.victim.port)
        spellings = [f"[::1%{n}]:{target.port}" for n in range(1, 41)]
        records = [Key().record(addresses=[spelling]) for spelling in spellings]
        feeder.say({"type": "peers", "records": records, "more": False})
        feeder.say({"type": "ping", "seq": 1, "text": ""})
        await feeder.told("pong")
        await after(1.5)
        self.assertLessEqual(len(target.connections), 2 * DIALS_OF_HEARSAY)
        await self.unharmed()

    async def test_one_who_comes_and_goes_by_hearsay(self) -> None:
        """Records by which a peer leaves and is back, again and again, do not make it dialed so."""
        await self.stage()
        target = await self.trap(lambda peer: None)
        key = Key()
        seq = int(time.time() * 1000) - 80_000_000
        peer = await linked(self.victim.port, key, record=key.record(seq=seq))
        gone = key.record(seq=seq + 1, state="left")
        peer.say({"type": "bye", "code": "leaving", "reason": "", "record": gone})
        await self.victim.said("peer_left", peer=key.id)
        feeder = await linked(self.victim.port)
        where = [f"127.0.0.1:{target.port}"]
        for n in range(seq + 2, seq + 102, 2):
            for k, state in ((n, "alive"), (n + 1, "left")):
                record = key.record(seq=k, state=state, addresses=where)
                feeder.say({"type": "peers", "records": [record], "more": False})
                await after(GRAIN)
        feeder.say({"type": "ping", "seq": 1, "text": ""})
        await feeder.told("pong")
        self.assertLessEqual(len(target.connections), 12)
        await self.unharmed()


DIALS_OF_HEARSAY = 4
"""Dials of one address in a minute, for all the peers never met that are said to be there."""


class SeedsTests(HostileCase):
    """Those whom a node dials, and who are not what it hoped for."""

    async def test_hostile_acceptors(self) -> None:
        """Whatever answers a dial is refused with a code and words, and tried again with patience."""
        key = Key()
        creator = tls(key)

        def says(*values: Message | bytes) -> Callable[[Peer], None]:
            return lambda peer: peer.say(*values)

        plain: list[tuple[str, Callable[[Peer], None], hostile.Creator | None]] = [
            ("tls", lambda peer: peer.raw(b"220 mail ready\r\n"), None),
            ("tls", lambda peer: peer.raw(os.urandom(100_000)), None),
            ("closed unreachable", Peer.reset, None),
            ("closed", Peer.finish, None),
            ("tls", lambda peer: None, tls(key, newest=SSL.TLS1_2_VERSION)),
            ("tls", lambda peer: None, tls(key, alpn=())),
            ("tls", lambda peer: None, tls(key, chain=(Key().certificate(),))),
            ("tls", lambda peer: None, tls(Key(ec.generate_private_key(ec.SECP521R1())))),
        ]
        spoken: list[tuple[str, Callable[[Peer], None], hostile.Creator | None]] = [
            ("tls", lambda peer: None, tls(key, certificate=key.certificate(bulk=4096))),
            ("protocol", lambda peer: peer.raw((16385).to_bytes(4, "big")), creator),
            ("protocol", says({"type": "pong", "seq": 1}), creator),
            ("protocol", says(hostile.deep(33)), creator),
            ("protocol", says(key.hello(view="x")), creator),
            ("protocol", says(key.hello(record=Key().record())), creator),
            ("network", says(key.hello(network="elsewhere")), creator),
            ("closed", Peer.reset, creator),
        ]
        for cases in (plain, spoken):
            traps = [(code, await self.trap(act, made)) for code, act, made in cases]
            seeds = [part for _, t in traps for part in ("--connect", f"127.0.0.1:{t.port}")]
            await self.stage(*seeds)
            for code, trap in traps:
                event = await self.victim.said("refused", address=f"127.0.0.1:{trap.port}")
                self.assertIn(event["code"], code.split(), event)
            await self.unharmed()
            for _, trap in traps:
                self.assertLess(len(trap.connections), 20)
                self.assertLess(self.victim.count("refused", address=f"127.0.0.1:{trap.port}"), 5)


class TextTests(HostileCase):
    """Words that are meant for a terminal."""

    ODD = "\x1b[2J\x07\x9b31m\r\n\u202e\u2066\u200b\u2028\ufeff\x00\x7f\u0085\U000e0041"

    async def test_names_and_texts(self) -> None:
        """No control, format or line character of a peer's reaches the output, in text or JSON."""
        await self.stage()
        lines = self.watched(
            NodeProcess(
                *("--output", "text", "--listen", "127.0.0.1", "--port", "0"),
                *("--connect", self.victim.address, "--period", "0.5", "--heartbeat", "0.3"),
            )
        )
        found: list[int] = []

        def port() -> bool:
            found.extend(map(int, re.findall(r"listening on port (\d+)", lines.output)))
            return bool(found)

        await when(port, "its listening")
        for shown, where in ((lambda: lines.output, found[0]), (self.seen, self.victim.port)):
            wide, odd = Key(), Key()
            peers = [
                await linked(where, wide, heartbeat=0.3, record=wide.record(name="宽" * 64)),
                await linked(where, odd, heartbeat=0.3, record=odd.record(name=self.ODD)),
            ]
            for peer in peers:
                peer.say({"type": "ping", "seq": 1, "text": f"{self.ODD}end of text"})
                peer.say({"type": "bye", "code": "protocol", "reason": f"{self.ODD}end of bye"})
            stranger = Key()
            peer = await dial(where, tls(stranger))
            peer.say({"type": "bye", "code": self.ODD, "reason": f"{self.ODD}end of stranger"})
            elsewhere = await dial(where, tls(stranger))
            elsewhere.say(stranger.hello(network=self.ODD))
            for words in ("end of text", "end of bye", "end of stranger", "is network"):
                await when(lambda words=words, shown=shown: words in shown(), words)  # type: ignore[misc]
        self.assertIn("宽" * 64, lines.output)
        for line in lines.output.split("\n")[:-1]:
            self.assertRegex(line, r"^\d\d:\d\d:\d\d ")
            odd_ones = {
                c for c in line if category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Cn")
            }
            self.assertEqual(set(), odd_ones, line)
        for text in self.victim.output.split("\n")[:-1]:
            self.assertIsInstance(json.loads(text), dict)
        await self.unharmed()
        lines.signal("TERM")
        self.assertEqual(0, await lines.ended)
        self.assertEqual("", lines.errors)

    def seen(self) -> str:
        """What the victim has printed."""
        return self.victim.output


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
        await self.closed_after(await hostile.strange(self.victim.port), "TLS handshake")

    async def dribbled_tls(self) -> None:
        """And no longer for one that goes on and on."""
        stranger = await hostile.strange(self.victim.port)
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


class Watch:
    """Lets nodes write down whom they dial: what is refused by the network is seen by nobody else."""

    HOOK = """
import os, sys, weakref
known = weakref.WeakSet()
def seen(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        # A connection that is under way is asked for once more, to hear how it went.
        if arguments[0] in known:
            return
        known.add(arguments[0])
        with open(f"{os.environ['DIALED']}.{os.getpid()}", "a") as file:
            print(*arguments[1][:2], file=file)
sys.addaudithook(seen)
"""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory()
        place = Path(self._directory.name)
        (place / "sitecustomize.py").write_text(self.HOOK)
        self._log = place / "dialed"
        path = os.pathsep.join((str(place), environment()["PYTHONPATH"]))
        self.environ = {"PYTHONPATH": path, "DIALED": str(self._log)}

    def dialed(self, node: NodeProcess) -> list[tuple[str, int]]:
        """Whom a node has dialed, over and over again where it did."""
        file = Path(f"{self._log}.{node.process.pid}")
        lines = file.read_text().splitlines() if file.exists() else []
        return [(line.split()[0], int(line.split()[1])) for line in lines]

    def close(self) -> None:
        """Forget it."""
        self._directory.cleanup()


async def linked_with(port: int, key: Key, creator: hostile.Creator) -> Peer:
    """A link with TLS of one's own."""
    peer = await dial(port, creator)
    peer.say(key.hello())
    await peer.told("hello")
    return peer


def pem(certificate: bytes) -> bytes:
    """A certificate as text."""
    return ssl.DER_cert_to_PEM_cert(certificate).encode()


def ipv6() -> bool:
    """Whether this machine has IPv6 on loopback."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def memory(node: NodeProcess) -> int:
    """Bytes of memory that a node has in use."""
    status = Path(f"/proc/{node.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024

"""
Strangers at a node's real port: those who do not get past the TLS handshake, and those in masses.
"""

import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from OpenSSL import SSL
from twisted.internet import reactor
from twisted.internet.threads import deferToThread

from tests.lived.hostile.case import GRAIN, HostileCase, after, ipv6, together, when
from tests.lived.hostile.keys import LOOPBACK, Key
from tests.lived.hostile.peers import (
    ALPN,
    Creator,
    Peer,
    Stranger,
    dial,
    frame,
    linked,
    strange,
    tls,
)
from tests.lived.nodes import PATIENCE

PENDING = 64
"""Connections from one address that may be pending (the protocol's §8)."""


class StrangersTests(HostileCase):
    """Those who do not get past the TLS handshake."""

    async def test_what_is_not_our_tls(self) -> None:
        """Whoever speaks no TLS, an old one, or one with other names in it, is closed in one line."""
        await self.stage()
        port = self.victim.port
        http = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        for data in (b"hello?\n", http, os.urandom(2000), b"\x16\x03\x01\xff\xff" + bytes(70000)):
            await self.turn()
            await self.refused(await strange(port, data), "tls")
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
                stranger = await strange(port, data)
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
        cases: dict[str, Callable[[], Creator]] = {
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
        context.set_alpn_protocols([ALPN.decode()])

        def resumed() -> list[bool | None]:
            session, found = None, []
            for _ in range(3):
                raw = socket.create_connection((LOOPBACK, self.victim.port), PATIENCE)
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
            strangers.append(await strange(self.victim.port))

        await together(one() for _ in range(200))
        await when(lambda: sum(s.over for s in strangers) >= 200 - PENDING, "the closing")

        await when(lambda: self.refusals() >= 200 - PENDING, "a line for each, or a count")
        self.assertEqual(200 - PENDING, sum(s.over for s in strangers))
        self.assertEqual(200 - PENDING, self.refusals())
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


async def linked_with(port: int, key: Key, creator: Creator) -> Peer:
    """A link with TLS of one's own."""
    peer = await dial(port, creator)
    peer.say(key.hello())
    await peer.told("hello")
    return peer


def pem(certificate: bytes) -> bytes:
    """A certificate as text."""
    return ssl.DER_cert_to_PEM_cert(certificate).encode()

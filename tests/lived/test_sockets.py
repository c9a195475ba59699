"""
What no stand-in can show: real sockets and TLS, and peers that do not read, or do not close.
"""

import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint, wrapServerTLS
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from gossip.mesh.addresses import Address
from gossip.mesh.mesh import Mesh
from gossip.mesh.own import Subject
from gossip.mesh.parts import World
from gossip.mesh.roads import TLSRoads
from gossip.mesh.status import Event, PeerAlive, PeerDead, Refused
from gossip.settings import Limits, Seed, Settings
from gossip.trust import credentials
from gossip.trust.credentials import Credentials
from gossip.trust.identity import Identity, PeerId
from gossip.wire.messages import Bye, Hello, Ping, answer, serialize
from tests.street import identity, record
from tests.trust import samples

reactor: Any = _reactor
HERE = "127.0.0.1"
PATIENCE = 20.0
"""Seconds that a test waits for what should happen within a few: long, since machines are shared."""


class Home:
    """A mesh on real sockets."""

    def __init__(self, who: Identity, *seeds: Address, **settings: Any) -> None:
        self.events: list[Event] = []
        self._port: Any = None
        self._secure = Credentials(who)
        self.mesh = Mesh(
            Settings(seeds=tuple(map(Seed, seeds)), **settings),
            Subject(public=who.public, sign=who.sign, network="default", name="", tags={}),
            World(
                clock=reactor,
                wall=time.time,
                slept=lambda: 0.0,
                random=Random(1),
                roads=TLSRoads(reactor, self._secure),
                identify=credentials.peer_of,
                explain=credentials.explanation,
            ),
            self.events.append,
        )

    async def start(self) -> Address:
        """Listen and join; where it listens."""
        door = TCP4ServerEndpoint(reactor, 0, interface=HERE)
        acceptor = self.mesh.acceptor
        self._port = await wrapServerTLS(self._secure, door, clock=reactor).listen(acceptor)
        address = Address(HERE, self._port.getHost().port)
        self.mesh.start((address,))
        return address

    async def stop(self) -> None:
        """Leave."""
        await self._port.stopListening()
        await self.mesh.leave("the test is over")

    def said(self, kind: type[Event]) -> list[Any]:
        """Its events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


class Stranger:
    """A peer on a blocking socket: by itself it neither reads nor closes."""

    def __init__(self, folder: str, address: Address) -> None:
        self.id = PeerId(samples.ED25519_ID)
        self._who = Identity.from_pem(samples.ED25519_KEY, samples.ED25519_CERTIFICATE)
        certificate, key = Path(folder, "cert.pem"), Path(folder, "key.pem")
        certificate.write_bytes(samples.ED25519_CERTIFICATE)
        key.write_bytes(samples.ED25519_KEY)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.set_alpn_protocols(["p2p-gossip/1"])
        context.load_cert_chain(certificate, key)
        plain = socket.socket()
        # Little, so that what is not read soon fills the buffers of the other side.
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.settimeout(PATIENCE)
        plain.connect((address.host, address.port))
        self.socket = context.wrap_socket(plain)

    def say(self, *data: bytes) -> None:
        """Send bytes."""
        self.socket.sendall(b"".join(data))

    def hello(self) -> bytes:
        """A hello that promises a heartbeat a minute."""
        sealed = record(self._who, at=time.time()).sealed
        return serialize(
            Hello(
                network="default",
                instance="0123456789abcdef",
                record=sealed,
                observed=HERE,
                agent="stranger/1",
                period=5.0,
                heartbeat=60.0,
                time=time.time(),
                view="0" * 16,
                features=[],
            )
        )


async def until(true: Callable[[], bool]) -> float:
    """Wait until something holds; how long it took."""
    begun = time.monotonic()
    while not true():
        if time.monotonic() - begun > PATIENCE:
            raise AssertionError("it did not come to that")
        await deferLater(reactor, 0.02)
    return time.monotonic() - begun


class SocketTests(TestCase):
    """Real sockets, real TLS, real time."""

    timeout = 4 * PATIENCE

    async def home(self, name: str, *seeds: Address, **settings: Any) -> tuple[Home, Address]:
        """A running mesh, which leaves when the test is over."""
        home = Home(identity(name), *seeds, **settings)
        address = await home.start()
        self.addCleanup(lambda: Deferred.fromCoroutine(home.stop()))
        return home, address

    async def stranger(self, home: Home, address: Address) -> Stranger:
        """A stranger with a link."""
        stranger: Stranger = await deferToThread(Stranger, self.mktemp_folder(), address)
        self.addCleanup(stranger.socket.close)
        await deferToThread(stranger.say, stranger.hello())
        await until(lambda: stranger.id in home.mesh.links)
        return stranger

    def mktemp_folder(self) -> str:
        """A new folder."""
        folder = str(self.mktemp())
        Path(folder).mkdir(parents=True)
        return folder

    async def test_two_meet_and_part(self) -> None:
        """Two nodes link over TLS, and a farewell crosses it."""
        a, address = await self.home("a")
        b, _ = await self.home("b", address)
        await until(lambda: bool(a.mesh.links and b.mesh.links))
        self.assertEqual([identity("b").id], [event.peer for event in a.said(PeerAlive)])
        await b.mesh.leave("enough")
        await until(lambda: not a.mesh.links)
        self.assertEqual([], a.said(PeerDead))

    async def test_peer_that_does_not_read(self) -> None:
        """It is cut when it leaves too much unread, and what is held for it until then is bounded."""
        home, address = await self.home("a", limits=Limits(unread_bytes=300_000))
        stranger = await self.stranger(home, address)
        link = home.mesh.links[stranger.id]
        held = 0
        seq = 0

        def cut() -> bool:
            nonlocal held, seq
            # It keeps asking for what it does not read.
            for _ in range(20):
                seq += 1
                link.tell(Ping(seq, "x" * 1000))
            tcp = link.transport.transport  # type: ignore[union-attr]
            held = max(held, len(tcp.dataBuffer) - tcp.offset + tcp._tempDataLen)
            return not home.mesh.links

        await until(cut)
        self.assertLess(held, 600_000)
        (dead,) = home.said(PeerDead)
        self.assertEqual("it did not read what was sent", dead.reason)
        self.assertEqual({}, home.mesh._connections)

    async def test_long_answer_waits_for_its_reader(self) -> None:
        """A long answer is not written on before the peer has read, and then goes on."""
        home, address = await self.home("a")
        stranger = await self.stranger(home, address)
        link = home.mesh.links[stranger.id]
        link.answer(answer([record("a").sealed] * 9000))
        await until(lambda: link._outflow.blocked_at is not None)
        tcp = link.transport.transport  # type: ignore[union-attr]
        self.assertLess(len(tcp.dataBuffer) + tcp._tempDataLen, 300_000)

        def read() -> int:
            total = 0
            while total < 3_000_000:
                total += len(stranger.socket.recv(65536))
            return total

        self.assertGreaterEqual(await deferToThread(read), 3_000_000)

    async def test_peer_that_does_not_close(self) -> None:
        """After our farewell a peer that neither reads nor closes is cut when its time is up."""
        home, address = await self.home("a")
        stranger = await self.stranger(home, address)
        link = home.mesh.links[stranger.id]
        link.close(Bye("overload", "enough of this"))
        took = await until(lambda: not home.mesh._connections)
        self.assertGreater(took, 0.8)
        self.assertLess(took, 5)

    async def test_address_that_swallows_what_it_gets(self) -> None:
        """A seed that never answers is given up in its time, without a fault, and tried again."""
        hole = socket.socket()
        self.addCleanup(hole.close)
        hole.bind((HERE, 0))
        hole.listen(0)
        for _ in range(3):
            # Its queue is full now: the system drops what else comes.
            filler = socket.socket()
            self.addCleanup(filler.close)
            filler.setblocking(False)
            filler.connect_ex(hole.getsockname())
        limits = Limits(connect_wait=0.3)
        home, _ = await self.home("a", Address(*hole.getsockname()), limits=limits)
        await until(lambda: bool(home.said(Refused)))
        self.assertEqual("no answer within 0.3 s", home.said(Refused)[0].reason)
        (target,) = home.mesh._dialer._seeds
        await until(lambda: target.failures > 1)

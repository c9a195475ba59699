"""
The yardstick: the least mesh that can be written on plain Twisted, so what the framework costs.

Mutual TLS 1.3 with self-signed certificates, a hello, a JSON ping a second on each link, its pong,
and three seconds of silence that mean death. No records, no trust, no healing, no limits.

Run as `python -m benchmarks.yardstick PORT [SEED-PORT]`. It prints events as `p2p-gossip --output json`
does, and understands the hello of its protocol, so that the same load can be put on both.
"""

import json
import os
import sys
import time
from datetime import datetime, timezone
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from twisted.internet import reactor as _reactor
from twisted.internet.interfaces import (
    IHandshakeListener,
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
    ITCPTransport,
)
from twisted.internet.protocol import ClientFactory, Factory, Protocol, connectionDone
from twisted.internet.task import LoopingCall
from twisted.protocols.basic import Int32StringReceiver
from twisted.protocols.policies import TimeoutMixin
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import implementer

PING = 1.0
SILENCE = 3.0
AGAIN = 0.5
HOST = "127.0.0.1"
BACKLOG = 1024
RELEASE_BUFFERS = 0x10
reactor: Any = _reactor


def certificate(key: Ed25519PrivateKey) -> x509.Certificate:
    """A certificate that a key signs for itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "yardstick")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=timezone.utc))
    return builder.not_valid_after(datetime(2099, 1, 1, tzinfo=timezone.utc)).sign(key, None)


@implementer(IOpenSSLClientConnectionCreator, IOpenSSLServerConnectionCreator)
class Secure:
    """TLS of one process."""

    def __init__(self) -> None:
        key = Ed25519PrivateKey.generate()
        context = self._context = SSL.Context(SSL.TLS_METHOD)
        context.set_min_proto_version(SSL.TLS1_3_VERSION)
        context.use_certificate(certificate(key))
        context.use_privatekey(key)
        wanted = SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT
        context.set_verify(wanted, lambda *_: True)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_options(SSL.OP_NO_TICKET)
        context.set_mode(RELEASE_BUFFERS)

    def clientConnectionForTLS(self, protocol: object) -> SSL.Connection:
        """Of a dialer."""
        return SSL.Connection(self._context, None)

    def serverConnectionForTLS(self, protocol: object) -> SSL.Connection:
        """Of an acceptor."""
        return SSL.Connection(self._context, None)


@implementer(IHandshakeListener)
class Link(Int32StringReceiver, TimeoutMixin):
    """One connection."""

    MAX_LENGTH = 65536

    def __init__(self, mesh: "Mesh", *, dialed: bool) -> None:
        self.mesh = mesh
        self.dialed = dialed
        self.peer = ""
        self.port = 0
        self.seq = 0
        self.beat = LoopingCall(self.ping)

    def say(self, message: dict[str, Any]) -> None:
        """Send a message."""
        self.sendString(json.dumps(message, separators=(",", ":")).encode())

    def handshakeCompleted(self) -> None:
        """TLS is up: the dialer begins."""
        self.setTimeout(SILENCE)
        if self.dialed:
            self.say(self.mesh.hello())

    def stringReceived(self, string: bytes) -> None:
        """A message."""
        self.resetTimeout()
        message = json.loads(string)
        if message["type"] == "ping":
            self.say({"type": "pong", "seq": message["seq"]})
        elif message["type"] == "hello":
            self.greeted(message)

    def greeted(self, hello: dict[str, Any]) -> None:
        """The link is up."""
        self.peer, self.port = hello["instance"], hello.get("port", 0)
        if not self.dialed:
            self.say(self.mesh.hello())
        self.mesh.up(self)
        if self.dialed and self.port == self.mesh.seed:
            # Whoever comes to the seed later dials whoever came before: one dial a pair.
            self.mesh.join(hello["ports"])
        self.beat.start(PING, now=False)

    def ping(self) -> None:
        """It is time."""
        self.seq += 1
        self.say({"type": "ping", "seq": self.seq, "text": ""})

    def timeoutConnection(self) -> None:
        """Nothing came for too long."""
        ITCPTransport(self.transport).abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is gone."""
        self.setTimeout(None)
        if self.beat.running:
            self.beat.stop()
            self.mesh.down(self)


class Dialing(ClientFactory):
    """One dial."""

    noisy = False

    def __init__(self, mesh: "Mesh") -> None:
        self.mesh = mesh

    def buildProtocol(self, addr: object) -> Protocol:
        """The link."""
        return Link(self.mesh, dialed=True)

    def clientConnectionFailed(self, connector: object, reason: Failure) -> None:
        """Nobody is there."""
        self.mesh.lost()

    def clientConnectionLost(self, connector: object, reason: Failure) -> None:
        """It is gone."""
        self.mesh.lost()


class Mesh:
    """All links of one process."""

    def __init__(self, port: int, seed: int | None) -> None:
        self.id = os.urandom(8).hex()
        self.port = port
        self.seed = seed
        self.links: dict[str, Link] = {}
        self.again: Any = None
        self.secure = Secure()
        acceptor: Factory = Factory.forProtocol(lambda: Link(self, dialed=False))
        reactor.listenTCP(port, self._wrapped(acceptor, client=False), BACKLOG, HOST)
        self.tell("listening", id=self.id, port=port)
        self.rejoin()

    def _wrapped(self, factory: Factory, *, client: bool) -> TLSMemoryBIOFactory:
        return TLSMemoryBIOFactory(self.secure, client, factory, clock=reactor)

    def tell(self, event: str, **members: object) -> None:
        """Print an event."""
        sys.stdout.write(json.dumps({"time": time.time(), "event": event, **members}) + "\n")
        sys.stdout.flush()

    def hello(self) -> dict[str, Any]:
        """Who this is, and where the others are."""
        ports = [link.port for link in self.links.values() if link.port]
        return {"type": "hello", "instance": self.id, "port": self.port, "ports": ports}

    def lost(self) -> None:
        """A connection came to nothing: where none is left, try the seed again soon."""
        if self.again is None or not self.again.active():
            self.again = reactor.callLater(AGAIN, self.rejoin)

    def rejoin(self) -> None:
        """Dial the seed, where there is no link to anybody."""
        if self.seed is not None and not self.links:
            self.dial(self.seed)

    def join(self, ports: list[int]) -> None:
        """Dial those that were there before."""
        linked = {link.port for link in self.links.values()}
        for port in ports:
            if port != self.port and port not in linked:
                self.dial(port)

    def dial(self, port: int) -> None:
        """Dial one."""
        reactor.connectTCP(HOST, port, self._wrapped(Dialing(self), client=True))

    def up(self, link: Link) -> None:
        """A link is up."""
        self.links[link.peer] = link
        self.tell("peer_alive", peer=link.peer)

    def down(self, link: Link) -> None:
        """A link is gone."""
        if self.links.get(link.peer) is link:
            del self.links[link.peer]
            self.tell("peer_dead", peer=link.peer)
            self.lost()


def main(arguments: list[str]) -> None:
    """Run one."""
    port, *seed = map(int, arguments)
    Mesh(port, seed[0] if seed else None)
    reactor.run()


if __name__ == "__main__":
    main(sys.argv[1:])

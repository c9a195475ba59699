"""
Connections, and those who listen: with TLS or without, and with whatever is said on them.
"""

import json
from collections.abc import Callable, Iterator
from struct import pack
from typing import Any, cast

from OpenSSL import SSL, crypto
from twisted.internet import reactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import (
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    TCP6ServerEndpoint,
    wrapClientTLS,
    wrapServerTLS,
)
from twisted.internet.interfaces import (
    IHandshakeListener,
    IListeningPort,
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
    IPullProducer,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from tests.lived.hostile.keys import LOOPBACK, Key, Message
from tests.lived.nodes import PATIENCE

ALPN = b"p2p-gossip/1"


@implementer(IOpenSSLClientConnectionCreator, IOpenSSLServerConnectionCreator)
class Creator:
    """Makes TLS connections of one context."""

    def __init__(self, context: SSL.Context) -> None:
        self._context = context

    def clientConnectionForTLS(self, protocol: object) -> SSL.Connection:
        """For a dialer."""
        return SSL.Connection(self._context, None)

    def serverConnectionForTLS(self, protocol: object) -> SSL.Connection:
        """For an acceptor."""
        return SSL.Connection(self._context, None)


def tls(
    key: Key | None,
    *,
    certificate: bytes | None = None,
    chain: tuple[bytes, ...] = (),
    alpn: tuple[bytes, ...] = (ALPN,),
    newest: int = SSL.TLS1_3_VERSION,
) -> Creator:
    """What TLS to speak: all as the protocol has it, but for what is given. No key, no certificate."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_cipher_list(b"DEFAULT:@SECLEVEL=0")
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_max_proto_version(newest)
    context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    if key is not None:
        context.use_certificate(_x509(certificate or key.certificate()))
        for other in chain:
            context.add_extra_chain_cert(_x509(other))
        context.use_privatekey(crypto.PKey.from_cryptography_key(key.private))
    if alpn:
        context.set_alpn_protos(list(alpn))
        context.set_alpn_select_callback(lambda _, offered: (offered or [b"?"])[0])
    return Creator(context)


def _x509(der: bytes) -> crypto.X509:
    return crypto.load_certificate(crypto.FILETYPE_ASN1, der)


def frame(value: Message | bytes) -> bytes:
    """A frame; what is not bytes becomes JSON."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return pack("!I", len(body)) + body


class Stranger(Protocol):
    """A connection that knows nothing but bytes."""

    def __init__(self) -> None:
        self.received = b""
        self.closed: Deferred[None] = Deferred()
        self.over = False
        self.where = ""
        """Its own end, as the other one sees it."""

    def connectionMade(self) -> None:
        """TCP is up."""
        host = self._pipe.getHost()
        where = f"[{host.host}]" if ":" in host.host else host.host
        self.where = f"{where}:{host.port}"

    def say(self, *values: Message | bytes) -> None:
        """Send frames."""
        self.raw(b"".join(map(frame, values)))

    def raw(self, data: bytes) -> None:
        """Send bytes."""
        self._pipe.write(data)

    def deaf(self) -> None:
        """Read nothing any more."""
        self._pipe.pauseProducing()

    def listen(self) -> None:
        """Read again."""
        self._pipe.resumeProducing()

    def finish(self) -> None:
        """Close politely."""
        self._pipe.loseConnection()

    def reset(self) -> None:
        """Close as rudely as TCP allows."""
        if not self.over:
            self._pipe.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        """Bytes came."""
        self.received += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The end."""
        self.over = True
        self.closed.callback(None)

    @property
    def _pipe(self) -> Any:
        return self.transport


@implementer(IHandshakeListener)
class Peer(Stranger):
    """A connection with TLS, on which frames are understood."""

    def __init__(self) -> None:
        super().__init__()
        self.met: Deferred[None] = Deferred()
        self.messages: list[Message] = []
        self._waiting: list[tuple[Callable[[Message], bool], Deferred[Message]]] = []

    def handshakeCompleted(self) -> None:
        """TLS is up, for this side."""
        self.met.callback(None)

    def dataReceived(self, data: bytes) -> None:
        """Bytes came: take the frames out of them."""
        super().dataReceived(data)
        while len(self.received) >= 4:
            end = 4 + int.from_bytes(self.received[:4], "big")
            if len(self.received) < end:
                return
            message = json.loads(self.received[4:end])
            self.received = self.received[end:]
            self.heard(message)

    def heard(self, message: Message) -> None:
        """A message came."""
        self.messages.append(message)
        for entry in list(self._waiting):
            if entry[0](message):
                self._waiting.remove(entry)
                entry[1].callback(message)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The end; whoever waits for more is told."""
        super().connectionLost(reason)
        if not self.met.called:
            self.met.callback(None)
        for _, deferred in self._waiting:
            deferred.errback(AssertionError(f"closed after {self.messages}"))

    def until(self, wanted: Callable[[Message], bool]) -> Deferred[Message]:
        """The first message, past or to come, that is wanted."""
        found: Deferred[Message] = Deferred()
        for message in self.messages:
            if wanted(message):
                found.callback(message)
                return found
        if self.over:
            found.errback(AssertionError(f"closed after {self.messages}"))
            return found
        self._waiting.append((wanted, found))
        return found.addTimeout(PATIENCE, reactor)

    def told(self, kind: str, **members: object) -> Deferred[Message]:
        """The first message of this type with these members."""
        return self.until(
            lambda message: (
                message["type"] == kind
                and all(message[name] == value for name, value in members.items())
            )
        )

    def offer(self, frames: Iterator[bytes]) -> Deferred[None]:
        """Send all of these, as fast as they are taken; fires when they are, or it is closed."""
        offering = _Offering(frames, self._pipe)
        self._pipe.registerProducer(offering, False)
        self.closed.addBoth(lambda _: offering.stopProducing())
        return offering.done

    def count(self, kind: str) -> int:
        """How many messages of this type came so far."""
        return sum(message["type"] == kind for message in self.messages)


@implementer(IPullProducer)
class _Offering:
    def __init__(self, frames: Iterator[bytes], pipe: Any) -> None:
        self.done: Deferred[None] = Deferred()
        self._frames = frames
        self._pipe = pipe

    def resumeProducing(self) -> None:
        data = next(self._frames, None)
        if data is None:
            self._pipe.unregisterProducer()
            self.stopProducing()
        else:
            self._pipe.write(data)

    def stopProducing(self) -> None:
        if not self.done.called:
            self.done.callback(None)


async def dial(port: int, creator: Creator | None, source: str | None = None) -> Peer:
    """Connect, with TLS where a creator is given; returns when the handshake is done or failed."""
    endpoint: Any = TCP4ClientEndpoint(
        reactor, LOOPBACK, port, bindAddress=None if source is None else (source, 0)
    )
    if creator is not None:
        endpoint = wrapClientTLS(creator, endpoint)
    peer: Peer = await endpoint.connect(Factory.forProtocol(Peer))
    if creator is not None:
        await peer.met
    return peer


async def strange(port: int, data: bytes = b"") -> Stranger:
    """Connect without TLS, and send something."""
    endpoint = TCP4ClientEndpoint(reactor, LOOPBACK, port)
    stranger = cast("Stranger", await endpoint.connect(Factory.forProtocol(Stranger)))
    stranger.raw(data)
    return stranger


async def linked(
    port: int, key: Key | None = None, *, source: str | None = None, **hello: object
) -> Peer:
    """A link, admitted."""
    key = key or Key()
    peer = await dial(port, tls(key), source)
    peer.say(key.hello(**hello))
    await peer.told("hello")
    return peer


class Trap(Factory):
    """Listens, and lets `behave` have each connection once TCP or TLS is up."""

    noisy = False

    def __init__(self, behave: Callable[[Peer], None], *, secure: bool) -> None:
        self.connections: list[Peer] = []
        self.port = 0
        self._behave = behave
        self._secure = secure
        self._listening: IListeningPort | None = None

    async def open(self, creator: Creator | None = None, host: str = LOOPBACK) -> "Trap":
        """Listen on a free port."""
        kind = TCP6ServerEndpoint if ":" in host else TCP4ServerEndpoint
        endpoint: Any = kind(reactor, 0, interface=host)
        if creator is not None:
            endpoint = wrapServerTLS(creator, endpoint)
        listening: Any = await endpoint.listen(self)
        self.port = listening.getHost().port
        self._listening = listening
        return self

    def buildProtocol(self, addr: object) -> Peer:
        """Somebody dialed."""
        trap = self

        class Trapped(Peer):
            def connectionMade(self) -> None:
                super().connectionMade()
                trap.connections.append(self)
                if not trap._secure:
                    trap._behave(self)

            def handshakeCompleted(self) -> None:
                super().handshakeCompleted()
                if trap._secure:
                    trap._behave(self)

        return Trapped()

    async def shut(self) -> None:
        """Listen no more, and drop whoever is there."""
        for peer in self.connections:
            peer.reset()
        if self._listening is not None:
            await maybeDeferred(self._listening.stopListening)

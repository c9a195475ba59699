"""
A peer that breaks rules, to attack nodes with: written from the protocol alone, sharing no code
with the program.

It can say whatever bytes it likes, with or without TLS, in either role, and with any certificate.
"""

import json
import os
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from hashlib import sha256
from struct import pack
from typing import Any, TypeAlias, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from OpenSSL import SSL, crypto
from twisted.internet import reactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import (
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    TCP6ClientEndpoint,
    TCP6ServerEndpoint,
    wrapClientTLS,
    wrapServerTLS,
)
from twisted.internet.interfaces import (
    IHandshakeListener,
    IListeningPort,
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

ALPN = b"p2p-gossip/1"
LOOPBACK = "127.0.0.1"
PATIENCE = 60.0

Message: TypeAlias = dict[str, Any]
Private: TypeAlias = (
    ed25519.Ed25519PrivateKey
    | ec.EllipticCurvePrivateKey
    | rsa.RSAPrivateKey
    | ed448.Ed448PrivateKey
)

_SHA256 = hashes.SHA256()


# Keys, certificates and records.


class Key:
    """A key, what it proves, and what it can sign."""

    def __init__(self, private: Private | None = None) -> None:
        self.private: Private = private or ed25519.Ed25519PrivateKey.generate()
        self.spki = self.private.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        self.id = sha256(self.spki).hexdigest()
        self.instance = os.urandom(8).hex()

    def sign(self, data: bytes) -> bytes:
        """The signature that a record carries."""
        if isinstance(self.private, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
            return self.private.sign(data)
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            return self.private.sign(data, ec.ECDSA(_SHA256))
        pss = padding.PSS(mgf=padding.MGF1(_SHA256), salt_length=32)
        return self.private.sign(data, pss, _SHA256)

    def body(self, **changes: object) -> dict[str, Any]:
        """What an honest node with this key would say of itself, but for `changes`."""
        return {
            "id": self.id,
            "key": b64encode(self.spki).decode(),
            "seq": int(time.time() * 1000),
            "network": "default",
            "name": "hostile",
            "addresses": [],
            "tags": {},
            "state": "alive",
            "ttl": 259200,
            **changes,
        }

    def seal(self, body: str) -> dict[str, str]:
        """Any text, signed as if it were a record."""
        signature = self.sign(b"p2p-gossip/1 record\n" + body.encode())
        return {"body": body, "signature": b64encode(signature).decode()}

    def record(self, **changes: object) -> dict[str, str]:
        """A sealed record."""
        return self.seal(json.dumps(self.body(**changes)))

    def hello(self, **changes: object) -> Message:
        """An honest hello that promises little, but for `changes`."""
        return {
            "type": "hello",
            "network": "default",
            "instance": self.instance,
            "record": self.record(),
            "observed": LOOPBACK,
            "agent": "hostile/1",
            "period": 60,
            "heartbeat": 60,
            "time": time.time(),
            "view": "0" * 16,
            "features": [],
            **changes,
        }

    def certificate(self, bulk: int = 0) -> bytes:
        """A certificate in DER; `bulk` makes it longer."""
        name = x509.Name([])
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.private.public_key())
            .serial_number(1)
            .not_valid_before(_DATE)
            .not_valid_after(_DATE)
        )
        if bulk:
            oid = x509.ObjectIdentifier("1.3.6.1.4.1.55555.1")
            built = built.add_extension(
                x509.UnrecognizedExtension(oid, bytes(bulk)), critical=False
            )
        edwards = isinstance(self.private, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
        return built.sign(self.private, None if edwards else _SHA256).public_bytes(Encoding.DER)

    def certificate_with(self, spki: bytes) -> bytes:
        """A certificate of this P-256 key, in which the key is encoded as `spki` has it."""
        assert isinstance(self.private, ec.EllipticCurvePrivateKey)
        tbs = x509.load_der_x509_certificate(self.certificate()).tbs_certificate_bytes
        begin = tbs.index(self.spki)
        members = tbs[_header(tbs) : begin] + spki + tbs[begin + len(self.spki) :]
        altered = _der(0x30, members)
        signature = self.private.sign(altered, ec.ECDSA(_SHA256))
        return _der(0x30, altered, _der(0x30, _ECDSA_WITH_SHA256), _der(3, b"\0", signature))

    def compressed(self) -> bytes:
        """The P-256 key with a compressed point."""
        curve = _der(0x30, _EC_PUBLIC_KEY, bytes.fromhex("06082a8648ce3d030107"))
        return _der(0x30, curve, _der(3, b"\0", self._point(PublicFormat.CompressedPoint)))

    def explicit(self) -> bytes:
        """The P-256 key with the curve's parameters in place of its name."""
        prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
        order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
        b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
        generator = ec.derive_private_key(1, ec.SECP256R1()).public_key()
        base = generator.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        parameters = _der(
            0x30,
            _number(1),
            _der(0x30, bytes.fromhex("06072a8648ce3d0101"), _number(prime)),
            _der(0x30, _der(4, (prime - 3).to_bytes(32, "big")), _der(4, b.to_bytes(32, "big"))),
            *(_der(4, base), _number(order), _number(1)),
        )
        curve = _der(0x30, _EC_PUBLIC_KEY, parameters)
        return _der(0x30, curve, _der(3, b"\0", self._point(PublicFormat.UncompressedPoint)))

    def pem(self) -> bytes:
        """The private key, as a node takes it."""
        return self.private.private_bytes(
            Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def _point(self, form: PublicFormat) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, form)


_DATE = datetime(2000, 1, 1, tzinfo=timezone.utc)
_EC_PUBLIC_KEY = bytes.fromhex("06072a8648ce3d0201")
_ECDSA_WITH_SHA256 = bytes.fromhex("06082a8648ce3d040302")


def _der(tag: int, *parts: bytes) -> bytes:
    contents = b"".join(parts)
    size = len(contents)
    if size < 0x80:
        return bytes([tag, size]) + contents
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + contents


def _number(value: int) -> bytes:
    return _der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _header(element: bytes) -> int:
    return 2 + (element[1] & 0x7F if element[1] & 0x80 else 0)


# TLS.


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


# Connections.


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

    def count(self, kind: str) -> int:
        """How many messages of this type came so far."""
        return sum(message["type"] == kind for message in self.messages)


async def dial(port: int, creator: Creator | None, host: str = LOOPBACK) -> Peer:
    """Connect, with TLS where a creator is given; returns when the handshake is done or failed."""
    kind = TCP6ClientEndpoint if ":" in host else TCP4ClientEndpoint
    endpoint: Any = kind(reactor, host, port)
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


async def linked(port: int, key: Key | None = None, **hello: object) -> Peer:
    """A link, admitted."""
    key = key or Key()
    peer = await dial(port, tls(key))
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


# What can be wrong with a message.

LONG = "x" * 70


def wrong_members(key: Key) -> Mapping[str, Mapping[str, list[Any]]]:
    """For each type and each of its members, values that the protocol does not allow there."""
    record = {**key.record(), "body": 1}
    period = [None, True, "1", 0.01, 86401, 1e300]
    heartbeat = [None, True, "1", 0.01, 61]
    view = [None, 0, "", "0" * 15, "0" * 17, "A" * 16, "0" * 16 + "\n", "\u0660" * 16]
    number = [None, True, "1", 0, -1, 1.5, 2**53, 10**30]
    return {
        "hello": {
            "network": [None, 1, "", LONG],
            "instance": [None, 1, "", "g" * 16, "0" * 17],
            "record": [None, "x", [], {}, record],
            "observed": [None, 1, "", "localhost", "127.0.0.1:1", "1.2.3.4.5", "127.1"],
            "agent": [None, 1, LONG],
            "period": period,
            "heartbeat": heartbeat,
            "time": [None, "1", True],
            "view": view,
            "features": [None, {}, "x", [1]],
            "invite": [None, 1],
        },
        "ping": {"seq": number, "text": [None, 1, "x" * 1025]},
        "pong": {"seq": number},
        "heartbeat": {"view": view, "heartbeat": heartbeat},
        "get_peers": {"buckets": [None, 1, "", "AAAA", "!" * 2732, "é" * 2732]},
        "peers": {"records": [None, {}, "x", [1], [{}], [record]], "more": [None, 0, "false"]},
        "bye": {"code": [None, 1], "reason": [None, 1, "x" * 1025], "record": [None, "x", record]},
    }


OPTIONAL = frozenset({"invite", "buckets", ("heartbeat", "heartbeat"), ("bye", "record")})
"""Members that may be missing."""


def right(kind: str, key: Key) -> Message:
    """A message of this type that is as it should be."""
    if kind == "hello":
        return key.hello()
    members: dict[str, Message] = {
        "ping": {"seq": 1, "text": ""},
        "pong": {"seq": 1},
        "heartbeat": {"view": "0" * 16},
        "get_peers": {},
        "peers": {"records": [], "more": False},
        "bye": {"code": "leaving", "reason": ""},
    }
    return {"type": kind, **members[kind]}


def wrong_messages(kind: str, key: Key) -> Iterator[tuple[str, Message]]:
    """Messages of this type that are wrong in one member, and the member."""
    for member, values in wrong_members(key)[kind].items():
        if not {member, (kind, member)} & OPTIONAL:
            message = right(kind, key)
            del message[member]
            yield member, message
        for value in values:
            yield member, {**right(kind, key), member: value}


def deep(levels: int) -> bytes:
    """A message of a type that nobody knows, nested so deep."""
    inner = levels - 1
    return b'{"type":"x","a":' + b"[" * inner + b"]" * inner + b"}"


BAD_JSON: tuple[bytes, ...] = (
    b"{}x",
    b'{"type":"x"',
    b"\xef\xbb\xbf" + b'{"type":"x"}',
    '{"type":"x"}'.encode("utf-16"),
    b'{"type":"x","a":NaN}',
    b'{"type":"x","a":-Infinity}',
    b'{"type":"x","a":1e999}',
    b'{"type":"x","a":9007199254740992}',
    b'{"type":"x","a":' + b"9" * 5000 + b"}",
    deep(33),
    b'{"type":"x","a":' + b"[" * 16000,
    b'{"type":"x","a":"\\ud800"}',
    b'{"type":"x","\\udfff":1}',
    b'{"type":"x","a":"\xed\xa0\x80"}',
    b'{"type":"x","a":"\xff"}',
    b'{"type":"x","a":"\n"}',
    b"[]",
    b"null",
    b'"ping"',
    b"{}",
    b'{"type":1}',
    b'{"type":null}',
)
"""Bodies of frames that are refused before their type says anything."""

"""
Where each target begins: the protocol's vectors and spellings, and the keys that other tests use.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from gossip.trust.identity import Identity, public_der
from tests.fuzz import scripts
from tests.fuzz.scripts import Kind, Step
from tests.trust import samples as keys
from tests.wire.samples import ALPHA, BETA, GAMMA, SAMPLES
from tests.wire.test_vectors import printed

FRAMES: Final = {sample.name: sample.frame for sample in SAMPLES}

EIGHTH: Final = 2707385501144840649318225287225658788936804267575313519463743609750303402022
"""The y of two points of order 8 on the curve of Ed25519, as libsodium prints it."""
KEYS: Final = (keys.ED25519_KEY, keys.P256_KEY, keys.P384_KEY, keys.RSA_KEY)
ADDRESSES: Final = (
    *("127.0.0.1", "10.0.0.1", "192.0.2.1", "8.8.8.8", "169.254.169.254", "0.0.0.0", "0.1.2.3"),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "2001:db8::1", "2600::1"),
    *("fe80::1", "fe80::1%eth0", "fec0::1", "fd00::1", "fd00:ec2::254", "ff02::1", "100::1"),
    *("::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:8.8.8.8", "::7f00:1"),
    *("fd00:ec2::23", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "100.100.100.200", "168.63.129.16"),
    *("fd00:100::100:200", "fd00:a9fe:a9fe::1", "fd00:42::42", "fd00:42::43"),
    *("64:ff9b:1::1", "2001::1", "2002:808:808::", "5f00::1", "::ffff:0:7f00:1", "a.example"),
)


def identities() -> tuple[Identity, ...]:
    """One of each kind of key."""
    return tuple(Identity.from_pem(pem, None) for pem in KEYS)


def certificates() -> list[bytes]:
    """Each certificate and key that the tests of identities know, in DER."""
    found = []
    for _, pem in sorted(vars(keys).items()):
        if not isinstance(pem, bytes):
            continue
        if pem.startswith(b"-----BEGIN CERTIFICATE"):
            try:
                found.append(x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER))
            except ValueError:
                continue
        elif pem.startswith(b"-----BEGIN PUBLIC KEY"):
            found.append(_der(pem))
    publics = [identity.public for identity in identities()]
    return [*found, *publics, *weak_keys(), b"\x30\x82" + bytes(4095)]


def weak_keys() -> list[bytes]:
    """Ed25519 keys of each small order, one that is not reduced, and an RSA key that costs much."""
    prefix, field = identities()[0].public[:-32], 2**255 - 19
    ys = (1, field - 1, 0, EIGHTH, field - EIGHTH, field, field + 3)
    costly = serialization.load_pem_private_key(keys.RSA_EXPONENT_KEY, None)
    assert isinstance(costly, RSAPrivateKey)
    return [*(prefix + y.to_bytes(32, "little") for y in ys), public_der(costly.public_key())]


def _der(pem: bytes) -> bytes:
    key = serialization.load_pem_public_key(pem)
    return key.public_bytes(Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def messages() -> list[bytes]:
    """The bodies of the vectors, and the spellings that the document shows."""
    spelled = [
        line.encode()
        for (name, _), block in printed().items()
        if name in ("accepted", "refused")
        for line in block.splitlines()
    ]
    return [sample.body for sample in SAMPLES] + spelled


def frames() -> list[bytes]:
    """Frames alone, and several in a row, under each limit."""
    several = b"".join(FRAMES[name] for name in ("ping", "pong", "heartbeat", "bye"))
    alone = [bytes([4, at]) + frame for at, frame in enumerate(FRAMES.values())]
    return [*alone, *(bytes([limit, 7]) + several for limit in (1, 2, 3, 5, 0x83, 0x80))]


def records() -> list[bytes]:
    """Of each kind of key; one that anybody could sign, and one in another base64."""
    known = [each.signature.encode() + b"\n" + each.body.encode() for each in (ALPHA, BETA, GAMMA)]
    mine = [(each, of(ALPHA.body.encode(), each.public)) for each in identities()]
    me, body = mine[0]
    too_long = [
        body.replace(b'"alpha"', b'"' + b"n" * 8192 + b'"'),
        body.replace(b'"north"', b'"' + b"t" * 4096 + b'"'),
    ]
    signature = b64encode((1).to_bytes(32, "little") + bytes(32))
    forged = [signature + b"\n" + of(body, weak_keys()[0]), known[0].replace(b"\n", b"=\n")]
    made = [signed(each, said) for each, said in (*mine, *((me, b) for b in too_long))]
    return known + forged + made


def of(body: bytes, spki: bytes) -> bytes:
    """The body of a record, with this key and its id; as it is where it is no object."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if type(value) is not dict:
        return body
    value |= {"id": sha256(spki).hexdigest(), "key": b64encode(spki).decode()}
    return json.dumps(value, separators=(",", ":")).encode()


def signed(identity: Identity, body: bytes) -> bytes:
    """A sealed record with this body, as the target of records reads it."""
    return b64encode(identity.sign(b"p2p-gossip/1 record\n" + body)) + b"\n" + body


def sessions() -> list[bytes]:
    """Both roles: greeting, talk, silence and farewell."""
    hello, bye = Step(Kind.ARRIVE, FRAMES["hello"]), Step(Kind.ARRIVE, FRAMES["bye"])
    say = Step(Kind.SAY, number=0)
    due = Step(Kind.DUE)
    talk = [Step(Kind.ARRIVE, FRAMES[name]) for name in ("ping", "heartbeat", "peers", "pong")]
    # What is at fault has a longer name than the reason of a farewell may be.
    wordy = b'{"type":"pong","seq":1,"%s":1e999}' % (b"n" * 1100)
    flood = Step(Kind.ARRIVE, FRAMES["pong"] * 12)
    said = [Step(Kind.SAY, number=number) for number in range(len(SAMPLES))]
    openings = {0: [hello, say], 1: [say, hello]}
    played = [
        *([due], [bye], [hello, hello], [say, due], [Step(Kind.ARRIVE, b"\0\0"), due]),
        [*talk, bye],
        [Step(Kind.ARRIVE, len(wordy).to_bytes(4, "big") + wordy)],
        [due] * 8,
        [flood, due, flood, due],
        [Step(Kind.CHARGE, number=200), flood, *[due] * 6, Step(Kind.CLOSED, number=255)],
        [talk[0], Step(Kind.PASS, number=20), Step(Kind.FORGIVE, number=50), *talk],
        said,
        said[-1:],
    ]
    return [
        bytes([flags]) + scripts.write([*opening, *steps])
        for flags in range(4)
        for opening in (openings[flags & 1], [])
        for steps in played
    ]


def addresses() -> list[bytes]:
    """Of every range that the protocol names, as text, under each flag."""
    texts = [f"[{each}]:8080" if ":" in each else f"{each}:8080" for each in ADDRESSES]
    return [
        bytes([1 | (at % 16) << 1]) + b"\x1f\x90" + text.encode() for at, text in enumerate(texts)
    ]


def texts() -> list[bytes]:
    """Plain, foreign, invisible, climbing, and acting on terminals."""
    said = ("hello", "grüße 😀\n", "\x1b[2J\x07", "a" + "\u0301" * 9, "\u202e\u2066\u3164", "\\x1b")
    utf8 = [bytes([2 * at + 1]) + each.encode() for at, each in enumerate((*said, *said))]
    wide = b"".join(ord(character).to_bytes(3, "big") for each in said for character in each)
    return [*utf8, b"\0" + wide, b"\xe8" + wide, b"\xe1" + b"\x1b" * 150, b"\x01\xff\xed\xa0\x80"]


def command_lines() -> list[bytes]:
    """Every option, right and wrong."""
    lines = (
        "--port=0 --period 0.5 --heartbeat 2 --name n --network x --message m --output json",
        "-p 8081 -c [2001:db8::1]:8080 --connect a.example:1 --advertise 192.0.2.1:8080",
        f"--connect a:1#{'0f' * 32} --tag a=b --tag c= --peer-networks 10.0.0.0/8,::/0",
        "--key k.pem --cert c.pem --ca ca.pem --listen systemd:domain=INET:index=0",
        *("--help", "--version", "--port x", "--period nan", "--connect a:0", "--tag =", "extra"),
        *("--output tea", "--cert c", "--peer-networks 10.0.0.1/99", "--advertise [::1", "--nam e"),
    )
    too_many = ("--advertise a:1 " * 9 + "-p 1", f"--tag k={'v' * 4096}")
    return [line.replace(" ", "\0").encode() for line in (*lines, *too_many)]


SEEDS: Final[Mapping[str, Callable[[], list[bytes]]]] = {
    "frames": frames,
    "messages": messages,
    "records": records,
    "session": sessions,
    "addresses": addresses,
    "certificates": certificates,
    "text": texts,
    "options": command_lines,
}
"""What each target begins with; its names are the names of all targets."""

WORDS: Final = (
    *("type", "hello", "ping", "pong", "heartbeat", "get_peers", "peers", "bye", "network"),
    *("get_row", "row", "ask", "show", "author", "about", "probe", "sealed", "brief", "past"),
    *("instance", "record", "observed", "agent", "period", "time", "view", "features", "invite"),
    *("seq", "text", "buckets", "records", "more", "code", "reason", "body", "signature", "id"),
    *("key", "name", "addresses", "tags", "state", "ttl", "alive", "left", "leaving", "example"),
    *("true", "false", "null", "1e999", "NaN", "-0", "9007199254740992", "\\ud800", "\\u0000"),
    *("--port", "--period", "--key", "--cert", "--ca", "--network", "--name", "--heartbeat"),
    *("--message", "--output", "--connect", "--listen", "--advertise", "--tag", "--peer-networks"),
    *("--help", "--version", "-p", "-c", "json", "none", "[::1]:", "0.0.0.0/0", "#", "inf", "nan"),
)
"""What the fuzzer tries to put in: names of types, members and options."""

"""
What is right, told slowly and by other means than the program's: from the protocol's sentences.

JSON by the standard library, messages by a table of predicates, frames by slicing, addresses by
lists of networks. Nothing here imports what it judges.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from math import inf, isfinite
from typing import Any, Final, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

Predicate: TypeAlias = Callable[[Any], bool]
IPAddress: TypeAlias = IPv4Address | IPv6Address

LONGEST: Final = 65536
LARGEST: Final = 2**53 - 1
DEEPEST: Final = 32

_FIELD: Final = 2**255 - 19
_D: Final = -121665 * pow(121666, -1, _FIELD) % _FIELD
"""Of Ed25519, -x² + y² = 1 + d x² y² (RFC 8032 §5.1)."""


def frames(stream: bytes, limits: Callable[[int], int]) -> tuple[list[bytes], bool]:
    """The frames of a stream, and whether it broke the rules; `limits` is by the frame's place."""
    found: list[bytes] = []
    while len(stream) >= 4:
        length = int.from_bytes(stream[:4], "big")
        if length < 2 or length > limits(len(found)):
            return found, True
        if len(stream) < 4 + length:
            break
        found.append(stream[4 : 4 + length])
        stream = stream[4 + length :]
    return found, False


def acceptable(data: bytes) -> dict[str, Any] | None:
    """The object in `data`, or None where PROTOCOL §2 does not take it."""
    try:
        value = json.loads(
            data.decode(), object_pairs_hook=_unique, parse_int=_whole, parse_constant=_never
        )
    except (ValueError, RecursionError):
        return None
    return value if type(value) is dict and _is_fine(value, 1) else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError
    return value


def _whole(digits: str) -> float:
    # Longer than any that fits, and than what Python converts.
    return int(digits) if len(digits) < 20 else inf


def _never(word: str) -> None:
    raise ValueError(word)


def _is_fine(value: Any, level: int) -> bool:
    if type(value) is str:
        return not any("\ud800" <= character <= "\udfff" for character in value)
    if type(value) is float:
        return isfinite(value)
    if type(value) is int:
        return -LARGEST <= value <= LARGEST
    if type(value) is list:
        return level <= DEEPEST and all(_is_fine(item, level + 1) for item in value)
    if type(value) is dict:
        return level <= DEEPEST and all(
            _is_fine(name, level) and _is_fine(item, level + 1) for name, item in value.items()
        )
    return True


def _text(least: int, most: float) -> Predicate:
    return lambda value: type(value) is str and least <= len(value) <= most


def _number(least: float, most: float) -> Predicate:
    return lambda value: type(value) in (int, float) and least <= value <= most


def _is_count(value: Any) -> bool:
    return type(value) is int and 1 <= value <= LARGEST


def _is_view(value: Any) -> bool:
    return type(value) is str and re.fullmatch("[0-9a-f]{16}", value) is not None


def _is_peer(value: Any) -> bool:
    return type(value) is str and re.fullmatch("[0-9a-f]{64}", value) is not None


def _is_sealed(value: Any) -> bool:
    return type(value) is dict and all(
        type(value.get(name)) is str for name in ("body", "signature")
    )


def _is_ip(value: Any) -> bool:
    try:
        return type(value) is str and bool(ip_address(value).version)
    except ValueError:
        return False


def _list_of(each: Predicate) -> Predicate:
    return lambda value: type(value) is list and all(each(item) for item in value)


def _are_buckets(value: Any) -> bool:
    # 2048 bytes are 682 groups of 3, and 2 more, whose last digit has two bits to spare: zeros.
    digits = "[A-Za-z0-9+/]{2730}[AEIMQUYcgkosw048]="
    return type(value) is str and re.fullmatch(digits, value) is not None


MEMBERS: Final[Mapping[str, Mapping[str, Predicate]]] = {
    "hello": {
        "network": _text(1, 64),
        "instance": _is_view,
        "record": _is_sealed,
        "observed": _is_ip,
        "agent": _text(0, 64),
        "period": _number(0.05, 86400),
        "heartbeat": _number(0.05, 60),
        "time": _number(-inf, inf),
        "view": _is_view,
        "features": _list_of(_text(0, inf)),
        "invite?": _text(0, inf),
    },
    "ping": {"seq": _is_count, "text": _text(0, 1024)},
    "pong": {"seq": _is_count},
    "heartbeat": {"view": _is_view, "heartbeat?": _number(0.05, 60)},
    "get_peers": {"buckets?": _are_buckets},
    "peers": {"records": _list_of(_is_sealed), "more": lambda value: type(value) is bool},
    "get_row": {
        "ask": _is_count,
        "show": lambda value: value in ("brief", "full", "past"),
        "author?": _is_peer,
        "about?": lambda value: _list_of(_is_peer)(value) and len(value) <= 16,
        "probe?": lambda value: type(value) is bool,
    },
    "row": {"ask": _is_count, "more": lambda value: type(value) is bool, "sealed?": _is_sealed},
    "bye": {"code": _text(0, inf), "reason": _text(0, 1024), "record?": _is_sealed},
}
"""What each message must have (PROTOCOL §3 and §5); with a question mark, may have."""


def is_signed(peer: str, key: str, signature: str, body: bytes) -> bool:
    """Whether a record is its subject's (PROTOCOL §6)."""
    try:
        spki, raw = b64decode(key, validate=True), b64decode(signature, validate=True)
        loaded = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        return False
    if (b64encode(spki), b64encode(raw)) != (key.encode(), signature.encode()):
        return False
    canonical = loaded.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if canonical != spki or sha256(spki).hexdigest() != peer or not is_allowed(loaded):
        return False
    try:
        return _verified(loaded, raw, b"p2p-gossip/1 record\n" + body)
    except InvalidSignature:
        return False


def _verified(key: object, signature: bytes, data: bytes) -> bool:
    if isinstance(key, Ed25519PublicKey):
        key.verify(signature, data)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, ec.ECDSA(SHA256()))
    elif isinstance(key, RSAPublicKey):
        key.verify(signature, data, padding.PSS(padding.MGF1(SHA256()), 32), SHA256())
    return True


def is_allowed(key: object) -> bool:
    """Whether somebody may have this key (PROTOCOL §1)."""
    if isinstance(key, RSAPublicKey):
        exponent = key.public_numbers().e
        return 2048 <= key.key_size <= 4096 and 3 <= exponent < 2**31 and exponent % 2 == 1
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.name in ("secp256r1", "secp384r1")
    return isinstance(key, Ed25519PublicKey) and _is_someones(key)


def _is_someones(key: Ed25519PublicKey) -> bool:
    """Whether it is not of small order: then the neutral point would be 8 times the key (RFC 8032)."""
    y = int.from_bytes(key.public_bytes(Encoding.Raw, PublicFormat.Raw), "little") % 2**255
    if y >= _FIELD:
        return False
    # Doubling needs of x no more than its square, which the equation of the curve gives.
    for _ in range(3):
        xx = (y * y - 1) * pow(_D * y * y + 1, -1, _FIELD)
        y = (y * y + xx) * pow(2 - y * y + xx, -1, _FIELD) % _FIELD
    return y != 1


ABSENT: Final = object()


def meaning(value: dict[str, Any] | None) -> str | None:
    """The type of the message in a loaded object, "" for an unknown one, None for a broken one."""
    kind = None if value is None else value.get("type")
    if value is None or type(kind) is not str:
        return None
    for name, holds in MEMBERS.get(kind, {}).items():
        member = value.get(name.rstrip("?"), ABSENT)
        if not (name.endswith("?") if member is ABSENT else holds(member)):
            return None
    ample = kind == "get_row" and (value["show"] == "past" or value.get("probe") is True)
    if ample and "about" not in value:
        return None
    return kind if kind in MEMBERS else ""


_UNWRAPPED: Final = (("::ffff:0:0/96", 0), ("64:ff9b::/96", 0), ("2002::/16", 80))
"""Networks of IPv6 that hold an IPv4 address, and how many bits stand to the right of it."""

_NEVER: Final = (
    *("0.0.0.0/8", "::/128"),  # unspecified
    *("224.0.0.0/4", "ff00::/8"),  # multicast
    *("240.0.0.0/4", "255.255.255.255/32"),  # reserved, and broadcast
    *("::/8", "100::/8", "200::/7", "400::/6", "800::/5", "1000::/4"),  # reserved, RFC 4291
    *("4000::/3", "6000::/3", "8000::/3", "a000::/3", "c000::/3"),
    *("e000::/4", "f000::/5", "f800::/6", "fe00::/9"),
    *("169.254.0.0/16", "fe80::/10"),  # link-local
    *("100.100.100.200/32", "168.63.129.16/32", "fd00:ec2::254/128", "fd00:ec2::23/128"),
    *("fd20:ce::254/128", "fd00:c1::a9fe:a9fe/128", "fd00:100::100:200/128"),
    *("fd00:a9fe:a9fe::1/128", "fd00:42::42/128"),  # metadata services of clouds
)
_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")


def may_be_dialed(
    ip: IPAddress,
    port: int,
    *,
    loopback: bool,
    own: set[tuple[str, int]],
    networks: tuple[str, ...],
) -> bool:
    """Whether an address heard from others may be dialed (PROTOCOL §8)."""
    ip = unwrapped(ip)
    local = _is_in(ip, _LOOPBACK)
    return (
        port != 0
        and (local or not _is_in(ip, _NEVER))
        and (loopback or not local)
        and (str(ip), port) not in own
        and (not networks or _is_in(ip, networks))
    )


def unwrapped(ip: IPAddress) -> IPAddress:
    """The IPv4 address in an IPv6 one (mapped, NAT64, 6to4), without a zone."""
    if isinstance(ip, IPv4Address):
        return ip
    for network, right in _UNWRAPPED:
        if _is_in(ip, (network,)):
            return IPv4Address((int(ip) >> right) & 0xFFFFFFFF)
    return IPv6Address(int(ip))


_NETWORKS: Final = {
    text: (int(net.network_address), int(net.netmask), net.version)
    for text in (
        *(network for network, _ in _UNWRAPPED),
        *(*_NEVER, *_LOOPBACK, "10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32"),
    )
    for net in (ip_network(text),)
}


def _is_in(ip: IPAddress, networks: tuple[str, ...]) -> bool:
    for text in networks:
        address, mask, version = _NETWORKS[text]
        if ip.version == version and int(ip) & mask == address:
            return True
    return False

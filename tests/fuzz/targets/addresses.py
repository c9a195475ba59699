"""
Addresses heard from others: judged as a slow list of networks does.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from gossip.mesh.addresses import Address, Judge
from tests.fuzz import oracles
from tests.fuzz.oracles import IPAddress
from tests.fuzz.violation import require

NETWORKS: Final = ("10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32")
_PARSED: Final = tuple(map(ip_network, NETWORKS))
TEXT, LOOPBACK, OWN, NARROW, V6, LONG = (1 << bit for bit in range(6))
_WRAPPINGS: Final = (0, 0xFFFF << 32, 0x64FF9B << 96, 0x2002 << 112)


def check(data: bytes, judge: type[Judge] = Judge, kind: type[Address] = Address) -> None:
    """
    What may be dialed is what the protocol's sentence lets through, in every spelling.

    A byte of flags, two of a port, then the address: as text, or in 4 or 16 bytes; the two highest
    flags put the 4 into IPv6.
    """
    if len(data) < 7:
        return
    flags, port, rest = data[0], int.from_bytes(data[1:3], "big"), data[3:]
    address = _written(rest, kind) if flags & TEXT else _packed(flags, port, rest)
    if address is None:
        return
    plain = address.plain()
    require(plain.plain() == plain, "an address has one plain spelling")
    ip = _ip(address.host)
    own = {(str(oracles.unwrapped(ip)), address.port)} if ip is not None and flags & OWN else set()
    narrow = bool(flags & NARROW)
    objection = judge(
        own={Address(*each) for each in own}, networks=_PARSED if narrow else ()
    ).objection(address, loopback=bool(flags & LOOPBACK))
    expected = ip is not None and oracles.may_be_dialed(
        ip,
        address.port,
        loopback=bool(flags & LOOPBACK),
        own=own,
        networks=NETWORKS if narrow else (),
    )
    require(expected or objection is not None, "what may not be dialed is not dialed")
    require(not expected or objection is None, "what may be dialed is dialed")


def _written(raw: bytes, kind: type[Address]) -> Address | None:
    try:
        address = kind.parse(raw.decode("utf-8", "replace"))
    except ValueError as error:
        require(str(error).isprintable(), "what is refused cannot act where the reason is shown")
        return None
    require(kind.parse(str(address)) == address, "an address is read as it is written")
    return address


def _packed(flags: int, port: int, raw: bytes) -> Address:
    ip: IPAddress = IPv4Address(raw[:4])
    wrapping = flags >> 6
    if flags & V6:
        ip = IPv6Address(raw[:16].ljust(16, b"\0"))
    elif wrapping:
        shift = 80 if wrapping == 3 else 0
        ip = IPv6Address(_WRAPPINGS[wrapping] | int(ip) << shift)
    return Address(ip.exploded if flags & LONG else str(ip), port)


def _ip(text: str) -> IPAddress | None:
    try:
        return ip_address(text)
    except ValueError:
        return None

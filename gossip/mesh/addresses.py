"""
Addresses: how they are written, and which of those heard from others are never dialed (PROTOCOL §8).

Pure. Names are resolved elsewhere; what is judged here is what would be dialed.
"""

from collections.abc import Container, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, NamedTuple, TypeAlias

from msgspec import Struct

IPAddress: TypeAlias = IPv4Address | IPv6Address
IPNetwork: TypeAlias = IPv4Network | IPv6Network

LONGEST = 255
LARGEST_PORT = 65535

_NAT64: Final = IPv6Network("64:ff9b::/96")
_THIS_NETWORK: Final = IPv4Network("0.0.0.0/8")
# Where clouds tell a machine about itself, its credentials among that, and not at a link-local address:
# by their own documentation or SDK, or by cloud-init's.
_METADATA: Final = {
    IPv6Address("fd00:ec2::254"),  # AWS
    IPv6Address("fd00:ec2::23"),  # AWS, EKS Pod Identity
    IPv6Address("fd20:ce::254"),  # Google Cloud
    IPv6Address("fd00:c1::a9fe:a9fe"),  # Oracle Cloud
    IPv4Address("168.63.129.16"),  # Azure, WireServer
    IPv4Address("100.100.100.200"),  # Alibaba Cloud
    IPv6Address("fd00:100::100:200"),  # Alibaba Cloud
    IPv6Address("fd00:a9fe:a9fe::1"),  # Akamai
    IPv6Address("fd00:42::42"),  # Scaleway
}


class Address(NamedTuple):
    """A host, by name or literal, and a TCP port."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        """
        Read `host:port` or `[v6]:port`.

        :raises ValueError: it is neither; the text says what is wrong with it.
        """
        host, colon, port = text.rpartition(":")
        odd = len(text) > LONGEST or not text.isprintable() or " " in text or "/" in text
        if not colon or not host or odd:
            raise ValueError(f"{text!r} is not host:port")
        if not (port.isascii() and port.isdigit()) or int(port) > LARGEST_PORT:
            raise ValueError(f"{text!r}: the port is not a number from 0 to 65535")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
            try:
                IPv6Address(host)
            except ValueError:
                raise ValueError(f"{text!r}: what is in brackets is not an IPv6 address") from None
        elif ":" in host or "[" in host or "]" in host:
            raise ValueError(f"{text!r}: write an IPv6 address as [address]:port")
        return cls(host, int(port))

    def plain(self) -> "Address":
        """The same with a literal host unwrapped, so that one place has one spelling."""
        ip = literal(self.host)
        return self if ip is None else Address(str(ip), self.port)

    def __str__(self) -> str:
        """As it is written: IPv6 in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@lru_cache(maxsize=1024)
def literal(text: str) -> IPAddress | None:
    """The IP address that `text` is, unwrapped, or None where it is a name."""
    try:
        return unwrap(ip_address(text))
    except ValueError:
        return None


def unwrap(ip: IPAddress) -> IPAddress:
    """The IPv4 address inside a mapped, NAT64 or 6to4 one; any other as it is, without its zone."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    if ip.sixtofour is not None:
        return ip.sixtofour
    return IPv6Address(int(ip))


def is_loopback(host: str) -> bool:
    """Whether a literal address is this machine's own."""
    ip = literal(host)
    return ip is not None and ip.is_loopback


@lru_cache(maxsize=1024)
def reachable(host: str) -> bool:
    """Whether a literal address could be somebody's at all."""
    ip = literal(host)
    return ip is not None and _objection(ip) is None


def _objection(ip: IPAddress) -> str | None:
    if ip.is_unspecified or (isinstance(ip, IPv4Address) and ip in _THIS_NETWORK):
        return "unspecified"
    if ip.is_multicast:
        return "multicast"
    if ip.is_link_local:
        return "link-local"
    if ip in _METADATA:
        return "a metadata service"
    if ip.is_reserved and not ip.is_loopback:
        return "reserved"
    return None


class Judge(Struct, frozen=True, kw_only=True):
    """Judges addresses that were heard from others."""

    own: Container[Address]
    """The node's own, by literal address."""
    networks: Sequence[IPNetwork] = ()
    """Where it is not empty, only addresses in one of these are dialed (`--peer-networks`)."""

    def objection(self, address: Address, *, loopback: bool) -> str | None:
        """
        Why `address`, a literal one, is not dialed; None where it may be.

        `loopback` says that it came in a record that was heard over a loopback link.
        """
        ip = literal(address.host)
        if ip is None:
            return "not resolved"
        if address.port == 0:
            return "port 0"
        common = _objection(ip)
        if common is not None:
            return common
        if ip.is_loopback and not loopback:
            return "loopback, from elsewhere"
        if Address(str(ip), address.port) in self.own:
            return "this node's own"
        if self.networks and not any(ip in network for network in self.networks):
            return "outside the peer networks"
        return None

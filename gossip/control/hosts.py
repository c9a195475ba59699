"""
Which names of this node a browser may use. Pure.

A page from elsewhere can have its own name lead to our address (DNS rebinding), and its browser
then takes what we answer for that page's. It cannot choose what stands in `Host`: so what is asked
for by a name that nobody gave us is not answered.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

LOCAL: Final = "localhost"

LARGEST_PORT: Final = 65535

_AUTHORITY: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::([0-9]{1,5}))?")
"""A host and a port as `Host` has them (RFC 9110 §7.2), without what no browser sends."""


class Hosts:
    """The names by which a node may be asked."""

    def __init__(self, names: Iterable[str]) -> None:
        """`names` are those that its operator gave it; `localhost` is one for everybody."""
        self._names = {LOCAL, *(_one_spelling(name) for name in names)}

    def knows(self, authority: str, local: str) -> bool:
        """
        Whether a host, with or without a port, is this node.

        `local` is the address at which the connection arrived. The port is no matter: a tunnel has
        another one, and no name leads elsewhere for it.
        """
        found = _AUTHORITY.fullmatch(authority)
        if found is None or int(found[3] or 0) > LARGEST_PORT:
            return False
        if found[1] is not None and ":" not in found[1]:
            return False
        host = found[1] or found[2]
        address = _literal(host)
        if _one_spelling(host) in self._names:
            return True
        return address is not None and (address.is_loopback or address == _literal(local))


def is_name(text: str) -> bool:
    """Whether it is a host without a port, by name or address."""
    found = _AUTHORITY.fullmatch(f"[{text}]" if ":" in text else text)
    return found is not None and (":" not in text or _literal(text) is not None)


def _one_spelling(name: str) -> str:
    address = _literal(name)
    return name.lower().removesuffix(".") if address is None else str(address)


def _literal(text: str) -> IPv4Address | IPv6Address | None:
    """An address, without its zone, and the IPv4 one that a dual socket shows as IPv6."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv4Address):
        return found
    return found.ipv4_mapped or IPv6Address(int(found))

"""
Who is at the other end of a connection, as far as the system tells.
"""

import socket
import struct
from typing import Any, Final

from twisted.internet.address import IPv4Address, IPv6Address

_CREDENTIALS: Final = struct.Struct("3i")
"""Linux's `struct ucred` (unix(7)): process, user, group, as they were at connect()."""


def caller(transport: Any) -> str:
    """The process and its user at the end of a Unix socket, an address otherwise; for a log."""
    peer = transport.getPeer()
    if isinstance(peer, IPv4Address | IPv6Address):
        return f"{peer.host} port {peer.port}"
    try:
        told = transport.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except (AttributeError, OSError):
        return "somebody"
    process, user, group = _CREDENTIALS.unpack(told)
    return f"process {process} (uid {user}, gid {group})"

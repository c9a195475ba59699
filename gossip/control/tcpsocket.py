"""
A TCP socket for browsers.
"""

import os
import socket
from typing import Any, Final

from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.tcp import Port

BACKLOG: Final = 64
"""Connections that the system holds for us: twice as many as there may be."""

UNHEARD: Final = 60
"""
Seconds in which what was sent must be acknowledged (tcp(7)): a client that vanished would otherwise
keep a place for a quarter of an hour.
"""


class HttpUnusable(Exception):
    """It cannot be listened there; the text says why and what to do."""


class WebPort(Port):
    """A listening TCP socket whose connections end when nobody is there any more."""

    def createInternetSocket(self) -> socket.socket:
        """A socket whose connections have its options."""
        opened: socket.socket = super().createInternetSocket()
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD * 1000)
        return opened


def listen(host: str, port: int, factory: IProtocolFactory, reactor: Any) -> WebPort:
    """
    Listen at a literal address; port 0 takes a free one.

    :raises HttpUnusable: it cannot be.
    """
    made = WebPort(port, factory, BACKLOG, host, reactor)
    try:
        made.startListening()
    except CannotListenError as error:
        cause = error.socketError
        reason = os.strerror(cause.errno) if getattr(cause, "errno", None) else str(cause)
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        raise HttpUnusable(
            f"cannot listen on --http {shown}: {reason}; choose another port"
        ) from None
    return made

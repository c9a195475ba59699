"""
From `--port` and `--listen` to Twisted endpoints.
"""

import os
import socket
from ipaddress import ip_address
from typing import Any

from attrs import define
from twisted.internet import endpoints
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import (
    AdoptedStreamServerEndpoint,
    TCP4ServerEndpoint,
    TCP6ServerEndpoint,
)
from twisted.internet.interfaces import (
    IAddress,
    IListeningPort,
    IProtocol,
    IProtocolFactory,
    IStreamServerEndpoint,
)
from zope.interface import implementer

from gossip.mesh.addresses import Address

BACKLOG = 1024
"""Connections that the system holds for us: a whole fleet may come back at once."""

_ENDPOINTS = ("tcp:", "tcp6:", "systemd:", "haproxy:")


class CannotListen(Exception):
    """This is not something to listen on; the text says why."""


@implementer(IProtocolFactory)
@define(eq=False, repr=False)
class Doorstep:
    """
    Closes at once whom the factory inside turns away, before TLS is made for the connection.

    That costs a third of what it costs otherwise, which counts where thousands come in a second.
    Whoever is turned away is built as a protocol with a true `turned_away`.
    """

    inside: IProtocolFactory

    def buildProtocol(self, addr: IAddress) -> IProtocol | None:
        """What the factory inside built, or nothing, upon which Twisted closes the connection."""
        built = innermost = self.inside.buildProtocol(addr)
        # TLS and the meter are wrappers, and there may be others.
        while (wrapped := getattr(innermost, "wrappedProtocol", None)) is not None:
            innermost = wrapped
        return None if getattr(innermost, "turned_away", False) else built

    def doStart(self) -> None:
        """A port begins to listen."""
        self.inside.doStart()

    def doStop(self) -> None:
        """It listens no more."""
        self.inside.doStop()


@implementer(IStreamServerEndpoint)
@define(eq=False, repr=False)
class Stepped:
    """An endpoint with a `Doorstep`."""

    inside: IStreamServerEndpoint

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        """Listen."""
        return self.inside.listen(Doorstep(protocolFactory))


@implementer(IStreamServerEndpoint)
@define(eq=False, repr=False)
class Everywhere:
    """All addresses of the machine: IPv6 and IPv4 on one socket, or IPv4 where there is no other."""

    _reactor: Any
    _port: int

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        """Listen, with a socket that takes both whatever the system's default is."""
        try:
            opened = self._socket()
        except OSError as error:
            failed: Deferred[IListeningPort] = Deferred()
            # Without what `create_server` adds to the text.
            failed.errback(OSError(error.errno, os.strerror(error.errno or 0)))
            return failed
        opened.settimeout(0)
        # The endpoint closes the descriptor that it is given, after it has taken a copy.
        family = opened.family
        adopted: IStreamServerEndpoint = AdoptedStreamServerEndpoint(
            self._reactor, opened.detach(), family
        )
        return Stepped(adopted).listen(protocolFactory)

    def _socket(self) -> socket.socket:
        if socket.has_dualstack_ipv6():
            return socket.create_server(
                ("::", self._port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True
            )
        return socket.create_server(("0.0.0.0", self._port), backlog=BACKLOG)


def endpoint(reactor: Any, text: str, port: int) -> IStreamServerEndpoint:
    """
    What `--listen` names: an address, with or without a port, or a Twisted endpoint string.

    :raises CannotListen: it is neither.
    """
    if text.startswith(_ENDPOINTS):
        return _from_string(reactor, text)
    try:
        address = Address(str(ip_address(text.strip("[]"))), port)
    except ValueError:
        try:
            address = Address.parse(text)
            ip_address(address.host)
        except ValueError:
            raise CannotListen(
                f"--listen {text!r} is not an IP address, alone or with a port, and not a Twisted"
                f" endpoint string that begins with {', '.join(_ENDPOINTS)}"
            ) from None
    kind = TCP6ServerEndpoint if ":" in address.host else TCP4ServerEndpoint
    return Stepped(kind(reactor, address.port, backlog=BACKLOG, interface=address.host))


def _from_string(reactor: Any, text: str) -> IStreamServerEndpoint:
    try:
        made: IStreamServerEndpoint = endpoints.serverFromString(reactor, text)
    except (KeyError, IndexError):
        raise CannotListen(
            f"--listen {text!r}: systemd passed no such socket; start it by its socket unit"
        ) from None
    except (ValueError, TypeError, AttributeError, OSError) as error:
        raise CannotListen(f"--listen {text!r}: {error}") from None
    if isinstance(made, AdoptedStreamServerEndpoint):
        _check_passed(text, made.fileno, made.addressFamily)
    # What speaks for a proxy would wrap what is not there.
    return made if text.startswith("haproxy:") else Stepped(made)


def _check_passed(text: str, descriptor: int, family: int) -> None:
    """See that what systemd passed is what `domain=` says: Twisted does not look."""
    try:
        passed = socket.socket(fileno=descriptor)
    except OSError as error:
        raise CannotListen(
            f"--listen {text!r}: what systemd passed is not a socket: {error.strerror}"
        ) from None
    found = passed.family
    listens = passed.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    passed.detach()
    if not listens:
        raise CannotListen(
            f"--listen {text!r}: the socket that systemd passed does not listen; write"
            " ListenStream=, and no Accept=yes, in its unit"
        )
    if found != family:
        name = getattr(found, "name", str(found)).removeprefix("AF_")
        raise CannotListen(
            f"--listen {text!r}: the socket that systemd passed is of another family;"
            f" write domain={name}"
        )

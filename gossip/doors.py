"""
What a node listens on: the addresses of the settings, with TLS and a meter below it.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from twisted.internet.endpoints import wrapServerTLS
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint

from gossip import listeners
from gossip.mesh.addresses import Address
from gossip.mesh.meter import MeteredServer
from gossip.settings import Settings
from gossip.trust.credentials import Credentials


class Door(NamedTuple):
    """Something to listen on."""

    name: str
    """What the operator called it."""
    open: Callable[[int], IStreamServerEndpoint]
    """Makes the endpoint, for the port that holds where the name gives none."""


def doors_of(settings: Settings, reactor: Any) -> list[Door]:
    """Those that the settings name; all addresses where they name none."""
    if not settings.listen:
        return [Door(f"port {settings.port}", partial(listeners.Everywhere, reactor))]
    return [Door(text, partial(listeners.endpoint, reactor, text)) for text in settings.listen]


def secured(door: Door, secure: Credentials, reactor: Any) -> Door:
    """The same door, with TLS and a meter below it."""

    def opened(port: int) -> IStreamServerEndpoint:
        return wrapServerTLS(secure, MeteredServer(door.open(port), reactor), clock=reactor)

    return Door(door.name, opened)


def control_path(
    settings: Settings, kept: Path | None, port: int, environ: Mapping[str, str]
) -> Path | None:
    """
    Where the control socket is; None where there is no place for one.

    That is where the settings say, else where the node has `kept` what it remembers, else in the
    user's runtime directory, by its port.
    """
    if settings.control is not None:
        return Path(settings.control)
    if kept is not None:
        return kept
    runtime = environ.get("XDG_RUNTIME_DIR")
    return Path(runtime, "p2p-gossip", f"{port}.sock") if runtime else None


def bound_to(port: IListeningPort) -> Address:
    """Where it listens."""
    host = port.getHost()
    return Address(getattr(host, "host", ""), getattr(host, "port", 0))


def why_not(name: str, error: BaseException | None) -> str:
    """Why a door could not be opened, and what to do."""
    cause = error.socketError if isinstance(error, CannotListenError) else error
    reason = getattr(cause, "strerror", None) or str(cause)
    return f"cannot listen on {name}: {reason}; choose another with --port or --listen"

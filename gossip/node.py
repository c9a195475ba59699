"""
The composition root: settings become a running node.

Only here do the concrete classes of all rooms meet, and only here is the reactor named. A node is
starting, running, leaving, or stopped; each step has a bound, and is written out below.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial
from pathlib import Path
from random import SystemRandom
from typing import Any, TextIO, TypeAlias

from attrs import frozen
from twisted.application.service import Service
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import wrapServerTLS
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from twisted.logger import Logger

from gossip import listeners, logs
from gossip.logs import levels
from gossip.mesh import upkeep
from gossip.mesh.addresses import Address, literal
from gossip.mesh.mesh import Mesh, World
from gossip.mesh.meter import MeteredServer
from gossip.mesh.own import Subject
from gossip.mesh.roads import TLSRoads
from gossip.mesh.status import Event, Listening, Stopping, Tell
from gossip.settings import Settings
from gossip.surfaces.outlet import Outlet
from gossip.surfaces.systemd import Notifier
from gossip.surfaces.terminal import Json, Printer, Text
from gossip.trust import credentials
from gossip.trust.credentials import Authority, Credentials
from gossip.trust.identity import Identity, IdentityUnusable

WhenRunning: TypeAlias = Callable[[Callable[[], None]], object]
"""Calls something when the reactor runs."""


class CannotRun(Exception):
    """The node cannot run as it was told to; the text says why, and what to do."""


_log = Logger(observer=levels)


class Phase(Enum):
    """Where a node's life is."""

    STARTING = "starting"
    RUNNING = "running"
    LEAVING = "leaving"
    STOPPED = "stopped"


@frozen
class Door:
    """Something to listen on."""

    name: str
    """What the operator called it."""
    open: Callable[[int], IStreamServerEndpoint]
    """Makes the endpoint, for the port that holds where the name gives none."""


class Node(Service):
    """One node, as a Twisted service."""

    def __init__(
        self,
        *,
        settings: Settings,
        mesh: Mesh,
        doors: Sequence[Door],
        tell: Tell,
        when_running: WhenRunning,
        closing: Callable[[], None] = lambda: None,
    ) -> None:
        self.setName("p2p-gossip")
        self.phase = Phase.STARTING
        self.mesh = mesh
        self.reason = "the service was stopped"
        """Why it stops, for `stopping` and for peers."""
        self._settings = settings
        self._doors = doors
        self._tell = tell
        self._when_running = when_running
        self._closing = closing
        self._ports: list[IListeningPort] = []

    def startService(self) -> None:
        """
        Listen, then join.

        :raises CannotRun: an address cannot be listened on. Nothing is left half open.
        """
        super().startService()
        try:
            for door in self._doors:
                self._ports.append(self._opened(door))
        except CannotRun:
            for opened in self._ports:
                opened.stopListening()
            raise
        self.phase = Phase.RUNNING
        self.mesh.start(tuple(_bound(port) for port in self._ports))
        # Not before the reactor runs: whoever reads it may send a signal at once.
        self._when_running(self._announce)

    def _announce(self) -> None:
        bound = [_bound(port) for port in self._ports]
        self._tell(
            Listening(
                id=self.mesh.book.own.id,
                port=bound[0].port,
                addresses=tuple(str(address) for address in bound),
                network=self._settings.network,
                name=self._settings.name,
            )
        )

    def _opened(self, door: Door) -> IListeningPort:
        # Port 0 means one free port for all addresses: there is only one in the record.
        first = _bound(self._ports[0]).port if self._ports else 0
        answers: list[Any] = []
        try:
            endpoint = door.open(self._settings.port or first)
            endpoint.listen(self.mesh.acceptor).addBoth(answers.append)
        except listeners.CannotListen as error:
            raise CannotRun(str(error)) from None
        # An endpoint on a local address answers at once; one that does not is not for us.
        port = answers[0] if answers else None
        if not IListeningPort.providedBy(port):
            raise CannotRun(_why_not(door.name, getattr(port, "value", None)))
        if literal(_bound(port).host) is None:
            port.stopListening()
            raise CannotRun(f"cannot listen on {door.name}: peers must have IP addresses")
        return port

    async def stopService(self) -> None:
        """Accept nobody any more, say farewell, and be gone within two seconds."""
        super().stopService()
        if self.phase is not Phase.RUNNING:
            return
        self.phase = Phase.LEAVING
        self._tell(Stopping(reason=self.reason))
        closed = [port.stopListening() for port in self._ports]
        try:
            await self.mesh.leave(self.reason)
            await gatherResults([d for d in closed if d is not None], consumeErrors=True)
        finally:
            self.phase = Phase.STOPPED
            self._closing()


def compose(
    settings: Settings,
    reactor: Any = _reactor,
    *,
    stdout: TextIO | None = None,
    kind: type[Node] = Node,
) -> Node:
    """
    The service of a node.

    `stdout` is where its output goes, `sys.stdout` where it is not given.

    :raises CannotRun: a file cannot be used, or an address cannot be listened on.
    """
    steady(reactor)
    identity = _identity(settings)
    secure = Credentials(identity)
    tells, closing = _surfaces(settings, reactor, stdout or sys.__stdout__)
    mesh = Mesh(
        settings,
        Subject(
            public=identity.public,
            sign=identity.sign,
            network=settings.network,
            name=settings.name,
            tags=dict(settings.tags),
            advertise=settings.advertise,
        ),
        World(
            clock=reactor,
            wall=time.time,
            slept=_slept,
            random=SystemRandom(),
            roads=TLSRoads(reactor, secure, _vouch(settings)),
            identify=credentials.peer_of,
            explain=credentials.explanation,
            spare=upkeep.descriptors_left,
        ),
        partial(_tell_all, tells),
    )
    return kind(
        settings=settings,
        mesh=mesh,
        doors=[secured(door, secure, reactor) for door in _doors(settings, reactor)],
        tell=partial(_tell_all, tells),
        when_running=reactor.callWhenRunning,
        closing=closing,
    )


def steady(reactor: Any) -> None:
    """
    Let the reactor's timers go by the monotonic clock.

    They go by the wall clock otherwise: an hour forward would end every wait at once, an hour back
    would stop every heartbeat.
    """
    if reactor.getDelayedCalls():
        _log.warn(
            "timers were set before the node was made: a wall clock that jumps will disturb it"
        )
        return
    reactor.seconds = time.monotonic


def handle_signals(node: Node, reactor: Any = _reactor) -> None:
    """
    Stop the reactor, and so the node, on SIGTERM and SIGINT; at once on the second SIGINT.

    Replaces Twisted's own handlers, which make twistd end by the signal instead of with status 0.
    """
    asked = False

    def stop(number: int, _: object) -> None:
        nonlocal asked
        if asked and number == signal.SIGINT:
            os._exit(128 + number)
        if not asked:
            asked = True
            node.reason = f"stopped by {signal.Signals(number).name}"
            reactor.callFromThread(reactor.stop)

    def install() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)

    install()
    # Once more, since Twisted sets its own when it begins to run.
    reactor.callWhenRunning(install)


class _Hosted(Node):
    """A node whose process is twistd's: what it raises would be shown with a traceback."""

    def startService(self) -> None:
        handle_signals(self)
        try:
            super().startService()
        except CannotRun as error:
            # twistd has taken stderr for its log by now; a person looks at the real one.
            _log.error("the node cannot run: {error}", error=str(error))
            if sys.__stderr__ is not None:
                print(f"p2p-gossip: {error}", file=sys.__stderr__)
            raise SystemExit(1) from None


def hosted(settings: Settings) -> Node:
    """The service of a node for twistd and twist: ends the process where it cannot run."""
    logs.configure(os.environ)
    try:
        return compose(settings, kind=_Hosted)
    except CannotRun as error:
        raise SystemExit(f"p2p-gossip: {error}") from None


def run(settings: Settings) -> None:
    """
    Run a node until it is told to stop.

    :raises CannotRun: it cannot start.
    """
    node = compose(settings)
    handle_signals(node)
    node.startService()
    _reactor.addSystemEventTrigger(
        "before", "shutdown", lambda: Deferred.fromCoroutine(node.stopService())
    )
    _reactor.run()


def _tell_all(tells: list[Tell], event: Event) -> None:
    for tell in tells:
        with _log.failuresHandled("while telling of {event}", event=event):
            tell(event)


def _surfaces(
    settings: Settings, reactor: Any, stdout: TextIO | None
) -> tuple[list[Tell], Callable[[], None]]:
    """Who is told of events, and what is to be done with them when the node stops."""
    tells: list[Tell] = []
    closings: list[Callable[[], None]] = []
    if settings.output != "none":
        fancy = stdout is not None and stdout.isatty() and not os.environ.get("NO_COLOR")
        render = Json(time.time) if settings.output == "json" else Text(time.time, terminal=fancy)
        outlet = Outlet(stdout, lost=render.lost)
        tells.append(Printer(render, outlet.write, reactor))
        closings.append(outlet.flush)
    notifier = Notifier.from_environment(os.environ, reactor)
    if notifier is not None:
        # Its children are not this unit's main process: they must not speak for it.
        del os.environ["NOTIFY_SOCKET"]
        tells.append(notifier)
        closings.append(notifier.stop)

    def close() -> None:
        for closing in closings:
            closing()

    return tells, close


def _doors(settings: Settings, reactor: Any) -> list[Door]:
    if not settings.listen:
        return [Door(f"port {settings.port}", partial(listeners.Everywhere, reactor))]
    return [Door(text, partial(listeners.endpoint, reactor, text)) for text in settings.listen]


def secured(door: Door, secure: Credentials, reactor: Any) -> Door:
    """The same door, with TLS and a meter below it."""

    def opened(port: int) -> IStreamServerEndpoint:
        return wrapServerTLS(secure, MeteredServer(door.open(port), reactor), clock=reactor)

    return Door(door.name, opened)


def _identity(settings: Settings) -> Identity:
    if settings.key is None:
        return Identity.generate()
    key = _file("--key", settings.key)
    certificate = None
    if settings.certificate is not None:
        certificate = _file("--cert", settings.certificate)
    try:
        identity = Identity.from_pem(key, certificate)
    except IdentityUnusable as error:
        raise CannotRun(f"{settings.key}: {error}") from None
    _warn_if_shared(settings.key)
    return identity


def _warn_if_shared(path: str) -> None:
    # No refusal: what an orchestrator mounts has the mode that it gave it.
    if Path(path).stat().st_mode & 0o077:
        _log.warn(
            "--key {path} can be read by other users of this machine, who could then pass for this"
            " node: chmod 600 {path}",
            path=path,
        )


def _vouch(settings: Settings) -> Callable[..., None] | None:
    if settings.authority is None:
        return None
    try:
        return Authority.from_pem(_file("--ca", settings.authority)).vouch
    except IdentityUnusable as error:
        raise CannotRun(f"{settings.authority}: {error}") from None


def _file(option: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise CannotRun(f"{option} {path} cannot be read: {error.strerror}") from None


def _bound(port: IListeningPort) -> Address:
    host = port.getHost()
    return Address(getattr(host, "host", ""), getattr(host, "port", 0))


def _why_not(name: str, error: BaseException | None) -> str:
    cause = error.socketError if isinstance(error, CannotListenError) else error
    reason = getattr(cause, "strerror", None) or str(cause)
    return f"cannot listen on {name}: {reason}; choose another with --port or --listen"


def _slept() -> float:
    """Seconds of suspend since boot: one clock counts them, the other does not."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    if boot is None:
        return 0.0
    return time.clock_gettime(boot) - time.monotonic()

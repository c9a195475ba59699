"""
The composition root: settings become a running node.

Only here do the concrete classes of all rooms meet, and only here is the reactor named. A node is
starting, running, leaving, or stopped; each step has a bound, and is written out below.
"""

import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from enum import Enum
from importlib import import_module
from random import Random
from typing import Any, TextIO, TypeAlias

from twisted.application.service import Service
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger
from twisted.python.usage import UsageError

from gossip import keys, listeners, logs, system
from gossip.answering import Answering, CannotAnswer
from gossip.doors import Door, bound_to, doors_of, secured, why_not
from gossip.keeping import CannotKeep, Keeping, keeping
from gossip.logs import levels
from gossip.mesh.addresses import literal
from gossip.mesh.mesh import Mesh
from gossip.mesh.own import Subject
from gossip.mesh.parts import World
from gossip.mesh.roads import TLSRoads
from gossip.mesh.status import Conflict, Listening, Stopping
from gossip.reloading import changed, merged
from gossip.settings import Settings
from gossip.showing import Showing
from gossip.trust import credentials
from gossip.trust.credentials import Credentials

Reread: TypeAlias = Callable[[], Settings]
"""What the settings are now, read again; raises UsageError where they are wrong."""


class CannotRun(Exception):
    """The node cannot run as it was told to; the text says why, and what to do."""


_log = Logger(observer=levels)


class Phase(Enum):
    """Where a node's life is."""

    STARTING = "starting"
    RUNNING = "running"
    LEAVING = "leaving"
    STOPPED = "stopped"


class Node(Service):
    """One node, as a Twisted service."""

    def __init__(
        self,
        *,
        settings: Settings,
        mesh: Mesh,
        doors: Sequence[Door],
        keeping: Keeping,
        showing: Showing,
        reactor: Any,
        reread: Reread | None = None,
    ) -> None:
        self.setName("p2p-gossip")
        self.phase = Phase.STARTING
        self.mesh = mesh
        self.reason = "the service was stopped"
        """Why it stops, for `stopping` and for peers."""
        self._settings = settings
        self._doors = doors
        self._keeping = keeping
        self._showing = showing
        self._reactor = reactor
        self._reread = reread
        self._ports: list[IListeningPort] = []
        self._answers: Answering | None = None

    def startService(self) -> None:
        """
        Listen, then join.

        :raises CannotRun: an address cannot be listened on. Nothing is left half open.
        """
        super().startService()
        try:
            for door in self._doors:
                self._ports.append(self._opened(door))
            self._answers = self._answering(bound_to(self._ports[0]).port)
        except CannotRun:
            for opened in self._ports:
                opened.stopListening()
            self._let_go()
            raise
        self.phase = Phase.RUNNING
        self.mesh.recall(self._keeping.begin(self.mesh.book.remember))
        self.mesh.start(tuple(bound_to(port) for port in self._ports))
        # Not before the reactor runs: whoever reads it may send a signal at once.
        self._reactor.callWhenRunning(self._announce)

    def _let_go(self) -> None:
        # Nobody waits for it: where the process ends, the directory is free anyway.
        closing = Deferred.fromCoroutine(self._keeping.close())
        closing.addErrback(lambda failure: _log.failure("while letting go", failure))

    def leave(self) -> None:
        """Stop the process, and so the node."""
        self.reason = "it was asked to leave"
        self._reactor.callLater(0, self._reactor.stop)

    def reload(self) -> tuple[str, ...]:
        """
        Read the configuration again; the options that have other values now.

        :raises Conflict: there is no file, or it is wrong; nothing has changed.
        """
        if self._reread is None:
            raise Conflict("this node has no --config, so there is nothing to read again")
        self._showing.reloading()
        try:
            return self._take(self._reread())
        except UsageError as error:
            raise Conflict(str(error)) from None
        finally:
            self._showing.reloaded()

    def _take(self, wanted: Settings) -> tuple[str, ...]:
        names = changed(self._settings, wanted)
        self._settings = merged(self._settings, wanted)
        logs.configure(os.environ, self._settings.log)
        self.mesh.restate(self._settings)
        later = changed(self._settings, wanted)
        if later:
            _log.warn(
                "what the configuration says of {names} takes effect when the node is restarted",
                names=", ".join(f"--{name}" for name in later),
            )
        return tuple(name for name in names if name not in later)

    def _answering(self, port: int) -> Answering:
        made = Answering(self._settings, self._keeping.control, port, self._sight, self._reactor)
        try:
            made.open(self.mesh.desk(self.leave, self.reload))
        except CannotAnswer as error:
            raise CannotRun(str(error)) from None
        return made

    def _sight(self) -> Any:
        return import_module("gossip.control.sight").Sight(
            window=self.mesh.window,
            chronicle=self._keeping.history,
            lookout=self.mesh.lookout,
            instruments=self.mesh.instruments,
        )

    def _announce(self) -> None:
        bound = [bound_to(port) for port in self._ports]
        self._showing(
            Listening(
                id=self.mesh.book.own.id,
                port=bound[0].port,
                addresses=tuple(str(address) for address in bound),
                network=self._settings.network,
                name=self._settings.name,
                http=None if self._answers is None else self._answers.http,
            )
        )

    def _opened(self, door: Door) -> IListeningPort:
        # Port 0 means one free port for all addresses: there is only one in the record.
        first = bound_to(self._ports[0]).port if self._ports else 0
        answers: list[Any] = []
        try:
            endpoint = door.open(self._settings.port or first)
            endpoint.listen(self.mesh.acceptor).addBoth(answers.append)
        except listeners.CannotListen as error:
            raise CannotRun(str(error)) from None
        # An endpoint on a local address answers at once; one that does not is not for us.
        port = answers[0] if answers else None
        if not IListeningPort.providedBy(port):
            raise CannotRun(why_not(door.name, getattr(port, "value", None)))
        if literal(bound_to(port).host) is None:
            port.stopListening()
            raise CannotRun(f"cannot listen on {door.name}: peers must have IP addresses")
        return port

    async def stopService(self) -> None:
        """Accept nobody any more, say farewell, and be gone within two seconds."""
        super().stopService()
        if self.phase is not Phase.RUNNING:
            return
        self.phase = Phase.LEAVING
        self._showing(Stopping(reason=self.reason))
        closed = [port.stopListening() for port in self._ports]
        if self._answers is not None:
            closed.append(Deferred.fromCoroutine(self._answers.stop()))
        try:
            await self.mesh.leave(self.reason)
            await gatherResults([d for d in closed if d is not None], consumeErrors=True)
        finally:
            # Whatever would not close, nothing that is known is lost for it.
            try:
                await self._keeping.close()
            finally:
                self.phase = Phase.STOPPED
                self._showing.close()


def compose(
    settings: Settings,
    reactor: Any = _reactor,
    *,
    stdout: TextIO | None = None,
    kind: type[Node] = Node,
    reread: Reread | None = None,
) -> Node:
    """
    The service of a node.

    `stdout` is where its output goes, `sys.stdout` where it is not given; `reread` says what the
    settings are now, where they can be read again.

    :raises CannotRun: a file cannot be used, or an address cannot be listened on.
    """
    steady(reactor)
    try:
        vouch, kept = keys.vouch(settings), keeping(settings, reactor, time.time)
    except (keys.KeyUnusable, CannotKeep) as error:
        raise CannotRun(str(error)) from None
    identity = kept.identity
    secure = Credentials(identity)
    showing = Showing(settings, reactor, stdout or sys.__stdout__)
    showing.add(kept.history)
    mesh = Mesh(
        settings,
        Subject(
            public=identity.public,
            sign=identity.sign,
            network=settings.network,
            name=settings.name,
            tags=dict(settings.tags),
            advertise=settings.advertise,
            used=kept.used,
        ),
        World(
            clock=reactor,
            wall=time.time,
            slept=system.slept,
            # Seeded by the system, which need not be asked each time: what is drawn are moments, and
            # whom to ask first; nothing that nobody may guess.
            random=Random(),  # noqa: S311 - nothing here is a secret
            roads=TLSRoads(reactor, secure, vouch),
            identify=credentials.peer_of,
            explain=credentials.explanation,
            spare=system.descriptors_left,
            cipher=credentials.cipher_of,
            changed=kept.changed,
            renewed=kept.renewed,
            counters=kept.counters,
        ),
        showing,
    )
    return kind(
        settings=settings,
        mesh=mesh,
        doors=[secured(door, secure, reactor) for door in doors_of(settings, reactor)],
        keeping=kept,
        showing=showing,
        reactor=reactor,
        reread=reread,
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

    SIGHUP reloads. Replaces Twisted's own handlers, which make twistd end by the signal instead of with
    status 0.
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

    def reload(number: int, _: object) -> None:
        reactor.callFromThread(_reload, node)

    def install() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        signal.signal(signal.SIGHUP, reload)

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


def hosted(settings: Settings, reread: Reread | None = None) -> Node:
    """The service of a node for twistd and twist: ends the process where it cannot run."""
    logs.configure(os.environ, settings.log)
    try:
        return compose(settings, kind=_Hosted, reread=reread)
    except CannotRun as error:
        raise SystemExit(f"p2p-gossip: {error}") from None


def run(settings: Settings, reread: Reread | None = None) -> None:
    """
    Run a node until it is told to stop.

    :raises CannotRun: it cannot start.
    """
    node = compose(settings, reread=reread)
    handle_signals(node)
    node.startService()
    _reactor.addSystemEventTrigger(
        "before", "shutdown", lambda: Deferred.fromCoroutine(node.stopService())
    )
    _reactor.callWhenRunning(settle)
    _reactor.run()


def settle() -> None:
    """Look for garbage from now on (cli.py), but not in what is there: to find its MiB takes 14 ms."""
    gc.freeze()
    gc.enable()


def _reload(node: Node) -> None:
    try:
        names = node.reload()
    except Conflict as error:
        _log.error("nothing was reloaded: {error}", error=str(error))
    else:
        _log.info("reloaded: {names}", names=", ".join(names) or "nothing has changed")

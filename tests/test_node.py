"""
The composition root: how a node starts, what it does when it cannot, and how it stops.
"""

import io
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs, formatEvent
from twisted.python.usage import UsageError
from zope.interface import implementer

from gossip import doors, logs, node
from gossip.keeping import WhileItRuns
from gossip.mesh.memories import Memory
from gossip.mesh.status import Conflict, Event, Listening, Stopping
from gossip.node import CannotRun, Node, Phase
from gossip.settings import Settings
from gossip.showing import Showing
from gossip.trust.identity import PeerId
from tests.cases import UnitCase
from tests.street import WALL, Street, record


@implementer(IListeningPort)
class Port:
    """A listening port that remembers whether it was closed."""

    def __init__(self, host: str, number: int) -> None:
        self.host = host
        self.port = number
        self.closed = False

    def startListening(self) -> None:
        """It listens already."""

    def stopListening(self) -> Deferred[None]:
        """Close it."""
        self.closed = True
        return succeed(None)

    def getHost(self) -> Any:
        """Where it listens."""
        return self


@implementer(IStreamServerEndpoint)
class Door:
    """An endpoint that answers as it was told to."""

    def __init__(self, answer: Port | Exception) -> None:
        self.answer = answer

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """Listen, or fail to."""
        if isinstance(self.answer, Exception):
            return fail(self.answer)
        return succeed(self.answer)


def opens(answer: Port | Exception, port: int) -> Door:
    """A door for any port."""
    return Door(answer)


class Runs:
    """A reactor that runs already."""

    def __init__(self) -> None:
        self.stopped = 0

    def callWhenRunning(self, call: Callable[[], None]) -> None:
        """At once."""
        call()

    def callLater(self, delay: float, call: Callable[[], None]) -> None:
        """As soon as may be."""
        call()

    def stop(self) -> None:
        """It would stop."""
        self.stopped += 1


class Kept(WhileItRuns):
    """Keeps in memory, and remembers what it was asked to do."""

    def __init__(self) -> None:
        super().__init__(Settings(), MemoryReactorClock(), time.time)
        self.memories: list[Memory] = []
        self.asked: list[str] = []

    def begin(self, remember: Callable[[PeerId], Memory | None]) -> list[Memory]:
        """Whom it was given."""
        self.asked.append("begin")
        return self.memories

    async def close(self) -> None:
        """Done."""
        self.asked.append("close")


class NodeCase(UnitCase):
    """A node of the street."""

    def made(self, *answers: Port | Exception) -> tuple[Node, list[Event], Street]:
        """A node of the street with these doors, and what it told."""
        street = Street()
        house = street.house("a")
        events: list[Event] = []
        showing = Showing(Settings(output="none"), MemoryReactorClock(), None)
        showing.add(events.append)
        self.kept, self.runs = Kept(), Runs()
        made = Node(
            settings=replace(house.settings, port=8080),
            mesh=house.mesh,
            doors=[
                doors.Door(f"door {i}", partial(opens, answer)) for i, answer in enumerate(answers)
            ],
            keeping=self.kept,
            showing=showing,
            reactor=self.runs,
        )
        self.addCleanup(street.leave)
        return made, events, street


class NodeTests(NodeCase):
    """A node's life."""

    def test_it_tells_where_it_listens(self) -> None:
        """All bound addresses, and the port of the first."""
        made, events, _ = self.made(Port("10.0.0.1", 8080), Port("::1", 9000))
        made.startService()
        (listening,) = events
        assert isinstance(listening, Listening)
        self.assertEqual(("10.0.0.1:8080", "[::1]:9000"), listening.addresses)
        self.assertEqual(8080, listening.port)
        self.assertIs(Phase.RUNNING, made.phase)

    def test_a_taken_port_is_told_in_one_sentence(self) -> None:
        """Nothing is left half open, and the sentence says what to do."""
        first = Port("10.0.0.1", 8080)
        taken = CannotListenError("10.0.0.2", 8080, OSError(98, "Address already in use"))
        made, events, _ = self.made(first, taken)
        with self.assertRaises(CannotRun) as caught:
            made.startService()
        self.assertEqual(
            "cannot listen on door 1: Address already in use; choose another with --port or"
            " --listen",
            str(caught.exception),
        )
        self.assertTrue(first.closed)
        self.assertEqual([], events)

    def test_it_stops_in_order(self) -> None:
        """Nobody is accepted any more, everyone is told, and the phase says so."""
        port = Port("10.0.0.1", 8080)
        made, events, street = self.made(port)
        other = street.house("b")
        made.startService()
        made.reason = "stopped by SIGTERM"
        stopped = Deferred.fromCoroutine(made.stopService())
        self.assertTrue(port.closed)
        self.assertEqual(
            ["stopped by SIGTERM"], [e.reason for e in events if isinstance(e, Stopping)]
        )
        street.run(2)
        self.successResultOf(stopped)
        self.assertIs(Phase.STOPPED, made.phase)
        self.assertEqual(set(), other.linked())

    def test_stopping_twice_is_stopping_once(self) -> None:
        """The second request finds nothing to do."""
        made, events, street = self.made(Port("10.0.0.1", 8080))
        made.startService()
        first = Deferred.fromCoroutine(made.stopService())
        second = Deferred.fromCoroutine(made.stopService())
        street.run(2)
        self.successResultOf(first)
        self.successResultOf(second)
        self.assertEqual(1, sum(isinstance(event, Stopping) for event in events))


class AskedTests(NodeCase):
    """What a running node is asked to do."""

    def test_memory_begins_and_ends_with_it(self) -> None:
        """Whom it knew is known when it runs; what is not written yet is, when it has left."""
        made, _, street = self.made(Port("10.0.0.1", 8080))
        known = record("p", at=WALL)
        self.kept.memories = [Memory(id=known.id, sealed=known.sealed, state="dead")]
        made.startService()
        self.assertEqual(["begin"], self.kept.asked)
        self.assertIsNotNone(made.mesh.book.get(known.id))
        stopped = Deferred.fromCoroutine(made.stopService())
        street.run(2)
        self.successResultOf(stopped)
        self.assertEqual(["begin", "close"], self.kept.asked)

    def test_memory_where_something_does_not_close(self) -> None:
        """What is not written yet is written whatever else fails."""
        port = Port("10.0.0.1", 8080)
        made, _, street = self.made(port)
        made.startService()
        self.patch(port, "stopListening", lambda: fail(OSError("stuck")))
        stopped = Deferred.fromCoroutine(made.stopService())
        street.run(2)
        self.failureResultOf(stopped)
        self.assertEqual(["begin", "close"], self.kept.asked)
        self.assertIs(Phase.STOPPED, made.phase)

    def test_memory_of_one_that_cannot_run(self) -> None:
        """It is let go of, for the next try."""
        made, _, _ = self.made(CannotListenError("10.0.0.2", 8080, OSError(98, "taken")))
        self.assertRaises(CannotRun, made.startService)
        self.assertEqual(["close"], self.kept.asked)

    def test_leave(self) -> None:
        """The process is stopped, for a reason that peers hear."""
        made, _, _ = self.made(Port("10.0.0.1", 8080))
        made.leave()
        self.assertEqual((1, "it was asked to leave"), (self.runs.stopped, made.reason))

    def test_reload(self) -> None:
        """What can change does, and is told to peers; what cannot is said."""
        self.patch(logs.levels, "threshold", logs.levels.threshold)
        made, _, _ = self.made(Port("10.0.0.1", 8080))
        made.startService()
        before = made.mesh.book.own.seq
        wanted = replace(made._settings, name="renamed", period=9.0, port=1, log="debug")
        made._reread = lambda: wanted
        with capturedLogs() as lines:
            self.assertEqual({"name", "period", "log"}, set(made.reload()))
        self.assertIn("--port", " ".join(formatEvent(line) or "" for line in lines))
        own = made.mesh.book.own
        self.assertEqual("renamed", own.name)
        self.assertGreater(own.seq, before)
        self.assertEqual(9.0, made.mesh.window.status().period_s)
        self.assertEqual("debug", logs.levels.threshold.default)
        self.assertEqual(8080, made._settings.port)

    def test_reload_of_nothing(self) -> None:
        """Without a file, or with one that is wrong, nothing changes."""
        made, _, _ = self.made(Port("10.0.0.1", 8080))
        before = made._settings
        self.assertRaises(Conflict, made.reload)

        def wrong() -> Settings:
            raise UsageError("--port x is not a whole number")

        made._reread = wrong
        error = self.assertRaises(Conflict, made.reload)
        self.assertEqual("--port x is not a whole number", str(error))
        self.assertIs(before, made._settings)


class ComposeTests(UnitCase):
    """Settings become a node, or a sentence."""

    def compose(self, **settings: Any) -> Node:
        """A node on a reactor that does nothing."""
        reactor = MemoryReactorClock()
        made = node.compose(Settings(name="a", **settings), reactor, stdout=io.StringIO())
        self.assertIs(time.monotonic, reactor.seconds)
        return made

    def test_settings_become_a_node(self) -> None:
        """One node, not yet started, with a key of its own."""
        one, other = self.compose(listen=("127.0.0.1",)), self.compose(output="json")
        self.assertIs(Phase.STARTING, one.phase)
        self.assertNotEqual(one.mesh.book.own.id, other.mesh.book.own.id)

    def test_files_that_cannot_be_used(self) -> None:
        """Each is named, with what is wrong with it."""
        nothing = self.mktemp()
        empty = self.mktemp()
        Path(empty).write_text("nothing of use")
        for settings, words in (
            ({"key": nothing}, f"--key {nothing} cannot be read: No such file"),
            ({"key": empty}, f"{empty}: the key is not a private key in PEM"),
            ({"authority": nothing}, f"--ca {nothing} cannot be read"),
            ({"authority": empty}, f"{empty}: there is no certificate in it"),
            ({"listen": ("nonsense",)}, "--listen 'nonsense' is not"),
        ):
            with self.assertRaises(CannotRun) as caught:
                self.compose(**settings).startService()
            self.assertIn(words, str(caught.exception))

    def test_what_has_no_ip_address_is_not_listened_on(self) -> None:
        """Peers tell each other at which address they see each other."""
        opened = Port("", 0)
        street = Street()
        house = street.house("a")
        self.addCleanup(street.leave)
        made = Node(
            settings=house.settings,
            mesh=house.mesh,
            doors=[doors.Door("unix:path", partial(opens, opened))],
            keeping=Kept(),
            showing=Showing(Settings(output="none"), MemoryReactorClock(), None),
            reactor=Runs(),
        )
        with self.assertRaises(CannotRun) as caught:
            made.startService()
        self.assertEqual(
            "cannot listen on unix:path: peers must have IP addresses", str(caught.exception)
        )
        self.assertTrue(opened.closed)

    def test_port_0_is_one_port_for_all_addresses(self) -> None:
        """The second address gets the port that the system picked for the first."""
        street = Street()
        house = street.house("a")
        self.addCleanup(street.leave)
        asked: list[int] = []

        def door(port: int) -> Door:
            asked.append(port)
            return Door(Port("10.0.0.1", 4711))

        made = Node(
            settings=replace(house.settings, port=0),
            mesh=house.mesh,
            doors=[doors.Door("one", door), doors.Door("other", door)],
            keeping=Kept(),
            showing=Showing(Settings(output="none"), MemoryReactorClock(), None),
            reactor=Runs(),
        )
        made.startService()
        self.assertEqual([0, 4711], asked)

    def test_timers_that_are_set_already_are_left_alone(self) -> None:
        """Their times would be wrong on another clock; a warning says what that means."""
        reactor = MemoryReactorClock()
        call = reactor.callLater(1, lambda: None)
        node.steady(reactor)
        self.assertEqual(0.0, reactor.seconds())
        call.cancel()

    def test_twistd_gets_one_line(self) -> None:
        """What cannot run ends twistd with a sentence instead of a traceback."""
        with self.assertRaises(SystemExit) as caught:
            node.hosted(Settings(name="a", key=self.mktemp()))
        self.assertIn("p2p-gossip: --key", str(caught.exception))

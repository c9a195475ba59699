"""
The composition root: how a node starts, what it does when it cannot, and how it stops.
"""

import io
import time
from functools import partial
from pathlib import Path
from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs, formatEvent
from zope.interface import implementer

from gossip import node
from gossip.mesh.status import Event, Listening, Stopping
from gossip.node import CannotRun, Node, Phase
from gossip.settings import Settings
from tests.cases import UnitCase
from tests.street import Street
from tests.trust import samples


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


class NodeTests(UnitCase):
    """A node's life."""

    def made(self, *answers: Port | Exception) -> tuple[Node, list[Event], Street]:
        """A node of the street with these doors, and what it told."""
        street = Street()
        house = street.house("a")
        events: list[Event] = []
        made = Node(
            settings=evolve(house.settings, port=8080),
            mesh=house.mesh,
            doors=[
                node.Door(f"door {i}", partial(opens, answer)) for i, answer in enumerate(answers)
            ],
            tell=events.append,
            when_running=lambda call: call(),
        )
        self.addCleanup(street.leave)
        return made, events, street

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

    def test_key_that_others_can_read(self) -> None:
        """People are told once, and how to mend it; a key of one's own is not worth a word."""
        path = Path(self.mktemp())
        path.write_bytes(samples.ED25519_KEY)
        for mode, count in ((0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1), (0o620, 1)):
            path.chmod(mode)
            with capturedLogs() as lines:
                self.compose(key=str(path))
            said = [formatEvent(line) for line in lines]
            self.assertEqual(count, sum(f"chmod 600 {path}" in line for line in said), said)

    def test_what_has_no_ip_address_is_not_listened_on(self) -> None:
        """Peers tell each other at which address they see each other."""
        opened = Port("", 0)
        street = Street()
        house = street.house("a")
        self.addCleanup(street.leave)
        made = Node(
            settings=house.settings,
            mesh=house.mesh,
            doors=[node.Door("unix:path", partial(opens, opened))],
            tell=lambda _: None,
            when_running=lambda call: call(),
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
            settings=evolve(house.settings, port=0),
            mesh=house.mesh,
            doors=[node.Door("one", door), node.Door("other", door)],
            tell=lambda _: None,
            when_running=lambda call: call(),
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

    def test_sleep_is_counted(self) -> None:
        """Suspended time only grows, and there is less of it than of uptime."""
        first = node._slept()
        self.assertGreaterEqual(node._slept(), first - 0.001)

    def test_twistd_gets_one_line(self) -> None:
        """What cannot run ends twistd with a sentence instead of a traceback."""
        with self.assertRaises(SystemExit) as caught:
            node.hosted(Settings(name="a", key=self.mktemp()))
        self.assertIn("p2p-gossip: --key", str(caught.exception))

"""
What systemd is told, and when.
"""

import contextlib
import os
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gossip.mesh.status import Listening, PeerAlive, PeerDead, PeerLeft, Stopping
from gossip.surfaces.systemd import STATUS_GAP, Notifier

LISTENING = Listening(id="a" * 64, port=1, addresses=(), network="default", name="n")


def alive(peer: str) -> PeerAlive:
    """A peer that became alive."""
    return PeerAlive(peer=peer, name="n", address="a:1", direction="dialed", first=True)


def dead(peer: str) -> PeerDead:
    """A peer that died."""
    return PeerDead(peer=peer, name="n", address="a:1", reason="silent", silent_s=3.0)


class NotifierTests(SynchronousTestCase):
    """A real socket, for there is nothing else that it could be told through."""

    def setUp(self) -> None:
        """Listen where systemd would."""
        self.path = os.path.join(tempfile.mkdtemp(), "notify")  # noqa: PTH118
        self.time = Clock()
        self.systemd = self.bind(self.path)

    def tearDown(self) -> None:
        """Nothing is left to do."""
        self.assertEqual([], self.time.getDelayedCalls())
        with contextlib.suppress(FileNotFoundError):
            Path(self.path).unlink()
        Path(self.path).parent.rmdir()

    def bind(self, address: str) -> socket.socket:
        """A socket as systemd has it."""
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(bound.close)
        bound.bind(address)
        bound.setblocking(False)
        return bound

    def told(self, bound: socket.socket | None = None) -> list[str]:
        """What arrived since this was asked last."""
        texts = []
        with contextlib.suppress(BlockingIOError):
            while True:
                texts.append((bound or self.systemd).recv(4096).decode())
        return texts

    def notifier(self, watchdog: float | None = None) -> Notifier:
        """A notifier for the socket, stopped in the end."""
        made = Notifier(self.path, watchdog, self.time)
        self.addCleanup(made.stop)
        return made

    def test_ready_with_the_first_status(self) -> None:
        """It is ready once it listens, and says at once how many peers there are."""
        self.notifier()(LISTENING)
        self.assertEqual(["READY=1\nSTATUS=0 peers alive"], self.told())

    def test_abstract_socket(self) -> None:
        """A name that begins with @ is a socket without a file."""
        name = f"p2p-gossip-{os.getpid()}-{id(self)}"
        bound = self.bind(f"\0{name}")
        Notifier(f"@{name}", None, self.time)(Stopping(reason="x"))
        self.assertEqual(["STOPPING=1"], self.told(bound))

    def test_status_counts_peers(self) -> None:
        """A peer is counted once, until it is dead or has left."""
        notifier = self.notifier()
        for event, status in (
            (alive("b"), "1 peer alive"),
            (alive("b"), "1 peer alive"),
            (alive("c"), "2 peers alive"),
            (dead("b"), "1 peer alive"),
            (dead("b"), "1 peer alive"),
            (PeerLeft(peer="c", name="n", address="a:1"), "0 peers alive"),
        ):
            notifier(event)
            self.time.advance(STATUS_GAP)
            self.assertEqual([f"STATUS={status}"], self.told())

    def test_status_is_told_once_a_second(self) -> None:
        """A mesh of a thousand that forms is one line in systemd's view."""
        notifier = self.notifier()
        for number in range(1000):
            notifier(alive(str(number)))
        self.assertEqual([], self.told())
        self.time.advance(STATUS_GAP)
        self.assertEqual(["STATUS=1000 peers alive"], self.told())

    def test_watchdog(self) -> None:
        """From the moment that it is ready it beats three times in each period, until stopped."""
        notifier = self.notifier(watchdog=3.0)
        self.time.advance(10)
        self.assertEqual([], self.told())
        notifier(LISTENING)
        self.assertEqual("WATCHDOG=1", self.told()[-1])
        for _ in range(5):
            self.time.advance(1.0)
            self.assertEqual(["WATCHDOG=1"], self.told())
        notifier.stop()
        self.time.advance(10)
        self.assertEqual([], self.told())

    def test_reload(self) -> None:
        """When it begins, by the clock that systemd has, and that it is over."""
        notifier = Notifier(self.path, None, self.time)
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        notifier.reloading()
        notifier.reloaded()
        begun, over = self.told()
        self.assertEqual("READY=1", over)
        self.assertTrue(begun.startswith("RELOADING=1\nMONOTONIC_USEC="), begun)
        self.assertGreaterEqual(int(begun.rpartition("=")[2]), before)

    def test_stop_leaves_nothing_to_do(self) -> None:
        """A status that waited to be told is not told any more; stopping twice is as well."""
        notifier = self.notifier(watchdog=3.0)
        notifier(alive("b"))
        notifier.stop()
        notifier.stop()
        self.assertEqual([], self.time.getDelayedCalls())
        self.assertEqual([], self.told())

    def test_other_events_are_not_told(self) -> None:
        """systemd does not hear of anything else."""
        other: Any = object()
        self.notifier()(other)
        self.assertEqual([], self.told())

    def test_nobody_there(self) -> None:
        """A socket that is gone, a directory that never was, and a full one do no harm."""
        self.systemd.close()
        Path(self.path).unlink()
        for path in (self.path, "/nonexistent/notify", "/" + "x" * 200):
            Notifier(path, None, self.time)(LISTENING)
        full = self.bind(self.path)
        notifier = self.notifier()
        for _ in range(2000):
            notifier(LISTENING)
        self.assertLess(len(self.told(full)), 2000)

    def test_beat_that_fails_is_logged(self) -> None:
        """Should a beat fail as it never should, that is told, with what happened."""

        class Broken(Notifier):
            def _send(self, text: str) -> None:
                if text == "WATCHDOG=1":
                    raise RuntimeError

        Broken(self.path, 3.0, self.time)(LISTENING)
        self.assertEqual(1, len(self.flushLoggedErrors(RuntimeError)))


class EnvironmentTests(SynchronousTestCase):
    """What the environment asks for."""

    def ask(self, **environment: str) -> Notifier | None:
        """What is made of an environment."""
        return Notifier.from_environment(environment, Clock())

    def test_not_under_systemd(self) -> None:
        """Without a socket, or with one that cannot be, there is nobody to tell."""
        for path in ({}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "relative"}):
            self.assertIsNone(self.ask(**path))

    def test_watchdog(self) -> None:
        """A watchdog is served where it is asked for, in a number, of this process."""
        own = str(os.getpid())
        for environment, beats in (
            ({}, False),
            ({"WATCHDOG_USEC": "3000000"}, True),
            ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": own}, True),
            ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, False),
            ({"WATCHDOG_USEC": "0"}, False),
            ({"WATCHDOG_USEC": "soon"}, False),
            ({"WATCHDOG_USEC": ""}, False),
        ):
            clock = Clock()
            notifier = Notifier.from_environment({"NOTIFY_SOCKET": "/none", **environment}, clock)
            assert notifier is not None
            notifier(LISTENING)
            self.assertEqual([1.0] if beats else [], [c.getTime() for c in clock.getDelayedCalls()])
            notifier.stop()

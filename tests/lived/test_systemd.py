"""
A node under systemd: what it tells, when, and the socket that it may be given.

There is no systemd here, but what it does for such a service: a socket to be told through, an
environment, signals, and for socket activation the tool that comes with it.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from struct import Struct
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

import gossip

PATIENCE = 60.0
"""Seconds that a test waits for something that should happen: long, since machines are shared."""

TWISTD = (sys.executable, "-c", "from twisted.scripts.twistd import run; run()")
NODE = (*TWISTD, "-n", "--pidfile=", "p2p-gossip", "--output", "json")
LOCAL = ("--listen", "127.0.0.1", "--port", "0")

OUTSIDE = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID")
LEVELS = ("P2P_GOSSIP_LOG", "RUST_LOG")

_CREDENTIALS = Struct("3i")


def environment(**more: str) -> dict[str, str]:
    """The environment of a node: the same `gossip` that the tests import, and no systemd."""
    path = os.pathsep.join(
        filter(None, (str(Path(gossip.__file__).parent.parent), os.environ.get("PYTHONPATH")))
    )
    kept = {k: v for k, v in os.environ.items() if k not in (*OUTSIDE, *LEVELS)}
    return {**kept, "PYTHONPATH": path, **more}


class Systemd:
    """The end of the socket at which systemd would listen."""

    def __init__(self, path: str) -> None:
        self.name = path
        self.told: list[tuple[float, str, int]] = []
        """When, what, and by which process."""
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind("\0" + path[1:] if path.startswith("@") else path)

    def next(self, seconds: float = PATIENCE) -> str | None:
        """The next that is told; None if nothing is for so long."""
        self.socket.settimeout(seconds)
        try:
            data, ancillary, _, _ = self.socket.recvmsg(4096, 1024)
        except (TimeoutError, BlockingIOError):
            return None
        (_, _, credentials), *_ = ancillary
        pid, _, _ = _CREDENTIALS.unpack(credentials)
        self.told.append((time.monotonic(), data.decode(), pid))
        return data.decode()

    def until(self, line: str) -> str:
        """Wait for a line; all that was told with it."""
        while (text := self.next()) is not None:
            if line in text.splitlines():
                return text
        raise AssertionError(f"{line!r} did not come: {self.told}")

    def drain(self) -> None:
        """Read what is there."""
        while self.next(0) is not None:
            pass


class Running:
    """A process whose output is read as far as it is waited for."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.pid = self.process.pid

    def until(self, event: str) -> dict[str, Any]:
        """The next event of a kind that it prints."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{") and (told := json.loads(line))["event"] == event:
                return dict(told)
        raise AssertionError(f"{event!r} did not come: {self.finish()}")

    def errors_until(self, words: str) -> None:
        """Wait for words on stderr."""
        assert self.process.stderr is not None
        while words not in self.process.stderr.readline():
            if self.process.poll() is not None:
                raise AssertionError(f"{words!r} did not come: {self.finish()}")

    def finish(self) -> tuple[int, str, str]:
        """Wait for its end: status, and the rest of stdout and stderr."""
        out, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, errors

    def terminate(self) -> tuple[int, str, str]:
        """Stop it as systemd does."""
        self.process.send_signal(signal.SIGTERM)
        return self.finish()

    def kill(self) -> None:
        """End it, however it is."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def shake_hands(port: int) -> str | None:
    """Connect, and complete a TLS handshake as far as a stranger can; the protocol agreed on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["p2p-gossip/1"])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain,
        context.wrap_socket(plain) as secure,
    ):
        return secure.selected_alpn_protocol()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def the_line(printed: str) -> str:
    """The one line that says why a node cannot run; twistd may log before it."""
    lines = [line for line in printed.splitlines() if "p2p-gossip: " in line]
    if len(lines) != 1 or "Traceback" in printed:
        raise AssertionError(f"this is not one line of ours: {printed}")
    return lines[0]


class SystemdCase(SynchronousTestCase):
    """What the tests of this module start from."""

    timeout = 240

    def systemd(self, path: str | None = None) -> Systemd:
        """A socket for a service to talk to."""
        if path is None:
            directory = tempfile.mkdtemp()
            self.addCleanup(shutil.rmtree, directory)
            path = f"{directory}/notify"
        made = Systemd(path)
        self.addCleanup(made.socket.close)
        return made

    def start(self, *arguments: str, **environ: str) -> Running:
        """A node, by twistd."""
        return self.run_command([*NODE, *arguments], **environ)

    def run_command(self, command: Sequence[str], **environ: str) -> Running:
        """A process that does not outlive the test."""
        running = Running(command, environment(**environ))
        self.addCleanup(running.kill)
        return running


class NotifyTests(SystemdCase):
    """What a unit of Type=notify tells."""

    def test_ready_when_it_accepts(self) -> None:
        """READY=1 comes from the process itself, and from then on its port does TLS."""
        for path in (None, f"@p2p-gossip-{os.getpid()}"):
            systemd = self.systemd(path)
            port = free_port()
            node = self.start(
                *("--listen", "127.0.0.1", "--port", str(port)), NOTIFY_SOCKET=systemd.name
            )
            text = systemd.until("READY=1")
            self.assertEqual("p2p-gossip/1", shake_hands(port))
            self.assertEqual("READY=1\nSTATUS=0 peers alive", text)
            self.assertEqual([node.pid], [pid for _, _, pid in systemd.told])
            node.kill()

    def test_not_ready_when_it_cannot_listen(self) -> None:
        """Where the port is taken, READY=1 never comes, and the status is 1."""
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        systemd = self.systemd()
        node = self.start(
            *("--listen", "127.0.0.1", "--port", str(taken.getsockname()[1])),
            NOTIFY_SOCKET=systemd.name,
            WATCHDOG_USEC="1000000",
        )
        status, out, errors = node.finish()
        self.assertEqual(1, status)
        self.assertIn("cannot listen on 127.0.0.1", the_line(out + errors))
        systemd.drain()
        self.assertEqual([], systemd.told)

    def test_status_counts_peers(self) -> None:
        """STATUS= changes when another node joins, and again when it has left."""
        systemd = self.systemd()
        first = self.start(*LOCAL, NOTIFY_SOCKET=systemd.name)
        systemd.until("STATUS=0 peers alive")
        port = first.until("listening")["port"]
        second = self.start(*LOCAL, "--connect", f"127.0.0.1:{port}")
        systemd.until("STATUS=1 peer alive")
        self.assertEqual(0, second.terminate()[0])
        systemd.until("STATUS=0 peers alive")

    def test_stopping(self) -> None:
        """SIGTERM makes it say STOPPING=1, and end with status 0; after that it says nothing."""
        systemd = self.systemd()
        node = self.start(*LOCAL, NOTIFY_SOCKET=systemd.name, WATCHDOG_USEC="1000000")
        systemd.until("READY=1")
        self.assertEqual("p2p-gossip/1", shake_hands(node.until("listening")["port"]))
        self.assertEqual(0, node.terminate()[0])
        systemd.until("STOPPING=1")
        systemd.drain()
        self.assertNotIn("READY=1", [text for _, text, _ in systemd.told[1:]])

    def test_children_cannot_speak_for_it(self) -> None:
        """The variable is taken out of the environment that a child of the node would have."""
        systemd = self.systemd()
        program = (
            "import os; from gossip import node; from gossip.settings import Settings;"
            "node.compose(Settings(listen=('127.0.0.1',), port=0));"
            "print(os.environ.get('NOTIFY_SOCKET'))"
        )
        running = self.run_command([sys.executable, "-c", program], NOTIFY_SOCKET=systemd.name)
        self.assertEqual((0, "None\n", ""), running.finish())


class WatchdogTests(SystemdCase):
    """What WatchdogSec= asks for."""

    def test_beats(self) -> None:
        """From READY=1 on, WATCHDOG=1 comes at least twice in each period."""
        systemd = self.systemd()
        node = self.start(*LOCAL, NOTIFY_SOCKET=systemd.name, WATCHDOG_USEC="4000000")
        systemd.until("READY=1")
        for _ in range(4):
            systemd.until("WATCHDOG=1")
        times = [when for when, _, _ in systemd.told]
        for one, other in pairwise(times):
            self.assertLess(other - one, 2.0)
        self.assertEqual({node.pid}, {pid for _, _, pid in systemd.told})

    def test_a_process_that_hangs_does_not_beat(self) -> None:
        """While it stands still nothing comes for more than the period; then it goes on."""
        systemd = self.systemd()
        node = self.start(*LOCAL, NOTIFY_SOCKET=systemd.name, WATCHDOG_USEC="600000")
        systemd.until("WATCHDOG=1")
        os.kill(node.pid, signal.SIGSTOP)
        _, status = os.waitpid(node.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status))
        systemd.drain()
        self.assertIsNone(systemd.next(1.2))
        os.kill(node.pid, signal.SIGCONT)
        systemd.until("WATCHDOG=1")

    def test_not_for_another_process(self) -> None:
        """A watchdog of another process, by its id, is not served."""
        systemd = self.systemd()
        node = self.start(
            *LOCAL, NOTIFY_SOCKET=systemd.name, WATCHDOG_USEC="100000", WATCHDOG_PID="1"
        )
        systemd.until("READY=1")
        self.assertEqual("p2p-gossip/1", shake_hands(node.until("listening")["port"]))
        self.assertEqual(0, node.terminate()[0])
        systemd.until("STOPPING=1")
        self.assertNotIn("WATCHDOG=1", [text for _, text, _ in systemd.told])


class DeafTests(SystemdCase):
    """A systemd that does not hear."""

    def lives(self, path: str) -> None:
        """Check that a node comes up, accepts, and stops as it should."""
        node = self.start(*LOCAL, NOTIFY_SOCKET=path, WATCHDOG_USEC="30000")
        port = node.until("listening")["port"]
        self.assertEqual("p2p-gossip/1", shake_hands(port))
        status, out, errors = node.terminate()
        self.assertEqual(0, status)
        self.assertNotIn("Traceback", out + errors)

    def test_nobody_reads(self) -> None:
        """A socket whose queue is full from the beginning does no harm."""
        systemd = self.systemd()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect(systemd.name)
            sender.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    sender.send(b"x")
        self.lives(systemd.name)
        while (text := systemd.next(0)) is not None:
            self.assertEqual("x", text)

    def test_nobody_there(self) -> None:
        """A socket that is gone, or never was, or cannot be, does no harm."""
        systemd = self.systemd()
        systemd.socket.close()
        for path in (systemd.name, "@p2p-gossip-nobody", "/nonexistent/notify", "relative", ""):
            self.lives(path)


class ActivationTests(SystemdCase):
    """A port that systemd opened."""

    def activated(self, domain: str, *environ: str) -> tuple[Running, int]:
        """A node that is started by the first connection, and its port."""
        tool = shutil.which("systemd-socket-activate")
        if tool is None:
            raise SkipTest("there is no systemd-socket-activate")
        port = free_port()
        passed = [f"PYTHONPATH={environment()['PYTHONPATH']}", *environ]
        running = self.run_command(
            [
                *(tool, "-l", f"127.0.0.1:{port}", "--fdname=p2p-gossip"),
                *(f"--setenv={each}" for each in passed),
                *(*NODE, "--listen", f"systemd:domain={domain}:name=p2p-gossip"),
            ]
        )
        running.errors_until("Listening on")
        return running, port

    def test_the_socket_is_taken(self) -> None:
        """The connection that started it is served, and so is a node that joins through it."""
        systemd = self.systemd()
        node, port = self.activated("INET", f"NOTIFY_SOCKET={systemd.name}")
        self.assertEqual("p2p-gossip/1", shake_hands(port))
        systemd.until("READY=1")
        listening = node.until("listening")
        self.assertEqual((port, [f"127.0.0.1:{port}"]), (listening["port"], listening["addresses"]))
        self.start(*LOCAL, "--connect", f"127.0.0.1:{port}")
        node.until("peer_alive")
        self.assertEqual(0, node.terminate()[0])

    def test_wrong_domain(self) -> None:
        """A family that the socket is not of is one line, that says which one it is."""
        node, port = self.activated("INET6")
        with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)):
            status, out, errors = node.finish()
        self.assertEqual(1, status)
        self.assertIn("write domain=INET", the_line(out + errors))

    def test_no_socket(self) -> None:
        """Started without the socket unit, it says so on one line, with status 1."""
        for which in ("name=p2p-gossip", "index=0"):
            node = self.start("--listen", f"systemd:domain=INET6:{which}")
            status, out, errors = node.finish()
            self.assertEqual(1, status)
            self.assertRegex(the_line(out + errors), r"--listen 'systemd:.*start it by its socket")

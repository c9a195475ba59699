"""
A node that says what a test tells it to, on a real Unix socket; and commands that ask it.
"""

import json
import shutil
import tempfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from io import StringIO
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from threading import Thread
from typing import Any, TypeAlias

from attrs import define, field

from gossip.client.command import main
from gossip.client.shell import Shell
from tests.cases import UnitCase

ID = "ab" * 32
OTHER = "cd" * 32
NOW = 1_700_000_000.0

Answer: TypeAlias = "tuple[int, object] | Callable[[Request], None]"


def status(alive: int = 2) -> dict[str, Any]:
    """How a node is, as the API tells it."""
    return {
        "id": ID,
        "name": "node-a",
        "port": 8080,
        "addresses": ["0.0.0.0:8080"],
        "advertised": [],
        "network": "default",
        "version": "1.0",
        "started": NOW - 7500,
        "uptime_s": 7500.0,
        "view": "0123456789abcdef",
        "period_s": 5.0,
        "heartbeat_s": 1.0,
        "tags": {"rack": "r1"},
        "peers": {"alive": alive, "dead": 1, "unreachable": 0, "left": 0, "unmet": 0},
    }


def peer(**members: Any) -> dict[str, Any]:
    """A peer, as the API tells it."""
    usual = {
        "id": OTHER,
        "name": "node-b",
        "state": "alive",
        "addresses": ["10.0.0.2:8080", "10.0.0.3:8080"],
        "address": "10.0.0.2:8080",
        "rtt_ms": 0.4321,
        "first_linked": NOW - 100.0,
        "last_linked": NOW,
        "tags": {"rack": "r2"},
        "seq": 17,
        "expires": NOW + 86400,
    }
    return {**usual, **members}


def link(**members: Any) -> dict[str, Any]:
    """A link, as the API tells it."""
    usual = {
        "peer": OTHER,
        "name": "node-b",
        "address": "10.0.0.2:8080",
        "direction": "dialed",
        "since": NOW - 60,
        "rtt_ms": {"last": 0.5, "mean": 0.6, "p50": 0.7, "p99": 8.9, "jitter": 0.1},
        "pings_sent": 10,
        "pings_answered": 9,
        "pings_missed": 1,
        "bytes_in": 1234,
        "bytes_out": 99,
        "frames_in": 5,
        "frames_out": 6,
        "cipher": "TLS_AES_128_GCM_SHA256",
    }
    return {**usual, **members}


def happened(event: str, number: int | None = None, **members: Any) -> dict[str, Any]:
    """Something that happened, as the API tells it."""
    numbered = {} if number is None else {"number": number}
    return {**numbered, "time": NOW, "event": event, **members}


def alive(number: int | None = None, name: str = "node-b") -> dict[str, Any]:
    """A peer became alive."""
    return happened(
        "peer_alive",
        number,
        peer=OTHER,
        name=name,
        address="10.0.0.2:8080",
        direction="dialed",
        first=True,
    )


class Request(BaseHTTPRequestHandler):
    """One request to the stub."""

    protocol_version = "HTTP/1.1"
    server: "_Server"

    def address_string(self) -> str:
        """Unix sockets have no address."""
        return ""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def answer(self) -> None:
        """Do what the test said."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        stub = self.server.stub
        stub.asked.append((self.command, self.path, body))
        stub.headers.append(dict(self.headers))
        key = (self.command, self.path.partition("?")[0])
        said = stub.answers.get(key, (404, {"title": "Not Found", "detail": "no such peer."}))
        if isinstance(said, list):
            said = said.pop(0) if len(said) > 1 else said[0]
        if callable(said):
            said(self)
        else:
            self.say(*said)

    do_GET = do_POST = do_DELETE = answer

    def say(self, code: int, value: object) -> None:
        """Answer with bytes, or with JSON."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(code)
        kind = "json" if code < 400 else "problem+json"
        self.send_header("Content-Type", f"application/{kind}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, *events: dict[str, Any]) -> None:
        """Send these events, and nothing more."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b": hello\n\n")
        for event in events:
            number = event.pop("number", None)
            if number is not None:
                self.wfile.write(f"id: {number}\n".encode())
            text = f"event: {event['event']}\ndata: {json.dumps(event)}\n\n"
            self.wfile.write(text.encode())
        self.close_connection = True


def hang_up(request: Request) -> None:
    """End the connection without an answer."""
    request.close_connection = True


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True
    stub: "Stub"


@define(eq=False)
class Stub:
    """The node. An answer that is a list is used up, one each time, and its last one stays."""

    path: str
    answers: dict[tuple[str, str], Any] = field(factory=dict)
    asked: list[tuple[str, str, bytes]] = field(factory=list)
    headers: list[dict[str, str]] = field(factory=list)
    _server: Any = None

    def start(self) -> None:
        """Listen."""
        Path(self.path).unlink(missing_ok=True)
        self._server = _Server(self.path, Request)
        self._server.stub = self
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        Path(self.path).unlink(missing_ok=True)


class Terminal(StringIO):
    """A stream that a person looks at."""

    def isatty(self) -> bool:
        """It is one."""
        return True


class ClientCase(UnitCase):
    """A stub, and commands that ask it."""

    def setUp(self) -> None:
        """Start the stub, in a directory with a short name."""
        self.directory = tempfile.mkdtemp(prefix="gossip")
        self.addCleanup(shutil.rmtree, self.directory)
        self.path = str(Path(self.directory, "s.sock"))
        self.node = Stub(self.path)
        self.addCleanup(self.node.stop)
        self.node.start()
        self.out: StringIO = StringIO()
        self.errors = StringIO()
        self.slept: list[float] = []
        self.time = 0.0
        self.environ = {"P2P_GOSSIP_CONTROL": self.path}
        self.width = 80

    def shell(self) -> Shell:
        """What the commands run in: its time passes only when somebody sleeps."""

        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.time += seconds

        return Shell(
            out=self.out,
            errors=self.errors,
            environ=self.environ,
            wall=lambda: NOW,
            now=lambda: self.time,
            sleep=sleep,
            width=lambda: self.width,
            height=lambda: 10,
        )

    def told(self, *arguments: str, expected: int = 0) -> str:
        """Run a command, check its status, and return what it printed."""
        self.out = self.out.__class__()
        self.errors = StringIO()
        status = main(arguments, self.shell())
        self.assertEqual(expected, status, self.errors.getvalue())
        return self.out.getvalue()

    def fails(self, *arguments: str, expected: int = 1) -> str:
        """Run a command that prints one line of error and nothing else; this line."""
        self.assertEqual("", self.told(*arguments, expected=expected))
        said = self.errors.getvalue()
        self.assertRegex(said, r"\Ap2p-gossip: [^\n]*\n\Z")
        return said.removeprefix("p2p-gossip: ").rstrip("\n")

    def answers(self, method: str, path: str, value: object, code: int = 200) -> None:
        """Have the stub answer so."""
        said = value if callable(value) or isinstance(value, list) else (code, value)
        self.node.answers[method, f"/v1/{path}"] = said

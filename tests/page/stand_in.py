"""
A server that stands for a node: its static files under the node's policy, its API from a `Network`.

`python -m tests.page.stand_in [SIZE [PORT]]` serves one, to look at the page while writing it.
"""

import json
import queue
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from tests.page.networks import Network

POLICY: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}

TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}

STATIC: Final = files("gossip.page").joinpath("static")


class Missing(Exception):
    """There is nothing there; with the status."""


class StandIn:
    """One node that can be stopped and started again, at the same port."""

    def __init__(self, network: Network, *, token: str | None = None, port: int = 0) -> None:
        self.network = network
        self.token = token
        self.asked: list[str] = []
        """Paths, in their order."""
        self.followed: list[int] = []
        """The numbers after which events were asked for."""
        self.resumed: list[str] = []
        """What came as Last-Event-ID."""
        self.history: list[dict[str, Any]] = []
        self.broken = False
        """Whether its API answers that it stops."""
        self._port = port
        self._server: _Server | None = None
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen."""
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening, and drop everybody."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
            server.drop()

    def tell(self, event: str, **members: Any) -> None:
        """Something happens."""
        with self.lock:
            number = len(self.history) + 1
            told = {"time": self.network.time, "event": event, **members}
            if event != "ping":
                self.history.append({"number": number, **told})
            subscribers = tuple(self._server.subscribers) if self._server else ()
        for subscriber in subscribers:
            subscriber.put((number if event != "ping" else 0, told))

    def lost(self, number: int, reason: str = "it was silent for 3.0 s") -> None:
        """A peer is dead, and everybody says so."""
        self.network.dead.add(number)
        peer = self.network.peer(number)
        about = {"peer": peer.id, "name": peer.name, "address": peer.address}
        self.tell("peer_dead", **about, reason=reason, silent_s=3.0)
        self.tell(
            "verdict",
            **about,
            verdict="dead",
            one_way=None,
            asked=5,
            heard_by=[],
            reason="none of 5 hears it",
        )

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        """
        The document at a path below /v1.

        :raises Missing: there is none.
        """
        network, parts = self.network, [unquote(part) for part in path.split("/")]
        whole: dict[str, Callable[[], Any]] = {
            "status": network.status,
            "peers": network.peers,
            "links": network.links,
            "matrix": network.matrix,
            "report": network.report,
            "history": lambda: self.history[-int(query.get("limit", ["100"])[0]) :],
        }
        if path in whole:
            return whole[path]()
        if len(parts) == 3 and parts[0] == "peers" and parts[2] in ("past", "diagnosis"):
            number = self._numbered(parts[1])
            return network.past(0, number) if parts[2] == "past" else network.diagnosis(number)
        if len(parts) == 3 and parts[0] == "pairs":
            author, peer = (
                self._numbered(parts[1], itself=True),
                self._numbered(parts[2], itself=True),
            )
            if author in network.dead or author in network.mute:
                raise Missing(409, "It cannot be asked, not even through others.")
            return network.pair(author, peer)
        raise Missing(404, "There is nothing at this path.")

    def _numbered(self, peer: str, *, itself: bool = False) -> int:
        if itself and peer == "self":
            return 0
        for number in range(1, self.network.size):
            if self.network.id(number) == peer:
                return number
        raise Missing(404, "No peer has this id.")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 32

    def __init__(self, address: tuple[str, int], node: StandIn) -> None:
        self.node = node
        self.subscribers: list[queue.SimpleQueue[Any]] = []
        self._open: set[socket.socket] = set()
        super().__init__(address, _Answering)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients come and go."""

    def drop(self) -> None:
        """Cut everybody off."""
        for subscriber in self.subscribers:
            subscriber.put(None)
        for connection in tuple(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        self._node.asked.append(split.path)
        if split.path == "/":
            self._file("index.html")
        elif split.path.startswith("/static/"):
            self._file(split.path.removeprefix("/static/"))
        elif not split.path.startswith("/v1/"):
            self._problem(404, "There is nothing at this path.")
        elif self._node.token and f"token={self._node.token}" not in self.headers.get("Cookie", ""):
            self._problem(401, "This node asks for its token.")
        elif self._node.broken:
            self._problem(503, "The node stops.")
        elif split.path == "/v1/events":
            self._events(parse_qs(split.query))
        else:
            self._document(split.path.removeprefix("/v1/"), parse_qs(split.query))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        token = parse_qs(body).get("token", [""])[0]
        if self.path != "/login" or token != self._node.token:
            self._problem(401, "This is not the token.")
            return
        cookie = f"token={token}; HttpOnly; SameSite=Strict; Path=/"
        self._send(303, b"", "text/plain", {"Set-Cookie": cookie, "Location": "/"})

    def log_message(self, *arguments: Any) -> None:
        """Tests print nothing."""

    @property
    def _node(self) -> StandIn:
        return self.server.node

    def _file(self, name: str) -> None:
        path = STATIC.joinpath(*name.split("/"))
        if ".." in name or not path.is_file():
            self._problem(404, "There is no such file.")
            return
        self._send(200, path.read_bytes(), TYPES[name.rpartition(".")[2]])

    def _document(self, path: str, query: dict[str, list[str]]) -> None:
        try:
            content = self._node.answer(path, query)
        except Missing as missing:
            self._problem(*missing.args)
            return
        self._send(200, json.dumps(msgspec.to_builtins(content)).encode(), "application/json")

    def _problem(self, status: int, detail: str) -> None:
        body = json.dumps({"title": "Problem", "status": status, "detail": detail}).encode()
        self._send(status, body, "application/problem+json")

    def _events(self, query: dict[str, list[str]]) -> None:
        last = self.headers.get("Last-Event-ID")
        if last:
            self._node.resumed.append(last)
        after = int(last or query.get("after", ["-1"])[0])
        self._node.followed.append(after)
        told: queue.SimpleQueue[Any] = queue.SimpleQueue()
        with self._node.lock:
            if after >= 0:
                for kept in self._node.history[after:]:
                    told.put((kept["number"], {k: v for k, v in kept.items() if k != "number"}))
            self.server.subscribers.append(told)
        self._send(200, None, "text/event-stream", {"Connection": "close"})
        self.wfile.write(b": events follow\n\n")
        with suppress(OSError):
            while (item := told.get()) is not None:
                number, event = item
                begin = f"id: {number}\n" if number else ""
                self.wfile.write(
                    f"{begin}event: {event['event']}\ndata: {json.dumps(event)}\n\n".encode()
                )
        self.close_connection = True

    def _send(
        self, status: int, body: bytes | None, kind: str, more: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        length = {} if body is None else {"Content-Length": str(len(body))}
        for name, value in {**POLICY, "Content-Type": kind, **length, **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(body)


def main(size: int = 12, port: int = 8099) -> None:
    """Serve a network with a few faults until it is interrupted."""
    network = Network(size)
    if size > 3:
        network.dead.add(3)
        network.cut.update({(1, 2), (2, 1), (5, 2)})
    node = StandIn(network, port=port)
    node.start()
    print(node.url)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
    node.stop()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

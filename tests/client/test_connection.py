"""
Questions to a node, over a real socket.
"""

import json
import socket
import time
from pathlib import Path
from threading import Thread

from gossip.client import connection
from gossip.client.connection import LONGEST_ANSWER, Node, Refused, Silent, understood
from gossip.client.errors import Failed, NotRunning
from gossip.mesh.status import NodeStatus, PeerStatus
from tests.client.stubs import ClientCase, Request, peer, status


class ConnectionTests(ClientCase):
    """Answers, and what comes instead of one."""

    def ask(self, *way: str, wait: float = 10.0) -> bytes:
        """Ask the stub."""
        return Node(self.path, time.monotonic).ask("GET", *way, wait=wait)

    def reads_and_says(self, said: bytes) -> None:
        """Have something on the socket that is no node."""
        self.node.stop()
        listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(listening.close)
        listening.bind(self.path)
        listening.listen()

        def serve() -> None:
            one, _ = listening.accept()
            with one:
                one.recv(65536)
                one.sendall(said)

        server = Thread(target=serve, daemon=True)
        server.start()
        self.addCleanup(server.join)

    def test_an_answer_is_checked(self) -> None:
        """It becomes a value with all members, of the right kinds; a newer node may say more."""
        self.answers("GET", "status", {**status(), "newer": 1})
        node = Node(self.path, time.monotonic)
        self.assertEqual("node-a", node.get(NodeStatus, "status").name)
        self.answers("GET", "status", {**status(), "port": "x"})
        with self.assertRaisesRegex(Failed, r"not understood: .*port.*; is it of the same version"):
            node.get(NodeStatus, "status")

    def test_what_is_no_json(self) -> None:
        """Neither nonsense nor what is nested without end is taken."""
        for answer in (b"", b"{", b"\xff", b"[" * 100_000):
            with self.assertRaisesRegex(Failed, "not understood"):
                understood(answer, object)

    def test_lone_surrogates(self) -> None:
        """A name that is half a character is a name."""
        found = understood(b"[%s]" % _json(peer(name="\ud800")), list[PeerStatus])
        self.assertEqual("\ud800", found[0].name)

    def test_words_are_quoted(self) -> None:
        """Whatever is asked for is one word of the path, also where it is no UTF-8."""
        for word in ("a/b", "..", "?x=1", "#", "é", "\udcff", "%2e"):
            with self.assertRaises(Refused):
                self.ask("peers", word)
        self.assertEqual(
            ["a%2Fb", "..", "%3Fx%3D1", "%23", "%C3%A9", "%FF", "%252e"],
            [path.removeprefix("/v1/peers/") for _, path, _ in self.node.asked],
        )

    def test_queries(self) -> None:
        """Parameters may be there more than once."""
        self.answers("GET", "peers", [(200, [])])
        node = Node(self.path, time.monotonic)
        node.get(object, "peers", query=[("tag", "a=b&c"), ("tag", "d=e")])
        self.assertEqual("/v1/peers?tag=a%3Db%26c&tag=d%3De", self.node.asked[0][1])

    def test_a_body(self) -> None:
        """A body is JSON, and says so."""
        self.answers("POST", "connections", {}, code=202)
        Node(self.path, time.monotonic).ask("POST", "connections", body={"address": "a\udcff"})
        self.assertEqual(b'{"address": "a\\udcff"}', self.node.asked[0][2])
        self.assertEqual("application/json", self.node.headers[0]["Content-Type"])

    def test_sentences_after_a_colon(self) -> None:
        """A plain word begins small there; a name stays as it is."""
        for said, expected in (
            ("No way.", "no way"),
            ("A body may be short.", "a body may be short"),
            ("GET it.", "GET it"),
            ("Last-Event-ID is none", "Last-Event-ID is none"),
            ("'x' is none", "'x' is none"),
        ):
            self.answers("GET", "x", {"detail": said}, code=409)
            with self.assertRaises(Refused) as caught:
                self.ask("x")
            self.assertEqual(expected, str(caught.exception))

    def test_what_to_do_is_a_command(self) -> None:
        """Where the node tells of its routes, commands are told of instead."""
        for kind, command in (
            ("no-such-peer", "p2p-gossip peers"),
            ("not-linked", "p2p-gossip links"),
        ):
            problem = {"type": f"urn:p2p-gossip:problem:{kind}", "detail": "GET /v1/peers."}
            self.answers("GET", "x", problem, code=404)
            with self.assertRaisesRegex(Refused, command) as caught:
                self.ask("x")
            self.assertNotIn("/v1", str(caught.exception))

    def test_problems(self) -> None:
        """What the node says of a refusal is told without its full stop."""
        self.answers("GET", "x", {"title": "Conflict", "detail": "It has a link."}, code=409)
        with self.assertRaisesRegex(Refused, r"\Ait has a link\Z") as caught:
            self.ask("x")
        self.assertEqual(409, caught.exception.status)
        self.answers("GET", "x", {"title": "Conflict"}, code=409)
        with self.assertRaisesRegex(Refused, r"\Aconflict\Z"):
            self.ask("x")
        self.answers("GET", "x", b"<html>", code=500)
        with self.assertRaisesRegex(Refused, r"\Athe node answers 500 Internal Server Error\Z"):
            self.ask("x")

    def test_candidates(self) -> None:
        """All whom a word may mean are told, with as many digits as tell them apart."""
        one = {"id": "a" * 64, "name": "n", "state": "alive"}
        other = {"id": "b" * 64, "name": "", "state": "dead"}
        self.answers("GET", "x", {"detail": "Two.", "candidates": [one, other]}, code=409)
        with self.assertRaisesRegex(
            Refused, rf"\Atwo: {'a' * 12} \(n, alive\), {'b' * 12} \(-, dead\)\Z"
        ):
            self.ask("x")
        other["id"] = "a" * 63 + "b"
        self.answers("GET", "x", {"detail": "Two.", "candidates": [one, other]}, code=409)
        with self.assertRaisesRegex(Refused, rf"{'a' * 64} .* {'a' * 63}b"):
            self.ask("x")

    def test_nobody_there(self) -> None:
        """Where no node runs, that is said."""
        self.node.stop()
        with self.assertRaisesRegex(NotRunning, f"no node runs at {self.path}: there is no such"):
            self.ask("status")
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(self.path)
        stale.close()
        with self.assertRaisesRegex(NotRunning, "nobody listens there"):
            self.ask("status")
        Path(self.path).unlink()
        Path(self.path).write_text("")
        with self.assertRaisesRegex(NotRunning, "nobody listens there"):
            self.ask("status")
        with self.assertRaisesRegex(NotRunning, "no such socket"):
            Node(f"{self.path}/x", time.monotonic).ask("GET", "status")

    def test_a_path_that_is_too_long(self) -> None:
        """What no socket can be called is said so."""
        with self.assertRaisesRegex(Failed, "cannot be used: AF_UNIX path too long"):
            Node("/" + "x" * 200, time.monotonic).ask("GET", "status")

    def test_closed_to_us(self) -> None:
        """Who may not ask is told who may."""
        with self.assertRaisesRegex(Failed, "is not open to you; ask as the user"):  # noqa: SIM117
            with connection._explained(self.path):
                raise PermissionError(13, "Permission denied")

    def test_who_hangs_up(self) -> None:
        """A node that ends the connection before its answer may be on its way out."""
        for said in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"):
            self.reads_and_says(said)
            with self.assertRaisesRegex(NotRunning, "hung up"):
                self.ask("status")
            Path(self.path).unlink()

    def test_who_speaks_otherwise(self) -> None:
        """What is no HTTP is no answer."""
        self.reads_and_says(b"220 mail.example.org ESMTP\r\n")
        with self.assertRaisesRegex(NotRunning, "hung up"):
            self.ask("status")

    def test_who_says_nothing(self) -> None:
        """A node that hangs is not waited for without end."""
        listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(listening.close)
        self.path = f"{self.directory}/silent"
        listening.bind(self.path)
        listening.listen()
        with self.assertRaisesRegex(Silent, "does not answer; it may hang"):
            self.ask("status", wait=0.05)

    def test_an_answer_without_end(self) -> None:
        """No more is read than a node may ever say."""
        self.patch(connection, "LONGEST_ANSWER", 100)
        self.answers("GET", "status", b"x" * 101)
        with self.assertRaisesRegex(Failed, "answers more than"):
            self.ask("status")
        self.assertGreater(LONGEST_ANSWER, 10_000 * 4096)

    def test_streams(self) -> None:
        """Lines come one by one, until the stream ends, and it is asked for what was missed."""
        self.answers("GET", "events", lambda request: request.stream({"event": "x"}))
        with Node(self.path, time.monotonic).stream(7, 10.0) as lines:
            self.assertEqual(": hello", lines.next(10.0))
            self.assertEqual("", lines.next(10.0))
            self.assertEqual("event: x", lines.next(10.0))
            self.assertEqual('data: {"event": "x"}', lines.next(10.0))
            self.assertEqual("", lines.next(10.0))
            self.assertIsNone(lines.next(10.0))
        self.assertEqual("7", self.node.headers[0]["Last-Event-ID"])

    def test_streams_in_chunks(self) -> None:
        """A stream may be in chunks, as Twisted sends it."""

        def chunked(request: Request) -> None:
            request.send_response(200)
            request.send_header("Transfer-Encoding", "chunked")
            request.end_headers()
            request.wfile.write(b"2\r\nda\r\n4\r\nta:x\r\n1\r\n\n\r\n0\r\n\r\n")

        self.answers("GET", "events", chunked)
        with Node(self.path, time.monotonic).stream(None, 10.0) as lines:
            self.assertEqual("data:x", lines.next(10.0))
            self.assertIsNone(lines.next(10.0))
        self.assertNotIn("Last-Event-ID", self.node.headers[0])

    def test_a_stream_that_is_silent(self) -> None:
        """The next line is waited for as long as is said."""

        def hold(request: Request) -> None:
            request.send_response(200)
            request.end_headers()
            request.rfile.read(1)

        self.answers("GET", "events", hold)
        with Node(self.path, time.monotonic).stream(None, 10.0) as lines:
            for wait in (0.05, -1.0):
                with self.assertRaises(Failed):
                    lines.next(wait)

    def test_a_line_without_end(self) -> None:
        """A line has a bound."""

        def endless(request: Request) -> None:
            request.send_response(200)
            request.end_headers()
            request.wfile.write(b"x" * (2 << 20))
            request.close_connection = True

        self.answers("GET", "events", endless)
        node = Node(self.path, time.monotonic)
        with node.stream(None, 10.0) as lines, self.assertRaisesRegex(Failed, "line that is too"):
            lines.next(10.0)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()

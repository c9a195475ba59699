"""
Attacks on the door that others than the owner can reach, by real sockets.
"""

from collections.abc import Mapping
from typing import Any

from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.task import LoopingCall
from twisted.trial.unittest import TestCase

from gossip import asking
from gossip.control import connections, pouring, stream
from tests.control.asking import Answer, answers
from tests.control.fakes import FakeChronicle, FakeLookout, FakeWindow, chronicle, sight
from tests.control.test_unixsocket import Client, turn

reactor: Any = global_reactor

TOKEN = "correct-horse-battery"


class DoorCase(TestCase):
    """The door, and clients that say whatever they like."""

    def setUp(self) -> None:
        self.history = chronicle()
        self.window = FakeWindow()
        self.lookout = FakeLookout()
        self.clients: list[Client] = []

    def serve(self, token: str | None = None, patience: float = 30) -> None:
        """Serve until the test is over."""
        self.patch(asking, "PATIENCE", patience)
        seen = sight(self.window, self.history, self.lookout)
        self.web = asking.Web("127.0.0.1", 0, seen, reactor, token=token)
        self.port = int(self.web.url.rpartition(":")[2].strip("/"))
        self.addCleanup(lambda: Deferred.fromCoroutine(self.close()))

    async def close(self) -> None:
        """Serve no more."""
        for client in self.clients:
            transport: Any = client.transport
            transport.resumeProducing()
            transport.abortConnection()
        await gatherResults([client.closed for client in self.clients])
        await self.web.stop()

    async def connect(self) -> Client:
        """One more client."""
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", self.port)
        made: Client = await connectProtocol(endpoint, Client())
        self.clients.append(made)
        return made

    async def say(self, written: bytes) -> bytes:
        """Say something; all that is answered until the door closes."""
        client = await self.connect()
        transport: Any = client.transport
        transport.write(written)
        await client.closed
        self.clients.remove(client)
        return bytes(client.received)

    async def ask(
        self, target: str, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask in good order, once."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: localhost:{self.port}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        [answer] = answers(await self.say("\r\n".join([*lines, "", ""]).encode("latin-1")), method)
        return answer


class SlowTests(DoorCase):
    """Clients that take their time."""

    async def drip(self, begin: bytes, drop: bytes) -> bytes:
        """Begin, and go on byte by byte until the door closes; what it said."""
        client = await self.connect()
        transport: Any = client.transport
        transport.write(begin)
        dripping = LoopingCall(lambda: transport.write(drop))
        ended = dripping.start(0.02)
        await client.closed
        self.clients.remove(client)
        dripping.stop()
        await ended
        return bytes(client.received)

    async def test_a_head_that_never_ends(self) -> None:
        """It is closed, although something came all the time."""
        self.serve(patience=0.2)
        self.assertEqual(b"", await self.drip(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"x"))

    async def test_a_body_that_never_ends(self) -> None:
        """The same."""
        self.serve(TOKEN, patience=0.2)
        head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n"
        self.assertEqual(b"", await self.drip(head, b"x"))

    async def test_nothing(self) -> None:
        """Nor is it waited for somebody who says nothing, before or after an answer."""
        self.serve(patience=0.2)
        self.assertEqual(b"", await self.say(b""))
        written = await self.say(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        [answer] = answers(written, "GET")
        self.assertEqual(200, answer.status)

    async def test_a_large_answer_that_is_not_read(self) -> None:
        """It is cut off."""
        self.patch(pouring, "PATIENCE", 0.3)
        self.lookout.size = 1000
        self.serve()
        client = await self.connect()
        transport: Any = client.transport
        transport.write(b"GET /v1/matrix HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await client.began
        transport.pauseProducing()
        while len(self.web._front._crowd):
            await turn()
        transport.resumeProducing()
        await client.closed
        self.clients.remove(client)
        self.assertNotIn(b"]}\n", client.received)

    async def test_events_that_are_not_read(self) -> None:
        """Whoever does not read them is cut off, and costs no more than a bound until then."""
        self.history = FakeChronicle()
        self.serve()
        client = await self.connect()
        transport: Any = client.transport
        transport.write(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await client.began
        transport.pauseProducing()
        happened, one = 0, chronicle(1).kept[0]
        while self.history.told:
            for _ in range(100):
                self.history.happen(one)
            happened += 100
            await turn()
        # What two systems buffer for one connection is some MB.
        self.assertLess(happened, 100_000)


class CrowdTests(DoorCase):
    """Many at once."""

    async def test_forty_connections(self) -> None:
        """32 get in; the others are told when to come again, and one does when one goes."""
        self.serve()
        for _ in range(connections.MOST):
            await self.connect()
        while len(self.web._front._crowd) < connections.MOST:
            await turn()
        for _ in range(8):
            [answer] = answers(await self.say(b""), "GET")
            self.assertEqual((503, "too-many"), (answer.status, answer.kind))
            self.assertIn("retry-after", answer.headers)
            self.assertIn("content-security-policy", answer.headers)
        gone = self.clients.pop()
        transport: Any = gone.transport
        transport.loseConnection()
        await gone.closed
        while len(self.web._front._crowd) == connections.MOST:
            await turn()
        self.assertEqual(200, (await self.ask("/v1/status")).status)

    async def test_seventeen_streams(self) -> None:
        """The last one is told when to come again; questions are answered."""
        self.serve()
        for _ in range(stream.MOST):
            client = await self.connect()
            transport: Any = client.transport
            transport.write(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await client.began
        answer = await self.ask("/v1/events")
        self.assertEqual((503, "too-many"), (answer.status, answer.kind))
        self.assertIn("retry-after", answer.headers)
        self.assertEqual(200, (await self.ask("/v1/status")).status)

    async def test_guesses_on_one_connection(self) -> None:
        """They are rationed there too, and the right one is of no use after them."""
        self.serve(TOKEN)
        head = "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n{}\r\n"
        guesses = [head.format(f"guess-{n}", "") for n in range(12)]
        last = head.format(TOKEN, "Connection: close\r\n")
        written = await self.say("".join([*guesses, last]).encode())
        found = [each.status for each in answers(written, *["GET"] * 13)]
        self.assertEqual([401] * 10 + [429] * 3, found)


class NonsenseTests(DoorCase):
    """What is no request, or one for somebody else."""

    async def test_heads(self) -> None:
        """Each is refused or closed; none is answered as if it were good."""
        self.serve()
        good = b"Host: localhost\r\nConnection: close\r\n"
        for written in (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100) + b"\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + good + b"X: " + b"x" * 20000 + b"\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + good + b"X: y\r\n" * 600 + b"\r\n",
            b"GET /" + b"x" * 20000 + b" HTTP/1.1\r\n" + good + b"\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\n : x\r\nConnection: close\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost : localhost\r\nConnection: close\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\x00\r\nConnection: close\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: local\r\n host\r\nConnection: close\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: evil.example\r\n\tlocalhost\r\nConnection: close\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: evil.example\rHost: localhost\r\nConnection: close\r\n\r\n",
            b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
            b"GET / HTTP/1.0\r\n\r\n",
            b"GET / HTTP/9.9\r\n" + good + b"\r\n",
            b"GET /\r\n\r\n",
            b"G\x00T / HTTP/1.1\r\n" + good + b"\r\n",
            b"GET http://evil.example/ HTTP/1.1\r\n" + good + b"\r\n",
            b"GET //evil.example/ HTTP/1.1\r\n" + good + b"\r\n",
            b"CONNECT localhost:22 HTTP/1.1\r\n" + good + b"\r\n",
            b"TRACE / HTTP/1.1\r\n" + good + b"\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"POST / HTTP/1.1\r\n" + good + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
            b"POST / HTTP/1.1\r\n" + good + b"Transfer-Encoding: x\r\n\r\n",
        ):
            answer = await self.say(written)
            self.assertFalse(answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 3")), (written, answer))
            self.assertNotIn(b"Traceback", answer)
            if answer:
                self.assertIn(b"\r\nX-Frame-Options: DENY", answer, written)
        self.assertEqual(200, (await self.ask("/v1/status")).status)
        self.assertEqual([], self.flushLoggedErrors())

    async def test_bytes_that_are_no_text(self) -> None:
        """In no header are they our fault: whoever sends them fills no log."""
        self.serve(TOKEN)
        names = ("Origin", "Authorization", "Cookie", "Content-Type", "If-None-Match", "Accept")
        more = ("Last-Event-ID", "Sec-Fetch-Site", "Sec-Fetch-Mode", "X-Whatever")
        for name in (*names, *more):
            for path, method in (("/", "GET"), ("/v1/events", "GET"), ("/login", "POST")):
                answer = await self.ask(path, method, {name: "\xff\xfe\x80"})
                self.assertIn(answer.status, (200, 401, 403, 415), (name, path))
        end = b"\r\nConnection: close\r\n\r\n"
        for host in (b"\xff", b"localhost\xff", b"\xc3\xa9"):
            written = await self.say(b"GET / HTTP/1.1\r\nHost: " + host + end)
            self.assertIn(b" 421 ", written.partition(b"\r\n")[0])
        self.assertEqual([], self.flushLoggedErrors())

    async def test_headers_with_the_token(self) -> None:
        """Nor are they where the one who sends them may come in."""
        self.serve()
        for name in ("Last-Event-ID", "Accept", "If-None-Match", "Content-Type", "Range"):
            for path in ("/v1/status", "/metrics", "/static/main.js", "/v1/history"):
                answer = await self.ask(path, "GET", {name: "\xff\xfe\x80"})
                self.assertEqual(200, answer.status, (name, path))
        self.assertEqual([], self.flushLoggedErrors())

    async def test_what_is_written_into_a_path(self) -> None:
        """No line of an answer is made of it."""
        self.serve()
        for target in ("/static/%0d%0aX-Evil:%20y", "/v1/peers/%0d%0aX-Evil:y", "/x%00y"):
            answer = await self.ask(target)
            self.assertEqual(404, answer.status)
            self.assertNotIn("x-evil", answer.headers)

    async def test_files_of_the_machine(self) -> None:
        """None is served, however the way to it is written."""
        self.serve()
        for path in (
            *("/static/../../asking.py", "/static/..%2f..%2fasking.py", "/../gossip/asking.py"),
            *("/static/%2e%2e/%2e%2e/asking.py", "/static/....//asking.py", "/static//etc/passwd"),
            *(
                "/static/%c0%ae%c0%ae/asking.py",
                "/static/index.html%00.js",
                "/static/\\etc\\passwd",
            ),
        ):
            self.assertEqual(404, (await self.ask(path)).status, path)

    async def test_requests_in_one_another(self) -> None:
        """A body is not read as the next request, nor is what follows on a refusal."""
        self.serve()
        inner = b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n"
        written = await self.say(
            b"POST /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n" % len(inner) + inner
        )
        [answer] = answers(written, "POST")
        self.assertEqual(405, answer.status)
        written = await self.say(
            b"POST /v1/status HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Length: 3\r\n\r\n0\r\n\r\n" + inner
        )
        self.assertNotIn(b"200 OK", written)

    async def test_bodies_in_chunks(self) -> None:
        """They are refused at their head: a crowd that sends them byte by byte would hold up the node."""
        self.serve(TOKEN)
        for path in (b"/login", b"/v1/status"):
            written = await self.say(
                b"POST " + path + b" HTTP/1.1\r\nHost: localhost\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 1000
            )
            [answer] = answers(written, "POST")
            self.assertEqual((411, "length-required"), (answer.status, answer.kind))

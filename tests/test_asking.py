"""
Where a running node can be asked.
"""

import json
import tempfile
from io import BytesIO
from pathlib import Path
from socket import has_ipv6

from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.error import ConnectError
from twisted.trial.unittest import SkipTest, TestCase
from twisted.web.client import Agent, FileBodyProducer, readBody
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory, IResponse
from zope.interface import implementer

from gossip.asking import Asking, ControlUnusable, HttpUnusable, Web
from gossip.control.pages import packaged
from tests.control.fakes import OURS, FakeDesk, FakeWindow, sight


@implementer(IAgentEndpointFactory)
class Door:
    """Leads to one socket, whatever is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def endpointForURI(self, uri: object) -> UNIXClientEndpoint:
        """The socket."""
        return UNIXClientEndpoint(reactor, str(self._path))


class AskingTests(TestCase):
    """One socket, from when it is there until it is gone."""

    def setUp(self) -> None:
        # A path of a socket must be short.
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.place = Path(directory.name)

    def asking(self, path: Path, *, makes_place: bool = False) -> Asking:
        """Answer at a path."""
        window = FakeWindow()
        made = Asking(path, sight(window), FakeDesk(window), reactor, makes_place=makes_place)
        self.addCleanup(made.stop)
        return made

    async def test_it_answers(self) -> None:
        """What is read and what is written, until it is stopped."""
        path = self.place / "control.sock"
        made = self.asking(path)
        agent = Agent.usingEndpointFactory(reactor, Door(path))
        answer = await agent.request(b"GET", b"http://node/v1/status")
        self.assertEqual(200, answer.code)
        self.assertIn("id", json.loads(await readBody(answer)))
        answer = await agent.request(b"POST", b"http://node/v1/leave")
        self.assertEqual(202, answer.code)
        await readBody(answer)
        await made.stop()
        self.assertFalse(path.exists())

    def test_the_directory_of_a_user(self) -> None:
        """It is made, for nobody else; others are not."""
        ours = self.place / "p2p-gossip"
        self.assertRaises(ControlUnusable, self.asking, ours / "1.sock")
        self.asking(ours / "1.sock", makes_place=True)
        self.assertEqual(0o700, ours.stat().st_mode & 0o777)
        self.assertRaises(ControlUnusable, self.asking, self.place / "elsewhere" / "1.sock")


class WebTests(TestCase):
    """The page's door, from when it is there until it is gone."""

    TOKEN = "correct-horse-battery"

    def web(self, host: str = "127.0.0.1", port: int = 0, token: str | None = None) -> Web:
        """Answer there."""
        made = Web(host, port, sight(), reactor, names=["mesh.example"], token=token)
        self.addCleanup(made.stop)
        return made

    async def ask(
        self, web: Web, method: str, path: str, headers: Headers | None = None, body: bytes = b""
    ) -> tuple[IResponse, bytes]:
        """Ask, as a browser of this machine does."""
        agent = Agent(reactor)
        producer = FileBodyProducer(BytesIO(body)) if body else None
        url = web.url.encode() + path.lstrip("/").encode()
        answer = await agent.request(method.encode(), url, headers, producer)
        return answer, await readBody(answer)

    async def test_it_answers(self) -> None:
        """The page and what is read; nothing is written; until it is stopped."""
        made = self.web()
        answer, content = await self.ask(made, "GET", "/")
        self.assertEqual((200, packaged()["index.html"].content), (answer.code, content))
        answer, content = await self.ask(made, "GET", "/v1/status")
        self.assertIn("id", json.loads(content))
        answer, _ = await self.ask(made, "POST", "/v1/leave")
        self.assertEqual(405, answer.code)
        await made.stop()
        await self.assertFailure(ensureDeferred(self.ask(made, "GET", "/")), ConnectError)

    async def test_the_token(self) -> None:
        """It is shown in a header, or once in a form."""
        made = self.web(token=self.TOKEN)
        answer, _ = await self.ask(made, "GET", "/v1/status")
        self.assertEqual(401, answer.code)
        bearer = Headers({"Authorization": [f"Bearer {self.TOKEN}"]})
        answer, _ = await self.ask(made, "GET", "/v1/status", bearer)
        self.assertEqual(200, answer.code)
        form = Headers({"Content-Type": ["application/x-www-form-urlencoded"]})
        answer, _ = await self.ask(made, "POST", "/login", form, f"token={self.TOKEN}".encode())
        self.assertEqual(303, answer.code)
        [cookie] = answer.headers.getRawHeaders("set-cookie")
        self.assertTrue(cookie.startswith(f"p2p-gossip-{OURS[:16]}="))
        held = Headers({"Cookie": [cookie.partition(";")[0]]})
        answer, _ = await self.ask(made, "GET", "/v1/status", held)
        self.assertEqual(200, answer.code)

    async def test_names(self) -> None:
        """Those that it was given, and no others."""
        made = self.web()
        for host, code in (("mesh.example", 200), ("evil.example", 421)):
            answer, _ = await self.ask(made, "GET", "/v1/status", Headers({"Host": [host]}))
            self.assertEqual(code, answer.code)

    def test_where_it_is(self) -> None:
        """The URL is one for a browser of this machine."""
        for host, begin in (
            ("127.0.0.1", "http://127.0.0.1:"),
            ("localhost", "http://localhost:"),
            ("0.0.0.0", "http://localhost:"),
        ):
            self.assertRegex(self.web(host).url, f"^{begin}[1-9][0-9]*/$")

    def test_over_ipv6(self) -> None:
        """Its address is in brackets, and is a name of it."""
        if not has_ipv6:
            raise SkipTest("the page is not asked for over IPv6: this machine has none")
        made = self.web("::1")
        self.assertTrue(made.url.startswith("http://[::1]:"))

    def test_taken(self) -> None:
        """It is said where, and what to do."""
        first = self.web()
        port = int(first.url.rpartition(":")[2].strip("/"))
        self.assertRaises(HttpUnusable, self.web, "127.0.0.1", port)

"""
The page's door of a running node, as a browser and an operator have it.
"""

import json
import tempfile
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.threads import deferToThread

from tests.lived.nodes import LivedCase, NodeProcess

TOKEN = "correct-horse-battery"


def asked(url: str, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    """Ask once; the status and the body."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class PageTests(LivedCase):
    """Nodes with --http."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.place = Path(directory.name)

    def file(self, content: str) -> str:
        """A file that only we can read."""
        path = self.place / "file"
        path.write_text(content)
        path.chmod(0o600)
        return str(path)

    async def ask(self, node: NodeProcess, path: str, **more: Any) -> tuple[int, bytes]:
        """Ask a node at its page."""
        url = (await node.listening())["http"]
        found: tuple[int, bytes] = await deferToThread(asked, url, path, **more)
        return found

    async def test_it_is_told_where_it_is(self) -> None:
        """Port 0 became another; the page is there, and what of the API only reads."""
        node = self.node("--http", "127.0.0.1:0")
        status, content = await self.ask(node, "/")
        self.assertEqual(200, status)
        self.assertTrue(content.lower().startswith(b"<!doctype html>"))
        _, content = await self.ask(node, "/v1/status")
        self.assertEqual(node.id, json.loads(content)["id"])
        status, _ = await self.ask(node, "/v1/leave", method="POST")
        self.assertEqual(405, status)
        node.signal("TERM")
        self.assertEqual(0, await node.ended)

    async def test_none(self) -> None:
        """Without the option there is none."""
        self.assertIsNone((await self.node().listening())["http"])

    async def test_a_token(self) -> None:
        """It is read from a file, and asked for on all addresses."""
        token = self.file(f"{TOKEN}\nof the wall screen\n")
        node = self.node("--http", "0.0.0.0:0", "--http-token", token)
        status, _ = await self.ask(node, "/v1/status")
        self.assertEqual(401, status)
        status, _ = await self.ask(node, "/v1/status", Authorization=f"Bearer {TOKEN}")
        self.assertEqual(200, status)
        self.assertNotIn(TOKEN, node.output + node.errors)

    async def test_what_cannot_be(self) -> None:
        """It is said in one line, with the status of a wrong option or of a node that cannot run."""
        node = self.node("--http", "127.0.0.1:0")
        taken = urlsplit((await node.listening())["http"]).netloc
        nothing = str(self.place / "nothing")
        for options, status, words in (
            (("--http", "0.0.0.0:0"), 2, "can be reached from other machines"),
            (("--http", "mesh.example:0"), 2, "neither an IP address nor localhost"),
            (("--http", taken), 1, "cannot listen on --http"),
            (("--http", "0.0.0.0:0", "--http-token", nothing), 1, "cannot be read"),
            (("--http", "0.0.0.0:0", "--http-token", self.file("short")), 1, "openssl rand"),
        ):
            other = self.node(*options)
            self.assertEqual(status, await other.ended, options)
            self.assertIn(words, other.errors)
            self.assertEqual(1, other.errors.count("\n"), other.errors)
        # The one that was there is not disturbed.
        self.assertEqual(200, (await self.ask(node, "/v1/status"))[0])

    async def test_reload(self) -> None:
        """Another address waits for a restart, which is said."""
        config = self.place / "node.toml"
        config.write_text('http = "127.0.0.1:0"\n')
        node = self.node("--config", str(config))
        self.assertEqual(200, (await self.ask(node, "/"))[0])
        config.write_text('http = "127.0.0.1:1"\nhttp-name = ["a.example", "b.example"]\n')
        node.signal("HUP")
        while "when the node is restarted" not in node.errors:
            await deferToThread(asked, (await node.listening())["http"], "/v1/status")
        self.assertIn("--http, --http-name takes effect", node.errors)
        self.assertEqual(200, (await self.ask(node, "/"))[0])

"""
The page that real nodes serve.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.lived.nodes import environment
from tests.page.browser import Page, browser
from tests.page.cases import READY, PageCase
from tests.page.networks import HOSTILE


class RealTests(PageCase):
    """Nodes as processes of their own."""

    def node(self, *arguments: str) -> tuple["subprocess.Popen[str]", dict[str, Any]]:
        """A node that listens, and what it said when it began to."""
        process = subprocess.Popen(
            (
                *(sys.executable, "-m", "gossip", "--output", "json", "--listen", "127.0.0.1:0"),
                *("--period", "1", "--heartbeat", "0.5", *arguments),
            ),
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.addCleanup(self._ended, process)
        assert process.stdout is not None
        for line in process.stdout:
            event: dict[str, Any] = json.loads(line)
            if event["event"] == "listening":
                return process, event
        raise AssertionError("it ended before it listened")

    def looked_at(self, url: str) -> Page:
        """The page there."""
        page = Page(browser())
        self.addCleanup(page.close)
        self.addCleanup(lambda: self.assertEqual([], page.complaints))
        page.open(url)
        return page

    def test_a_death_and_a_restart(self) -> None:
        """It shows who hears whom, that one is killed, and the others when its node is back."""
        first, said = self.node("--name", "first", "--http", "127.0.0.1:0")
        door, address = said["http"], f"127.0.0.1:{said['port']}"
        second, _ = self.node("--name", HOSTILE[0], "--connect", address)
        self.node("--name", HOSTILE[1], "--connect", address)
        page = self.looked_at(door)
        page.until(READY)
        page.until("document.querySelector('#counts').innerText.startsWith('2')")
        page.until("document.querySelector('#heat').ariaLabel?.endsWith('3 nodes')")
        second.kill()
        page.until("document.querySelector('#events-list').innerText.includes('verdict')")
        page.until("document.querySelector('#sentence').dataset.severity === 'error'")
        self.assertIn(HOSTILE[0], page.text("#sentence"))
        first.terminate()
        page.until("document.querySelector('#notice').innerText.startsWith('Not live since')")
        first.wait(30)
        _, again = self.node(
            *("--name", "again", "--http", door.removeprefix("http://").rstrip("/")),
        )
        page.until("document.querySelector('#notice').hidden")
        page.until("document.querySelector('#node').innerText.includes('again')")
        self.assertEqual(door, again["http"])
        self.assertEqual(1, page.js("document.querySelectorAll('img').length"))
        self.allowed(page, "ERR_CONNECTION", "ERR_EMPTY_RESPONSE", "ERR_INCOMPLETE", "ERR_SOCKET")

    def test_a_token(self) -> None:
        """A node with a token shows nothing before it is given."""
        file = Path(self.mktemp())
        file.write_text("a-token-of-many-characters-which-nobody-guesses\n")
        file.chmod(0o600)
        _, said = self.node("--http", "127.0.0.1:0", "--http-token", str(file))
        page = self.looked_at(said["http"])
        page.until("!document.querySelector('#login').hidden")
        page.type("another")
        page.key("Enter")
        page.until("document.querySelector('#login-problem').innerText")
        page.js("document.querySelector('#token').value = ''")
        page.type(file.read_text().strip())
        page.key("Enter")
        page.until(READY)
        self.assertEqual("", page.js("document.cookie"))
        self.allowed(page, "status of 401")

    def _ended(self, process: "subprocess.Popen[str]") -> None:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()

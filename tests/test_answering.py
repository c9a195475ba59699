"""
At which doors a node answers.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import TestCase

from gossip.answering import Answering, CannotAnswer
from gossip.logs import Threshold, levels
from gossip.mesh.addresses import Address
from gossip.settings import Settings
from tests.control.fakes import FakeDesk, sight
from tests.control.test_unixsocket import turn
from tests.lived.nodes import environment


class AnsweringTests(TestCase):
    """The control socket and the page."""

    def setUp(self) -> None:
        # A path of a socket must be short.
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.place = Path(directory.name)
        self.patch(os, "environ", {})

    def answering(self, kept: Path | None = None, **settings: Any) -> Answering:
        """The doors of a node with these settings, open."""
        made = Answering(Settings(**settings), kept, 8080, sight, reactor)
        made.open(FakeDesk())
        self.addCleanup(made.stop)
        return made

    async def test_none(self) -> None:
        """There need not be any."""
        made = self.answering()
        self.assertIsNone(made.http)
        await made.stop()

    def test_without_doors_there_is_no_web_server(self) -> None:
        """It is not even loaded, as that takes longer than all else."""
        program = "import sys, gossip.node; sys.exit('klein' in sys.modules)"
        subprocess.run([sys.executable, "-c", program], check=True, env=environment())

    async def test_both(self) -> None:
        """Each is there until all is stopped."""
        path = self.place / "c.sock"
        made = self.answering(control=str(path), http=Address("127.0.0.1", 0))
        self.assertTrue(path.exists())
        self.assertRegex(made.http or "", "^http://127.0.0.1:[1-9][0-9]*/$")
        await made.stop()
        self.assertFalse(path.exists())

    def test_they_end_side_by_side(self) -> None:
        """None waits for another's clients, as the node has little time."""
        made = Answering(Settings(), None, 8080, sight, reactor)
        asked: list[Deferred[None]] = []

        class Slow:
            def close(self) -> None:
                """Nobody asks for it."""

            async def stop(self) -> None:
                asked.append(Deferred())
                await asked[-1]

        made._opened = [Slow(), Slow()]
        stopped = Deferred.fromCoroutine(made.stop())
        self.assertEqual(2, len(asked))
        asked[0].callback(None)
        self.assertNoResult(stopped)
        asked[1].callback(None)
        self.successResultOf(stopped)

    def test_where_the_page_is_is_logged(self) -> None:
        """Port 0 is told as what it became."""
        self.patch(levels, "threshold", Threshold.parse("info"))
        with capturedLogs() as lines:
            made = self.answering(http=Address("localhost", 0))
        self.assertIn(
            f"the page of this node is at {made.http}", [formatEvent(line) for line in lines]
        )

    def test_a_page_that_cannot_be(self) -> None:
        """It is said in one line why; no socket is left behind."""
        first = self.answering(http=Address("127.0.0.1", 0))
        taken = Address("127.0.0.1", int((first.http or "").rpartition(":")[2].strip("/")))
        path = self.place / "c.sock"
        for more, words in (
            ({"http": taken}, "Address already in use"),
            ({"http": taken._replace(port=0), "http_token": "/nowhere"}, "--http-token /nowhere"),
        ):
            error = self.assertRaises(CannotAnswer, self.answering, control=str(path), **more)
            self.assertIn(words, str(error))
            self.assertFalse(path.exists())

    async def test_a_socket_that_cannot_be(self) -> None:
        """Where it was asked for, nothing is; the page is closed again."""
        path = self.place / "c.sock"
        path.write_text("in the way")
        port = await self.free()
        error = self.assertRaises(
            CannotAnswer, self.answering, control=str(path), http=Address("127.0.0.1", port)
        )
        self.assertIn("is no socket", str(error))
        await turn()
        self.answering(http=Address("127.0.0.1", port))

    def test_a_usual_socket_that_cannot_be(self) -> None:
        """The node runs all the same, and says that it cannot be asked."""
        path = self.place / "c.sock"
        path.write_text("in the way")
        with capturedLogs() as lines:
            self.answering(kept=path)
        self.assertIn("this node cannot be asked", " ".join(formatEvent(x) or "" for x in lines))

    async def free(self) -> int:
        """A port that is free."""
        made = Answering(Settings(http=Address("127.0.0.1", 0)), None, 8080, sight, reactor)
        made.open(FakeDesk())
        await made.stop()
        return int((made.http or "").rpartition(":")[2].strip("/"))

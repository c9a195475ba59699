"""
Where a running node can be asked.
"""

import json
import tempfile
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent, readBody
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from gossip.asking import Asking, ControlUnusable
from tests.control.fakes import FakeDesk, FakeWindow, sight


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

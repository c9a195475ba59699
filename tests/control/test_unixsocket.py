"""
The Unix socket.
"""

import os
import socket
import stat
import tempfile
from pathlib import Path
from shutil import which
from typing import Any

from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import UNIXClientEndpoint, connectProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.testing import EventLoggingObserver, MemoryReactor
from twisted.internet.utils import getProcessOutput
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SkipTest, TestCase

from gossip.control import unixsocket
from gossip.control.front import Front
from gossip.control.unixsocket import ControlUnusable, PrivatePort, listen, private_directory
from gossip.logs import Threshold, levels
from gossip.mesh.status import PeerStatus
from tests.control.asking import answers, request
from tests.control.fakes import FakeDesk, FakeWindow, chronicle, peer, sight

reactor: Any = global_reactor


class Client(Protocol):
    """Reads until the server closes."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.began: Deferred[None] = Deferred()
        self.closed: Deferred[None] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        """Something came."""
        self.received += data
        if not self.began.called:
            self.began.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.closed.callback(None)


class SocketCase(TestCase):
    """Has a path, and real sockets."""

    def setUp(self) -> None:
        """A short one: trial's own are too long."""
        self.directory = Path(tempfile.mkdtemp())
        self.path = str(self.directory / "c.sock")
        self.addCleanup(self._clean)

    def _clean(self) -> None:
        for each in self.directory.iterdir():
            each.rmdir() if each.is_dir() and not each.is_symlink() else each.unlink()
        self.directory.rmdir()

    def listen(self, factory: Any = None, path: str | None = None) -> PrivatePort:
        """Listen there until the test is over."""
        port = listen(path or self.path, factory or Factory.forProtocol(Protocol), reactor)
        self.addCleanup(port.stopListening)
        return port

    def refused(self, path: str | None = None) -> str:
        """What is said where there can be no socket."""
        error = self.assertRaises(ControlUnusable, listen, path or self.path, Factory(), reactor)
        self.assertIn("--control", str(error))
        self.assertNotIn("\n", str(error))
        return str(error)


class ListenTests(SocketCase):
    """Making the socket, and taking it away."""

    def test_only_its_owner_can_open_it(self) -> None:
        """Whatever the umask is, and from the first moment on: before anything listens."""
        modes = []

        class Watched(PrivatePort):
            def createInternetSocket(self) -> socket.socket:
                made = Path(self._path)
                with super().createInternetSocket() as tried:
                    tried.bind(self._path)
                    modes.append(stat.S_IMODE(made.stat().st_mode))
                made.unlink()
                return super().createInternetSocket()

        self.addCleanup(os.umask, os.umask(0))
        port = Watched(self.path, Factory(), reactor)
        port.startListening()
        self.addCleanup(port.stopListening)
        self.assertEqual([0o600], modes)
        found = Path(self.path).stat()
        self.assertTrue(stat.S_ISSOCK(found.st_mode))
        self.assertEqual(0o600, stat.S_IMODE(found.st_mode))

    async def test_it_is_removed(self) -> None:
        """When nobody listens any more there is nothing to connect to."""
        await listen(self.path, Factory(), reactor).stopListening()
        self.assertFalse(os.path.lexists(self.path))

    async def test_what_came_in_its_place_is_not(self) -> None:
        """Somebody removed it and made another: that one stays."""
        port = listen(self.path, Factory(), reactor)
        Path(self.path).unlink()
        Path(self.path).write_text("mine")
        await port.stopListening()
        self.assertEqual("mine", Path(self.path).read_text())

    async def test_one_that_is_gone_already(self) -> None:
        """That is no error."""
        port = listen(self.path, Factory(), reactor)
        Path(self.path).unlink()
        await port.stopListening()

    def test_one_that_was_left_behind(self) -> None:
        """Nobody answers at it, so it is replaced."""
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(self.path)
        self.listen()
        with socket.socket(socket.AF_UNIX) as tried:
            tried.connect(self.path)

    def test_one_at_which_somebody_answers(self) -> None:
        """It is left alone, and goes on to answer."""
        self.listen()
        self.assertIn("another program listens", self.refused())
        with socket.socket(socket.AF_UNIX) as tried:
            tried.connect(self.path)

    def test_one_whose_owner_is_too_busy_to_answer(self) -> None:
        """A full backlog is no sign of death, and nothing waits for it."""
        with socket.socket(socket.AF_UNIX) as busy:
            busy.bind(self.path)
            busy.listen(0)
            waiting = []
            for _ in range(5):
                waiting.append(socket.socket(socket.AF_UNIX))
                waiting[-1].settimeout(0)
                waiting[-1].connect_ex(self.path)
            self.assertIn("another program listens", self.refused())
            for each in waiting:
                each.close()

    def test_one_of_another_kind(self) -> None:
        """Somebody's socket for datagrams is not ours to remove."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.bind(self.path)
            self.refused()
        self.assertTrue(os.path.lexists(self.path))

    def test_what_is_no_socket(self) -> None:
        """A file, a directory, and a link to a socket that was left behind all stay."""
        Path(self.path).write_text("precious")
        self.assertIn("is no socket", self.refused())
        self.assertEqual("precious", Path(self.path).read_text())
        directory, link = f"{self.path}d", f"{self.path}l"
        Path(directory).mkdir()
        self.assertIn("is no socket", self.refused(directory))
        Path(link).symlink_to(f"{self.path}x")
        self.assertIn("is no socket", self.refused(link))
        self.assertTrue(Path(link).is_symlink())

    def test_where_there_is_no_directory(self) -> None:
        """It is said so."""
        self.assertIn("No such file or directory", self.refused(f"{self.path}/x/y"))

    def test_a_path_that_is_too_long(self) -> None:
        """The system takes 107 bytes."""
        longest = self.path.ljust(107, "x")
        self.listen(path=longest)
        self.assertIn("107 bytes", self.refused(f"{longest}x"))

    def test_a_directory_for_it(self) -> None:
        """It is private; one that is there stays as it is."""
        self.addCleanup(os.umask, os.umask(0))
        path = f"{self.path}d"
        private_directory(path)
        self.assertEqual(0o700, stat.S_IMODE(Path(path).stat().st_mode))
        Path(path).chmod(0o755)
        private_directory(path)
        self.assertEqual(0o755, stat.S_IMODE(Path(path).stat().st_mode))
        error = self.assertRaises(ControlUnusable, private_directory, f"{self.path}x/y")
        self.assertIn("No such file", str(error))

    def test_a_directory_that_others_can_write_to(self) -> None:
        """Somebody else could answer there."""
        place = Path(f"{self.path}d")
        place.mkdir()
        place.chmod(0o777)
        error = self.assertRaises(ControlUnusable, private_directory, str(place))
        self.assertIn("answered by somebody else", str(error))
        place.chmod(0o700)
        private_directory(str(place))
        Path(f"{self.path}l").symlink_to(place)
        self.assertRaises(ControlUnusable, private_directory, f"{self.path}l")
        self.patch(os, "geteuid", lambda: place.stat().st_uid + 1)
        if place.stat().st_uid:
            self.assertRaises(ControlUnusable, private_directory, str(place))

    def test_a_directory_that_may_not_be_written_to(self) -> None:
        """It is said which one."""

        class Denied(PrivatePort):
            def startListening(self) -> None:
                raise PermissionError(13, "Permission denied")

        self.patch(unixsocket, "PrivatePort", Denied)
        error = self.assertRaises(ControlUnusable, listen, self.path, Factory(), MemoryReactor())
        self.assertIn("Permission denied", str(error))


class ServedTests(SocketCase):
    """The API, on a real socket."""

    async def connect(self) -> Client:
        """A client."""
        client: Client = await connectProtocol(UNIXClientEndpoint(reactor, self.path), Client())
        return client

    def serve(self, window: FakeWindow) -> Front:
        """Serve until the test is over."""
        front = Front(sight(window), FakeDesk(window), reactor)
        self.listen(front)
        self.addCleanup(lambda: Deferred.fromCoroutine(front.stop()))
        return front

    async def test_a_question(self) -> None:
        """It is answered."""
        self.serve(FakeWindow())
        client = await self.connect()
        assert client.transport is not None
        client.transport.write(request("GET", "/v1/status", None, {"Connection": "close"}))
        await client.closed
        [answer] = answers(bytes(client.received), "GET")
        self.assertEqual(200, answer.status)

    async def test_who_asked_is_known(self) -> None:
        """The process and its user, as the system has them."""
        self.patch(levels, "threshold", Threshold.parse("info"))
        told = EventLoggingObserver()
        globalLogPublisher.addObserver(told)
        self.addCleanup(globalLogPublisher.removeObserver, told)
        self.serve(FakeWindow())
        client = await self.connect()
        assert client.transport is not None
        client.transport.write(request("POST", "/v1/reload", None, {"Connection": "close"}))
        await client.closed
        [caller] = [event["caller"] for event in told if event.get("what") == "reload"]
        self.assertEqual(f"process {os.getpid()} (uid {os.getuid()}, gid {os.getgid()})", caller)

    async def test_curl(self) -> None:
        """It gets what everybody gets, a stream that it ends itself too."""
        curl = which("curl")
        if curl is None:
            raise SkipTest("nothing is asked with curl: it is not installed")
        self.serve(FakeWindow())
        common = ["--silent", "--unix-socket", self.path]
        for more, expected in (
            (["http://node/v1/peers/node-c"], peer(1).id),
            (["-X", "POST", "http://node/v1/reload"], "name"),
            (["--json", '{"address": "h:1"}', "http://node/v1/connections"], "h:1"),
            (["-X", "DELETE", "http://node/v1/status"], "method-not-allowed"),
            (["--max-time", "1", "http://node/v1/events?after=0"], "id: 1\n"),
        ):
            out = await getProcessOutput(curl, [*common, *more], os.environ, errortoo=True)
            self.assertIn(expected, out.decode("ascii"))

    async def test_a_stop_ends_streams(self) -> None:
        """The client sees a whole answer, and then the end."""
        front = self.serve(FakeWindow())
        client = await self.connect()
        assert client.transport is not None
        client.transport.write(request("GET", "/v1/events"))
        await client.began
        await front.stop()
        await client.closed
        self.assertTrue(client.received.endswith(b"0\r\n\r\n"))

    async def test_who_asks_and_does_not_read(self) -> None:
        """What is written for it stays bounded, however much was asked for in one packet."""
        asked: list[None] = []
        first: Deferred[None] = Deferred()
        last: Deferred[None] = Deferred()

        class Counting(FakeWindow):
            def peers(self) -> list[PeerStatus]:
                asked.append(None)
                {1: first, 300: last}.get(len(asked), Deferred()).callback(None)
                return [peer(0)] * 200

        self.serve(Counting())
        client = await self.connect()
        transport: Any = client.transport
        transport.pauseProducing()
        transport.write(request("GET", "/v1/peers") * 300)
        await first
        for _ in range(50):
            await turn()
        # 200 KiB for the system's buffer and 64 for Twisted's, by 70 for each answer.
        self.assertLess(len(asked), 10)
        transport.resumeProducing()
        await last
        transport.loseConnection()
        await client.closed

    async def test_who_listens_and_does_not_read(self) -> None:
        """It is cut off, by the back-pressure of a real connection."""
        window, history = FakeWindow(), chronicle(0)
        front = Front(sight(window, history), None, reactor)
        self.listen(front)
        self.addCleanup(lambda: Deferred.fromCoroutine(front.stop()))
        client = await self.connect()
        transport: Any = client.transport
        transport.write(request("GET", "/v1/events"))
        transport.pauseProducing()
        while not history.told:
            await turn()
        happened = 0
        one = chronicle(1).kept[0]
        while history.told:
            for _ in range(100):
                history.happen(one)
            happened += 100
            await turn()
        self.assertGreater(happened, 1000)
        self.assertLess(happened, 5000)
        transport.resumeProducing()
        await client.closed


async def turn() -> None:
    """Let the reactor turn once."""
    turned: Deferred[None] = Deferred()
    reactor.callLater(0, turned.callback, None)
    await turned

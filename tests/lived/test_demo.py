"""
The demonstration as a user sees it: its story, and that nothing is left of it.
"""

import re
import signal
import sys
import tempfile
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.lived.nodes import LivedCase, Program

CHAPTERS = (
    r"Starting 4 nodes .*",
    r"To see it, open http://127\.0\.0\.1:\d+/ in a browser, or in a second terminal:",
    r"p2p-gossip top --control \S+/node-1\.sock",
    r"p2p-gossip why --control \S+/node-1\.sock",
    r"Everybody has met everybody: 6 links, .*",
    r"Everybody pings everybody, once a second\.",
    r"12 round trips, median [\d.]+ ms, the slowest [\d.]+ ms \(node-\d to node-\d\)\.",
    r"Killing node-4 .*",
    r"3 of 3 noticed: .*",
    r"3 nodes say of node-4: dead\. .*",
    r"Starting node-4 again\. .*",
    r"3 of 3 hear it again, .*: it is the same peer as before\.",
    r"Cutting the path between node-2 and node-3, .*",
    r"They have lost each other after [\d.]+ s\.",
    r"node-2 says of node-3: cut; .*",
    r"node-3 says of node-2: cut; .*",
    r"Mending it\.",
    r"Everybody hears everybody again, .*",
    r"Splitting the network: node-1, node-2 and node-3 here, node-4 there\.",
    r"The sides have lost each other after [\d.]+ s\.",
    r"3 nodes say of node-4: dead\. .*",
    r"node-4 says of node-1: lost, and it is me; .*",
    r"Healing: .*",
    r"Everybody hears everybody again, .*",
    r"That was the story\. .*",
    r"Stopping 4 nodes, and leaving nothing behind\.",
)
"""What is told, in its order."""

STEP = 0.05
"""Seconds between two looks at what is left."""

MOST_LOOKS = 400


class Demo(Program):
    """It, whose lines are events."""

    def __init__(self, place: Path, *arguments: str) -> None:
        command = (sys.executable, "-m", "gossip", "demo", *arguments)
        # A place of its own for its files shows what is left of them.
        super().__init__(command, TMPDIR=str(place))

    def outReceived(self, data: bytes) -> None:
        """More of stdout."""
        self.output += data.decode()
        *lines, self._rest = (self._rest + data.decode()).split("\n")
        for line in lines:
            self._happened({"event": "line", "text": line})


def paragraphs(output: str) -> list[str]:
    """What was told, without times and breaks of lines."""
    joined = re.sub(r"\n {9}(?!To see|p2p-gossip)", " ", output)
    return [line[9:] for line in joined.splitlines()]


def belonging(place: Path) -> list[str]:
    """The command lines of all processes that name a place, or have it as theirs for files."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environ, words = (process / "environ").read_bytes(), (process / "cmdline").read_bytes()
        except OSError:
            continue
        if f"TMPDIR={place}".encode() in environ.split(b"\0"):
            found.append(words.replace(b"\0", b" ").decode())
    return found


class DemoTests(LivedCase):
    """See the module."""

    def setUp(self) -> None:
        # The path of a control socket must be short.
        self._directory = tempfile.TemporaryDirectory()
        self.addCleanup(self._directory.cleanup)
        self.place = Path(self._directory.name)
        # Programs inherit what is ignored: Ctrl-C in the background of a shell, SIGHUP under nohup.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            before = signal.getsignal(number)
            if before is signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
                self.addCleanup(signal.signal, number, before)

    def shown(self, *arguments: str) -> Demo:
        """Show it, to be ended by the test at the latest when that is over."""
        return self.watched(Demo(self.place, *arguments))

    async def begun(self) -> Demo:
        """One whose nodes run."""
        demo = self.shown("--nodes", "3")
        await demo.until(lambda event: "Everybody has met" in event["text"])
        self.assertEqual(5, len(belonging(self.place)))
        self.assertEqual(1, len(list(self.place.iterdir())))
        return demo

    async def assert_nothing_is_left(self) -> None:
        """Neither a process nor a file of it is there, or is soon not any more."""
        for _ in range(MOST_LOOKS):
            if not belonging(self.place) and not list(self.place.iterdir()):
                return
            await deferLater(reactor, STEP)
        self.fail(f"{belonging(self.place)} {list(self.place.rglob('*'))}")

    async def test_story(self) -> None:
        """Everything is told in its order, on 80 columns, and then it ends by itself."""
        demo = self.shown("--nodes", "4", "--seconds", "25")
        self.assertEqual(0, await demo.ended, demo.errors)
        told = iter(paragraphs(demo.output))
        for chapter in CHAPTERS:
            self.assertTrue(
                any(re.fullmatch(chapter, line) for line in told), (chapter, demo.output)
            )
        self.assertNotIn("\x1b", demo.output)
        addresses = str(self.place)
        for line in demo.output.splitlines():
            # What cannot be broken is not: paths and addresses are for copying.
            self.assertTrue(len(line) < 80 or addresses in line, line)
        self.assertEqual("", demo.errors)
        await self.assert_nothing_is_left()

    async def test_signals_leave_nothing(self) -> None:
        """Ctrl-C, SIGTERM and a closed terminal end all of it, and say so by the exit status."""
        for name, status in (("INT", 130), ("TERM", 143), ("HUP", 129)):
            demo = await self.begun()
            demo.signal(name)
            self.assertEqual(status, await demo.ended, demo.errors)
            self.assertEqual("", demo.errors)
            # By itself, before it ends.
            self.assertEqual([], list(self.place.iterdir()))
            await self.assert_nothing_is_left()

    async def test_being_killed_leaves_nothing(self) -> None:
        """Nodes and files do not outlive it, whatever becomes of it."""
        demo = await self.begun()
        demo.signal("KILL")
        self.assertEqual(-signal.SIGKILL, await demo.ended)
        await self.assert_nothing_is_left()

    async def test_reader_that_goes_leaves_nothing(self) -> None:
        """Where nobody reads what it tells, it ends."""
        demo = await self.begun()
        demo.process.closeStdout()
        self.assertEqual(0, await demo.ended, demo.errors)
        await self.assert_nothing_is_left()

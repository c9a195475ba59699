"""
All nodes together.
"""

import asyncio
import os
import re
import signal
from pathlib import Path

from gossip.demo import guard
from gossip.demo.stage import Guarded, Stage
from tests.cases import UnitCase
from tests.demo.stubs import NoGuard, StubNode, lose, say, stage


class StageTests(UnitCase):
    """What is known of them."""

    def test_nodes_have_names_and_the_first_has_the_page(self) -> None:
        """Each has a relay of its own."""
        made = Stage.of(3, NoGuard())
        self.assertEqual(["node-1", "node-2", "node-3"], [node.name for node in made.nodes])
        self.assertEqual([True, False, False], [node.http for node in made.nodes])
        self.assertEqual(3, len({id(node.relay) for node in made.nodes}))
        self.assertIsNone(made.whose(1, 2))

    def test_who_hears_whom(self) -> None:
        """It is whole when all hear all, and apart when no one of either side does."""
        made = stage(3)
        one, two, three = made.nodes
        self.assertFalse(made.whole(made.nodes))
        asyncio.run(one.start())
        self.assertTrue(made.whole(made.nodes))
        self.assertEqual(6, len(made.times()))
        lose(one, two, "cut")
        self.assertFalse(made.whole(made.nodes))
        self.assertFalse(made.apart([one], [two]))
        lose(two, one, "cut")
        self.assertTrue(made.apart([one], [two]))
        self.assertFalse(made.apart([one, three], [two]))
        # A round trip of a link that is gone is none.
        self.assertEqual(4, len(made.times()))

    def test_last_word_counts(self) -> None:
        """Of what a node said twice of another, the later is meant; and nothing from before."""
        made = stage(2)
        one, two = made.nodes
        lose(one, two, "dead")
        say(one, "verdict", two, verdict="cut", reason="x")
        said = made.since(0.0, "verdict", two)
        self.assertEqual(["cut"], [happening.event["verdict"] for happening in said])
        self.assertEqual([], made.since(made.now + 1, "verdict", two))
        self.assertEqual([], made.since(0.0, "verdict", one))

    def test_until(self) -> None:
        """It is waited for as long as it may take, and no longer."""
        made = stage(2)
        one, two = made.nodes

        async def test() -> None:
            self.assertFalse(await made.until(lambda: one.hears(two), 0.01))
            waiting = asyncio.ensure_future(made.until(lambda: one.hears(two), 20.0))
            await asyncio.sleep(0)
            say(one, "peer_alive", two)
            self.assertTrue(await waiting)
            self.assertTrue(await made.until(lambda: one.hears(two), 0))

        asyncio.run(test())

    def test_first_is_started_first(self) -> None:
        """The others join through it."""
        made = stage(3)
        asyncio.run(made.open())
        self.assertEqual([["start"]] * 3, [node.done for node in made.nodes])  # type: ignore[attr-defined]

    def test_end(self) -> None:
        """All are stopped, and the guard is told, even if a node cannot be stopped."""

        async def stuck(node: StubNode) -> None:
            raise OSError

        for broken in (False, True):
            made = stage(2)
            if broken:
                self.patch(StubNode, "stop", stuck)
                self.assertRaises(OSError, asyncio.run, made.close())
            else:
                asyncio.run(made.close())
            self.assertEqual(1, made.guarded.ended)  # type: ignore[attr-defined]


class GuardedTests(UnitCase):
    """The directory and its guard."""

    def test_directory_goes_with_its_content(self) -> None:
        """It is there until the end, and then neither it nor its guard is."""
        guarded = Guarded.begin()
        (guarded.directory / "file").touch()
        guarded.end()
        self.assertFalse(guarded.directory.exists())
        self.assertEqual(-signal.SIGKILL, guarded._process.returncode)
        self.assertRaises(ProcessLookupError, os.kill, guarded.group, 0)

    def test_ctrl_c_while_it_begins(self) -> None:
        """No signal ends a guard that does not ignore it yet, and none is kept from anybody else."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        guarded = Guarded.begin()
        self.addCleanup(guarded.end)
        self.assertEqual(before, signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        status = Path(f"/proc/{guarded.group}/status").read_text()
        blocked = int(re.search(r"^SigBlk:\s*(\w+)", status, re.MULTILINE)[1], 16)  # type: ignore[index]
        for number in guard.IGNORED:
            self.assertTrue(blocked & 1 << number - 1, number)

    def test_no_place(self) -> None:
        """Without a place for it, that is said."""
        everything = os.environ["PATH"]
        self.patch(os, "environ", {"PATH": everything, "TMPDIR": "/nowhere"})
        with self.assertRaises(OSError):
            # tempfile falls back to others, of which none shall be.
            self._begin_nowhere()

    def _begin_nowhere(self) -> None:
        broken = Path(self.mktemp())
        broken.write_text("import sys; sys.exit(1)")
        self.patch(Guarded.begin.__globals__["guard"], "__file__", str(broken))
        Guarded.begin()

"""
From the beginning to the end.
"""

import asyncio
import os
import signal

from gossip.demo import performance
from gossip.demo.nodes import NotStarted
from gossip.demo.performance import Broken, Performance
from gossip.demo.stage import Guarded, Stage
from tests.cases import UnitCase
from tests.demo.stubs import NoGuard, StubNode, stage


class PerformanceTests(UnitCase):
    """It comes to its end in any case."""

    def setUp(self) -> None:
        # A shell lets what it starts in the background ignore Ctrl-C, and programs inherit that.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
            signal.signal(number, signal.default_int_handler)
        self.lines: list[str] = []
        self.made: list[Stage] = []
        self.patch(Guarded, "begin", NoGuard)
        self.patch(performance, "SHORT_PAUSE", 0.0)
        self.patch(performance, "PAUSE", 0.0)

        def of(count: int, guarded: Guarded) -> Stage:
            self.made.append(stage(count))
            return self.made[-1]

        self.patch(Stage, "of", of)

    def perform(self, seconds: float | None = 20.0) -> int:
        """Perform with three nodes that are none."""
        return Performance(
            nodes=3,
            seconds=seconds,
            put=self.put,
            show=lambda _: None,
            width=lambda: 80,
            coloured=False,
        ).run()

    def put(self, line: str) -> None:
        """Print a line."""
        self.lines.append(line)

    def assert_ended(self) -> None:
        """All nodes were stopped, and nothing is left."""
        (made,) = self.made
        self.assertEqual(1, made.guarded.ended)  # type: ignore[attr-defined]
        self.assertTrue(all("stop" in node.done for node in made.nodes))  # type: ignore[attr-defined]

    def test_it_ends_by_itself(self) -> None:
        """When the time is up, with exit status 0."""
        self.assertEqual(0, self.perform(0.05))
        self.assertIn("Starting 3 nodes", self.lines[0])
        self.assertIn("Stopping 3 nodes", self.lines[-1])
        self.assert_ended()

    def test_signals_end_it(self) -> None:
        """Each with its exit status; a second one changes nothing."""
        put = self.put
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):

            def once(line: str, number: int = number) -> None:
                put(line)
                if "That was" in line:
                    os.kill(os.getpid(), number)
                    os.kill(os.getpid(), signal.SIGTERM)

            self.made.clear()
            self.put = once  # type: ignore[method-assign]
            self.assertEqual(128 + number, self.perform(None))
            self.assert_ended()

    def test_ignored_signals_stay_so(self) -> None:
        """Who was started by nohup goes on when the terminal is closed."""
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGHUP, before)
        put = self.put

        def hang_up(line: str) -> None:
            put(line)
            os.kill(os.getpid(), signal.SIGHUP)

        self.put = hang_up  # type: ignore[method-assign]
        self.assertEqual(0, self.perform(0.05))
        self.assert_ended()

    def test_what_goes_wrong_ends_it(self) -> None:
        """Whatever is raised, nodes are stopped first."""

        def fail(line: str) -> None:
            raise ZeroDivisionError

        self.put = fail  # type: ignore[method-assign]
        self.assertRaises(ZeroDivisionError, self.perform)
        self.assert_ended()

    def test_node_that_does_not_start(self) -> None:
        """It is said why, and the others are stopped."""

        async def broken(node: StubNode, *seeds: str) -> None:
            raise NotStarted("node-1 ended at once: port taken")

        self.patch(StubNode, "start", broken)
        with self.assertRaisesRegex(Broken, "could not be started: node-1 .* port taken"):
            self.perform()
        self.assert_ended()

    def test_node_that_ctrl_c_ends(self) -> None:
        """Whoever asked for the end is not told that a node could not be started."""

        async def ended(node: StubNode, *seeds: str) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            # The loop takes the signal, and then what comes of it.
            for _ in range(3):
                await asyncio.sleep(0)
            raise NotStarted("node-1 ended at once: exit status -2")

        self.patch(StubNode, "start", ended)
        self.assertEqual(128 + signal.SIGINT, self.perform(None))
        self.assert_ended()

    def test_no_place(self) -> None:
        """Without a directory it does not begin."""

        def nowhere() -> Guarded:
            raise OSError("no temporary directory")

        self.patch(Guarded, "begin", nowhere)
        with self.assertRaisesRegex(Broken, "cannot begin: no temporary directory"):
            self.perform()

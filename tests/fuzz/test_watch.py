"""
Tests what ends a run, and with which status.
"""

from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from time import process_time
from typing import Any

from tests.cases import UnitCase
from tests.fuzz import corpus, watch
from tests.fuzz.__main__ import main
from tests.fuzz.corpus import KEPT
from tests.fuzz.watch import Watch


def bears(data: bytes) -> None:
    """A target that promises nothing."""


class WatchTests(UnitCase):
    """One run of one target."""

    def setUp(self) -> None:
        """Write down how runs end."""
        self.left: list[int] = []
        self.said = StringIO()
        self.crashers = Path(self.mktemp())

    def watch(self, check: Callable[[bytes], None], **changes: Any) -> Watch:
        """A run of this target that nothing ends by itself."""
        made: dict[str, Any] = {
            "name": "messages",
            "check": check,
            "runs": float("inf"),
            "seconds": float("inf"),
            "crashers": self.crashers,
            "leave": self.left.append,
        }
        return Watch(**{**made, **changes})

    def run_with(self, watch: Watch, times: int) -> str:
        """Some executions; what was printed."""
        with redirect_stdout(self.said):
            for _ in range(times):
                watch(b"input")
                if self.left:
                    break
        return self.said.getvalue()

    def test_a_run_ends_after_its_executions(self) -> None:
        """After as many executions as were asked for the status is 0, and the numbers are told."""
        said = self.run_with(self.watch(bears, runs=3), 99)
        self.assertEqual([0], self.left)
        self.assertIn("messages: 3 executions", said)
        self.assertIn("slowest input", said)

    def test_a_run_ends_after_its_time(self) -> None:
        """After as many seconds as were asked for the status is 0."""
        times = iter(range(10**6))
        self.run_with(self.watch(bears, seconds=1000, wall=lambda: float(next(times))), 10**4)
        self.assertEqual([0], self.left)

    def test_an_error_ends_the_run(self) -> None:
        """Any error keeps the input, tells how to see it again, and makes the status 1."""
        for error in (ValueError, SystemExit, KeyboardInterrupt):

            def broken(data: bytes, error: type[BaseException] = error) -> None:
                raise error

            self.left.clear()
            said = self.run_with(self.watch(broken), 9)
            self.assertEqual([1], self.left)
            self.assertIn("python -m tests.fuzz messages --replay", said)
            self.assertEqual([b"input"], corpus.read(self.crashers))

    def test_slowness_ends_the_run(self) -> None:
        """An input that takes long each time makes the status 1."""

        def slow(data: bytes) -> None:
            begun = process_time()
            while process_time() - begun < watch.LONGEST * 1.2:
                pass

        said = self.run_with(self.watch(slow), 9)
        self.assertEqual([1], self.left)
        self.assertIn("the fastest of 5 runs", said)

    def test_a_stalled_machine_does_not_end_the_run(self) -> None:
        """An input that took long by the clock alone is no failure."""
        times = iter(range(10**6))
        self.run_with(self.watch(bears, wall=lambda: float(next(times))), 99)
        self.assertEqual([], self.left)

    def test_memory_without_end_ends_the_run(self) -> None:
        """Memory that grows by more than the bound after the run is warm makes the status 1."""
        sizes = iter(range(0, 10**12, 50 << 20))
        said = self.run_with(self.watch(bears, memory=lambda: next(sizes)), 2 * watch.WARM)
        self.assertEqual([1], self.left)
        self.assertIn("memory has grown", said)


class CommandTests(UnitCase):
    """What the command does without the fuzzer."""

    def test_inputs_can_be_replayed(self) -> None:
        """An input that holds is said to, with the time that it takes."""
        path = min((KEPT / "messages").glob("*"))
        said = StringIO()
        with redirect_stdout(said):
            self.assertEqual(0, main(["messages", "--replay", str(path)]))
        self.assertIn("holds", said.getvalue())

    def test_a_missing_fuzzer_is_said(self) -> None:
        """Where atheris is not installed that is a failure with a reason, or a skip with it."""
        said = StringIO()
        with redirect_stdout(said):
            self.assertEqual(2, main(["all"], lambda name: None))
            self.assertEqual(0, main(["all", "--or-skip"], lambda name: None))
        self.assertEqual(2, said.getvalue().count("not fuzzed: atheris is not installed here"))

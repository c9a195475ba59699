"""
What is asked of every execution: no exception, no 50 ms, no memory without end.
"""

import resource
import traceback
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

from attrs import define, field

from tests.fuzz import corpus
from tests.fuzz.corpus import Check

LONGEST: Final = 0.05
"""Seconds for one input: what a node may stand still for without anybody noticing."""
REPEATS: Final = 5
"""A machine with other work makes anything slow at times; the fastest of so many runs counts."""
WARM: Final = 20000
"""Executions before memory is measured: until then caches fill, and the corpus is loaded."""
MOST_GROWTH: Final = 256 << 20
"""Bytes. The fuzzer's own tables grow by some tens of MiB in a run of hours."""
_LOOK: Final = 1024
"""Executions between two looks at time and memory."""
_TELL: Final = _LOOK * 500
"""Executions between two lines about how far the run is."""


def peak() -> int:
    """The most memory that this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def cpu(check: Check, data: bytes) -> float:
    """Seconds of processor time that one execution takes; the least of some."""
    taken = []
    for _ in range(REPEATS):
        begun = process_time()
        check(data)
        taken.append(process_time() - begun)
    return min(taken)


@define(eq=False)
class Watch:
    """Runs a target, counts, and ends the run: with status 1 where something is wrong."""

    name: str
    check: Check
    runs: float
    seconds: float
    crashers: Path
    leave: Callable[[int], None]
    """Called once with the exit status; it need not return."""
    wall: Callable[[], float] = perf_counter
    memory: Callable[[], int] = peak
    executions: int = 0
    _begun: float = field(init=False)
    _warm: int | None = None
    _slowest: tuple[float, bytes] = (0.0, b"")

    def __attrs_post_init__(self) -> None:
        self._begun = self.wall()

    def __call__(self, data: bytes) -> None:
        """One execution."""
        begun = self.wall()
        try:
            self.check(data)
        except BaseException as error:  # noqa: BLE001 - whatever comes is what is looked for
            self._fail(data, "".join(traceback.format_exception(error)))
            return
        taken = self.wall() - begun
        self.executions += 1
        if taken > self._slowest[0]:
            self._slow(data)
        if self.executions % _LOOK == 0 or self.executions >= self.runs:
            self._look(data)

    def _slow(self, data: bytes) -> None:
        taken = cpu(self.check, data)
        if taken > LONGEST:
            self._fail(data, f"it took {taken * 1000:.0f} ms, the fastest of {REPEATS} runs\n")
        elif taken > self._slowest[0]:
            self._slowest = (taken, data)

    def _look(self, data: bytes) -> None:
        if self._warm is None and self.executions >= WARM:
            self._warm = self.memory()
        if self.growth() > MOST_GROWTH:
            self._fail(data, f"memory has grown by {self.growth() >> 20} MiB\n")
        elif self.executions >= self.runs or self.wall() - self._begun >= self.seconds:
            self.tell()
            self.leave(0)
        elif self.executions % _TELL == 0:
            self.tell()

    def growth(self) -> int:
        """Bytes by which memory has grown since the run was warm."""
        return 0 if self._warm is None else self.memory() - self._warm

    def tell(self) -> None:
        """Print what the run was like."""
        took = self.wall() - self._begun
        slowest, data = self._slowest
        print(
            f"{self.name}: {self.executions} executions in {took:.0f} s,"
            f" {self.executions / max(took, 1e-9):.0f}/s, {self.executions / process_time():.0f}/s"
            f" of a core; slowest input {slowest * 1000:.2f} ms"
            f" ({len(data)} bytes); memory {peak() >> 20} MiB,"
            f" grown by {self.growth() >> 20} MiB",
            flush=True,
        )

    def _fail(self, data: bytes, why: str) -> None:
        path = corpus.save(self.crashers, data)
        self.tell_without_slowest()
        print(f"{self.name}: {data!r}\n{why}saved as {path}; to see it again:")
        print(f"python -m tests.fuzz {self.name} --replay {path}", flush=True)
        self.leave(1)

    def tell_without_slowest(self) -> None:
        """Print how far the run came: no input is run again when one has just failed."""
        print(f"{self.name}: FAILED after {self.executions} executions")

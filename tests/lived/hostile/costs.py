"""
What attacks cost a node, and attackers that are processes of their own.
"""

import os
import re
import sys
import tempfile
import time
from collections.abc import Coroutine
from pathlib import Path
from statistics import quantiles
from typing import Any, TypeVar

from attrs import define, field
from twisted.internet.task import LoopingCall

from tests.lived.nodes import NodeProcess, Program, environment

T = TypeVar("T")

MIB = 1 << 20


class Flood(Program):
    """An attack that is a process of its own: see `tests.lived.hostile.flood`."""

    def __init__(self, kind: str, port: int, *sources: str, rate: float, stand: int = 0) -> None:
        options = (kind, str(port), str(rate), str(stand), *sources)
        super().__init__((sys.executable, "-m", "tests.lived.hostile.flood", *options))

    @property
    def begun(self) -> int:
        """How many connections it has made so far."""
        return int(self.events[-1]["begun"]) if self.events else 0


@define
class Costs:
    """What a node used, and how the honest ones fared, while something was done to it."""

    victim: NodeProcess
    honest: NodeProcess
    seconds: float = 0.0
    memory: int = 0
    """Bytes at most above what it had before."""
    share: float = 0.0
    """Of one core."""
    replies: list[float] = field(factory=list)
    """Milliseconds in which the honest one's pings were answered."""

    async def of(self, work: Coroutine[Any, Any, T]) -> T:
        """Do this, and measure meanwhile."""
        before, spent, begun = memory(self.victim), processor(self.victim), time.monotonic()
        first = len(self.honest.events)

        def look() -> None:
            self.memory = max(self.memory, memory(self.victim) - before)

        looking = LoopingCall(look)
        looking.start(0.1)
        try:
            return await work
        finally:
            looking.stop()
            self.seconds = time.monotonic() - begun
            self.share = (processor(self.victim) - spent) / self.seconds
            self.replies = [
                event["rtt_ms"]
                for event in self.honest.events[first:]
                if event["event"] == "ping" and event["peer"] == self.victim.id and event["rtt_ms"]
            ]

    def reply(self, percent: int) -> float:
        """So many of a hundred pings were answered within these milliseconds."""
        return quantiles(self.replies, n=100)[percent - 1]

    def __str__(self) -> str:
        """For people."""
        return (
            f"{self.seconds:.1f} s, {self.memory / MIB:+.1f} MiB at most, {self.share:.0%} of a core,"
            f" {len(self.replies)} pings answered in {self.reply(50):.1f} ms (half of them),"
            f" {self.reply(99):.1f} ms (99 of 100)"
        )


def memory(node: NodeProcess) -> int:
    """Bytes of memory that a node has in use."""
    status = Path(f"/proc/{node.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def processor(node: NodeProcess) -> float:
    """Seconds of a core that a node has used."""
    words = Path(f"/proc/{node.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(node: NodeProcess) -> int:
    """How many files and sockets it has open."""
    return len(list(Path(f"/proc/{node.process.pid}/fd").iterdir()))


class Watch:
    """Lets nodes write down whom they dial: what is refused by the network is seen by nobody else."""

    HOOK = """
import os, sys, weakref
known = weakref.WeakSet()
def seen(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        # A connection that is under way is asked for once more, to hear how it went.
        if arguments[0] in known:
            return
        known.add(arguments[0])
        with open(f"{os.environ['DIALED']}.{os.getpid()}", "a") as file:
            print(*arguments[1][:2], file=file)
sys.addaudithook(seen)
"""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory()
        place = Path(self._directory.name)
        (place / "sitecustomize.py").write_text(self.HOOK)
        self._log = place / "dialed"
        path = os.pathsep.join((str(place), environment()["PYTHONPATH"]))
        self.environ = {"PYTHONPATH": path, "DIALED": str(self._log)}

    def dialed(self, node: NodeProcess) -> list[tuple[str, int]]:
        """Whom a node has dialed, over and over again where it did."""
        file = Path(f"{self._log}.{node.process.pid}")
        lines = file.read_text().splitlines() if file.exists() else []
        return [(line.split()[0], int(line.split()[1])) for line in lines]

    def close(self) -> None:
        """Forget it."""
        self._directory.cleanup()

"""
Processes that may be killed at any instant, and say what they have on disk.

`python -m tests.memory.mortal` forks one for each line that it reads: a task and a directory, or a
task, a directory and the number of the line of the program before which it kills itself. It says the
child's pid, then whatever the child says, and `gone` when it is no more.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from gossip.memory.database import Database
from gossip.memory.directory import StateDirectory
from gossip.memory.keys import identity
from gossip.memory.rows import Batch
from tests.memory.samples import OWN, WALL, memory, occurrence

PEERS = 20


def say(text: str) -> None:
    """One line, whole and at once, whatever happens next."""
    os.write(1, f"{text}\n".encode())


def write(place: Path) -> None:
    """Write batch after batch; each has one row of history, and half of the peers."""
    database = Database(place / "gossip.db", PEERS)
    generation = database.load(OWN).last
    while True:
        generation += 1
        numbers = range(generation % 2, PEERS, 2)
        database.write(
            Batch(
                peers={m.id: m for m in (memory(n, generation) for n in numbers)},
                own=(OWN, generation),
                history=(occurrence(generation),),
                wall=WALL,
            )
        )
        say(str(generation))


def load(place: Path) -> None:
    """Make the database."""
    Database(place / "gossip.db", PEERS).load(OWN)
    say("whole")


def begin(place: Path) -> None:
    """Make the key."""
    say(identity(StateDirectory.open(place)).id)


TASKS = {"write": write, "load": load, "begin": begin}


def die_at(line: int) -> None:
    """Kill this process before it runs so many lines of the room."""
    left = line

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if "/gossip/memory/" not in frame.f_code.co_filename:
            return None
        if event == "line":
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)


def main() -> None:
    """Fork for each line."""
    for text in sys.stdin:
        task, place, *line = text.rstrip("\n").split("\t")
        child = os.fork()
        if not child:
            # It says so itself: what its parent says might come after its first words.
            say(f"pid {os.getpid()}")
            if line:
                die_at(int(line[0]))
            TASKS[task](Path(place))
            os._exit(0)
        os.waitpid(child, 0)
        say("gone")


class Mortals:
    """The other end: starts such processes one after the other."""

    def __init__(self) -> None:
        self._child: int | None = None
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.memory.mortal"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            cwd=Path(__file__).parents[2],
        )

    def start(self, task: str, place: Path, line: int | None = None) -> int:
        """Start one; its pid."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        words = [task, str(place), *([] if line is None else [str(line)])]
        self._process.stdin.write("\t".join(words) + "\n")
        self._process.stdin.flush()
        word, pid = self._process.stdout.readline().split()
        assert word == "pid", word
        self._child = int(pid)
        return self._child

    def last_words(self) -> Iterator[str]:
        """What it said before it was gone."""
        assert self._process.stdout is not None
        while (line := self._process.stdout.readline().rstrip("\n")) not in ("gone", ""):
            yield line
        self._child = None

    def close(self) -> None:
        """End the process that forks, and whom a test that failed left alive."""
        if self._child is not None:
            os.kill(self._child, signal.SIGKILL)
            list(self.last_words())
        self._process.communicate(timeout=30)


if __name__ == "__main__":
    main()

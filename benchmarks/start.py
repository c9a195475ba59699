"""
How long a node takes from `exec` to listening, and what of it is imports.

Run as `python -m benchmarks.start [--rounds 11]` in the checkout. In turns: p2p-gossip, the yardstick,
p2p-gossip with a control socket, and `p2p-gossip --help`.
"""

import asyncio
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.command import Options, main
from benchmarks.measure import Figure, middle
from benchmarks.processes import PYTHON, Process, ending, environment, free_ports

ROUNDS: Final = 11
SHOWN: Final = 12
"""Packages of the import profile that are shown."""

NODE: Final = (*PYTHON, "gossip", "--listen", "127.0.0.1", "--port", "0", "--output", "json")
HELP: Final = (*PYTHON, "gossip", "--help")
LOADS: Final = "import gossip.cli, gossip.starting, gossip.running"
"""What is imported by a node that neither keeps anything nor can be asked."""

_IMPORT: Final = re.compile(r"import time:\s+(\d+) \|\s+\d+ \| +(\S+)")


async def listening(command: Sequence[str]) -> tuple[float, float]:
    """Seconds, and seconds of CPU, until a program listens."""
    process = await Process.start(*command)
    async with ending([process]):
        event = await process.until("listening")
        return event["time"] - process.started, process.cpu()


def ending_by_itself(command: Sequence[str]) -> tuple[float, float]:
    """Seconds, and seconds of CPU, that a program takes."""
    begun, before = time.time(), _spent()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment())  # noqa: S603
    return time.time() - begun, _spent() - before


def _spent() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def imports() -> Counter[str]:
    """Microseconds that a node's imports take, by the package; and how many modules, by the name ``."""
    run = subprocess.run(  # noqa: S603
        (sys.executable, "-X", "importtime", "-c", LOADS),
        check=True,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    return profile(run.stderr)


def profile(text: str) -> Counter[str]:
    """The same, of what `-X importtime` printed."""
    found: Counter[str] = Counter()
    for took, name in _IMPORT.findall(text):
        found[name.partition(".")[0]] += int(took)
        found[""] += 1
    return found


def shown(of: Counter[str]) -> str:
    """A profile, for people."""
    total = sum(took for name, took in of.items() if name)
    lines = [f"imports of a node: {of['']} modules, {total / 1e3:.0f} ms"]
    packages = ((name, took) for name, took in of.most_common() if name)
    lines += [f"{took / 1e3:8.1f} ms  {name}" for name, took in list(packages)[:SHOWN]]
    return "\n".join(lines) + "\n\n"


def measure(options: Options) -> list[Figure]:
    """The figures; the import profile is printed before them."""
    taken: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="start") as directory:
        asked = (*NODE, "--control", str(Path(directory, "control")))
        # Whatever is compiled first is not counted.
        ending_by_itself((sys.executable, "-c", f"{LOADS}, gossip.asking, benchmarks.yardstick"))
        for _ in range(options.rounds or (2 if options.quick else ROUNDS)):
            (port,) = free_ports(1)
            plain = (*PYTHON, "benchmarks.yardstick", str(port))
            taken["node"].append(asyncio.run(listening(NODE)))
            taken["plain"].append(asyncio.run(listening(plain)))
            taken["asked"].append(asyncio.run(listening(asked)))
            taken["help"].append(ending_by_itself(HELP))
    found = imports()
    sys.stdout.write(shown(found))
    wall, cpu = (
        {name: middle([one[part] for one in rounds]) for name, rounds in taken.items()}
        for part in (0, 1)
    )

    def beside(of: dict[str, float], what: str, name: str, most: float | None = None) -> Figure:
        goal = None if most is None else 1
        return Figure(what=what, ours=of[name], unit="s", beside=of["plain"], goal=goal, most=most)

    # A goal is for CPU: how long it takes is for whoever else uses the machine to say as well.
    return [
        beside(cpu, "CPU from start to listening", "node", 1.2),
        beside(cpu, "CPU of --help, beside that of the yardstick", "help", 1.2),
        beside(wall, "start to listening", "node"),
        beside(wall, "--help, beside that of the yardstick", "help"),
        beside(cpu, "CPU from start to listening, with --control", "asked"),
        Figure(what="modules imported", ours=found[""]),
    ]


if __name__ == "__main__":
    main(measure, __doc__)

"""
The command line that all benchmarks share, and what they leave behind: a table, and JSON beside it.
"""

import json
import os
import platform
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

from attrs import asdict, frozen
from OpenSSL import SSL

from benchmarks.measure import Figure, table
from benchmarks.processes import stop_after

LONGEST = 2 * 3600
"""Seconds after which a benchmark ends itself, whatever it does."""

LIBRARIES = ("twisted", "pyopenssl", "cryptography", "msgspec", "attrs")


@frozen
class Options:
    """What is asked for; None where the benchmark decides."""

    quick: bool = False
    """Small and once: whether it works, not what it costs."""
    sizes: tuple[int, ...] | None = None
    rounds: int | None = None


Benchmark: TypeAlias = Callable[[Options], list[Figure]]


def note(text: str) -> None:
    """Say how far it is, on stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def machine() -> dict[str, Any]:
    """Where it was measured, and with what."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "model": models[0] if models else platform.machine(),
        "load": os.getloadavg(),
        "python": platform.python_version(),
        "openssl": SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode(),
        **{name: version(name) for name in LIBRARIES},
    }


def report(figures: Sequence[Figure], begun: dict[str, Any], path: str | None) -> None:
    """Print the table; write the JSON, where it is wanted."""
    where = f"{begun['processors']} x {begun['model']}, {begun['system']}"
    with_what = ", ".join(f"{name} {begun[name]}" for name in ("python", *LIBRARIES))
    loads = " ".join(f"{load:.1f}" for load in (*begun["load"][:1], os.getloadavg()[0]))
    sys.stdout.write(f"{table(figures)}\n\n{where}\n{with_what}, {begun['openssl']}\n")
    sys.stdout.write(f"load average before and after: {loads}\n")
    if path is not None:
        members = [
            {**asdict(figure), "ratio": figure.ratio, "met": figure.met} for figure in figures
        ]
        document = {"machine": begun, "load_after": os.getloadavg(), "figures": members}
        Path(path).write_text(json.dumps(document, indent=1) + "\n")


def main(benchmark: Benchmark, about: str | None, arguments: Sequence[str] | None = None) -> None:
    """Read the command line, measure, report."""
    parser = ArgumentParser(description=(about or "").strip().partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small and once: does it work?")
    parser.add_argument("--sizes", help="nodes or links, as in 10,20,40")
    parser.add_argument("--rounds", type=int, help="how often; medians are shown")
    parser.add_argument("--json", metavar="FILE", help="write all figures there too")
    given = parser.parse_args(arguments)
    sizes = tuple(map(int, given.sizes.split(","))) if given.sizes else None
    stop_after(LONGEST)
    begun = machine()
    report(benchmark(Options(given.quick, sizes, given.rounds)), begun, given.json)

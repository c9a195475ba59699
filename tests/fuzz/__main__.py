"""
`python -m tests.fuzz TARGET...`: run, replay or minimise.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from math import inf
from pathlib import Path
from random import SystemRandom
from typing import Final

TARGETS: Final = (
    *("frames", "messages", "records", "session", "addresses", "certificates", "text", "options"),
)
WHERE: Final = "atheris is not installed here: it is made for CPython 3.11 to 3.14 on Linux x86-64"


def main(
    arguments: list[str] | None = None, find: Callable[[str], object | None] = find_spec
) -> int:
    """Do what the command line says; the exit status. `find` looks for atheris."""
    asked = _parser().parse_args(arguments)
    names = TARGETS if "all" in asked.target else tuple(asked.target)
    if asked.replay:
        return _replay(names[0], asked.replay)
    if asked.minimise:
        return _minimise(names, asked.work)
    if find("atheris") is None:
        print(f"not fuzzed: {WHERE}", flush=True)
        return 0 if asked.or_skip else 2
    if len(names) * asked.jobs > 1:
        return _apart(names, asked)
    work = asked.work or Path(tempfile.mkdtemp(prefix="fuzz-"))
    fuzzer = import_module("tests.fuzz.fuzzer")
    fuzzer.fuzz(
        fuzzer.Run(
            target=names[0],
            runs=asked.runs or inf,
            seconds=asked.seconds or (inf if asked.runs else 60.0),
            seed=asked.seed or SystemRandom().randrange(1, 2**31),
            work=work,
        )
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=(*TARGETS, "all"), nargs="+")
    parser.add_argument("--seconds", type=float, help="how long [default: 60]")
    parser.add_argument("--runs", type=int, help="how many executions")
    parser.add_argument("--jobs", type=int, default=1, help="processes, each with all of the above")
    parser.add_argument("--seed", type=int, help="of chance")
    parser.add_argument("--work", type=Path, help="where new inputs are kept [default: temporary]")
    parser.add_argument("--or-skip", action="store_true", help="no failure where atheris is not")
    parser.add_argument("--replay", type=Path, nargs="+", help="run these inputs, without atheris")
    parser.add_argument(
        "--minimise",
        action="store_true",
        help="keep of the corpus and --work only what goes where no seed and nothing shorter does",
    )
    return parser


def _replay(name: str, paths: list[Path]) -> int:
    check = import_module(f"tests.fuzz.targets.{name}").check
    watch = import_module("tests.fuzz.watch")
    for path in paths:
        data = path.read_bytes()
        check(data)
        print(f"{name}: {path} holds, in {watch.cpu(check, data) * 1000:.2f} ms")
    return 0


def _minimise(names: tuple[str, ...], work: Path | None) -> int:
    corpus = import_module("tests.fuzz.corpus")
    seeds = import_module("tests.fuzz.seeds")
    for name in names:
        check = import_module(f"tests.fuzz.targets.{name}").check
        found = corpus.read(work / name) if work else []
        inputs = [*corpus.read(corpus.KEPT / name), *found]
        kept = corpus.minimised(check, seeds.SEEDS[name](), inputs)
        corpus.replace(corpus.KEPT / name, kept)
        print(f"{name}: {len(kept)} of {len(inputs)} kept, {sum(map(len, kept))} bytes")
    return 0


def _apart(names: tuple[str, ...], asked: argparse.Namespace) -> int:
    """One process a target and job: jobs beside each other, targets one after another."""
    status = 0
    for name in names:
        command = [sys.executable, "-m", "tests.fuzz", name]
        for option in ("seconds", "runs", "work"):
            if getattr(asked, option):
                command += [f"--{option}", str(getattr(asked, option))]
        running = [subprocess.Popen(command) for _ in range(asked.jobs)]
        status = max(status, *(process.wait() != 0 for process in running), 0)
    return int(status)


if __name__ == "__main__":
    sys.exit(main())

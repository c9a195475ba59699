"""
The run itself, with atheris: coverage of the program, the saved corpus, a dictionary, our shapes.

Everything of ours that is measured is imported only when atheris looks on, so by name.
"""

import os
import sys
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any, Final

from attrs import frozen

from tests.fuzz.watch import Watch

LONGEST_INPUT: Final = {
    "frames": 2048,
    "messages": 4096,
    "records": 9000,
    "session": 2048,
    "addresses": 300,
    "certificates": 4200,
    "text": 64,
    "options": 600,
}
"""Bytes: what holds everything that a target tells apart. Longer ones are slower and find no more."""
_TIMEOUT: Final = 25
"""Seconds until an input that does not end at all is taken for a failure."""


@frozen(kw_only=True)
class Run:
    """One run of one target."""

    target: str
    runs: float
    seconds: float
    seed: int
    work: Path
    """Where new inputs go."""


def fuzz(run: Run) -> None:
    """Run it; ends the process, with status 1 where something was found."""
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["gossip"]):
        target = import_module(f"tests.fuzz.targets.{run.target}")
        shapes = import_module("tests.fuzz.shapes")
        corpus = import_module("tests.fuzz.corpus")
    random = Random(run.seed)
    shape = shapes.SHAPES[run.target]

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        changed: bytes = shape(data, most, random, atheris.Mutate)
        return changed[:most]

    watch = Watch(
        name=run.target,
        check=target.check,
        runs=run.runs,
        seconds=run.seconds,
        crashers=corpus.CRASHERS / run.target,
        leave=_leave,
    )
    atheris.Setup(_arguments(run, corpus), watch, custom_mutator=mutate)
    atheris.Fuzz()


def _leave(status: int) -> None:
    sys.stdout.flush()
    # libFuzzer would end the process with a status and words of its own.
    os._exit(status)


def _arguments(run: Run, corpus: Any) -> list[str]:
    seeds = import_module("tests.fuzz.seeds")
    kept = corpus.KEPT / run.target
    new = run.work / run.target
    new.mkdir(parents=True, exist_ok=True)
    begin = run.work / "seeds" / run.target
    corpus.replace(begin, seeds.SEEDS[run.target]())
    words = run.work / "words"
    words.write_text("".join(f"{_quoted(word)}\n" for word in seeds.WORDS), encoding="ascii")
    crashers = corpus.CRASHERS / run.target
    crashers.mkdir(parents=True, exist_ok=True)
    return [
        "fuzz",
        str(new),
        str(begin),
        *([str(kept)] if kept.exists() else []),
        f"-seed={run.seed}",
        f"-dict={words}",
        f"-artifact_prefix={crashers}/",
        f"-max_len={LONGEST_INPUT[run.target]}",
        f"-timeout={_TIMEOUT}",
        *("-timeout_exitcode=1", "-error_exitcode=1", "-verbosity=0", "-print_final_stats=0"),
    ]


def _quoted(word: str) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in word.encode()) + '"'

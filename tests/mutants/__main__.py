"""
`python -m tests.mutants`: try every deliberate bug, and say who found it.

A seed counts only where the program without the bug holds, and so does a unit test. The exit status is
0 where every bug was found by somebody, and the simulation alone found enough of them.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from pathlib import Path
from typing import Final

from attrs import define

from tests.mutants.bench import Copy
from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import Mutant
from tests.mutants.seeds import Catch

SEEDS: Final = 2000
"""Simulations for one bug."""

LEAST: Final = 27
"""Bugs that the simulation alone is to find."""

SHARE: Final = 0.85
"""The same, as a part of those that it is to try. Some cannot be seen among nodes that are all wrong alike, and some only
make things slower."""


@define
class Found:
    """What became of one bug; a part that was not asked for found nothing."""

    mutant: Mutant
    catch: Catch | None = None
    by_tests: tuple[str, ...] = ()

    @property
    def anywhere(self) -> bool:
        """Whether anybody found it."""
        return self.catch is not None or bool(self.by_tests)

    def line(self) -> str:
        """For people."""
        catch = self.catch
        simulated = "-"
        if catch is not None:
            simulated = f"{catch.case + 1} ({catch.profile} {catch.seed}): {catch.invariant}"
        tested = " ".join(name.removeprefix("tests.") for name in self.by_tests) or "-"
        return f"{self.mutant.name:34} {simulated:64} {tested}"


class Trials:
    """Bugs on the bench, some at a time."""

    def __init__(self, work: Path, asked: argparse.Namespace) -> None:
        self._work = work
        self._asked = asked
        self._sound = Copy(work / "sound")
        both = asked.unit == asked.simulation
        self.unit = both or asked.unit
        self.simulation = both or asked.simulation
        self.failing: list[str] = []
        """Modules of unit tests that fail without any bug: they prove nothing, and are left out."""

    def check_tests(self, mutants: Sequence[Mutant]) -> None:
        """See which unit tests fail without any bug."""
        modules = sorted({module for mutant in mutants for module in mutant.modules()})
        if self.unit and self._sound.fails(*modules):
            self.failing = [module for module in modules if self._sound.fails(module)]

    def run(self, mutants: Sequence[Mutant], show: Callable[[Found], None]) -> list[Found]:
        """Try these; `show` is told of each as soon as it is through."""
        with ThreadPoolExecutor(self._asked.jobs) as pool:
            found = []
            for one in pool.map(self.try_one, mutants):
                show(one)
                found.append(one)
            return found

    def try_one(self, mutant: Mutant) -> Found:
        """Try one."""
        copy = Copy(self._work / mutant.name, mutant)
        found = Found(mutant)
        if self.unit:
            names = [name for name in mutant.modules() if name not in self.failing]
            found.by_tests = tuple(name for name in names if copy.fails(name))
        if self.simulation and mutant.profiles:
            found.catch = self._catch(copy, mutant)
        return found

    def _catch(self, copy: Copy, mutant: Mutant) -> Catch | None:
        first, last = self._asked.first, self._asked.first + self._asked.seeds
        while (catch := copy.simulate(first, last, mutant)) is not None:
            first = catch.case + 1
            if self._sound.simulate(catch.case, first, mutant) is None:
                return catch
            print(f"the program itself fails at {catch.profile} {catch.seed}", flush=True)
        return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit status."""
    asked = _parser().parse_args(arguments)
    chosen = [mutant for mutant in MUTANTS if not asked.only or mutant.name in asked.only]
    unknown = set(asked.only) - {mutant.name for mutant in MUTANTS}
    if unknown:
        print(f"no such mutant: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="mutants-") as work:
        trials = Trials(Path(work), asked)
        trials.check_tests(chosen)
        if trials.failing:
            print(f"left out, since they fail without any mutant: {', '.join(trials.failing)}")
        print(f"{'mutant':34} {'simulations (which): invariant':64} unit tests", flush=True)
        found = trials.run(chosen, lambda one: print(one.line(), flush=True))
    return judge(found, trials, whole=not asked.only)


def judge(found: Sequence[Found], trials: Trials, *, whole: bool) -> int:
    """Say how many were found by whom, and what is missing; the exit status."""
    caught = sum(one.catch is not None for one in found)
    tested = sum(bool(one.by_tests) for one in found)
    escaped = [one.mutant.name for one in found if not one.anywhere]
    print(f"{len(found)} mutants; simulation {caught}, unit tests {tested}")
    status = 0
    if escaped and trials.unit and trials.simulation:
        print(f"found by nobody: {', '.join(escaped)}", file=sys.stderr)
        status = 1
    enough = max(LEAST, ceil(SHARE * sum(bool(one.mutant.profiles) for one in found)))
    if trials.simulation and whole and caught < enough:
        print(f"the simulation is to find {enough} by itself", file=sys.stderr)
        status = 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", metavar="NAME", nargs="+", default=[], help="these, not all")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="simulations for one mutant")
    parser.add_argument("--first", type=int, default=0, help="the first simulation's number")
    parser.add_argument("--jobs", type=int, default=1, help="mutants at a time")
    parser.add_argument("--unit", action="store_true", help="only the unit tests")
    parser.add_argument("--simulation", action="store_true", help="only the simulation")
    return parser


if __name__ == "__main__":
    sys.exit(main())

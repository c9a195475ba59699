"""
Where bugs are tried: a copy of the program, with one bug in it or none.
"""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import gossip
import tests
from tests.mutants.mutant import Mutant
from tests.mutants.seeds import Catch, case

PATIENCE = 300.0
"""Seconds for the unit tests of one bug. They take some; the rest is for slow machines."""

_PARTS = (Path(gossip.__file__).parent, Path(tests.__file__).parent)


class BrokenBench(Exception):
    """The copy does not do what the program does: nothing that is found in it counts."""


class Copy:
    """The program and its tests, in a directory of their own."""

    def __init__(self, where: Path, mutant: Mutant | None = None) -> None:
        """
        Make the copy, and put the bug into it.

        :raises NotThere: the program is not what the bug was made for.
        """
        self._where = where
        for part in _PARTS:
            shutil.copytree(part, where / part.name, ignore=shutil.ignore_patterns("__pycache__"))
        if mutant is not None:
            mutant.apply(where / "gossip")

    def simulate(self, first: int, last: int, mutant: Mutant) -> Catch | None:
        """
        Run the cases of a bug, from the first up to and without the last; the first catch, if any.

        :raises BrokenBench: the simulations did not begin.
        """
        asked = (str(first), str(last), str(mutant.nodes), *mutant.profiles)
        ran = self._python("-m", "tests.mutants.seeds", *asked)
        lines = [json.loads(line) for line in ran.stdout.splitlines()]
        if ran.returncode == 0:
            return None
        if not lines:
            raise BrokenBench(f"{mutant.name}: no simulation began\n{ran.stderr}")
        last_line = lines[-1]
        if "profile" in last_line:
            return Catch(**last_line)
        how = "never ended" if ran.returncode == -signal.SIGPROF else f"exit {ran.returncode}"
        return Catch(last_line["case"], *case(last_line["case"], mutant.profiles), how, ran.stderr)

    def fails(self, *modules: str) -> bool:
        """Whether any of these unit tests fails, or never ends."""
        trial = ("-m", "twisted.trial", f"--temp-directory={self._where / 'trial'}")
        try:
            return self._python(*trial, *modules, timeout=PATIENCE).returncode != 0
        except subprocess.TimeoutExpired:
            return True

    def _python(
        self, *arguments: str, timeout: float | None = None
    ) -> "subprocess.CompletedProcess[str]":
        # What runs with -m looks where it stands first: at the copy, not at what is installed.
        return subprocess.run(
            (sys.executable, *arguments),
            cwd=self._where,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

"""
The `python -m gossip.testing` command: simulate many networks, and make small what fails.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from random import SystemRandom
from typing import Any, Final, TextIO

from attrs import define, field
from twisted.python import usage

from gossip import __version__
from gossip.surfaces.text import safe
from gossip.testing import corpus
from gossip.testing.campaign import Workers
from gossip.testing.plan import Plan
from gossip.testing.profiles import PROFILES
from gossip.testing.progress import Progress
from gossip.testing.report import Tally, failure_lines, lines
from gossip.testing.runs import Failure, Outcome, Run, perform, run_of
from gossip.testing.shrink import MOST_RUNS, Shrunk, shrink

ALL: Final = "all"
"""Not a profile, but each in its turn: the one whose number is the rest of the seed."""

INTERRUPTED: Final = 130
"""Exit status after Ctrl-C where nothing failed: as a shell has it."""

_LONGEST_LINE: Final = 4096
_LARGEST: Final = 2**63
_PROGRAM: Final = "python -m gossip.testing"


def _number(option: str, kind: type[int | float]) -> Callable[[str], float]:
    """What turns the text of an option into a number."""

    def read(text: str) -> float:
        try:
            return kind(text)
        except ValueError:
            what = "a whole number" if kind is int else "a number"
            raise usage.UsageError(f"--{option} {text!r} is not {what}") from None

    return read


class Options(usage.Options):
    """Options of the simulator."""

    synopsis = f"Usage: {_PROGRAM} [options]"
    longdesc = (
        "Runs whole nodes on a simulated network, in which anything may go wrong, and checks that"
        " everything heals. The same seed is always the same scenario. What fails is made small,"
        " written down, and can be replayed. The exit status is 1 if anything failed."
    )
    optFlags = [
        ["trace", None, "With --replay: print everything that happens"],
        ["digests", None, "Print the digest of each run instead of a report"],
    ]
    optParameters: list[list[Any]] = [
        ["seeds", None, None, "FIRST:LAST, the last one not included [default: 0:1000]"],
        ["seconds", None, None, "Run new seeds for so long instead", _number("seconds", float)],
        ["nodes", None, 5, "Nodes in each network, 2 to 1000", _number("nodes", int)],
        ["profile", None, ALL, f"Which faults: {', '.join((ALL, *PROFILES))}"],
        ["jobs", None, None, "Processes [default: one a core]", _number("jobs", int)],
        ["corpus", None, None, "Directory of plans that are replayed first"],
        ["replay", None, None, "Run only this: a file with a plan, or a seed"],
        ["save", None, "failures", "Directory for plans that fail"],
        [
            *("until-failures", None, 10, "Stop after so many failures; 0 for never"),
            _number("until-failures", int),
        ],
        [
            *("shrink", None, MOST_RUNS, "Runs that making a failing plan small may take"),
            _number("shrink", int),
        ],
    ]
    compData = usage.Completions(
        optActions={
            "profile": usage.CompleteList([ALL, *PROFILES]),
            "corpus": usage.CompleteDirs(),
            "save": usage.CompleteDirs(),
            "replay": usage.CompleteFiles("*.json"),
        }
    )

    def parseArgs(self, *extra: str) -> None:
        """Take nothing but options."""
        if extra:
            raise usage.UsageError(f"{extra[0]!r} is not an option")

    def opt_version(self) -> None:
        """Display the version and exit"""
        sys.stdout.write(f"p2p-gossip {__version__}\n")
        raise SystemExit(0)

    def postOptions(self) -> None:
        """Check what one option alone does not show."""
        self["jobs"] = self["jobs"] or os.cpu_count() or 1
        self._within("nodes", 2, 1000)
        self._within("jobs", 1, 1024)
        self._within("until-failures", 0, _LARGEST)
        self._within("shrink", 0, 1_000_000)
        if self["profile"] not in (ALL, *PROFILES):
            raise usage.UsageError(
                f"--profile {self['profile']!r} is none of {', '.join((ALL, *PROFILES))}"
            )
        if self["seconds"] is not None:
            self._within("seconds", 0.1, 1e7)
            if self["seeds"] is not None:
                raise usage.UsageError("--seconds runs new seeds; leave out --seeds")
        if self["trace"] and self["replay"] is None:
            raise usage.UsageError("--trace needs the --replay that it is for")
        self["seeds"] = _range(self["seeds"] or "0:1000")

    def runs(self, first: int | None) -> Iterator[Run]:
        """What is to be run: the seeds that were asked for, or all from the first one on."""
        seeds = self["seeds"] if first is None else count(first)
        return map(self.run_of, seeds)

    def run_of(self, seed: int) -> Run:
        """The run of a seed."""
        profile = self["profile"]
        if profile == ALL:
            profile = PROFILES[seed % len(PROFILES)]
        return Run(seed, self["nodes"], profile)

    def replayed(self) -> Run:
        """
        The run that is to be replayed.

        :raises NoPlan: it is no seed, and no file with a plan.
        """
        text: str = self["replay"]
        if text.isascii() and text.isdigit() and int(text) < _LARGEST:
            return self.run_of(int(text))
        return run_of(corpus.read(Path(text)), text)

    def kept(self) -> list[Run]:
        """
        The runs of the corpus.

        :raises NoPlan: something in it is not a plan, or it is not there.
        """
        if self["corpus"] is None:
            return []
        return [run_of(plan, str(path)) for path, plan in corpus.read_all(Path(self["corpus"]))]

    def _within(self, name: str, least: float, most: float) -> None:
        if not least <= self[name] <= most:
            shown = f"{self[name]!s:.24}"
            raise usage.UsageError(f"--{name} {shown} is not from {least:g} to {most:g}")


def _range(text: str) -> range:
    first, colon, last = text.partition(":")
    seeds = range(0)
    if first.isdecimal() and (last.isdecimal() if colon else not last):
        seeds = range(int(first), int(last) if colon else int(first) + 1)
    if not seeds or seeds[-1] >= _LARGEST:
        raise usage.UsageError(f"--seeds {text!r} is not FIRST:LAST, such as 0:1000")
    return seeds


def main(
    arguments: Sequence[str] | None = None,
    out: TextIO | None = None,
    errors: TextIO | None = None,
) -> int:
    """Run the command; the exit status: 0, 1 if anything failed, 2 on wrong usage, 130 on Ctrl-C."""
    out, errors = out or sys.stdout, errors or sys.stderr
    options = Options()
    try:
        options.parseOptions(sys.argv[1:] if arguments is None else list(arguments))
        if options["replay"] is not None:
            return _replay(options.replayed(), out, trace=options["trace"])
        return _Campaign(options, out, errors, options.kept()).carry_out()
    except (usage.UsageError, corpus.NoPlan) as error:
        errors.write(f"{_PROGRAM}: {safe(str(error))}; see {_PROGRAM} --help\n")
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED


def _replay(run: Run, out: TextIO, *, trace: bool) -> int:
    def read(line: str) -> None:
        out.write(safe(line, _LONGEST_LINE) + "\n")

    plan = run.plan()
    out.write(f"seed {plan.seed}, {safe(plan.profile)}, {len(plan.inhabitants)} machines\n")
    for operation in plan.operations:
        read(str(operation))
    outcome = perform(run, read if trace else None)
    out.write(f"digest {outcome.digest}\n")
    if outcome.failure is None:
        out.write(f"everything held, for {outcome.figures.seconds:.0f} s\n")
        return 0
    out.writelines(f"{line}\n" for line in failure_lines(outcome))
    return 1


@define(eq=False)
class _Campaign:
    """Many runs, their report, and what becomes of those that failed."""

    _options: Options
    _out: TextIO
    _errors: TextIO
    _kept: list[Run]
    _tally: Tally = field(factory=Tally)
    _digests: list[str] = field(factory=list)
    _interrupted: bool = False

    def carry_out(self) -> int:
        """All of it; the exit status."""
        with Workers(self._options["jobs"]) as workers:
            try:
                self._simulate(workers)
                self._shrink(workers)
            except KeyboardInterrupt:
                self._interrupted = True
                self._say("interrupted")
                self._shrink(None)
        if self._tally.failed:
            return 1
        return INTERRUPTED if self._interrupted else 0

    def _simulate(self, workers: Workers) -> None:
        first = None
        if self._options["seconds"] is not None:
            first = SystemRandom().randrange(2**32)
        progress = self._progress(first)
        try:
            if first is not None:
                self._say(f"seeds from {first} on, for {self._options['seconds']:g} s")
            with closing(workers.outcomes(self._runs(first, progress))) as outcomes:
                for outcome in outcomes:
                    self._note(outcome)
                    progress.show(self._tally.runs, self._tally.failed)
                    if self._tally.failed == (self._options["until-failures"] or -1):
                        break
        finally:
            progress.finish()
            self._report(progress.took())

    def _progress(self, first: int | None) -> Progress:
        many = len(self._kept) + len(self._options["seeds"]) if first is None else None
        return Progress(self._errors, time.monotonic, many, self._options["seconds"])

    def _runs(self, first: int | None, progress: Progress) -> Iterator[Run]:
        """Those of the corpus, all of them, and then the new ones as long as there is time."""
        yield from self._kept
        for run in self._options.runs(first):
            if first is not None and progress.took() >= self._options["seconds"]:
                return
            yield run

    def _note(self, outcome: Outcome) -> None:
        self._tally.add(outcome)
        if self._options["digests"]:
            run = outcome.run
            where = run.kept or f"{run.seed:010} {run.profile} {run.nodes}"
            self._digests.append(f"{where} {outcome.digest}")

    def _report(self, took: float) -> None:
        if self._options["digests"]:
            for line in sorted(self._digests):
                self._say(line)
            return
        for line in lines(self._tally, took, self._options["jobs"]):
            self._say(line)

    def _shrink(self, workers: Workers | None) -> None:
        """Show what failed; the first failure of each invariant is made small, if anybody can."""
        small: set[str] = set()
        for outcome in self._tally.failures:
            failure = outcome.failure
            assert failure is not None
            self._say("")
            for line in failure_lines(outcome):
                self._say(line)
            plan = outcome.run.plan()
            if workers is not None and outcome.run.kept is None and failure.name not in small:
                small.add(failure.name)
                shrunk = self._shrunk(workers, plan, failure)
                plan, failure = shrunk.plan, shrunk.failure
                self._say(_smaller(outcome, shrunk))
            self._say(f"replay with: {_PROGRAM} {self._saved(outcome, plan, failure)}")

    def _shrunk(self, workers: Workers, plan: Plan, failure: Failure) -> Shrunk:
        def attempt(smaller: Plan) -> Failure | None:
            return workers.outcome(run_of(smaller)).failure

        return shrink(plan, failure, attempt, self._options["shrink"])

    def _saved(self, outcome: Outcome, plan: Plan, failure: Failure) -> str:
        """The options that replay it, from a file if it can be written."""
        if outcome.run.kept is not None:
            return outcome.run.replay()
        try:
            return f"--replay {corpus.keep(Path(self._options['save']), plan, failure)}"
        except OSError as error:
            self._say(f"it could not be written to {self._options['save']}: {error.strerror}")
            return outcome.run.replay()

    def _say(self, line: str) -> None:
        self._out.write(line + "\n")
        self._out.flush()


def _smaller(outcome: Outcome, shrunk: Shrunk) -> str:
    before, after = outcome.run.plan(), shrunk.plan
    return (
        f"smaller after {shrunk.runs} runs: {len(after.operations)} of"
        f" {len(before.operations)} operations, {len(after.inhabitants)} of"
        f" {len(before.inhabitants)} machines; {safe(str(shrunk.failure).splitlines()[0])}"
    )

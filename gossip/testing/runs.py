"""
One simulation at a time, so that nothing of it reaches the next.

What is in here goes from process to process: small values only.
"""

import gc
from collections.abc import Callable
from traceback import format_exc

from attrs import evolve, frozen
from twisted.logger import globalLogBeginner

from gossip.testing.invariants import Breach
from gossip.testing.plan import Plan
from gossip.testing.profiles import plan
from gossip.testing.simulation import Errors, Simulation
from gossip.testing.watch import Figures


@frozen
class Run:
    """What is to be simulated: the plan of a seed, or one that is given."""

    seed: int
    nodes: int
    profile: str
    given: Plan | None = None
    kept: str | None = None
    """The file in which a given plan is kept."""

    def plan(self) -> Plan:
        """The whole scenario."""
        return self.given or plan(self.seed, self.nodes, self.profile)

    def replay(self) -> str:
        """The options that run it again."""
        if self.kept is not None:
            return f"--replay {self.kept}"
        return f"--replay {self.seed} --nodes {self.nodes} --profile {self.profile}"


def run_of(given: Plan, kept: str | None = None) -> Run:
    """The run of a plan that is given."""
    return Run(given.seed, len(given.inhabitants), given.profile, given, kept)


@frozen
class Failure:
    """Which invariant did not hold, as `Breach` says it; that one is an exception, and stays."""

    number: str
    name: str
    at: float
    what: str

    def __str__(self) -> str:
        """For people."""
        return f"{self.number} {self.name} at {self.at:.1f} s: {self.what}"


@frozen
class Outcome:
    """What became of a run."""

    run: Run
    failure: Failure | None
    digest: str
    """Of everything that happened; empty where the simulation itself broke down."""
    figures: Figures


def perform(run: Run, read: Callable[[str], None] | None = None) -> Outcome:
    """
    Simulate it, and look for what it forgot.

    Garbage is collected when it is over and not before: the error in a forgotten Deferred is logged
    then, at no time of the simulation, and the same on every Python.
    """
    collects = gc.isenabled()
    gc.disable()
    with Errors() as errors:
        try:
            outcome = _simulated(run, read)
            gc.collect()
        finally:
            if collects:
                gc.enable()
    try:
        errors.raise_first(outcome.figures.seconds)
    except Breach as forgotten:
        return evolve(outcome, failure=outcome.failure or _failure(forgotten))
    return outcome


def be_quiet() -> None:
    """
    Log to nobody but those who look for errors.

    Twisted keeps what it cannot log to anyone yet, and with it all that a simulation has forgotten.
    """
    globalLogBeginner.beginLoggingTo([], redirectStandardIO=False, discardBuffer=True)


def _simulated(run: Run, read: Callable[[str], None] | None) -> Outcome:
    try:
        verdict = Simulation(run.plan(), read).run()
    except Exception:  # noqa: BLE001 - whatever it is, it is a finding, and has a seed
        failure = Failure("I7", "no_breakdown", 0.0, format_exc())
        return Outcome(run, failure, "", Figures())
    return Outcome(run, _failure(verdict.breach), verdict.digest, verdict.figures)


def _failure(breach: Breach | None) -> Failure | None:
    if breach is None:
        return None
    return Failure(breach.number, breach.name, breach.at, breach.what)

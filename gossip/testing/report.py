"""
What many simulations have to say in numbers. Pure.
"""

from collections import Counter
from collections.abc import Iterator
from math import ceil
from typing import Final

from attrs import define, field

from gossip.surfaces.text import safe
from gossip.testing.runs import Outcome

MOST_SHOWN: Final = 100
"""Failures that are kept whole; all others are counted."""

LINES: Final = 24
"""Lines of one failure that are shown: the rest of a traceback is in a replay."""


@define(eq=False)
class Spread:
    """Many numbers, of which only counts are kept: each is rounded to two digits after the point."""

    _counts: Counter[float] = field(factory=Counter)

    def add(self, number: float) -> None:
        """One more."""
        self._counts[round(number, 2)] += 1

    def count(self) -> int:
        """How many there are."""
        return self._counts.total()

    def worst(self) -> float:
        """The largest; there must be one."""
        return max(self._counts)

    def below(self, part: float) -> float:
        """The least number that so large a part of all does not exceed; there must be one."""
        left = ceil(self.count() * part)
        for number in sorted(self._counts):
            left -= self._counts[number]
            if left <= 0:
                break
        return number

    def text(self, unit: str) -> str:
        """For people."""
        if not self._counts:
            return "never"
        times = f"{self.count()} time{'s' * (self.count() != 1)}"
        return f"p99 {self.below(0.99):.2f} {unit}, worst {self.worst():.2f} {unit}, {times}"


@define(eq=False)
class Tally:
    """All outcomes together; `profiles` has a tally each of the profiles there were."""

    runs: int = 0
    failed: int = 0
    seconds: float = 0.0
    node_seconds: float = 0.0
    frames: int = 0
    dials: int = 0
    pairs: int = 0
    faults: Counter[str] = field(factory=Counter)
    healing: Spread = field(factory=Spread)
    meeting: Spread = field(factory=Spread)
    noticing: Spread = field(factory=Spread)
    broken: Counter[str] = field(factory=Counter)
    """How often each invariant did not hold."""
    failures: list[Outcome] = field(factory=list)
    """The first of them."""
    profiles: "dict[str, Tally]" = field(factory=dict)

    def add(self, outcome: Outcome) -> None:
        """One more."""
        self.count(outcome)
        self.profiles.setdefault(outcome.run.profile, Tally()).count(outcome)

    def count(self, outcome: Outcome) -> None:
        """One more, of whatever profile."""
        figures, failure = outcome.figures, outcome.failure
        self.runs += 1
        self.seconds += figures.seconds
        self.node_seconds += figures.node_seconds
        self.frames += figures.frames
        self.dials += figures.dials
        self.pairs += figures.pairs
        self.faults.update(figures.faults)
        if figures.healing is not None:
            self.healing.add(figures.healing)
        if figures.meeting is not None:
            self.meeting.add(figures.meeting)
        for heartbeats in figures.noticing:
            self.noticing.add(heartbeats)
        if failure is None:
            return
        self.failed += 1
        self.broken[f"{failure.number} {failure.name}"] += 1
        if len(self.failures) < MOST_SHOWN:
            self.failures.append(outcome)


def lines(tally: Tally, took: float, jobs: int) -> Iterator[str]:
    """The report; `took` is in real seconds."""
    took = max(took, 0.001)
    yield (
        f"{tally.runs} runs in {took:.1f} s with {jobs} job{'s' * (jobs != 1)},"
        f" {tally.runs / took:.1f} a second; {tally.seconds / 3600:.1f} hours simulated,"
        f" {tally.seconds / took:.0f} times as fast as they are"
    )
    # Who is started is no fault.
    faults = [(what, many) for what, many in tally.faults.most_common() if what != "boot"]
    yield "faults:    " + (", ".join(f"{what} {many}" for what, many in faults) or "none")
    yield f"healing:   {tally.healing.text('s')}"
    yield f"meeting:   {tally.meeting.text('s')}"
    yield f"noticing:  {tally.noticing.text('heartbeats')}"
    yield f"dials:     {_ratio(tally.dials, tally.pairs)} a pair"
    yield f"frames:    {_ratio(tally.frames, tally.node_seconds)} a second and node"
    if len(tally.profiles) > 1:
        yield from _by_profile(tally)
    broken = [f"{name} {many}" for name, many in tally.broken.most_common()]
    yield f"failures:  {tally.failed or 'none'}" + "".join(f"; {each}" for each in broken)


def failure_lines(outcome: Outcome) -> Iterator[str]:
    """What went wrong in one run; texts may be of liars, and are escaped."""
    failure, run = outcome.failure, outcome.run
    assert failure is not None
    text = f"seed {run.seed}, {run.profile}, {run.nodes} nodes: {failure}".splitlines()
    yield from (safe(line) for line in text[:LINES])
    if len(text) > LINES:
        yield f"  ... and {len(text) - LINES} lines more"


def _by_profile(tally: Tally) -> Iterator[str]:
    yield f"{'profile':<12}{'runs':>8}{'failed':>8}{'healing p99':>13}{'worst':>8}{'dials':>8}"
    for name, one in sorted(tally.profiles.items()):
        healing = ("-", "-")
        if one.healing.count():
            healing = (f"{one.healing.below(0.99):.1f}", f"{one.healing.worst():.1f}")
        yield (
            f"{name:<12}{one.runs:>8}{one.failed:>8}{healing[0]:>13}{healing[1]:>8}"
            f"{_ratio(one.dials, one.pairs):>8}"
        )


def _ratio(some: float, every: float) -> str:
    return f"{some / every:.2f}" if every else "-"

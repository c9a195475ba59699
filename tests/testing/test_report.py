"""
The report, with figures that are known.
"""

from gossip.testing.report import LINES, MOST_SHOWN, Spread, Tally, failure_lines, lines
from gossip.testing.runs import Failure, Outcome, Run
from gossip.testing.watch import Figures
from tests.cases import UnitCase

FIGURES = Figures(
    seconds=1800.0,
    healing=2.0,
    meeting=7.5,
    noticing=[3.25, 2.5],
    dials=12,
    pairs=10,
    frames=27_000,
    node_seconds=9000.0,
    faults={"boot": 5, "cut": 2, "kill": 1},
)


def outcome(
    seed: int = 1,
    profile: str = "churn",
    failure: Failure | None = None,
    figures: Figures = FIGURES,
) -> Outcome:
    """What became of a run."""
    return Outcome(Run(seed, 5, profile), failure, "digest", figures)


class SpreadTests(UnitCase):
    """Numbers of which only counts are kept."""

    def test_nothing(self) -> None:
        """Without numbers there is nothing to say."""
        self.assertEqual("never", Spread().text("s"))

    def test_hundred(self) -> None:
        """Of the numbers from 1 to 100, 99 are at most the 99th."""
        spread = Spread()
        for number in range(100, 0, -1):
            spread.add(number)
        self.assertEqual((99, 50, 100), (spread.below(0.99), spread.below(0.5), spread.worst()))
        self.assertEqual("p99 99.00 s, worst 100.00 s, 100 times", spread.text("s"))

    def test_one(self) -> None:
        """A single number is all of it."""
        spread = Spread()
        spread.add(3.14159)
        self.assertEqual("p99 3.14 s, worst 3.14 s, 1 time", spread.text("s"))

    def test_bound(self) -> None:
        """What differs by less than shows takes no more memory."""
        spread = Spread()
        for number in range(10_000):
            spread.add(1 + number / 1e8)
        self.assertEqual((10_000, 1), (spread.count(), len(spread._counts)))


class ReportTests(UnitCase):
    """Each figure stands where it belongs."""

    def report(self, *outcomes: Outcome, took: float = 2.0, jobs: int = 2) -> list[str]:
        """The lines about these."""
        tally = Tally()
        for each in outcomes:
            tally.add(each)
        return list(lines(tally, took, jobs))

    def test_figures(self) -> None:
        """Two alike runs of half an hour, in two seconds."""
        self.assertEqual(
            [
                (
                    "2 runs in 2.0 s with 2 jobs, 1.0 a second; 1.0 hours simulated,"
                    " 1800 times as fast as they are"
                ),
                "faults:    cut 4, kill 2",
                "healing:   p99 2.00 s, worst 2.00 s, 2 times",
                "meeting:   p99 7.50 s, worst 7.50 s, 2 times",
                "noticing:  p99 3.25 heartbeats, worst 3.25 heartbeats, 4 times",
                "dials:     1.20 a pair",
                "frames:    3.00 a second and node",
                "failures:  none",
            ],
            self.report(outcome(1), outcome(2)),
        )

    def test_nothing_was_run(self) -> None:
        """A report about nothing is one, and divides by nothing."""
        said = self.report(took=0.0, jobs=1)
        self.assertTrue(said[0].startswith("0 runs in 0.0 s with 1 job, 0.0 a second"))
        self.assertIn("dials:     - a pair", said)
        self.assertIn("healing:   never", said)

    def test_failures(self) -> None:
        """Each invariant that did not hold is named, with how often; the most frequent first."""
        rare, often = Failure("I1", "one", 0.0, ""), Failure("I2", "two", 0.0, "")
        said = self.report(*(outcome(failure=each) for each in (rare, often, often, None)))
        self.assertEqual("failures:  3; I2 two 2; I1 one 1", said[-1])

    def test_profiles(self) -> None:
        """Where there are several profiles each has a line; one that never healed has no times."""
        never = Figures(seconds=10.0, dials=3, pairs=2)
        failure = Failure("I1", "one", 0.0, "")
        said = self.report(outcome(), outcome(profile="weather", failure=failure, figures=never))
        self.assertEqual(
            [
                "profile         runs  failed  healing p99   worst   dials",
                "churn              1       0          2.0     2.0    1.20",
                "weather            1       1            -       -    1.50",
            ],
            said[-4:-1],
        )

    def test_bound(self) -> None:
        """All failures are counted, and the first of them kept."""
        tally = Tally()
        for seed in range(MOST_SHOWN + 5):
            tally.add(outcome(seed, failure=Failure("I1", "one", 0.0, "")))
        self.assertEqual((MOST_SHOWN + 5, MOST_SHOWN), (tally.failed, len(tally.failures)))


class FailureTests(UnitCase):
    """What is said of a run that failed."""

    def test_text(self) -> None:
        """The run, the invariant, when, and what; what peers said of themselves is escaped."""
        failure = Failure("I9", "silence_is_noticed", 12.34, "n1 \x1b[31m of\nn2")
        self.assertEqual(
            [
                "seed 4, hostile, 5 nodes: I9 silence_is_noticed at 12.3 s: n1 \\x1b[31m of",
                "n2",
            ],
            list(failure_lines(outcome(4, "hostile", failure))),
        )

    def test_long(self) -> None:
        """Of a long text the beginning is shown."""
        failure = Failure("I7", "no_errors", 1.0, "\n".join(map(str, range(100))))
        said = list(failure_lines(outcome(failure=failure)))
        self.assertEqual(LINES + 1, len(said))
        self.assertEqual(f"  ... and {100 - LINES} lines more", said[-1])

"""
One run: its outcome, and what it must not leave behind.
"""

import gc
import pickle

from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger

from gossip.testing import runs
from gossip.testing.invariants import Breach
from gossip.testing.plan import Inhabitant, Operation, Plan
from gossip.testing.profiles import plan
from gossip.testing.runs import Outcome, Run, perform, run_of
from gossip.testing.simulation import Simulation, Verdict
from gossip.testing.watch import Figures
from tests.cases import UnitCase

SMALL = Run(1, 2, "cold-start")


class Pretended:
    """A simulation of which a test says what happens in it."""

    def __init__(self, happens: object, plan: Plan) -> None:
        self._happens = happens
        self._plan = plan

    def run(self) -> Verdict:
        breach = self._happens()  # type: ignore[operator]
        return Verdict(self._plan, breach, "digest", Figures(seconds=7.0))


class RunTests(UnitCase):
    """What is to be run, and how it is asked for."""

    def test_seed(self) -> None:
        """The run of a seed is that of its plan, and says how it is run again."""
        run = Run(12, 4, "churn")
        self.assertEqual(plan(12, 4, "churn"), run.plan())
        self.assertEqual("--replay 12 --nodes 4 --profile churn", run.replay())

    def test_given(self) -> None:
        """The run of a plan is that plan; of one that is kept, its file."""
        given = Plan(
            seed=3,
            profile="mine",
            inhabitants=(Inhabitant(name="a", address="10.0.0.1"),),
            operations=(Operation(at=0.0, what="boot", who=("a",)),),
            faults=1.0,
        )
        run = run_of(given, "a/b.json")
        self.assertIs(given, run.plan())
        self.assertEqual("--replay a/b.json", run.replay())
        self.assertEqual((3, 1, "mine"), (run.seed, run.nodes, run.profile))

    def test_outcome(self) -> None:
        """An outcome says what the simulation says, and passes from process to process."""
        verdict = Simulation(SMALL.plan()).run()
        outcome = perform(SMALL)
        self.assertEqual(Outcome(SMALL, None, verdict.digest, verdict.figures), outcome)
        self.assertEqual(outcome, pickle.loads(pickle.dumps(outcome)))

    def test_trace(self) -> None:
        """Every line is given to who wants to read it, and changes nothing."""
        read: list[str] = []
        self.assertEqual(perform(SMALL).digest, perform(SMALL, read.append).digest)
        self.assertTrue(any("boot n0" in line for line in read))


class ErrorTests(UnitCase):
    """Whatever goes wrong in a run is its failure, and of no other."""

    def outcome(self, happens: object) -> Outcome:
        """What becomes of a run in which something happens."""
        self.patch(runs, "Simulation", lambda plan, read: Pretended(happens, plan))
        return perform(SMALL)

    def test_breach(self) -> None:
        """A breach becomes a failure, which is a value."""
        outcome = self.outcome(lambda: Breach("I9", "silence_is_noticed", 4.0, "it was not"))
        self.assertEqual("I9 silence_is_noticed at 4.0 s: it was not", str(outcome.failure))
        self.assertEqual(outcome, pickle.loads(pickle.dumps(outcome)))

    def test_forgotten(self) -> None:
        """An error in a Deferred that nobody looks at is found, though only garbage tells of it."""

        def forgets() -> None:
            forgotten: Deferred[None] = fail(ValueError("nobody looks at this"))
            # Each keeps the other: only the collector can find them.
            around: list[object] = [forgotten]
            around.append(around)

        outcome = self.outcome(forgets)
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))
        assert outcome.failure is not None
        self.assertEqual(
            ("I7", "no_errors", 7.0),
            (outcome.failure.number, outcome.failure.name, outcome.failure.at),
        )
        self.assertIn("nobody looks at this", outcome.failure.what)
        self.assertEqual("digest", outcome.digest)
        self.assertIsNone(self.outcome(lambda: None).failure)

    def test_logged(self) -> None:
        """So is what was logged when the simulation no longer looked."""
        outcome = self.outcome(lambda: Logger().error("{it} is wrong", it="all"))
        assert outcome.failure is not None
        self.assertEqual("all is wrong", outcome.failure.what)

    def test_warning(self) -> None:
        """What is only worth a warning is no failure."""
        self.assertIsNone(self.outcome(lambda: Logger().warn("hm")).failure)

    def test_breach_first(self) -> None:
        """What broke first is what is said."""

        def breaks() -> Breach:
            Logger().error("and this, later")
            return Breach("I1", "it", 1.0, "broke")

        failure = self.outcome(breaks).failure
        assert failure is not None
        self.assertEqual("it", failure.name)

    def test_breakdown(self) -> None:
        """A simulation that breaks down is a failure with its traceback."""

        def breaks() -> None:
            raise ZeroDivisionError("in the simulator itself")

        outcome = self.outcome(breaks)
        assert outcome.failure is not None
        self.assertEqual("no_breakdown", outcome.failure.name)
        self.assertIn("in the simulator itself", outcome.failure.what)
        self.assertEqual("", outcome.digest)

    def test_garbage(self) -> None:
        """Garbage is collected at the end, not in between, and as usual afterwards."""
        seen = []
        self.assertTrue(gc.isenabled())
        self.outcome(lambda: seen.append(gc.isenabled()))
        self.assertEqual([False], seen)
        self.assertTrue(gc.isenabled())

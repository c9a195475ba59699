"""
Workers: processes that simulate, whatever becomes of them.
"""

from collections.abc import Iterator
from contextlib import closing

from gossip.testing.campaign import Workers
from gossip.testing.plan import Plan
from gossip.testing.runs import Run, perform, run_of
from tests.cases import UnitCase
from tests.testing.programs import DEADLY, run, script

RUNS = [Run(seed, 2, "cold-start") for seed in range(6)]


class WorkersTests(UnitCase):
    """Each run has one outcome, and at the end there are no processes."""

    def test_outcomes(self) -> None:
        """Two processes find what one finds, each run once."""
        with Workers(2) as workers:
            found = sorted(workers.outcomes(RUNS), key=lambda outcome: outcome.run.seed)
            processes = [worker.process for worker in workers._workers]
        self.assertEqual([perform(run) for run in RUNS], found)
        self.assertEqual(2, len(processes))
        self.assertEqual([0, 0], [process.exitcode for process in processes])

    def test_no_more_than_needed(self) -> None:
        """Nobody is started for whom there is nothing to do; those who are there stay."""
        with Workers(50) as workers:
            first = workers.outcome(RUNS[0])
            started = workers._workers[0].process.pid
            second = workers.outcome(RUNS[1])
            self.assertEqual([started], [worker.process.pid for worker in workers._workers])
        self.assertEqual([0, 1], [first.run.seed, second.run.seed])

    def test_plan(self) -> None:
        """A plan that is given goes to the worker as it is."""
        given: Plan = RUNS[3].plan()
        with Workers(1) as workers:
            outcome = workers.outcome(run_of(given))
        self.assertEqual(perform(RUNS[3]).digest, outcome.digest)

    def test_enough(self) -> None:
        """Who has enough leaves the rest, and what comes later is not mistaken for it."""
        taken = []

        def endless() -> Iterator[Run]:
            seed = 0
            while True:
                taken.append(seed)
                yield Run(seed, 2, "cold-start")
                seed += 1

        with Workers(2) as workers:
            with closing(workers.outcomes(endless())) as outcomes:
                next(outcomes)
            self.assertEqual([], [w for w in workers._workers if w.run is not None])
            self.assertEqual(99, workers.outcome(Run(99, 2, "cold-start")).run.seed)
        # One each at the beginning: no run is taken before somebody is free for it.
        self.assertEqual([0, 1], taken)

    def test_death(self) -> None:
        """A worker that dies while it waits is one failure, and another one takes its place."""
        with Workers(1) as workers:
            self.assertIsNone(workers.outcome(RUNS[0]).failure)
            workers._workers[0].process.kill()
            workers._workers[0].process.join()
            lost, then = workers.outcomes(RUNS[1:3])
        assert lost.failure is not None
        self.assertEqual("it died: the process that ran it, with status -9", lost.failure.what)
        self.assertEqual((2, None), (then.run.seed, then.failure))

    def test_stuck(self) -> None:
        """A run that takes too long for its size is ended, and is a failure."""
        now = iter(range(0, 10_000, 100))
        with Workers(1, patience=50.0, clock=lambda: float(next(now))) as workers:
            outcome = workers.outcome(Run(1, 9, "long-split"))
        # Twice the nodes may take four times as long, so it had more than one look.
        assert outcome.failure is not None
        self.assertEqual(
            "it was stuck, and was ended: the process that ran it, with status -9",
            outcome.failure.what,
        )

    def test_whose_seed(self) -> None:
        """The seed over which a process died is named, and all others are run."""
        program = script(self.mktemp(), DEADLY)
        ended = run(
            "--seeds",
            "1:5",
            "--nodes",
            "2",
            "--profile",
            "cold-start",
            "--jobs",
            "2",
            program=[program],
        )
        self.assertEqual((1, ""), (ended.returncode, ended.stderr))
        self.assertIn("4 runs in", ended.stdout)
        self.assertIn("seed 3, cold-start, 2 nodes: I7 no_death", ended.stdout)
        self.assertIn("with status 7", ended.stdout)
        self.assertIn("failures:  1; I7 no_death 1", ended.stdout)

"""
Many simulations, in several processes.

Each worker gets one run at a time and answers with its outcome: the way there and back takes a
thousandth of the shortest run. So when a worker dies or is stuck, it is known over which seed.
"""

import gc
import signal
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Final

from attrs import define

from gossip.testing.runs import Failure, Outcome, Run, be_quiet, perform
from gossip.testing.watch import Figures

PATIENCE: Final = 120.0
"""Real seconds that five nodes may take for one run: hundreds of times what they need."""

LOOK: Final = 1.0
"""Real seconds between two looks at who is stuck."""

FAREWELL: Final = 5.0
"""Real seconds that a worker has to end."""

_SPAWN = get_context("spawn")


@define(eq=False)
class _Worker:
    process: BaseProcess
    pipe: Connection
    run: Run | None = None
    """What it does; None while it waits for something to do."""
    since: float = 0.0


class Workers:
    """
    Processes that simulate; with `with`, after which there are none.

    They leave Ctrl-C to the one who started them.
    """

    def __init__(
        self,
        jobs: int,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._jobs = jobs
        self._patience = patience
        self._clock = clock
        self._workers: list[_Worker] = []

    def __enter__(self) -> "Workers":  # noqa: PYI034 - Self came with Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self._dismiss(list(self._workers))

    def outcomes(self, runs: Iterable[Run]) -> Generator[Outcome, None, None]:
        """
        What became of each run, as soon as it is known. Runs are taken when somebody is free.

        One whose process died, or was stuck, is a failure, and another process takes its place.
        """
        left = iter(runs)
        self._employ(left)
        try:
            while busy := self._busy():
                ready = wait([worker.pipe for worker in busy], LOOK)
                for worker in busy:
                    if worker.pipe in ready:
                        yield self._answer(worker)
                    elif self._is_stuck(worker):
                        yield self._stop(worker)
                self._employ(left)
        finally:
            # Nobody waits for these any more.
            self._dismiss(self._busy())

    def outcome(self, run: Run) -> Outcome:
        """What becomes of one run."""
        return next(self.outcomes([run]))

    def _busy(self) -> list[_Worker]:
        return [worker for worker in self._workers if worker.run is not None]

    def _dismiss(self, workers: list[_Worker]) -> None:
        for worker in workers:
            worker.pipe.close()
            if worker.run is not None:
                worker.process.terminate()
        for worker in workers:
            _end(worker.process)
            self._workers.remove(worker)

    def _employ(self, left: Iterator[Run]) -> None:
        """Give something to do to everyone who has nothing."""
        for number in range(self._jobs):
            if number < len(self._workers) and self._workers[number].run is not None:
                continue
            run = next(left, None)
            if run is None:
                return
            if number == len(self._workers):
                self._workers.append(_start())
            self._give(self._workers[number], run)

    def _give(self, worker: _Worker, run: Run) -> None:
        worker.run, worker.since = run, self._clock()
        try:
            worker.pipe.send(run)
        except OSError:
            # It died while it had nothing to do; its end of the pipe says so when it is read.
            return

    def _answer(self, worker: _Worker) -> Outcome:
        try:
            outcome: Outcome = worker.pipe.recv()
        except (EOFError, OSError):
            return self._lose(worker, "it died")
        worker.run = None
        return outcome

    def _is_stuck(self, worker: _Worker) -> bool:
        assert worker.run is not None
        # Everyone has to do with everyone.
        patience = self._patience * max(1.0, (worker.run.nodes / 5) ** 2)
        return self._clock() - worker.since > patience

    def _stop(self, worker: _Worker) -> Outcome:
        worker.process.kill()
        return self._lose(worker, "it was stuck, and was ended")

    def _lose(self, worker: _Worker, how: str) -> Outcome:
        run, worker.run = worker.run, None
        assert run is not None
        self._dismiss([worker])
        what = f"{how}: the process that ran it, with status {worker.process.exitcode}"
        return Outcome(run, Failure("I7", "no_death", 0.0, what), "", Figures())


def _start() -> _Worker:
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=work, args=(theirs,), daemon=True)
    # They begin without the signal, and it stays so; for us it only waits.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    return _Worker(process, ours)


def _end(process: BaseProcess) -> None:
    process.join(FAREWELL)
    if process.is_alive():
        process.kill()
        process.join()


def work(pipe: Connection) -> None:
    """Be a worker: simulate what comes, until nothing can come any more."""
    be_quiet()
    gc.collect()
    while True:
        try:
            run = pipe.recv()
        except (EOFError, OSError):
            return
        # What is there by now stays: modules and caches need not be looked at after each run.
        gc.freeze()
        outcome = perform(run)
        try:
            pipe.send(outcome)
        except OSError:
            return

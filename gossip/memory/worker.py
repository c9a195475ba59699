"""
One thread that does one thing after the other, and says so where the reactor runs.

It is nobody's pool, and a daemon: a disk that never answers holds up neither others nor the end of
the process.
"""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import TypeAlias, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure

T = TypeVar("T")

_Work: TypeAlias = Callable[[], None]


class Worker:
    """See the module. The thread begins with the first work, since a fork keeps no threads."""

    def __init__(self, reactor: IReactorFromThreads) -> None:
        self._reactor = reactor
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._thread: Thread | None = None

    def do(self, work: Callable[[], T]) -> Deferred[T]:
        """What `work` returns or raises in the thread, after all that was given before it."""
        done: Deferred[T] = Deferred()

        def run() -> None:
            try:
                result: T | Failure = work()
            except BaseException:  # noqa: BLE001 - whoever waits is told, and the thread lives on
                result = Failure()
            self._reactor.callFromThread(done.callback, result)

        self._queue.put(run)
        if self._thread is None:
            self._thread = Thread(target=self._run, name="memory", daemon=True)
            self._thread.start()
        return done

    def end(self) -> None:
        """Nothing comes after what was given before."""
        self._queue.put(None)

    def _run(self) -> None:
        while True:
            work = self._queue.get()
            if work is None:
                return
            work()

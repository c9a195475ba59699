"""
One thread, one thing after the other.
"""

from functools import partial
from threading import Event, current_thread, main_thread

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from gossip.memory.worker import Worker

PATIENCE = 30.0
"""Seconds that a test waits for a thread: long, since machines are shared."""


class WorkerTests(TestCase):
    """A real thread, and the real reactor."""

    timeout = PATIENCE

    def setUp(self) -> None:
        """A worker that is ended."""
        self.worker = Worker(reactor)  # type: ignore[arg-type]
        self.addCleanup(self.worker.end)

    async def test_result(self) -> None:
        """What the work returns comes where the reactor runs."""
        thread = await self.worker.do(current_thread)
        self.assertIsNot(main_thread(), thread)
        self.assertTrue(thread.daemon)
        self.assertIs(main_thread(), current_thread())

    async def test_error(self) -> None:
        """What it raises as well; the thread lives on."""
        with self.assertRaises(ZeroDivisionError):
            await self.worker.do(lambda: 1 / 0)
        self.assertEqual(2, await self.worker.do(lambda: 1 + 1))

    async def test_order(self) -> None:
        """One thing after the other, in one thread; nobody waits who gives it something to do."""
        gate, done = Event(), list[int]()
        first = self.worker.do(lambda: gate.wait(PATIENCE))
        others = [self.worker.do(partial(done.append, number)) for number in range(10)]
        self.assertEqual([], done)
        gate.set()
        self.assertTrue(await first)
        for other in others:
            await other
        self.assertEqual(list(range(10)), done)

    async def test_end(self) -> None:
        """It ends when all is done that was given before."""
        thread = await self.worker.do(current_thread)
        last = self.worker.do(lambda: "done")
        self.worker.end()
        self.assertEqual("done", await last)
        thread.join(PATIENCE)
        self.assertFalse(thread.is_alive())

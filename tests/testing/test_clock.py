"""
Simulated time.
"""

from collections.abc import Callable
from typing import Any

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface.verify import verifyObject

from gossip.mesh.agenda import Agenda
from gossip.testing.clock import FINEST, Clock, ProcessClock, Storm
from tests.cases import UnitCase


class Wrong(Exception):
    """What is called is wrong."""


def fail() -> None:
    """Be wrong."""
    raise Wrong


class Clocked(UnitCase):
    """A clock, a process, and a list of what was called when."""

    def setUp(self) -> None:
        """Nothing was called yet."""
        self.time = Clock()
        self.process = ProcessClock(self.time)
        self.called: list[tuple[str, float]] = []

    def note(self, what: str) -> None:
        """This is called."""
        self.called.append((what, self.time.seconds()))

    def later(self, at: float, do: Callable[..., Any], *arguments: Any) -> None:
        """At that time, outside of the process."""
        self.time.callLater(at - self.time.seconds(), do, *arguments)


class ClockTests(Clocked):
    """Calls are made in their order, each at its time."""

    def test_interfaces(self) -> None:
        """It is what Twisted asks of a clock, and its calls are what Twisted's are."""
        for clock in self.time, self.process:
            verifyObject(IReactorTime, clock)
            verifyObject(IDelayedCall, clock.callLater(1, fail))

    def test_exact_times(self) -> None:
        """Whatever is asked for, a call sees its own time, and the clock stops where it was told."""
        self.time.callLater(2.5, self.note, "late")
        self.time.callLater(1.25, self.note, "early")
        self.time.run_until(10)
        self.assertEqual([("early", 1.25), ("late", 2.5)], self.called)
        self.assertEqual(10, self.time.seconds())

    def test_up_to_and_with(self) -> None:
        """What is due at the end is called, what is due later is not."""
        for at in 1, 2, 3:
            self.time.callLater(at, self.note, str(at))
        self.time.run_until(2)
        self.assertEqual(["1", "2"], [what for what, _ in self.called])
        self.assertEqual([3.0], [call.getTime() for call in self.time.getDelayedCalls()])

    def test_first_come_first_called(self) -> None:
        """Of calls at one time, in the order in which they were asked for; also those for now."""
        self.time.callLater(1, lambda: self.time.callLater(0, self.note, "third"))
        self.time.callLater(1, self.note, "first")
        self.time.callLater(1, self.note, "second")
        self.time.run_until(1)
        self.assertEqual(["first", "second", "third"], [what for what, _ in self.called])

    def test_arguments(self) -> None:
        """Both kinds get through."""
        self.time.callLater(0, self.note, what="kind")
        self.time.run_until(0)
        self.assertEqual([("kind", 0.0)], self.called)

    def test_the_past(self) -> None:
        """Nothing can be asked for in the past, and time never goes back."""
        for clock in self.time, self.process:
            with self.assertRaises(AssertionError):
                clock.callLater(-1, fail)
            with self.assertRaises(AssertionError):
                clock.callLater(float("nan"), fail)
        self.time.run_until(5)
        call = self.time.callLater(1, self.note, "late")
        call.reset(-2)
        self.assertEqual(3, call.getTime())
        self.time.run_until(5)
        self.assertEqual([("late", 5.0)], self.called)

    def test_cancel(self) -> None:
        """It is not called, nor counted; a second time is an error."""
        call = self.time.callLater(1, self.note, "never")
        self.assertTrue(call.active())
        call.cancel()
        self.assertFalse(call.active())
        self.assertEqual([], self.time.getDelayedCalls())
        self.time.run_until(2)
        self.assertEqual(([], 0), (self.called, self.time.made))
        for do in call.cancel, lambda: call.reset(1), lambda: call.delay(1):
            self.assertRaises(AlreadyCancelled, do)

    def test_too_late(self) -> None:
        """What was called cannot be called off."""
        call = self.time.callLater(1, self.note, "once")
        self.time.run_until(1)
        self.assertFalse(call.active())
        for do in call.cancel, lambda: call.reset(1), lambda: call.delay(1):
            self.assertRaises(AlreadyCalled, do)

    def test_reset_and_delay(self) -> None:
        """One counts from now, the other from the time that was set; there is one call after all."""
        one, other = (self.time.callLater(4, self.note, what) for what in ("reset", "delay"))
        self.time.run_until(3)
        one.reset(2)
        other.delay(2)
        self.assertEqual([5.0, 6.0], [call.getTime() for call in (one, other)])
        one.reset(1.5)
        other.delay(-1.75)
        self.time.run_until(10)
        self.assertEqual([("delay", 4.25), ("reset", 4.5)], self.called)

    def test_what_raises(self) -> None:
        """It is logged, and the next one is called."""
        self.time.callLater(1, fail)
        self.time.callLater(1, self.note, "next")
        self.time.run_until(1)
        self.assertEqual(1, len(self.flushLoggedErrors(Wrong)))
        self.assertEqual([("next", 1.0)], self.called)

    def test_a_storm_ends(self) -> None:
        """Too many calls within a second are an error; as many in more seconds are none."""
        time = Clock(most=100)

        def again(wait: float) -> None:
            time.callLater(wait, again, wait)

        again(0.02)
        time.run_until(20)
        self.assertGreater(time.made, 900)
        again(0)
        self.assertRaises(Storm, time.run_until, 21)
        self.assertLess(time.made, 1300)

    def test_time_goes_on(self) -> None:
        """Who waits for the little that rounding left does not wait for ever at one time."""
        self.time.run_until(1e6)
        self.time.callLater(1e-12, self.note, "now")
        self.time.run_until(1e6 + 1)
        self.assertEqual([("now", 1e6 + FINEST)], self.called)


class ProcessClockTests(Clocked):
    """A process that does not always run."""

    def test_it_runs(self) -> None:
        """What comes is taken at once, and its time is the clock's."""
        self.process.callLater(2, self.note, "timer")
        self.later(1, self.process.arrive, self.note, "data")
        self.time.run_until(3)
        self.assertEqual([("data", 1.0), ("timer", 2.0)], self.called)
        self.assertEqual((3.0, []), (self.process.seconds(), self.process.getDelayedCalls()))

    def test_paused(self) -> None:
        """Nothing is called; then first the timers, in their order, and what came after them."""
        self.process.callLater(3, self.note, "second")
        self.process.callLater(2, self.note, "first")
        self.process.callLater(9, self.note, "later")
        self.later(1, self.process.pause)
        self.later(1.5, self.process.arrive, self.note, "data")
        self.later(4, self.process.arrive, self.note, "more")
        self.later(6, self.process.resume)
        self.time.run_until(5)
        self.assertEqual([], self.called)
        self.assertEqual(5.0, self.process.seconds())
        self.time.run_until(10)
        self.assertEqual(["first", "second", "data", "more", "later"], [w for w, _ in self.called])
        self.assertEqual([6.0] * 4 + [9.0], [at for _, at in self.called])

    def test_each_timer_knows_how_late_it_is(self) -> None:
        """By which a node notices that it did not run."""
        stalls: list[tuple[float, float]] = []
        agenda = Agenda(self.process, lambda late, now: stalls.append((late, now)))

        class Thing:
            def tick(self, now: float) -> None:
                """It is due."""

        agenda.set(Thing(), 2.0)
        timer = self.process.callLater(3, self.note, "timer")
        self.later(1, self.process.pause)
        self.time.run_until(9)
        self.process.resume()
        self.assertEqual(3.0, timer.getTime())
        self.time.run_until(10)
        self.assertEqual([(7.0, 9.0)], stalls)

    def test_a_timer_that_the_first_one_cancels(self) -> None:
        """Though both are late, it is not called."""
        second = self.process.callLater(3, self.note, "second")
        self.process.callLater(2, second.cancel)
        self.process.pause()
        self.later(5, self.process.resume)
        self.time.run_until(6)
        self.assertEqual([], self.called)

    def test_suspended(self) -> None:
        """Its time stands still, and every timer is as far away as it was."""
        after = self.process.callLater(1, self.note, "after it")
        timer = self.process.callLater(3, self.note, "timer")
        after.reset(3)
        self.later(1, self.process.pause)
        self.later(5, self.process.pause)
        self.later(2, self.process.arrive, self.note, "data")
        self.later(11, lambda: self.process.resume(slept=True))
        self.time.run_until(11)
        self.assertEqual((1.0, 10.0), (self.process.seconds(), self.process.suspended))
        self.assertEqual(3.0, timer.getTime())
        self.time.run_until(20)
        self.assertEqual([("data", 11.0), ("timer", 13.0), ("after it", 13.0)], self.called)

    def test_timers_of_a_machine_that_was_suspended(self) -> None:
        """What is asked for afterwards counts by its own time."""
        self.process.pause()
        self.time.run_until(10)
        self.process.resume(slept=True)
        call = self.process.callLater(2, self.note, "timer")
        self.assertEqual(2.0, call.getTime())
        call.reset(3)
        self.assertEqual(3.0, call.getTime())
        self.time.run_until(20)
        self.assertEqual([("timer", 13.0)], self.called)

    def test_paused_again_at_once(self) -> None:
        """What has come waits on, in its order."""
        self.process.pause()
        self.process.pause()
        for what in "abc":
            self.process.arrive(self.note, what)
        self.process.resume()
        self.process.pause()
        self.time.run_until(1)
        self.assertEqual([], self.called)
        self.process.resume()
        self.process.resume()
        self.time.run_until(2)
        self.assertEqual([("a", 1.0), ("b", 1.0), ("c", 1.0)], self.called)

    def test_ended(self) -> None:
        """Nothing of it is ever called again, whatever it was and whoever resumes it."""
        self.process.callLater(2, self.note, "timer")
        self.process.pause()
        self.process.arrive(self.note, "data")
        self.time.run_until(3)
        self.process.end()
        self.process.callLater(1, self.note, "later")
        self.process.arrive(self.note, "more")
        self.process.resume()
        self.time.run_until(9)
        self.assertEqual([], self.called)
        self.assertEqual([], self.time.getDelayedCalls())

"""
What is due when, on one delayed call.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from random import Random

from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as some
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock

from gossip.mesh.agenda import SPELL, Agenda
from tests.cases import UnitCase

NEVER = float("inf")


@define(eq=False)
class Thing:
    """Notes when it was called, and may do something then."""

    name: str
    calls: list[tuple[str, float]]
    then: Callable[[], object] | None = None

    def tick(self, now: float) -> None:
        """The time has come."""
        self.calls.append((self.name, now))
        if self.then is not None:
            self.then()


@define(eq=False)
class Desk:
    """An agenda, its clock, and what was called."""

    clock: Clock
    calls: list[tuple[str, float]] = field(factory=list)
    stalls: list[tuple[float, float]] = field(factory=list)
    agenda: Agenda = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.agenda = Agenda(self.clock, self.stalled)

    def stalled(self, seconds: float, now: float) -> None:
        """We did not run."""
        self.stalls.append((seconds, now))
        self.calls.append(("stalled", now))

    def thing(self, name: str, then: Callable[[], object] | None = None) -> Thing:
        """A thing that can be put on the agenda."""
        return Thing(name, self.calls, then)

    def run(self, seconds: float, step: float = 0.01) -> None:
        """Let time pass without a stall."""
        for _ in range(round(seconds / step)):
            self.clock.advance(step)


class Turns(Clock):
    """A clock on which what is called takes time, and what it sets for now waits for its turn."""

    def pass_by(self, seconds: float) -> None:
        """So much time passes, and nothing is called."""
        self.rightNow += seconds

    def turn(self) -> None:
        """Call what is due now, and not what comes of it."""
        due = [call for call in self.calls if call.getTime() <= self.seconds()]
        for call in due:
            self.calls.remove(call)
            call.called = 1
            call.func(*call.args, **call.kw)


class AgendaTests(UnitCase):
    """Each thing is called at its time."""

    def setUp(self) -> None:
        """An empty agenda, at time 0."""
        self.desk = Desk(self.clock())
        self.agenda = self.desk.agenda
        self.addCleanup(self.agenda.stop)

    def test_order(self) -> None:
        """Things are called in the order of their times, not of their setting."""
        for name, at in (("c", 0.75), ("a", 0.25), ("b", 0.5)):
            self.agenda.set(self.desk.thing(name), at)
        self.desk.run(1, 0.25)
        self.assertEqual([("a", 0.25), ("b", 0.5), ("c", 0.75)], self.desk.calls)

    def test_same_time(self) -> None:
        """Things of one time are called in the order in which they were set."""
        for name in "bca":
            self.agenda.set(self.desk.thing(name), 0.5)
        self.desk.run(0.5, 0.25)
        self.assertEqual([("b", 0.5), ("c", 0.5), ("a", 0.5)], self.desk.calls)

    def test_not_before(self) -> None:
        """Nothing is called before its time, and nothing twice."""
        self.agenda.set(self.desk.thing("a"), 0.5)
        self.desk.run(0.375, 0.125)
        self.assertEqual([], self.desk.calls)
        self.desk.run(2, 0.125)
        self.assertEqual([("a", 0.5)], self.desk.calls)

    def test_one_delayed_call(self) -> None:
        """However many things wait, the reactor has one call to keep."""
        for number in range(100):
            self.agenda.set(self.desk.thing(str(number)), 100.0 - number)
        self.assertEqual(100, len(self.agenda))
        calls = self.desk.clock.getDelayedCalls()
        self.assertEqual([1.0], [call.getTime() for call in calls])

    def test_overdue(self) -> None:
        """A time that has passed already is now, in the next turn of the reactor."""
        self.desk.clock.advance(10)
        self.agenda.set(self.desk.thing("a"), 3.0)
        self.assertEqual([], self.desk.calls)
        self.desk.clock.advance(0)
        self.assertEqual([("a", 10.0)], self.desk.calls)
        self.assertEqual([], self.desk.stalls)

    def test_moving(self) -> None:
        """A thing that is set again is called at the new time only, earlier or later."""
        later, sooner = self.desk.thing("later"), self.desk.thing("sooner")
        self.agenda.set(later, 0.25)
        self.agenda.set(sooner, 2.0)
        self.agenda.set(later, 0.75)
        self.agenda.set(sooner, 0.5)
        self.assertEqual(2, len(self.agenda))
        self.desk.run(3, 0.25)
        self.assertEqual([("sooner", 0.5), ("later", 0.75)], self.desk.calls)

    def test_there_and_back(self) -> None:
        """A thing that was moved away from a time and back to it is called once."""
        thing = self.desk.thing("a")
        for at in (0.5, 1.0, 0.5):
            self.agenda.set(thing, at)
        self.desk.run(2, 0.25)
        self.assertEqual([("a", 0.5)], self.desk.calls)

    def test_no_later(self) -> None:
        """A later time does not move a thing, an earlier one or a first one does."""
        one, two = self.desk.thing("one"), self.desk.thing("two")
        self.agenda.no_later(one, 0.75)
        self.agenda.no_later(two, 0.25)
        self.agenda.no_later(one, 0.5)
        self.agenda.no_later(two, 2.0)
        self.desk.run(3, 0.25)
        self.assertEqual([("two", 0.25), ("one", 0.5)], self.desk.calls)

    def test_never(self) -> None:
        """What is set to infinity is not called, not even at an earlier time."""
        thing = self.desk.thing("a")
        self.agenda.set(thing, 0.5)
        self.agenda.set(thing, NEVER)
        self.agenda.no_later(self.desk.thing("b"), NEVER)
        self.assertEqual(0, len(self.agenda))
        self.desk.run(1, 0.25)
        self.assertEqual([], self.desk.calls)

    def test_dropping(self) -> None:
        """What was dropped is not called, until it is set anew."""
        thing = self.desk.thing("a")
        self.agenda.set(thing, 0.5)
        self.agenda.drop(thing)
        self.agenda.drop(thing)
        self.assertEqual(0, len(self.agenda))
        self.desk.run(1, 0.25)
        self.assertEqual([], self.desk.calls)
        self.agenda.set(thing, 1.5)
        self.desk.run(1, 0.25)
        self.assertEqual([("a", 1.5)], self.desk.calls)

    def test_again_and_again(self) -> None:
        """A thing can set itself anew whenever it is called."""
        thing = self.desk.thing("a", lambda: self.agenda.set(thing, self.desk.clock.seconds() + 1))
        self.agenda.set(thing, 1.0)
        self.desk.run(3.5, 0.25)
        self.assertEqual([("a", 1.0), ("a", 2.0), ("a", 3.0)], self.desk.calls)

    def test_now_is_the_next_turn(self) -> None:
        """What a thing sets for now, itself too, is called in the next turn of the reactor."""
        other = self.desk.thing("other")

        def again() -> None:
            now = self.desk.clock.seconds()
            if len(self.desk.calls) < 3:
                self.agenda.set(thing, now)
                self.agenda.set(other, now)

        thing = self.desk.thing("a", again)
        self.agenda.set(thing, 1.0)
        turns: list[int] = []
        self.desk.clock.callLater(1.0, lambda: turns.append(len(self.desk.calls)))
        self.desk.run(1, 0.25)
        self.assertEqual([1], turns)
        self.assertEqual([("a", 1.0)], self.desk.calls[:1])
        self.desk.clock.advance(0)
        self.assertEqual({("a", 1.0), ("other", 1.0)}, set(self.desk.calls))

    def test_dropped_by_one_before_it(self) -> None:
        """Of two things that are due together, the first can keep the second from being called."""
        second = self.desk.thing("second")
        self.agenda.set(self.desk.thing("first", lambda: self.agenda.drop(second)), 0.5)
        self.agenda.set(second, 0.5)
        self.desk.run(1, 0.25)
        self.assertEqual([("first", 0.5)], self.desk.calls)

    def test_moved_by_one_before_it(self) -> None:
        """Of two things that are due together, the first can put off the second."""
        second = self.desk.thing("second")
        self.agenda.set(self.desk.thing("first", lambda: self.agenda.set(second, 0.75)), 0.5)
        self.agenda.set(second, 0.5)
        self.desk.run(2, 0.25)
        self.assertEqual([("first", 0.5), ("second", 0.75)], self.desk.calls)

    def test_not_put_off_by_no_later(self) -> None:
        """A thing that is due is not put off by another that only wants it no later."""
        second = self.desk.thing("second")
        self.agenda.set(self.desk.thing("first", lambda: self.agenda.no_later(second, 0.75)), 0.5)
        self.agenda.set(second, 0.5)
        self.desk.run(2, 0.25)
        self.assertEqual([("first", 0.5), ("second", 0.5)], self.desk.calls)

    def test_stopped_by_one_before_it(self) -> None:
        """When a thing stops the agenda, nothing that was due with it is called."""
        self.agenda.set(self.desk.thing("first", self.agenda.stop), 0.5)
        self.agenda.set(self.desk.thing("second"), 0.5)
        self.desk.run(2, 0.25)
        self.assertEqual([("first", 0.5)], self.desk.calls)
        self.assertEqual([], self.desk.clock.getDelayedCalls())

    def test_stop(self) -> None:
        """A stopped agenda calls nothing, and leaves the reactor nothing to keep."""
        self.agenda.set(self.desk.thing("a"), 0.5)
        self.agenda.stop()
        self.agenda.stop()
        self.assertEqual(0, len(self.agenda))
        self.assertEqual([], self.desk.clock.getDelayedCalls())
        self.desk.run(1, 0.25)
        self.assertEqual([], self.desk.calls)

    def test_raising(self) -> None:
        """A thing that raises does not keep the others from being called, now or later."""

        def fail() -> None:
            raise ZeroDivisionError

        self.agenda.set(self.desk.thing("bad", fail), 0.5)
        self.agenda.set(self.desk.thing("same"), 0.5)
        self.agenda.set(self.desk.thing("later"), 0.75)
        self.desk.run(1, 0.25)
        self.assertEqual([("bad", 0.5), ("same", 0.5), ("later", 0.75)], self.desk.calls)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_raising_anything(self) -> None:
        """Not even what ends a program keeps the others from being called, now or later."""

        def fail() -> None:
            raise SystemExit

        self.agenda.set(self.desk.thing("bad", fail), 0.5)
        self.agenda.set(self.desk.thing("same"), 0.5)
        self.agenda.set(self.desk.thing("later"), 0.75)
        self.desk.run(1, 0.25)
        self.assertEqual([("bad", 0.5), ("same", 0.5), ("later", 0.75)], self.desk.calls)
        self.assertEqual(1, len(self.flushLoggedErrors(SystemExit)))

    def test_one_delayed_call_for_all(self) -> None:
        """Things that are due together and set themselves anew cost one delayed call in all."""
        calls = Counter[float]()
        later = self.desk.clock.callLater

        def counted(delay: float, call: Callable[..., object]) -> IDelayedCall:
            calls[self.desk.clock.seconds()] += 1
            return later(delay, call)

        self.patch(self.desk.clock, "callLater", counted)
        for number in range(10, 0, -1):
            thing = self.desk.thing(str(number))
            # The later ones want to be called earlier than those before them.
            thing.then = partial(self.agenda.set, thing, 1.0 + number / 4)
            self.agenda.set(thing, 0.5)
        self.desk.run(1, 0.25)
        self.assertEqual(10, len(self.desk.calls))
        self.assertEqual({0.0: 1, 0.5: 1}, dict(calls))


class SpellTests(UnitCase):
    """What takes long leaves time for the sockets."""

    def setUp(self) -> None:
        """An empty agenda, at time 0, of a reactor that calls what is due and looks at sockets."""
        self.reactor = Turns()
        self.desk = Desk(self.reactor)
        self.agenda = self.desk.agenda

    def test_no_more_than_a_moment_in_one_turn(self) -> None:
        """What is due when the time is up is called in the next turns, each once, in its order."""
        for i in range(1000):
            self.agenda.set(
                self.desk.thing(f"{i}", lambda: self.reactor.pass_by(0.001)), 1 + i / 1e6
            )
        self.reactor.pass_by(1.01)
        calls = []
        while self.reactor.getDelayedCalls():
            before = len(self.desk.calls)
            self.reactor.turn()
            calls.append(len(self.desk.calls) - before)
        self.assertGreaterEqual(len(calls), 0.9 * 1000 * 0.001 / SPELL)
        self.assertLessEqual(max(calls), SPELL / 0.001 + 1)
        self.assertEqual([f"{i}" for i in range(1000)], [name for name, _ in self.desk.calls])

    def test_is_no_stall(self) -> None:
        """However long it all takes, this node ran."""
        for i in range(100):
            self.agenda.set(self.desk.thing(f"{i}", lambda: self.reactor.pass_by(0.01)), 1.0)
        self.reactor.pass_by(1.01)
        while self.reactor.getDelayedCalls():
            self.reactor.turn()
        self.assertEqual(100, len(self.desk.calls))
        self.assertEqual([], self.desk.stalls)
        self.assertEqual(float("-inf"), self.agenda.stalled_at)


class StallTests(UnitCase):
    """Time in which the node did not run."""

    def setUp(self) -> None:
        """An empty agenda, at time 0."""
        self.desk = Desk(self.clock())
        self.agenda = self.desk.agenda
        self.addCleanup(self.agenda.stop)

    def test_told_before_what_is_due(self) -> None:
        """A stall is told, with its length, before anything is called that it made late."""
        self.agenda.set(self.desk.thing("a"), 1.0)
        self.agenda.set(self.desk.thing("b"), 5.0)
        self.desk.clock.advance(11)
        self.assertEqual([(10.0, 11.0)], self.desk.stalls)
        self.assertEqual([("stalled", 11.0), ("a", 11.0), ("b", 11.0)], self.desk.calls)

    def test_small_delays(self) -> None:
        """A timer that is a little late is usual, and not told."""
        self.agenda.set(self.desk.thing("a"), 1.0)
        self.desk.clock.advance(1.04)
        self.assertEqual([("a", 1.04)], self.desk.calls)

    def test_who_is_told_can_forgive(self) -> None:
        """What the one who is told moves is called at its new time, and not now."""
        thing = self.desk.thing("a")
        agenda = Agenda(self.desk.clock, lambda late, _: agenda.set(thing, 1.0 + late))
        self.addCleanup(agenda.stop)
        agenda.set(thing, 1.0)
        self.desk.clock.advance(1.5)
        self.assertEqual([("a", 1.5)], self.desk.calls)
        self.desk.calls.clear()
        agenda.set(thing, 2.0)
        self.desk.clock.advance(2.5)
        self.assertEqual([("a", 4.0)], self.desk.calls)

    def test_raising(self) -> None:
        """When the one who is told raises, what is due is called all the same."""

        def fail(_: float, __: float) -> None:
            raise ZeroDivisionError

        agenda = Agenda(self.desk.clock, fail)
        self.addCleanup(agenda.stop)
        agenda.set(self.desk.thing("a"), 1.0)
        self.desk.clock.advance(9)
        self.assertEqual([("a", 9.0)], self.desk.calls)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))


class ManyTests(UnitCase):
    """Any number of things, moved any number of times."""

    def test_a_million_moves(self) -> None:
        """Memory does not grow with the moves of a few things."""
        desk = Desk(self.clock())
        self.addCleanup(desk.agenda.stop)
        things = [desk.thing(str(number)) for number in range(50)]
        random = Random(1)
        most = 0
        for number in range(1_000_000):
            desk.agenda.set(things[number % 50], 1.0 + random.random())
            most = max(most, len(desk.agenda._heap))
        self.assertLessEqual(most, 2 * 50 + 64 + 1)
        self.assertEqual(50, len(desk.agenda))
        desk.clock.advance(1.0)
        desk.run(1.5)
        self.assertEqual(50, len(desk.calls))

    def test_order_after_many_moves(self) -> None:
        """Things that were moved very often are called in the order of their last times."""
        desk = Desk(self.clock())
        self.addCleanup(desk.agenda.stop)
        things = [desk.thing(str(number)) for number in range(50)]
        random = Random(2)
        last = [0.0] * 50
        for _ in range(1000):
            number = random.randrange(50)
            last[number] = 1.0 + random.random()
            desk.agenda.set(things[number], last[number])
        desk.clock.advance(1.0)
        desk.clock.advance(1.0)
        expected = [str(number) for number in sorted(range(50), key=last.__getitem__)]
        self.assertEqual(expected, [name for name, _ in desk.calls if name != "stalled"])

    def test_dropped_and_set_to_the_same_time(self) -> None:
        """Memory does not grow with drops either, nor is a thing called more than once."""
        desk = Desk(self.clock())
        self.addCleanup(desk.agenda.stop)
        thing = desk.thing("a")
        for _ in range(10_000):
            desk.agenda.set(thing, 1.0)
            desk.agenda.drop(thing)
        desk.agenda.set(thing, 1.0)
        self.assertLessEqual(len(desk.agenda._heap), 2 + 64 + 1)
        desk.run(2, 0.25)
        self.assertEqual([("a", 1.0)], desk.calls)

    @settings(deadline=None, database=None, max_examples=100)
    @given(
        some.lists(
            some.tuples(
                some.sampled_from(["set", "no_later", "drop", "pass"]),
                some.integers(0, 4),
                some.integers(0, 12),
            ),
            max_size=40,
        )
    )
    def test_against_a_simple_one(self, steps: list[tuple[str, int, int]]) -> None:
        """Whatever is set, moved and dropped, each thing is called once at its last time."""
        desk = Desk(Clock())
        things = [desk.thing(str(number)) for number in range(5)]
        wanted: dict[str, float] = {}
        expected: list[tuple[str, float]] = []

        def let_pass(until: float) -> None:
            while desk.clock.seconds() < until:
                desk.clock.advance(0.25)
                now = desk.clock.seconds()
                for name, at in list(wanted.items()):
                    if at <= now:
                        expected.append((name, now))
                        del wanted[name]

        for step, number, quarter in steps:
            thing, now = things[number], desk.clock.seconds()
            at = now + (quarter + 1) / 4
            if step == "set":
                desk.agenda.set(thing, at)
                wanted[thing.name] = at
            elif step == "no_later":
                desk.agenda.no_later(thing, at)
                wanted[thing.name] = min(at, wanted.get(thing.name, NEVER))
            elif step == "drop":
                desk.agenda.drop(thing)
                wanted.pop(thing.name, None)
            else:
                let_pass(now + quarter / 4)
            self.assertEqual(len(wanted), len(desk.agenda))
        let_pass(desk.clock.seconds() + 5)
        self.assertEqual(sorted(expected), sorted(desk.calls))
        self.assertEqual([at for _, at in expected], [at for _, at in desk.calls])
        self.assertEqual([], desk.stalls)

"""
One plan, carried out: faults for a while, then healing, then a time in which nothing may happen.
"""

from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import AbstractContextManager

from attrs import frozen
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from zope.interface import implementer

from gossip.mesh.addresses import Address
from gossip.testing.clock import Clock, Storm
from gossip.testing.invariants import ALWAYS, AT_REST, BOUNDS, ENDED, Breach
from gossip.testing.machine import PORT, Machine
from gossip.testing.memo import memo
from gossip.testing.network import Network, Trace
from gossip.testing.operations import Town
from gossip.testing.paths import Weather
from gossip.testing.plan import HEALED_WITHIN, QUIET, Plan
from gossip.testing.unrest import Unrest
from gossip.testing.watch import Figures, Pair, Watch, finds
from gossip.trust.identity import PeerId
from gossip.trust.records import Record

LOOK = 2.0
"""Seconds between two looks at everything. The looks of each second would take a quarter of all work."""

GRAIN = 1.0
"""Seconds between two looks at who has no link yet, while a network heals."""

CALLS = 3000
"""Calls within a second for each pair of machines: a hundred times what is usual."""

SHOWN = 3
"""Errors of which a breach tells."""

FAREWELLS = 5.0
"""Seconds that nodes have to be gone when they are told to leave."""


@frozen
class Verdict:
    """What became of a plan."""

    plan: Plan
    breach: Breach | None
    """The first invariant that did not hold; None where all did."""
    digest: str
    """Of everything that happened: equal for equal plans."""
    figures: Figures


class Simulation:
    """See the module. `read` gets every line of what happens."""

    def __init__(self, plan: Plan, read: Callable[[str], None] | None = None) -> None:
        self.plan = plan
        self.clock = Clock(CALLS * len(plan.inhabitants) ** 2)
        self.trace = Trace(self.clock, read)
        self.network = Network(self.clock, plan.seed, self.trace)
        self.network.weather = Weather(latency=plan.latency, jitter=plan.jitter)
        self.watch = Watch(self.clock)
        self.town = Town(
            plan,
            self.network,
            Unrest(),
            begins=self.watch.node_begins,
            ended=self.watch.node_ended,
        )
        self.watch.attend(self.town)
        self._look_at = LOOK

    def run(self) -> Verdict:
        """
        Carry it out, to the end or to the first invariant that does not hold.

        Nothing but the plan decides what happens.
        """
        breach: Breach | None = None
        with Errors() as errors, memo():
            try:
                for _ in self._phases():
                    errors.raise_first(self.clock.seconds())
            except Breach as broken:
                breach = broken
            except Storm as storm:
                breach = Breach("I7", "no storm", self.clock.seconds(), str(storm))
            figures = self.watch.figures()
            self.abandon()
        self.trace.note(f"end {breach}")
        return Verdict(self.plan, breach, self.trace.digest(), figures)

    def _phases(self) -> Iterator[None]:
        yield from self._faults()
        yield from self._healing()
        yield from self._wait(self.plan.settled_after())
        self._check(BOUNDS)
        self.watch.rest()
        yield from self._wait(QUIET)
        self._check(AT_REST)
        yield from self._farewells()

    def _faults(self) -> Iterator[None]:
        operations = list(self.plan.operations)
        while operations and operations[0].at <= self.plan.faults:
            operation = operations.pop(0)
            yield from self._until(operation.at)
            self.town.perform(operation)
        yield from self._until(self.plan.faults)
        self.town.calm()

    def _healing(self) -> Iterator[None]:
        """
        Wait until everyone has a link to everyone, as long as that may take.
        """
        introduce(self.town)
        begun = self.clock.seconds()
        since: dict[Pair, float] = {}
        while missing := self.watch.missing():
            now = self.clock.seconds()
            # Two that meet late have met from then on only.
            since = {pair: since.get(pair, now) for pair in missing if self.watch.met(pair)}
            overdue = [pair for pair, then in since.items() if now - then > HEALED_WITHIN]
            if overdue:
                raise Breach("I10", "everyone_heals", now, _names(overdue))
            if now - begun > self.plan.met_within():
                raise Breach("I10", "everyone_meets", now, _names(missing))
            if not since:
                self.watch.healed(now - begun)
            yield from self._wait(GRAIN)
        self.watch.met_all(self.clock.seconds() - begun)

    def _farewells(self) -> Iterator[None]:
        leaving = self.town.running()
        clocks = [machine.process for machine in leaving]
        for machine in leaving:
            machine.leave()
        yield from self._wait(FAREWELLS)
        self.watch.farewells([clock for clock in clocks if clock is not None])
        self._check(ENDED)

    def _wait(self, seconds: float) -> Iterator[None]:
        yield from self._until(self.clock.seconds() + seconds)

    def _until(self, at: float) -> Iterator[None]:
        while self.clock.seconds() < at:
            self.clock.run_until(min(at, self._look_at))
            if self.clock.seconds() >= self._look_at:
                # Each so many seconds, however often something is done.
                self._look_at += LOOK
                self.network.forget_gone()
                self._check(ALWAYS)
            yield

    def _check(self, invariants: tuple[Callable[[Watch], Iterator[str]], ...]) -> None:
        for invariant in invariants:
            for wrong in invariant(self.watch):
                number = (invariant.__doc__ or "").split(":")[0].strip()
                raise Breach(number, invariant.__name__, self.clock.seconds(), wrong)

    def abandon(self) -> None:
        """End everyone who is left, so that nothing is kept alive."""
        for machine in self.town.running():
            machine.kill()
        for liar in self.town.liars.values():
            liar.kill()


def introduce(town: Town) -> None:
    """
    Where some cannot know of each other, not even by others, let one come who knows all.

    Nodes that restarted without a memory, or moved while they were alone, can be found by nobody.
    """
    # Who has just been told to leave is nobody through whom others could meet.
    running = [machine for machine in town.running() if machine.place.listening]
    gone = departed(running)

    def meet(one: Machine, other: Machine) -> bool:
        return knows(one, other, gone) or knows(other, one, gone)

    known = running[:1]
    while more := [b for b in running if b not in known and any(meet(a, b) for a in known)]:
        known += more
    if len(known) < len(running):
        town.introduce(running)


def knows(one: Machine, other: Machine, gone: Container[PeerId]) -> bool:
    """
    Whether a node can reach another by what it remembers, or by where it was told to join.

    Who is `gone` is looked for by nobody who remembers it, once others have said so.
    """
    address = Address(other.place.address, PORT)
    told = any(seed.address == address for seed in one.settings.seeds)
    return (told and not other.place.hidden) or (other.id not in gone and finds(one, other))


def departed(running: Iterable[Machine]) -> set[PeerId]:
    """Those who have left, by the newest word of theirs that anybody has."""
    newest: dict[PeerId, Record] = {}
    for machine in running:
        for peer, entry in machine.mesh.book if machine.mesh is not None else ():
            if peer not in newest or entry.record.seq > newest[peer].seq:
                newest[peer] = entry.record
    return {peer for peer, record in newest.items() if record.state == "left"}


def _names(pairs: list[tuple[Machine, Machine]]) -> str:
    return "no link: " + ", ".join(f"{one.name}-{other.name}" for one, other in pairs)


@implementer(ILogObserver)
class Errors(AbstractContextManager["Errors"]):
    """
    What is logged as an error while this is entered: there must be nothing.

    As text, since a failure would keep everything alive; and only the first few: what was forgotten
    is logged in two events, of which the second says what it was.
    """

    def __init__(self) -> None:
        self._seen: list[str] = []

    def __enter__(self) -> "Errors":  # noqa: PYI034 - Self came with Python 3.11
        globalLogPublisher.addObserver(self)
        return self

    def __exit__(self, *_: object) -> None:
        globalLogPublisher.removeObserver(self)

    def __call__(self, event: LogEvent) -> None:
        """Observe one event."""
        if event.get("log_level", LogLevel.info) >= LogLevel.error and len(self._seen) < SHOWN:
            failure = event.get("log_failure")
            trace = "" if failure is None else f"\n{failure.getTraceback()}"
            self._seen.append(f"{formatEvent(event)}{trace}")

    def raise_first(self, at: float) -> None:
        """
        Look for what was logged since.

        :raises Breach: there was something.
        """
        if self._seen:
            raise Breach("I7", "no_errors", at, "\n".join(self._seen))

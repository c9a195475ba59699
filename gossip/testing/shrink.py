"""
A failing plan made small: what is left is what it takes to break the same invariant. Pure.

Parts are taken away as delta debugging does (Zeller and Hildebrandt, IEEE TSE 2002): big ones
first, then single ones, until none can be spared. Each step is one simulation, and there are at
most so many; when they are used up, what was found so far is the result.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias

from attrs import define, evolve, field, frozen

from gossip.testing.plan import Inhabitant, Plan
from gossip.testing.runs import Failure

MOST_RUNS: Final = 400
"""Simulations for one plan: two or three minutes with five nodes."""

Try: TypeAlias = Callable[[Plan], Failure | None]


@frozen
class _Part:
    """A part of a plan that consists of things which may be spared."""

    of: Callable[[Plan], tuple[Any, ...]]
    replaced: Callable[[Plan, tuple[Any, ...]], Plan]
    least: int = 0
    """How many of the things must stay."""


@frozen
class Shrunk:
    """What is left of a plan."""

    plan: Plan
    failure: Failure
    runs: int
    """How many simulations it took."""


def shrink(plan: Plan, failure: Failure, attempt: Try, most: int = MOST_RUNS) -> Shrunk:
    """
    The smallest plan that was found to break the invariant of the same name.

    `attempt` simulates a plan, at most `most` times.
    """
    search = _Search(plan, failure, attempt, most)
    search.everything()
    return Shrunk(search.plan, search.failure, search.runs)


@define(eq=False)
class _Search:
    plan: Plan
    failure: Failure
    _attempt: Try
    _most: int
    runs: int = 0
    _tried: set[bytes] = field(factory=set)

    def everything(self) -> None:
        """Take away all that can be spared, until a whole round spares nothing."""
        past = [operation for operation in self.plan.operations if operation.at <= self.failure.at]
        self._try(evolve(self.plan, operations=tuple(past)))
        before = None
        while before != self.plan:
            before = self.plan
            self._fewer(_OPERATIONS)
            self._fewer(_INHABITANTS)
            self._fewer_names()
            self._earlier()
            self._shorter()
            self._simpler()

    def _try(self, plan: Plan) -> bool:
        """Whether a plan breaks the same; if so it is the one that counts from now on."""
        text = plan.to_json()
        if plan == self.plan or text in self._tried or self.runs >= self._most:
            return False
        self._tried.add(text)
        self.runs += 1
        failure = self._attempt(plan)
        if failure is None or failure.name != self.failure.name:
            return False
        self.plan, self.failure = plan, failure
        return True

    def _fewer(self, part: _Part) -> None:
        size = max(1, len(part.of(self.plan)) // 2)
        while True:
            spared, begin = False, 0
            while begin < len(things := part.of(self.plan)):
                left = things[:begin] + things[begin + size :]
                if len(left) >= part.least and self._try(part.replaced(self.plan, left)):
                    spared = True
                else:
                    begin += size
            if size > 1:
                size //= 2
            elif not spared:
                return

    def _fewer_names(self) -> None:
        for index in range(len(self.plan.operations)):
            self._fewer(_named(index, "who"))
            self._fewer(_named(index, "whom"))
        for index in range(len(self.plan.inhabitants)):
            self._fewer(_joined(index))

    def _earlier(self) -> None:
        """Shorten what passes before each operation."""
        for index in range(len(self.plan.operations)):
            before = self.plan.operations[index - 1].at if index else 0.0
            gap = self.plan.operations[index].at - before
            for shorter in (0.0, 1.0, 5.0, float(int(gap))):
                if shorter < gap and self._try(_sooner(self.plan, index, gap - shorter)):
                    break
        last = max((operation.at for operation in self.plan.operations), default=0.0)
        for more in (0.0, 1.0, 10.0, 30.0):
            if last + more < self.plan.faults and self._try(evolve(self.plan, faults=last + more)):
                break

    def _shorter(self) -> None:
        """Shorten what takes its time."""
        for index, operation in enumerate(self.plan.operations):
            for number in (1.0, float(int(operation.number))):
                if 0 < number < operation.number and self._try(
                    _changed(self.plan, index, number=number)
                ):
                    break

    def _simpler(self) -> None:
        """Make it a usual network: the same delay everywhere, the same nodes."""
        self._try(evolve(self.plan, jitter=0.0, latency=0.01))
        self._try(evolve(self.plan, jitter=0.0))
        self._try(evolve(self.plan, latency=0.01))
        usual: tuple[dict[str, Any], ...] = (
            {"heartbeat": 1.0, "period": 5.0, "hidden": False},
            {"heartbeat": 1.0, "period": 5.0},
            {"hidden": False},
        )
        for changes in usual:
            everyone = [evolve(one, **changes) for one in self.plan.inhabitants]
            self._try(evolve(self.plan, inhabitants=tuple(everyone)))


def _only(plan: Plan, some: tuple[Inhabitant, ...]) -> Plan:
    """The plan without those who are not among some, and without what was done to them alone."""
    gone = {one.name for one in plan.inhabitants} - {one.name for one in some}
    kept = [evolve(one, join=_without(one.join, gone)) for one in some]
    operations = []
    for operation in plan.operations:
        who, whom = _without(operation.who, gone), _without(operation.whom, gone)
        if who and (whom or not operation.whom):
            operations.append(evolve(operation, who=who, whom=whom))
    return evolve(plan, inhabitants=tuple(kept), operations=tuple(operations))


def _without(names: Sequence[str], gone: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in gone)


def _named(index: int, member: str) -> _Part:
    """Those whom an operation names. One must stay: on nobody, the operation could be spared."""

    def replaced(plan: Plan, names: tuple[Any, ...]) -> Plan:
        return _changed(plan, index, **{member: names})

    return _Part(lambda plan: getattr(plan.operations[index], member), replaced, least=1)


def _joined(index: int) -> _Part:
    """Those through whom somebody joins."""

    def replaced(plan: Plan, names: tuple[Any, ...]) -> Plan:
        everyone = list(plan.inhabitants)
        everyone[index] = evolve(everyone[index], join=names)
        return evolve(plan, inhabitants=tuple(everyone))

    return _Part(lambda plan: plan.inhabitants[index].join, replaced)


def _changed(plan: Plan, index: int, **changes: Any) -> Plan:
    operations = list(plan.operations)
    operations[index] = evolve(operations[index], **changes)
    return evolve(plan, operations=tuple(operations))


def _sooner(plan: Plan, index: int, by: float) -> Plan:
    operations = [
        evolve(operation, at=round(operation.at - by, 3)) if number >= index else operation
        for number, operation in enumerate(plan.operations)
    ]
    return evolve(plan, operations=tuple(operations))


_OPERATIONS: Final = _Part(
    lambda plan: plan.operations, lambda plan, some: evolve(plan, operations=some)
)
_INHABITANTS: Final = _Part(lambda plan: plan.inhabitants, _only, least=1)

"""
Shrinking, with simulations that are pretended: what breaks is decided by looking at the plan.
"""

from collections.abc import Callable

from attrs import evolve

from gossip.testing.plan import Inhabitant, Operation, Plan
from gossip.testing.profiles import PROFILES, plan
from gossip.testing.runs import Failure
from gossip.testing.shrink import Shrunk, shrink
from tests.cases import UnitCase

BROKEN = Failure("I1", "it_breaks", 1e9, "as it does")


def small(given: Plan, breaks: Callable[[Plan], bool], most: int = 10_000) -> Shrunk:
    """What is left of a plan where that is what breaks."""
    return shrink(given, BROKEN, lambda plan: BROKEN if breaks(plan) else None, most)


def whats(given: Plan) -> list[str]:
    """What is done, in its order."""
    return [operation.what for operation in given.operations]


class ShrinkTests(UnitCase):
    """What is left is what it takes."""

    def test_one_operation(self) -> None:
        """Of a whole scenario, whatever its profile, the operation that breaks is left alone."""
        for profile in PROFILES:
            given = plan(3, 6, profile)
            last = given.operations[-1].what
            left = small(given, lambda plan, last=last: last in whats(plan)).plan  # type: ignore[misc]
            self.assertEqual([last], whats(left), profile)
            # One, or the two between whom it is done.
            self.assertLessEqual(len(left.inhabitants), 2)

    def test_operations_that_belong_together(self) -> None:
        """Two that must both be there, far from each other, are both left, in their order."""
        given = plan(11, 5, "churn")
        wanted = [given.operations[0], given.operations[-1]]

        def breaks(plan: Plan) -> bool:
            said = whats(plan)
            return said[:1] == ["boot"] and wanted[1].what in said[1:]

        left = small(given, breaks).plan
        self.assertEqual([wanted[0].what, wanted[1].what], whats(left))

    def test_names(self) -> None:
        """Of many on whom something is done, those are left who are needed."""
        given = plan(1, 8, "cold-start")
        names = tuple(given.names())
        given = evolve(given, operations=(Operation(at=1.0, what="cut", who=names, whom=names),))

        def breaks(plan: Plan) -> bool:
            return any("n2" in each.who and "n5" in each.whom for each in plan.operations)

        left = small(given, breaks).plan
        self.assertEqual((("n2",), ("n5",)), (left.operations[0].who, left.operations[0].whom))
        # Who is named may still be nobody's machine: the operation passes them over.
        self.assertLessEqual(set(left.names()), {"n2", "n5"})

    def test_inhabitants(self) -> None:
        """Those whom nothing needs go, and nobody joins through them any more."""
        given = plan(1, 8, "cold-start")
        left = small(given, lambda plan: {"n3", "n4"} <= set(plan.names())).plan
        self.assertEqual(["n3", "n4"], left.names())
        self.assertEqual([(), ()], [one.join for one in left.inhabitants])
        self.assertEqual((), left.operations)

    def test_times(self) -> None:
        """Time in which nothing happens is left out, and what takes long takes less."""
        operations = (
            Operation(at=17.25, what="pause", who=("a",), number=30.0),
            Operation(at=61.5, what="kill", who=("a",)),
        )
        given = Plan(
            seed=1,
            profile="pauses",
            inhabitants=(Inhabitant(name="a", address="10.0.0.1"),),
            operations=operations,
            faults=100.0,
        )

        def breaks(plan: Plan) -> bool:
            return whats(plan) == ["pause", "kill"] and plan.operations[1].at >= 5

        left = small(given, breaks).plan
        self.assertEqual([0.0, 5.0], [operation.at for operation in left.operations])
        self.assertEqual(1.0, left.operations[0].number)
        self.assertEqual(5.0, left.faults)

    def test_weather_and_nodes(self) -> None:
        """The network becomes a usual one where that does not matter, and stays where it does."""
        given = evolve(plan(5, 3, "weather"), latency=0.1, jitter=0.05)
        left = small(given, lambda plan: plan.latency == 0.1).plan
        self.assertEqual((0.1, 0.0), (left.latency, left.jitter))
        left = small(given, lambda plan: True).plan
        self.assertEqual((0.01, 0.0), (left.latency, left.jitter))
        self.assertEqual(1.0, left.inhabitants[0].heartbeat)

    def test_past_the_failure(self) -> None:
        """What would have been done later goes at once."""
        given = plan(2, 5, "partitions")
        at = given.operations[len(given.operations) // 2].at
        tried: list[Plan] = []

        def attempt(plan: Plan) -> Failure | None:
            tried.append(plan)
            return evolve(BROKEN, at=at)

        shrink(given, evolve(BROKEN, at=at), attempt, 1)
        self.assertEqual(1, len(tried))
        self.assertEqual(
            [each for each in given.operations if each.at <= at], list(tried[0].operations)
        )

    def test_only_the_same(self) -> None:
        """A smaller plan that breaks something else is not what was asked for."""
        given = plan(3, 5, "churn")
        other = evolve(BROKEN, name="something_else")
        left = shrink(given, BROKEN, lambda plan: other, 50)
        self.assertEqual((given, BROKEN), (left.plan, left.failure))

    def test_the_failure_of_what_is_left(self) -> None:
        """The failure that comes with the plan is that of the plan."""
        given = plan(3, 5, "churn")
        left = shrink(
            given, BROKEN, lambda plan: evolve(BROKEN, what=f"{len(plan.operations)} left"), 50
        )
        self.assertEqual("0 left", left.failure.what)

    def test_bound(self) -> None:
        """No more simulations are made than were allowed, and what was found by then is kept."""
        given = plan(3, 5, "churn")
        tried: list[Plan] = []

        def attempt(plan: Plan) -> Failure | None:
            tried.append(plan)
            return BROKEN if "kill" in whats(plan) else None

        for most in (0, 1, 7):
            tried.clear()
            left = shrink(given, BROKEN, attempt, most)
            self.assertEqual((most, most), (len(tried), left.runs))
        self.assertLess(len(left.plan.operations), len(given.operations))

    def test_big_parts_first(self) -> None:
        """One operation of 256 is found in some twenty simulations, not in hundreds."""
        people = (Inhabitant(name="a", address="10.0.0.1"),)
        made = [Operation(at=0.0, what=f"{number}") for number in range(256)]
        given = Plan(seed=1, profile="long", inhabitants=people, operations=tuple(made), faults=0.0)
        left = small(given, lambda plan: "77" in whats(plan), 22)
        self.assertEqual(["77"], whats(left.plan))

    def test_nothing_twice(self) -> None:
        """No plan is simulated twice: its outcome would be the same."""
        tried: list[bytes] = []

        def attempt(plan: Plan) -> Failure | None:
            tried.append(plan.to_json())
            return BROKEN if "kill" in whats(plan) else None

        shrink(plan(3, 5, "churn"), BROKEN, attempt, 1000)
        self.assertEqual(len(tried), len(set(tried)))

"""
A few simulated nodes that have found each other, for tests of what is done to them and seen of them.
"""

from typing import Any

from gossip.testing.machine import Machine
from gossip.testing.plan import Inhabitant, Operation, Plan
from gossip.testing.simulation import Simulation
from tests.cases import UnitCase


class Village(Simulation):
    """Some nodes `n0`, `n1`, … which join through the first; and liars, if they are asked for."""

    def __init__(self, nodes: int = 3, liars: int = 0, hidden: tuple[str, ...] = ()) -> None:
        names = [f"n{number}" for number in range(nodes)]
        honest = [
            Inhabitant(
                name=name,
                address=f"10.0.0.{number + 1}",
                join=("n0",) if number else (),
                hidden=name in hidden,
            )
            for number, name in enumerate(names)
        ]
        mad = [
            Inhabitant(name=f"liar{number}", address=f"10.6.6.{number + 1}", liar=True)
            for number in range(liars)
        ]
        super().__init__(
            Plan(
                seed=1,
                profile="cold-start",
                inhabitants=(*honest, *mad),
                operations=(),
                faults=0.0,
            )
        )
        self.do("boot", *names)
        self.pass_time(10)

    def do(self, what: str, *who: str, **more: Any) -> None:
        """Carry out an operation now."""
        self.town.perform(Operation(at=self.clock.seconds(), what=what, who=who, **more))

    def pass_time(self, seconds: float) -> None:
        """Let time pass; nothing is checked."""
        self.clock.run_until(self.clock.seconds() + seconds)
        self.network.forget_gone()

    def machine(self, name: str) -> Machine:
        """One of them."""
        return self.town.machines[name]

    def linked(self, name: str) -> set[str]:
        """The names of those to whom a node has links."""
        mesh = self.machine(name).mesh
        assert mesh is not None
        subjects = [self.watch.subject(peer) for peer in mesh.links]
        return {subject.name for subject in subjects if subject is not None}


class VillageCase(UnitCase):
    """A test in a village."""

    def village(self, nodes: int = 3, **more: Any) -> Village:
        """Nodes that have found each other."""
        village = Village(nodes, **more)
        self.addCleanup(village.abandon)
        return village

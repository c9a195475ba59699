"""
What can be done to a simulated network: the operations of a plan, carried out.

What does not apply is passed over, so that any part of a plan is a plan: a machine that does not run
is not paused, one that runs is not started.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import permutations
from typing import Final, TypeAlias

from attrs import define, evolve, field

from gossip.mesh.addresses import Address
from gossip.settings import Limits, Seed, Settings
from gossip.testing.liars import Liar
from gossip.testing.machine import PORT, Machine
from gossip.testing.network import Network, Place
from gossip.testing.plan import Inhabitant, Operation, Plan
from gossip.testing.unrest import Unrest


@define(eq=False)
class Town:
    """Everyone who lives on the network, and what was done to them."""

    plan: Plan
    network: Network
    unrest: Unrest
    given: int = 0
    """Addresses that were given to those who had lost theirs."""
    machines: dict[str, Machine] = field(factory=dict)
    liars: dict[str, Liar] = field(factory=dict)
    begins: Callable[[Machine], None] = lambda machine: None
    """Told when a node is about to start."""
    ended: Callable[[Machine, str], None] = lambda machine, how: None
    """Told when a node is about to end."""

    def __attrs_post_init__(self) -> None:
        for inhabitant in self.plan.inhabitants:
            self.settle(inhabitant)

    def settle(self, inhabitant: Inhabitant) -> None:
        """Give somebody a place; nothing runs there yet."""
        place = Place(name=inhabitant.name, address=inhabitant.address, hidden=inhabitant.hidden)
        self.network.places[place.name] = place
        if inhabitant.liar:
            self.liars[place.name] = Liar(self.network, place, self.plan.seed)
            return
        settings = Settings(
            name=place.name,
            heartbeat=inhabitant.heartbeat,
            period=inhabitant.period,
            seeds=self.seeds(inhabitant.join),
            limits=Limits(unmet_wait=self.plan.unmet_wait),
        )
        machine = Machine(
            network=self.network,
            place=place,
            seed=self.plan.seed,
            settings=settings,
            key=place.name,
        )
        self.machines[place.name] = machine

    def seeds(self, names: Iterable[str]) -> tuple[Seed, ...]:
        """The addresses where they were when the plan was made."""
        places = {one.name: one.address for one in self.plan.inhabitants}
        return tuple(Seed(Address(places[name], PORT)) for name in names if name in places)

    def running(self) -> list[Machine]:
        """Machines with a node."""
        return [machine for machine in self.machines.values() if machine.mesh is not None]

    def perform(self, operation: Operation) -> None:
        """Do something."""
        self.network.trace.note(str(operation))
        OPERATIONS[operation.what](self, operation)

    def calm(self) -> None:
        """End every fault: all ways are open and quick, everyone runs on, liars are gone."""
        names = list(self.network.places)
        for name in names:
            place = self.network.places[name]
            place.mute = False
            if place.process is not None and not place.process.running:
                place.process.resume()
        for liar in self.liars.values():
            liar.kill()
        for one, other in permutations(names, 2):
            path = self.network.path(one, other)
            path.mend("cut")
            path.change(self.network.weather)
        self.unrest.everyone(until=self.now)

    def wake(self, operation: Operation) -> None:
        """Start nodes as who they were, with what they remember, and nobody to join through."""
        for machine in (self.machines.get(name) for name in operation.who):
            if machine is not None and machine.process is None:
                machine.place.address = operation.text or machine.place.address
        self.boot(evolve(operation, text="", whom=()), joining=True, remembering=True)

    def boot(
        self, operation: Operation, *, joining: bool = False, remembering: bool = False
    ) -> None:
        """Start nodes; `joining` through those whom the operation names, and no others."""
        for name in operation.who:
            if name in self.liars:
                self.liars[name].boot()
                continue
            machine = self.machines.get(name)
            if machine is None or machine.process is not None:
                continue
            machine.plug()
            if not machine.place.address:
                self.given += 1
                machine.place.address = f"10.8.0.{self.given}"
            machine.key = operation.text or machine.key
            self.unrest.about(name, until=self.now)
            changes = {"seeds": self.seeds(operation.whom)} if joining else {}
            self.begins(machine)
            machine.boot(remembering=remembering, **changes)

    def join(self, operation: Operation) -> None:
        """Somebody new comes."""
        like = self.plan.inhabitants[0]
        for name in operation.who:
            if name not in self.network.places:
                address = operation.text or f"10.9.0.{len(self.network.places)}"
                self.settle(
                    evolve(like, name=name, address=address, join=operation.whom, hidden=False)
                )
                self.unrest.about(name, until=self.now)
                self.begins(self.machines[name])
                self.machines[name].boot()

    def introduce(self, strangers: Sequence[Machine]) -> None:
        """Somebody comes who knows where all these are, and whom those know that cannot be dialed."""
        guide = Inhabitant(name="guide", address="10.9.9.9")
        self.settle(guide)
        machine = self.machines[guide.name]
        self.begins(machine)
        machine.boot(seeds=tuple(Seed(Address(one.place.address, PORT)) for one in strangers))
        for hidden in strangers:
            if hidden.place.hidden:
                self.end(Operation(at=self.now, what="kill", who=(hidden.name,)), "kill")
                self.begins(hidden)
                hidden.boot(seeds=(Seed(Address(guide.address, PORT)),))

    def occupy(self, operation: Operation) -> None:
        """Somebody new comes, at the address of one who is gone."""
        victim = self.machines.get(operation.whom[0])
        if victim is None or victim.process is not None or not victim.place.address:
            return
        address, victim.place.address = victim.place.address, ""
        others = tuple(machine.name for machine in self.running()[:1])
        self.join(evolve(operation, text=address, whom=others))

    def end(self, operation: Operation, how: str) -> None:
        """Nodes end: killed, unplugged, or on purpose."""
        for machine in self._chosen(operation):
            self.ended(machine, how)
            self.unrest.about(machine.name, until=self.now)
            if how == "kill":
                machine.kill()
            elif how == "unplug":
                machine.unplug()
            elif machine.runs:
                machine.leave()

    def stop(self, operation: Operation, *, slept: bool) -> None:
        """Nodes do not run for a while: paused, or their machines suspended."""
        for machine in self._chosen(operation):
            process = machine.process
            assert process is not None
            if process.running:
                process.pause()
                until = self.now + operation.number
                self.unrest.of(machine.name, since=self.now, until=until)
                if slept:
                    self.unrest.about(machine.name, until=until)
                self.network.clock.callLater(operation.number, partial(process.resume, slept=slept))

    def cut(self, operation: Operation, *, both: bool) -> None:
        """Nothing passes from some to others, and back."""
        for one, other in self._pairs(operation):
            self.network.path(one, other).cut("cut")
            if both:
                self.network.path(other, one).cut("cut")
            self.unrest.between(one, other, until=self.now)

    def mend(self, operation: Operation) -> None:
        """Everything passes again between some and others."""
        for one, other in self._pairs(operation):
            longest = 0.0
            for path in (self.network.path(one, other), self.network.path(other, one)):
                if path.cut_at is not None:
                    longest = max(longest, min(60.0, self.now - path.cut_at))
                path.mend("cut")
            self.unrest.between(one, other, until=self.now + longest)

    def snap(self, operation: Operation) -> None:
        """The connections between some and others break."""
        for one, other in self._pairs(operation):
            places = self.network.places
            self.network.break_connections(places[one], places[other])
            self.unrest.between(one, other, until=self.now)

    def weather(self, operation: Operation, **changes: float) -> None:
        """The ways between some and others are slow, or narrow."""
        for one, other in self._pairs(operation):
            for path in (self.network.path(one, other), self.network.path(other, one)):
                path.change(evolve(path.weather, **changes))
            self.unrest.between(one, other, until=self.now)

    def clear(self, operation: Operation) -> None:
        """The ways between some and others are as all ways are."""
        for one, other in self._pairs(operation):
            for path in (self.network.path(one, other), self.network.path(other, one)):
                path.change(self.network.weather)
            self.unrest.between(one, other, until=self.now + 1)

    def move(self, operation: Operation) -> None:
        """A machine gets another address."""
        for machine in self._chosen(operation):
            machine.move(operation.text)
            self.unrest.about(machine.name, until=self.now)
            self.unrest.of(machine.name, since=self.now, until=self.now)

    def mute(self, operation: Operation, *, mute: bool) -> None:
        """A machine accepts connections and says nothing."""
        for machine in self._chosen(operation):
            machine.place.mute = mute
            self.unrest.about(machine.name, until=self.now + 20)

    def wall(self, operation: Operation) -> None:
        """A wall clock jumps."""
        for machine in self._chosen(operation):
            machine.wall_offset += operation.number

    @property
    def now(self) -> float:
        """The time."""
        return self.network.clock.seconds()

    def _chosen(self, operation: Operation) -> list[Machine]:
        found = [self.machines[name] for name in operation.who if name in self.machines]
        return [machine for machine in found if machine.mesh is not None]

    def _pairs(self, operation: Operation) -> list[tuple[str, str]]:
        places = self.network.places
        return [
            (one, other)
            for one in operation.who
            for other in operation.whom
            if one != other and one in places and other in places
        ]


_Does: TypeAlias = Callable[[Town, Operation], None]

OPERATIONS: Final[dict[str, _Does]] = {
    "boot": Town.boot,
    "rejoin": partial(Town.boot, joining=True),
    "wake": Town.wake,
    "join": Town.join,
    "occupy": Town.occupy,
    "kill": partial(Town.end, how="kill"),
    "unplug": partial(Town.end, how="unplug"),
    "leave": partial(Town.end, how="leave"),
    "pause": partial(Town.stop, slept=False),
    "suspend": partial(Town.stop, slept=True),
    "cut": partial(Town.cut, both=True),
    "deafen": partial(Town.cut, both=False),
    "mend": Town.mend,
    "snap": Town.snap,
    "slow": lambda town, operation: town.weather(operation, latency=operation.number),
    "narrow": lambda town, operation: town.weather(operation, bandwidth=operation.number),
    "calm": Town.clear,
    "move": Town.move,
    "mute": partial(Town.mute, mute=True),
    "unmute": partial(Town.mute, mute=False),
    "wall": Town.wall,
}

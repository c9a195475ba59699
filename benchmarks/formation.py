"""
How long n processes, all started at once through one seed, take to know each other.

Then: what they cost at rest, and how soon one that is killed, and one that hangs, is noticed by all,
and is back. Beside p2p-gossip, in turns: the yardstick, and Serf where it is installed.

Run as `python -m benchmarks.formation [--sizes 10,20,40] [--rounds 5]` in the checkout.
"""

import asyncio
import math
import signal
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from attrs import asdict, define, field

from benchmarks.command import Options, main, note
from benchmarks.measure import PLAIN, Figure, exponent, middle
from benchmarks.meshes import OURS, SERF, Kind, Member, kinds
from benchmarks.processes import (
    Process,
    TooLate,
    ending,
    free_ports,
    own_network,
    raise_descriptors,
)

SIZES: Final = (10, 20, 40)
ROUNDS: Final = 5
WITHIN: Final = 90.0
"""Seconds for anything here; what takes longer is said to never happen."""
SETTLE: Final = 3.0
"""Seconds from the full mesh to what is called rest."""
REST: Final = 5.0
"""Seconds of rest that are measured."""
MIB: Final = 1 << 20


def connections() -> int:
    """How many TCP connections were accepted in this network since it is there."""
    lines = Path("/proc/net/snmp").read_text().splitlines()
    names, values = (line.split() for line in lines if line.startswith("Tcp:"))
    return int(values[names.index("PassiveOpens")])


@define
class Round:
    """One mesh, formed once. Seconds, where nothing else is said; infinite for never."""

    full: float = math.inf
    """From the start of the first process to the last that knows the last."""
    after_listening: float = math.inf
    """The same from where the last one listens."""
    cpu: float = math.inf
    """Of all processes, until then."""
    per_pair: float = math.inf
    """Connections that were accepted, in this network: of the machine, where there is no own one."""
    idle: float = math.inf
    """Percent of a core that a node takes at rest."""
    rss: float = math.inf
    """MiB of a node, at rest."""
    killed: float = math.inf
    """Until all others know that one was killed."""
    killed_back: float = math.inf
    """Until all know that it runs again."""
    hung: float = math.inf
    """Until all others know that one was stopped, with its connections open."""
    hung_back: float = math.inf
    """From where it goes on."""


Moment: TypeAlias = Callable[[Member], "float | None"]
"""When something became true of a member; None while it is not."""


async def last_of(members: Sequence[Member], moment: Moment) -> float:
    """When it became true of the last of them; infinite where it did not within `WITHIN`."""
    latest = -math.inf
    for member in members:

        def there(member: Member = member) -> bool:
            return moment(member) is not None

        try:
            await member.process.becomes(there, WITHIN)
        except TooLate:
            return math.inf
        at = moment(member)
        # Somebody else may have changed its mind meanwhile: then it is seen again from now on.
        latest = max(latest, time.time() if at is None else at)
    return latest


@define(eq=False)
class Formation:
    """One mesh, from its start to the end of its processes."""

    kind: Kind
    ports: Sequence[int]
    found: Round = field(factory=Round)
    running: list[Process] = field(factory=list)
    _members: list[Member] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._members = [Member(port, self.kind.read) for port in self.ports]

    async def perform(self) -> Round:
        """All that is measured."""
        async with ending(self.running):
            await self.form()
            if math.isfinite(self.found.full):
                await self.rest()
                await self.kill()
                await asyncio.sleep(SETTLE)
                await self.hang()
        return self.found

    async def _start(self, member: Member) -> None:
        seed = None if member.port == self.ports[0] else self.ports[0]
        await member.start(self.kind.command(member.port, seed))
        self.running.append(member.process)

    async def form(self) -> None:
        """Start all, until everybody knows everybody."""
        found, accepted = self.found, connections()
        for member in self._members:
            await self._start(member)
        full = await last_of(self._members, self._complete)
        found.full = full - self._members[0].process.started
        found.after_listening = full - max(member.listening for member in self._members)
        found.cpu = self._cpu()
        found.per_pair = (connections() - accepted) / math.comb(len(self.ports), 2)

    async def rest(self) -> None:
        """What they cost when nothing happens."""
        await asyncio.sleep(SETTLE)
        before = self._cpu()
        await asyncio.sleep(REST)
        self.found.idle = (self._cpu() - before) / REST / len(self.running) * 100
        self.found.rss = middle([process.rss() / MIB for process in self.running])

    async def kill(self) -> None:
        """Kill one, and start it again."""
        *others, victim = self._members
        begun = time.time()
        victim.process.send(signal.SIGKILL)
        self.found.killed = await last_of(others, partial(_dead, victim.id)) - begun
        await victim.process.kill()
        self.running.remove(victim.process)
        victim.alive.clear()
        await self._start(victim)
        there = await last_of([victim], self._complete)
        known = await last_of(others, partial(_alive, victim.id))
        self.found.killed_back = max(there, known) - victim.process.started

    async def hang(self) -> None:
        """Stop one, and let it go on."""
        *others, victim = self._members
        begun = time.time()
        victim.process.send(signal.SIGSTOP)
        self.found.hung = await last_of(others, partial(_dead, victim.id)) - begun
        begun = time.time()
        victim.process.send(signal.SIGCONT)
        self.found.hung_back = await last_of(others, partial(_alive, victim.id)) - begun

    def _complete(self, member: Member) -> float | None:
        others = [at for peer, at in member.alive.items() if peer != member.id]
        return max(others) if len(others) >= len(self.ports) - 1 else None

    def _cpu(self) -> float:
        return sum(process.cpu() for process in self.running)


def _dead(peer: str, member: Member) -> float | None:
    return member.dead.get(peer)


def _alive(peer: str, member: Member) -> float | None:
    return member.alive.get(peer)


class Rounds:
    """All of them, and their medians."""

    def __init__(self) -> None:
        self._done: dict[tuple[str, int], list[Round]] = defaultdict(list)

    def add(self, kind: str, size: int, one: Round) -> None:
        """One more."""
        self._done[kind, size].append(one)

    def has(self, kind: str) -> bool:
        """Whether this kind was there."""
        return any(name == kind for name, _ in self._done)

    def of(self, kind: str, size: int, what: str) -> float:
        """The median."""
        return middle([getattr(one, what) for one in self._done[kind, size]])


def rounds(sizes: Sequence[int], count: int) -> Rounds:
    """All of them, in turns."""
    done = Rounds()
    raise_descriptors(4096)
    if not own_network():
        note("connections that others on this machine accept count too: run it as root, or alone")
    for turn in range(count):
        for size in sizes:
            with tempfile.TemporaryDirectory(prefix="formation") as directory:
                ports = free_ports(size)
                for kind in kinds(Path(directory), ports):
                    one = asyncio.run(Formation(kind, ports).perform())
                    done.add(kind.name, size, one)
                    shown = " ".join(f"{name}={value:.3g}" for name, value in asdict(one).items())
                    note(f"round {turn + 1}, {size} x {kind.name}: {shown}")
    return done


def at_size(done: Rounds, size: int) -> list[Figure]:
    """The figures of one number of nodes."""

    def figure(
        text: str,
        what: str,
        unit: str = "s",
        *,
        whose: str | None = PLAIN,
        goal: int | None = None,
        most: float | None = None,
    ) -> Figure:
        return _figure(done, size, text, what, unit=unit, whose=whose, goal=goal, most=most)

    figures = [
        figure("full mesh", "full", goal=2, most=1.25),
        figure("full mesh after the last listens", "after_listening", goal=3, most=1.5),
        figure("CPU until full mesh, all nodes", "cpu"),
        figure("connections a pair", "per_pair", "", whose=None, goal=4, most=1.2),
        figure("RSS of a node", "rss", "MiB", goal=5, most=1.15),
        figure("CPU of a node at rest", "idle", "%"),
        figure("killed, noticed by all", "killed", whose=None, goal=11, most=0.3),
        figure("killed, back", "killed_back"),
        figure("hung, noticed by all", "hung", whose=None, goal=10, most=4.0),
        figure("hung, back", "hung_back"),
    ]
    if done.has(SERF):
        most = 0.5 if size >= SIZES[-1] else None
        figures += [
            figure("full mesh", "full", whose=SERF, goal=2, most=most),
            figure("RSS of a node", "rss", "MiB", whose=SERF),
            figure("CPU of a node at rest", "idle", "%", whose=SERF),
            figure("killed, noticed by all", "killed", whose=SERF),
            figure("hung, noticed by all", "hung", whose=SERF),
        ]
    return figures


def _figure(
    done: Rounds,
    size: int,
    text: str,
    what: str,
    *,
    unit: str,
    whose: str | None,
    goal: int | None,
    most: float | None,
) -> Figure:
    return Figure(
        what=f"{size} nodes: {text}",
        ours=done.of(OURS, size, what),
        unit=unit,
        beside=None if whose is None else done.of(whose, size, what),
        whose=whose or "",
        goal=goal,
        most=most,
    )


def growth(done: Rounds, sizes: Sequence[int]) -> list[Figure]:
    """How the whole grows with the nodes; CPU must grow as the pairs do, with their square."""
    figures = []
    for what, text in (("full", "full mesh"), ("cpu", "CPU until full mesh")):
        ours, plain = (
            exponent(sizes, [done.of(kind, size, what) for size in sizes]) for kind in (OURS, PLAIN)
        )
        name = f"growth with the nodes: {text}"
        figures.append(Figure(what=name, ours=ours, unit="exponent", beside=plain))
    return figures


def measure(options: Options) -> list[Figure]:
    """The figures."""
    sizes = options.sizes or ((5,) if options.quick else SIZES)
    done = rounds(sizes, options.rounds or (1 if options.quick else ROUNDS))
    figures = [figure for size in sizes for figure in at_size(done, size)]
    return figures + (growth(done, sizes) if len(sizes) > 1 else [])


if __name__ == "__main__":
    main(measure, __doc__)

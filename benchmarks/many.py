"""
What one node with many peers costs: a load of links on one node, and the same load on the yardstick.

Memory and CPU a link, how late the event loop is, how soon a thousand deaths at once are noticed, that
nobody else is taken for dead, how they come back, and how the node stops.

Run as `python -m benchmarks.many [--sizes 1000,5000,10000]` in the checkout. Links that the limit of
open files forbids are left out, and it says so.
"""

import asyncio
import math
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from attrs import asdict

from benchmarks.command import Options, main, note
from benchmarks.figures import (
    BUSY,
    DEFAULTS,
    PLAINLY,
    Deaths,
    Rest,
    Results,
    Run,
    at_size,
    growth,
    heartbeat,
)
from benchmarks.measure import Figure
from benchmarks.processes import (
    PYTHON,
    Event,
    Process,
    ending,
    free_ports,
    raise_descriptors,
)
from gossip.client.connection import Node as Asked
from gossip.client.errors import Failed

SIZES: Final = (1000, 5000, 10000)
QUICK: Final = (200,)
VICTIMS: Final = 1000
"""Peers that die at once: as many, or half of all."""
SPARE: Final = 256
"""Descriptors of a process that are not links."""
SETTLE: Final = 6.0
"""Seconds from the last link to what is called rest: a period, after which every link was pinged."""
REST: Final = 15.0
"""Seconds of rest that are measured."""
VERDICT: Final = 6
"""Heartbeats after which all that died are to be known: half as much again as the goal."""
CLOSED: Final = 6.0
"""The same where connections are closed."""
POLL: Final = 0.1
"""Seconds between two looks at how many deaths are known."""
PROBE: Final = 0.05
"""Seconds between two pings of the one peer whose round trips are timed."""
LINKING: Final = 600.0
"""Seconds for all links: a node lets in 200 a second in the long run."""
STOPPING: Final = 30.0
KIB: Final = 1024


class Target(Protocol):
    """A process that is linked to."""

    process: Process

    async def start(self, port: int) -> None:
        """Start it, and wait until it listens."""

    def deaths(self) -> int:
        """How often a peer was taken for dead, so far."""


class Plain:
    """The yardstick."""

    process: Process

    async def start(self, port: int) -> None:
        """Start it."""
        self.process = await Process.start(*PYTHON, "benchmarks.yardstick", str(port))
        await self.process.until("listening")

    def deaths(self) -> int:
        """It prints them."""
        return len(self.process.named("peer_dead"))


class Ours:
    """A node, which prints nothing, and is asked for what happened only afterwards."""

    process: Process

    def __init__(self, directory: str, period: float, most: int) -> None:
        self._socket = str(Path(directory, "control"))
        self._period = period
        self._most = most

    async def start(self, port: int) -> None:
        """Start it."""
        where = ("--listen", "127.0.0.1", "--port", str(port), "--control", self._socket)
        how = ("--period", str(self._period), "--max-peers", str(self._most), "--output", "none")
        self.process = await Process.start(*PYTHON, "gossip", *where, *how)
        by = time.monotonic() + LINKING
        while time.monotonic() < by:
            try:
                # What answering loads is loaded before memory is measured.
                self.deaths()
            except Failed:
                await asyncio.sleep(0.05)
            else:
                return

    def deaths(self) -> int:
        """It counts them."""
        counters: Event = Asked(self._socket, time.monotonic).get(dict, "counters")
        return int(counters["events_peer_dead"])


class Crowd:
    """The other ends of all links: those that will die, all others, and one whose pings are timed."""

    def __init__(self, processes: list[Process], port: int, links: int, period: float) -> None:
        self.links = links
        self.victims = min(VICTIMS, links // 2)
        self.heartbeat = heartbeat(links)
        self._processes = processes
        self._port = port
        self._period = period

    async def start(self) -> None:
        """Start them, without a link; each makes its keys now."""
        self.dying = await self._start(0, self.victims, self._period, self.heartbeat)
        self.others = await self._start(
            self.victims, self.links - self.victims, self._period, self.heartbeat
        )
        self.probe = await self._start(self.links, 1, PROBE, PROBE)

    async def link(self) -> tuple[float, float]:
        """Link all; the seconds it took, and how many came a second at first."""
        both = (self.dying, self.others)
        dying, others = await asyncio.gather(
            *(process.asked("link", "linked", LINKING) for process in both)
        )
        await self.probe.asked("link", "linked", LINKING)
        early = dying["early_per_second"] + others["early_per_second"]
        return max(dying["seconds"], others["seconds"]), early

    async def link_seconds(self) -> float:
        """Seconds that links have lived, all together."""
        return sum([float((await self._report(one))["link_seconds"]) for one in self._both])

    async def pings(self) -> int:
        """Pings that were answered, in either direction."""
        reports = [await self._report(one) for one in self._both]
        return sum(report["pings"] + report["pongs"] for report in reports)

    async def told(self) -> int:
        """Of how many the node has taken leave."""
        every = (*self._both, self.probe)
        return sum([(await self._report(one))["byes"].get("leaving", 0) for one in every])

    async def lag(self) -> Event:
        """The round trips of the timed one since the last time."""
        return await self._report(self.probe)

    @property
    def _both(self) -> tuple[Process, Process]:
        return self.dying, self.others

    async def _report(self, process: Process) -> Event:
        return await process.asked("report", "report")

    async def _start(self, first: int, count: int, period: float, heartbeat: float) -> Process:
        words = map(str, (self._port, first, count, period, heartbeat))
        process = await Process.start(*PYTHON, "benchmarks.load", *words)
        self._processes.append(process)
        await process.until("ready")
        return process


async def rest(target: Target, crowd: Crowd) -> Rest:
    """Link all, and look at them at rest."""
    process = target.process
    memory, cpu = process.rss(), process.cpu()
    linking, early = await crowd.link()
    linked, lived = process.cpu() - cpu, await crowd.link_seconds()
    await asyncio.sleep(SETTLE)
    memory = process.rss() - memory
    await crowd.lag()
    begun, cpu, pings = time.monotonic(), process.cpu(), await crowd.pings()
    await asyncio.sleep(REST)
    took, spent = time.monotonic() - begun, process.cpu() - cpu
    pings, lag = await crowd.pings() - pings, await crowd.lag()
    link_second = spent / took / crowd.links
    return Rest(
        early=early,
        linking=linking,
        rss=memory / crowd.links / KIB,
        accept=max(0.0, linked - lived * link_second) / crowd.links * 1e3,
        link_second=link_second * 1e6,
        pings=pings / took / crowd.links,
        p50=lag["p50"] * 1e3,
        p99=lag["p99"] * 1e3,
    )


async def deaths(target: Target, crowd: Crowd) -> Deaths:
    """Let many die twice, and stop the node."""
    dying = crowd.dying
    since = len(dying.events)
    verdict = VERDICT * crowd.heartbeat
    hung = await _die(target, crowd.victims, lambda: dying.send(signal.SIGSTOP), verdict)
    going_on = time.time()
    dying.send(signal.SIGCONT)
    back = (await dying.until("linked", since, LINKING))["time"] - going_on
    await asyncio.sleep(SETTLE)
    closed = await _die(target, crowd.victims, lambda: dying.tell("abort"), CLOSED)
    closed_back = (await dying.asked("link", "linked", LINKING))["seconds"]
    lag = await crowd.lag()
    await asyncio.sleep(SETTLE)
    false = target.deaths() - 2 * crowd.victims
    target.process.send(signal.SIGTERM)
    stop = await asyncio.wait_for(target.process.ended(), STOPPING)
    return Deaths(
        hung=hung,
        hung_back=back,
        closed=closed,
        closed_back=closed_back,
        false=max(0, false),
        p99=lag["p99"] * 1e3,
        stop=stop,
        untold=crowd.links + 1 - await crowd.told(),
    )


async def _die(target: Target, victims: int, kill: Callable[[], None], within: float) -> float:
    """Kill; seconds until all were known, infinite where they were not in time."""
    before, begun = target.deaths(), time.monotonic()
    kill()
    while (took := time.monotonic() - begun) < within:
        if target.deaths() >= before + victims:
            return took
        await asyncio.sleep(POLL)
    return math.inf


async def perform(run: Run, links: int) -> tuple[Rest, Deaths | None]:
    """One process under load."""
    running: list[Process] = []
    with tempfile.TemporaryDirectory(prefix="many") as directory:
        target: Target = Plain() if run is PLAINLY else Ours(directory, run.period, links + SPARE)
        async with ending(running):
            (port,) = free_ports(1)
            await target.start(port)
            running.append(target.process)
            crowd = Crowd(running, port, links, run.theirs)
            await crowd.start()
            at_rest = await rest(target, crowd)
            dead = await deaths(target, crowd) if run.dying else None
    figures = asdict(at_rest) | (asdict(dead) if dead is not None else {})
    shown = " ".join(f"{name}={value:.4g}" for name, value in figures.items())
    note(f"{links} links, {run.name}: {shown}")
    return at_rest, dead


def possible(sizes: Sequence[int]) -> list[int]:
    """Of so many links those for which files can be opened."""
    most = raise_descriptors(max(sizes) + SPARE) - SPARE
    for size in sizes:
        if size > most:
            note(f"{size} links take more open files than the {most + SPARE} that are allowed")
    return sorted({min(size, most) for size in sizes})


def measure(options: Options) -> list[Figure]:
    """The figures."""
    sizes = possible(options.sizes or (QUICK if options.quick else SIZES))
    found = Results()
    for _ in range(options.rounds or 1):
        for size in sizes:
            for run in (PLAINLY, BUSY, DEFAULTS):
                found.add(run, size, *asyncio.run(perform(run, size)))
    figures = [figure for size in sizes for figure in at_size(found, size)]
    return figures + (growth(found, sizes) if len(sizes) > 1 else [])


if __name__ == "__main__":
    main(measure, __doc__)

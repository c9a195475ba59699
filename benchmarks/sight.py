"""
What looking at the whole network costs: a matrix, a report, and a page that is open.

One node, and a load of peers that tell their rows. Of a matrix and a report: frames and bytes of rows,
CPU of the node that asks, and the round trips of one peer meanwhile, which tell how late the event loop
is. Of the others: what a row costs whoever is asked for it, in one process and without TLS. Of an open page, in a real browser: requests, bytes, and CPU of the node, a minute. CPU is without what the node
takes at rest.

Run as `python -m benchmarks.sight [--sizes 12,40,1000]` in the checkout. Without Chromium there is no page.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from time import process_time
from typing import Any, Final

from attrs import define, field

from benchmarks import pieces
from benchmarks.command import Options, main, note
from benchmarks.figures import heartbeat
from benchmarks.measure import Figure, middle
from benchmarks.processes import PYTHON, Process, ending, free_ports, raise_descriptors
from gossip.client.connection import LOOK_WAIT
from gossip.client.connection import Node as Asked
from gossip.sight.ownrow import SAME
from gossip.wire.messages import GetRow, serialize
from tests.page.browser import CHROMIUM, Browser, Page

SIZES: Final = (12, 40, 1000)
QUICK: Final = (12,)
SPARE: Final = 512
"""Descriptors of a process that are not links."""
LINKING: Final = 600.0
SETTLE: Final = 6.0
"""Seconds after the last link, and after the page is there, until anything is measured."""
REST: Final = 10.0
"""Seconds of rest."""
MATRICES: Final = 3
"""Of each kind, after one that is not counted: then the peers have made their rows, which takes them as
long as it takes the node to read them."""
ROWS: Final = 20
"""Rows that the node tells."""
TRIP: Final = 0.01234
"""Seconds of a round trip, as they stand in such a row."""
MINUTE: Final = 60.0
SHORT: Final = 3.0
"""Seconds for either, where it is only tried."""
PROBE: Final = 0.05
PERIOD: Final = 5.0
KIB: Final = 1024.0
READY: Final = (
    "document.querySelector('#live').dataset.live === 'yes'"
    " && document.querySelector('#asked').textContent"
)


@define
class Found:
    """What it cost at one size; one value a round."""

    values: dict[str, list[float]] = field(factory=dict)

    def add(self, what: str, value: float) -> None:
        """One more."""
        self.values.setdefault(what, []).append(value)

    def figures(self, nodes: int) -> list[Figure]:
        """The medians."""
        return [
            Figure(what=f"{nodes} nodes: {what}", ours=middle(values), unit=UNITS[what])
            for what, values in self.values.items()
        ]


_LOOKS: Final = {"matrix": "matrix", "report": "report"}

UNITS: Final = {
    **{
        f"{what}, {which}": unit
        for what in _LOOKS
        for which, unit in (
            ("frames", ""),
            ("bytes of frames", "KiB"),
            ("CPU of the node that asks", "ms"),
            ("answer", "KiB"),
            ("takes", "s"),
            ("round trip p99 meanwhile", "ms"),
        )
    },
    "a row, CPU of the node that tells it": "ms",
    "CPU at rest": "ms/s",
    "page, requests a minute": "",
    "page, bytes a minute": "KiB",
    "page, CPU of the node a minute": "ms",
}
"""Of each figure, by its name."""


class Node:
    """A node that is asked through its socket and its page."""

    process: Process

    def __init__(self, directory: str) -> None:
        self._socket = str(Path(directory, "control"))

    async def start(self, port: int, http: int, peers: int) -> None:
        """Start it, and wait until it listens."""
        self._http = http
        where = ("--listen", "127.0.0.1", "--port", str(port), "--control", self._socket)
        how = ("--max-peers", str(peers + SPARE), "--http", f"127.0.0.1:{http}")
        self.process = await Process.start(*PYTHON, "gossip", *where, *how, "--output", "json")
        await self.process.until("listening")

    async def ask(self, *way: str) -> bytes:
        """Ask it, while all else goes on."""
        asked = Asked(self._socket, time.monotonic)
        return await asyncio.to_thread(lambda: asked.ask("GET", *way, wait=LOOK_WAIT))

    async def told(self) -> dict[str, float]:
        """Frames and bytes of rows so far, both ways."""
        return rows_of(await asyncio.to_thread(self._metrics))

    def _metrics(self) -> str:
        line = HTTPConnection("127.0.0.1", self._http, timeout=LOOK_WAIT)
        with closing(line):
            line.request("GET", "/metrics")
            return line.getresponse().read().decode()

    async def at_rest(self, seconds: float) -> float:
        """CPU a second, while nobody looks."""
        cpu, begun = self.process.cpu(), time.monotonic()
        await asyncio.sleep(seconds)
        return (self.process.cpu() - cpu) / (time.monotonic() - begun)


def rows_of(metrics: str) -> dict[str, float]:
    """Frames and bytes of questions for rows and of the answers, from `/metrics`."""
    found = {"frames": 0.0, "bytes": 0.0}
    for line in metrics.splitlines():
        if 'kind="get_row"' in line or 'kind="row"' in line:
            what = "frames" if line.startswith("p2p_gossip_frames_total") else "bytes"
            found[what] += float(line.rsplit(" ", 1)[1])
    return found


class Relay:
    """Between a browser and the node: it counts what passes."""

    def __init__(self, port: int) -> None:
        self.requests = self.bytes = 0
        self._port = port
        self._passing: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """The port at which it listens."""
        self._server = await asyncio.start_server(self._met, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Pass nothing on any more."""
        self._server.close()
        for one in self._passing:
            one.cancel()

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        for each in (self._pass(reader, back, asks=True), self._pass(there, writer, asks=False)):
            passing = asyncio.ensure_future(each)
            self._passing.add(passing)
            passing.add_done_callback(self._passing.discard)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, asks: bool
    ) -> None:
        try:
            while data := await reader.read(1 << 16):
                if asks:
                    # A browser writes one request at a time, and none of ours has a body.
                    self.requests += data.startswith(b"GET ")
                else:
                    self.bytes += len(data)
                writer.write(data)
                await writer.drain()
        except OSError:
            # One end broke off, as browsers do.
            pass
        finally:
            writer.close()


async def look(node: Node, probe: Process, found: Found, rest: float, rounds: int) -> None:
    """Ask for what is to be seen of the whole network."""
    for what in _LOOKS:
        await node.ask(what)
        for _ in range(rounds):
            await probe.asked("report", "report")
            before, cpu, begun = await node.told(), node.process.cpu(), time.monotonic()
            answer = await node.ask(what)
            took, spent = time.monotonic() - begun, node.process.cpu() - cpu
            lag = await probe.asked("report", "report")
            after = await node.told()
            found.add(f"{what}, frames", after["frames"] - before["frames"])
            found.add(f"{what}, bytes of frames", (after["bytes"] - before["bytes"]) / KIB)
            found.add(f"{what}, CPU of the node that asks", (spent - rest * took) * 1e3)
            found.add(f"{what}, answer", len(answer) / KIB)
            found.add(f"{what}, takes", took)
            found.add(f"{what}, round trip p99 meanwhile", lag["p99"] * 1e3)


def tell(links: int, rows: int) -> float:
    """Seconds of CPU that it takes a node with so many links to tell its row, but for TLS."""
    node, taken = pieces.Node(links), []
    linked = list(node.mesh.lookout.linked.values())
    asked = [link.round_trips.ping(node.clock.seconds()) for link in linked]
    node.clock.advance(TRIP)
    for link, seq in zip(linked, asked, strict=True):
        link.round_trips.pong(seq, node.clock.seconds())
    for ask in range(1, rows + 1):
        # What is asked again within a second is told again.
        node.clock.advance(2 * SAME)
        question = serialize(GetRow(ask, "brief"))
        begun = process_time()
        linked[0].dataReceived(question)
        taken.append(process_time() - begun)
    return middle(taken)


async def watch(node: Node, http: int, found: Found, rest: float, seconds: float) -> None:
    """Let a page be open."""
    relay = Relay(http)
    port = await relay.start()
    browser: Any = await asyncio.to_thread(Browser)
    try:
        page = await asyncio.to_thread(Page, browser)
        await asyncio.to_thread(page.open, f"http://127.0.0.1:{port}/")
        await asyncio.to_thread(page.until, READY)
        await asyncio.sleep(min(seconds, SETTLE))
        before, cpu, begun = (relay.requests, relay.bytes), node.process.cpu(), time.monotonic()
        await asyncio.sleep(seconds)
        took, spent = time.monotonic() - begun, node.process.cpu() - cpu
        minute = MINUTE / took
        found.add("page, requests a minute", (relay.requests - before[0]) * minute)
        found.add("page, bytes a minute", (relay.bytes - before[1]) / KIB * minute)
        found.add("page, CPU of the node a minute", (spent - rest * took) * 1e3 * minute)
    finally:
        await asyncio.to_thread(browser.close)
        relay.stop()


async def perform(nodes: int, found: Found, *, quick: bool) -> None:
    """One node with its peers."""
    running: list[Process] = []
    with tempfile.TemporaryDirectory(prefix="sight") as directory:
        async with ending(running):
            port, http = free_ports(2)
            node = Node(directory)
            await node.start(port, http, nodes)
            running.append(node.process)
            await _linked(running, port, 0, nodes - 2, PERIOD, heartbeat(nodes))
            probe = await _linked(running, port, nodes - 2, 1, PROBE, 8 * PROBE)
            # What answering loads is loaded before anything is measured.
            await node.told()
            await asyncio.sleep(SHORT if quick else SETTLE)
            rest = await node.at_rest(SHORT if quick else REST)
            found.add("CPU at rest", rest * 1e3)
            await look(node, probe, found, rest, 1 if quick else MATRICES)
            cpu = await asyncio.to_thread(tell, nodes - 1, 2 if quick else ROWS)
            found.add("a row, CPU of the node that tells it", cpu * 1e3)
            if CHROMIUM is None:
                note("there is no Chromium on this machine, in which a page could be open")
            else:
                await watch(node, http, found, rest, SHORT if quick else MINUTE)
            false = len(node.process.named("peer_dead"))
    note(f"{nodes} nodes: {false} taken for dead")


async def _linked(running: list[Process], *words: float) -> Process:
    """A load as these words say, with all its links."""
    process = await Process.start(*PYTHON, "benchmarks.load", *map(str, words))
    running.append(process)
    await process.until("ready")
    await process.asked("link", "linked", LINKING)
    return process


def measure(options: Options) -> list[Figure]:
    """The figures."""
    sizes: Sequence[int] = options.sizes or (QUICK if options.quick else SIZES)
    raise_descriptors(2 * max(sizes) + SPARE)
    figures: list[Figure] = []
    for size in sizes:
        found = Found()
        for _ in range(options.rounds or 1):
            asyncio.run(perform(size, found, quick=options.quick))
        figures += found.figures(size)
    return figures


if __name__ == "__main__":
    main(measure, __doc__)

"""
The benchmarks: what they compute, and that they measure what they say, with a handful of peers.
"""

import asyncio
import math
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

from twisted.internet.testing import StringTransport

from benchmarks import formation, many, meshes, pieces, start
from benchmarks.load import Link, Load, Peer, Plan, address
from benchmarks.measure import PLAIN, Figure, exponent, middle, number, quantile, table
from benchmarks.processes import (
    PATIENCE,
    Ended,
    Process,
    TooLate,
    ending,
    free_ports,
    json_line,
    raise_descriptors,
)
from gossip.wire.messages import parse
from tests.cases import UnitCase


class StatisticsTests(UnitCase):
    """What is computed of figures."""

    def test_quantile(self) -> None:
        """It is one of the values, and so many do not exceed it."""
        values = [float(i) for i in range(100, 0, -1)]
        self.assertEqual((50.0, 99.0, 100.0), tuple(quantile(values, p) for p in (0.5, 0.99, 1)))
        self.assertEqual(7.0, quantile([7.0], 0.99))
        self.assertTrue(math.isnan(quantile([], 0.5)))

    def test_middle(self) -> None:
        """The median of rounds, where there are any."""
        self.assertEqual(2.0, middle([9.0, 1.0, 2.0]))
        self.assertTrue(math.isnan(middle([])))

    def test_exponent(self) -> None:
        """Of what grows as a power of the size, it is the power."""
        sizes = [10, 20, 40]
        for power in (0.0, 1.0, 2.0):
            self.assertAlmostEqual(power, exponent(sizes, [3 * n**power for n in sizes]))

    def test_exponent_of_nothing(self) -> None:
        """There is none of one size, nor where one total is missing."""
        self.assertTrue(math.isnan(exponent([10], [1.0])))
        self.assertTrue(math.isnan(exponent([10, 20], [1.0, 0.0])))
        self.assertTrue(math.isnan(exponent([10, 20], [1.0, math.nan])))


class FigureTests(UnitCase):
    """A figure and its goal."""

    def test_ratio(self) -> None:
        """Where another was measured beside ours, the ratio is what must meet the goal."""
        figure = Figure(what="x", ours=110.0, beside=100.0, most=1.2)
        self.assertEqual((1.1, True), (figure.ratio, figure.met))
        self.assertIs(False, Figure(what="x", ours=130.0, beside=100.0, most=1.2).met)

    def test_alone(self) -> None:
        """Else it is the figure itself."""
        figures = (Figure(what="x", ours=3.9, most=4), Figure(what="x", ours=3.9))
        self.assertEqual([(None, True), (None, None)], [(one.ratio, one.met) for one in figures])

    def test_never_seen(self) -> None:
        """What did not happen, or was not measured, meets no goal."""
        self.assertIs(False, Figure(what="x", ours=math.inf, most=4).met)
        self.assertIs(False, Figure(what="x", ours=math.nan, most=4).met)
        self.assertIs(False, Figure(what="x", ours=1.0, beside=0.0, most=4).met)

    def test_numbers(self) -> None:
        """Three digits that count."""
        values = (None, math.inf, math.nan, 0.0, 0.012345, 1.5, 12345.6)
        shown = ["-", "never", "?", "0", "0.0123", "1.5", "12,346"]
        self.assertEqual(shown, [number(value) for value in values])

    def test_table(self) -> None:
        """A line each, with its verdict; columns are as wide as what is in them."""
        lines = table(
            [
                Figure(what="full mesh", ours=2.0, unit="s", beside=1.0, goal=2, most=1.25),
                Figure(what="RSS", ours=40.0, unit="KiB", goal=6, most=48),
                Figure(what="p50", ours=1.0),
            ]
        ).splitlines()
        self.assertEqual(
            [
                "goal  figure     ours  unit  beside  whose  ratio  at most",
                "   2  full mesh     2  s          1  plain      2     1.25  NOT MET",
                "   6  RSS          40  KiB                              48  met",
                "      p50           1",
            ],
            lines,
        )


class LineTests(UnitCase):
    """What other programs print."""

    def test_json(self) -> None:
        """Objects are events, all else tells nothing."""
        self.assertEqual({"event": "x"}, json_line('{"event": "x"}'))
        self.assertIsNone(json_line("listening on port 1"))

    def test_serf(self) -> None:
        """Members of Serf come and go."""
        lines = {
            "         Node name: '7001'": {"event": "listening", "id": "7001"},
            "... [INFO] serf: EventMemberJoin: 7002 127.0.0.1": {
                "event": "peer_alive",
                "peer": "7002",
            },
            "... [INFO] serf: EventMemberFailed: 7002 127.0.0.1": {
                "event": "peer_dead",
                "peer": "7002",
            },
            "... [INFO] agent: Serf agent starting": None,
        }
        self.assertEqual(list(lines.values()), [meshes.serf_line(line) for line in lines])

    def test_imports(self) -> None:
        """Times of imports are added up by package; the header is none of them."""
        text = (
            "import time: self [us] | cumulative | imported package\n"
            "import time:       100 |        100 |   twisted.internet\n"
            "import time:        20 |        120 | twisted\n"
            "import time:         3 |          3 | attr\n"
        )
        self.assertEqual({"twisted": 120, "attr": 3, "": 3}, dict(start.profile(text)))


class PiecesTests(UnitCase):
    """What is measured in one process is what a node does."""

    def test_beat(self) -> None:
        """Each peer that is silent itself gets a heartbeat a second, to the grain of the clock."""
        node = pieces.Node(3)
        before = node.said()
        self.assertGreater(node.beat(), 0)
        beats = (node.said() - before) / 3
        self.assertLessEqual(beats, pieces.BEATS)
        self.assertGreaterEqual(beats, pieces.BEATS / (1 + pieces.STEP) - 1)

    def test_sync(self) -> None:
        """It ends with equal books, which is asserted there, and its bytes are counted."""
        size, cpu = pieces.syncing(20)
        self.assertGreater(size.ours, 2)
        self.assertGreater(cpu.ours, 0)


class LoadTests(UnitCase):
    """The load of many peers."""

    def test_addresses(self) -> None:
        """Each peer has a loopback address of its own, and none has that of the node."""
        found = {address(number) for number in range(20000)}
        self.assertEqual(20000, len(found))
        self.assertNotIn("127.0.0.1", found)
        for text in found:
            self.assertTrue(all(0 <= int(part) <= 255 for part in text.split(".")), text)

    def test_pings(self) -> None:
        """A ping comes each period, and beats between, where nothing else is said for a heartbeat."""
        with patch("benchmarks.load.LoopingCall"):
            # Its wheel would turn on the real reactor.
            load = Load(Plan(port=1, first=0, count=0, period=5.0, heartbeat=1.0), None)
        link = Link(Peer(0, load))
        link.transport = wire = StringTransport()
        begun = time.perf_counter()
        said = []
        for eighth in range(8 * 10 + 1):
            wire.clear()
            with patch.object(time, "perf_counter", lambda now=begun + eighth / 8: now):
                link.beat(time.perf_counter())
            if wire.value():
                said.append((parse(wire.value()[4:]).type, eighth / 8))
        self.assertEqual([0.0, 5.0, 10.0], [at for kind, at in said if kind == "ping"])
        times = [at for _, at in said]
        self.assertLessEqual(max(b - a for a, b in pairwise(times)), 1.0)
        self.assertLessEqual(len(times), 13)


class ProcessTests(UnitCase):
    """Processes that benchmarks start. They are asyncio's, so the tests are not asynchronous."""

    def test_ends_with_us(self) -> None:
        """Whatever is left is killed, also where something went wrong."""
        running: list[Process] = []

        async def fail() -> None:
            async with ending(running):
                running.append(await Process.start("sleep", "600"))
                raise ZeroDivisionError

        self.assertRaises(ZeroDivisionError, asyncio.run, fail())
        (process,) = running
        self.assertRaises(OSError, process.cpu)

    def test_too_late(self) -> None:
        """What does not happen is said after its time, or at once where nothing can come."""

        async def wait(*command: str) -> None:
            process = await Process.start(*command)
            async with ending([process]):
                await process.until("never", within=0.1 if "600" in command else 60)

        self.assertRaises(TooLate, asyncio.run, wait("sleep", "600"))
        self.assertRaises(Ended, asyncio.run, wait("true"))


class WholeTests(UnitCase):
    """A handful of everything, with real processes."""

    def test_load_on_a_node(self) -> None:
        """Five peers link to a node, ping and are pinged, die, return, and are told of its stop."""
        self.assertEqual([0, 6], self.loaded(ours=True))

    def test_load_on_the_yardstick(self) -> None:
        """The same on the yardstick, which tells nobody that it stops."""
        self.assertEqual([0, 0], self.loaded(ours=False))

    def loaded(self, *, ours: bool) -> list[int]:
        """Deaths before any, and who was told of the stop."""

        async def in_time() -> list[int]:
            return await asyncio.wait_for(self.under_load(ours=ours), PATIENCE)

        return asyncio.run(in_time())

    async def under_load(self, *, ours: bool) -> list[int]:
        """The same, however long it takes."""
        raise_descriptors(512)
        running: list[Process] = []
        with tempfile.TemporaryDirectory() as directory:
            target: many.Target = many.Ours(directory, 0.2, 20) if ours else many.Plain()
            async with ending(running):
                (port,) = free_ports(1)
                await target.start(port)
                running.append(target.process)
                crowd = many.Crowd(running, port, 5, 0.2)
                await crowd.start()
                await crowd.link()
                while not (await crowd.pings() and (await crowd.lag())["trips"]):
                    await asyncio.sleep(0.05)
                self.assertGreater(await crowd.link_seconds(), 0)
                before = target.deaths()
                crowd.dying.tell("abort")
                while target.deaths() < crowd.victims:
                    await asyncio.sleep(0.05)
                self.assertEqual(2, target.deaths())
                await crowd.dying.asked("link", "linked", 30)
                target.process.send(15)
                await target.process.ended()
                return [before, await crowd.told()]

    def test_formation(self) -> None:
        """Three processes of the yardstick know each other, and count what it took."""
        with tempfile.TemporaryDirectory() as directory:
            ports = free_ports(3)
            found = meshes.kinds(Path(directory), ports)
            (plain,) = (kind for kind in found if kind.name == PLAIN)
            mesh = formation.Formation(plain, ports)
            asyncio.run(self.formed(mesh))
        self.assertTrue(0 < mesh.found.full < formation.WITHIN)
        self.assertGreaterEqual(mesh.found.per_pair, 1)
        self.assertGreater(mesh.found.cpu, 0)

    async def formed(self, mesh: formation.Formation) -> None:
        """Form it, and no more."""
        async with ending(mesh.running):
            await mesh.form()

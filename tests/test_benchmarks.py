"""
The benchmarks: what they compute, and that they measure what they say, with a handful of peers.
"""

import asyncio
import math
import tempfile
import time
from asyncio import StreamReader, StreamWriter
from base64 import b64encode
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

from msgspec import UNSET
from twisted.internet.testing import StringTransport

from benchmarks import formation, many, meshes, pieces, sight, start, tales
from benchmarks.load import Load
from benchmarks.measure import PLAIN, Figure, exponent, middle, number, quantile, table
from benchmarks.peers import Link, Peer, Plan, address
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
from benchmarks.tales import Tales
from gossip.trust import rows
from gossip.trust.identity import Identity
from gossip.wire.messages import GetRow, Row, Sealed, Show, parse
from tests.cases import UnitCase

PAGE = [what for what in sight.UNITS if what.startswith("page")]


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


class TalesTests(UnitCase):
    """What the peers of a load say of their links."""

    def setUp(self) -> None:
        """Forty peers, and the node."""
        self.peers = [Identity.generate() for _ in range(40)]
        self.down: set[int] = set()
        self.tales = Tales(lambda number: number not in self.down)
        for place, identity in enumerate(self.peers):
            self.tales.add(place, identity)
        self.node = Identity.generate().id
        self.tales.met(self.node)

    def ask(self, asked: int, question: GetRow) -> list[Row]:
        """What one answers; each frame but the last says that there are more."""
        answer = list(self.tales.answer(self.peers[asked].id, question))
        self.assertEqual([True] * (len(answer) - 1) + [False], [row.more for row in answer])
        self.assertEqual({question.ask}, {row.ask for row in answer})
        return answer

    def states(self, show: Show, answer: list[Row], author: int) -> dict[str, str]:
        """What the author says of each, where all of its parts hold."""
        found: dict[str, str] = {}
        for place, row in enumerate(answer, 1):
            assert isinstance(row.sealed, Sealed)
            part = rows.read(row.sealed, show)
            rows.verify(part, b64encode(self.peers[author].public).decode())
            self.assertEqual((place, place == len(answer)), (part.part, part.last))
            # As nodes write it, so that it is read as quickly.
            self.assertIsNotNone(rows._as_we_write(row.sealed.body.encode(), show))
            found.update({entry.peer: entry.state for entry in part.entries})
        return found

    def test_all(self) -> None:
        """One entry of each other peer, and of the node; two racks do not hear each other."""
        for show in ("brief", "full"):
            states = self.states(show, self.ask(1, GetRow(1, show)), 1)
            others = {one.id[:16] for one in self.peers if one is not self.peers[1]}
            self.assertEqual(others | {self.node[:16]}, set(states))
            down = [n for n, one in enumerate(self.peers) if states.get(one.id[:16]) == "d"]
            self.assertEqual([2, 22], down)

    def test_some(self) -> None:
        """With their past; whom nobody knows was never met."""
        about = [self.peers[2].id, self.peers[3].id, self.node, "f" * 64]
        answer = self.ask(1, GetRow(1, "past", about=about))
        states = self.states("past", answer, 1)
        self.assertEqual(["d", "u", "u", "n"], list(states.values()))

    def test_who_lost_its_link(self) -> None:
        """The others have lost it as well, also where they have told of it before."""
        before = self.states("brief", self.ask(1, GetRow(1, "brief")), 1)
        self.down.add(3)
        self.tales.changed()
        after = self.states("brief", self.ask(1, GetRow(2, "brief")), 1)
        self.assertEqual(("u", "d"), (before[self.peers[3].id[:16]], after[self.peers[3].id[:16]]))

    def test_through_another(self) -> None:
        """Whoever hears the author passes on what it says; else the row cannot be had."""
        answer = self.ask(1, GetRow(1, "brief", author=self.peers[3].id))
        self.assertEqual(40, len(self.states("brief", answer, 3)))
        for author in (self.peers[2].id, "f" * 64):
            (none,) = self.ask(1, GetRow(1, "brief", author=author))
            self.assertIs(UNSET, none.sealed)

    def test_both_ends_agree(self) -> None:
        """But for a few pairs, of which one hears the other, and not the other way round."""
        pairs = [(a, b) for a in range(700) for b in range(a)]
        self.assertEqual(
            [tales.usual(a, b) for a, b in pairs], [tales.usual(b, a) for a, b in pairs]
        )
        one_way = [pair for pair in pairs if tales.hears(*pair) != tales.hears(*reversed(pair))]
        self.assertTrue(0 < len(one_way) < 20, len(one_way))
        self.assertTrue(any(map(tales.slow, range(700))))


class SightTests(UnitCase):
    """What is measured of looking at the network."""

    def test_frames_of_rows(self) -> None:
        """Both ways, and of nothing else."""
        metrics = (
            'p2p_gossip_frames_total{direction="in",kind="row"} 40.0\n'
            'p2p_gossip_frames_total{direction="out",kind="get_row"} 10.0\n'
            'p2p_gossip_frames_total{direction="in",kind="ping"} 99.0\n'
            'p2p_gossip_frame_bytes_total{direction="in",kind="row"} 4e+03\n'
            'p2p_gossip_frame_bytes_total{direction="out",kind="get_row"} 100.0\n'
        )
        self.assertEqual({"frames": 50.0, "bytes": 4100.0}, sight.rows_of(metrics))

    def test_a_row(self) -> None:
        """It is told, and takes time."""
        said: list[bytes] = []
        with patch.object(pieces.Sink, "write", lambda _, data: said.append(data)):
            self.assertGreater(sight.tell(3, 2), 0)
        told = [frame for frame in said if b'"type":"row"' in frame]
        self.assertEqual(2, len(told))
        self.assertEqual([3, 3], [frame.count(b'\\"u\\",12.34') for frame in told])

    def test_a_relay(self) -> None:
        """It passes on what comes, and counts requests and what is answered."""

        async def asked() -> tuple[int, int, bytes]:
            async def answer(reader: StreamReader, writer: StreamWriter) -> None:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"x" * 1000)
                writer.close()

            server = await asyncio.start_server(answer, "127.0.0.1", 0)
            relay = sight.Relay(server.sockets[0].getsockname()[1])
            port = await relay.start()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            got = await asyncio.wait_for(reader.read(), PATIENCE)
            writer.close()
            relay.stop()
            server.close()
            return relay.requests, relay.bytes, got

        self.assertEqual((1, 1000, b"x" * 1000), asyncio.run(asked()))


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

    def test_sight(self) -> None:
        """A matrix of five is asked of four, and a report as well."""
        found = sight.Found()
        for name, value in (("SHORT", 0.2), ("CHROMIUM", None)):
            self.patch(sight, name, value)
        with patch.object(sight, "note"):
            asyncio.run(asyncio.wait_for(sight.perform(5, found, quick=True), PATIENCE))
        for what in ("matrix", "report"):
            self.assertEqual([8.0], found.values[f"{what}, frames"])
        figures = found.figures(5)
        self.assertEqual(set(sight.UNITS), {one.what[9:] for one in figures} | set(PAGE))

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

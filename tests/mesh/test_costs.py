"""
What a mesh costs, counted: a test fails where one of these costs doubles (docs/performance.rst).

Counts, and never seconds: they are the same on every machine. What they cost in time is benchmarked.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from gossip.mesh import beat
from gossip.mesh.addresses import Address
from gossip.mesh.agenda import Agenda
from gossip.mesh.figures import Figures
from gossip.trust import signing
from gossip.wire.messages import Show
from tests.street import PORT, House, Street, StreetCase

NODES = 12

WAY = 1 / 64
"""Seconds from one house to another; a fraction that adds up without rounding."""


@contextmanager
def counted(place: Any, name: str) -> Iterator[Callable[[], int]]:
    """How often something is called."""
    calls = 0
    real = getattr(place, name)

    def count(*arguments: Any, **keywords: Any) -> Any:
        nonlocal calls
        calls += 1
        return real(*arguments, **keywords)

    with patch.object(place, name, count):
        yield lambda: calls


@contextmanager
def told(place: Any, name: str, words: set[str]) -> Iterator[None]:
    """With what word something is called."""
    real = getattr(place, name)

    def note(self: Any, word: str) -> Any:
        words.add(word)
        return real(self, word)

    with patch.object(place, name, note):
        yield


class CostCase(StreetCase):
    """A mesh whose nodes all joined through the first."""

    def mesh(self, count: int, **settings: Any) -> tuple[Street, list[House]]:
        """Such a mesh, once it is whole."""
        street = self.street()
        houses = [street.house("n0", **settings)]
        houses += [street.house(f"n{i}", join=houses[:1], **settings) for i in range(1, count)]
        street.until(lambda: street.is_mesh(houses), 30)
        return street, houses

    def said(self, houses: list[House]) -> tuple[int, int]:
        """Frames and bytes that were sent on all links."""
        numbers = [house.mesh.window.counters() for house in houses]
        return (
            int(sum(each["frames_out"] for each in numbers)),
            int(sum(each["bytes_out"] for each in numbers)),
        )


class FormingTests(CostCase):
    """What it costs to become a mesh."""

    def test_dials(self) -> None:
        """Newcomers dial, and nobody else: one dial a pair, and hardly any for nothing."""
        street, _ = self.mesh(NODES)
        pairs = NODES * (NODES - 1) / 2
        self.assertLessEqual(len(street.dials), 1.2 * pairs)

    def formed(self, **settings: Any) -> tuple[float, float, set[str]]:
        """Ways from the start of all at once to a whole mesh; dials a pair; how dials ended."""
        street, codes = self.street(latency=WAY), set[str]()
        with told(Figures, "dialed", codes):
            houses = [street.house("n0", **settings)]
            for i in range(1, NODES):
                # The street gives its hosts in this order.
                where: dict[str, Any] = {
                    name: (Address(f"10.0.0.{i + 2}", PORT),) for name in settings
                }
                houses.append(street.house(f"n{i}", join=houses[:1], **where))
            while not all(len(house.mesh.links) == NODES - 1 for house in houses):
                self.assertLess(street.clock.seconds(), 30)
                street.clock.advance(WAY)
        pairs = NODES * (NODES - 1) / 2
        return street.clock.seconds() / WAY, len(street.dials) / pairs, codes

    def test_waits(self) -> None:
        """
        Who starts at the same time waits for nothing but words on their way.

        A dial is five ways to a link, and a list is two: to the seed, the list, to each other. The one
        more is the turn of the clock here in which a dial begins.
        """
        self.assertEqual((13, 1.0, {"admitted"}), self.formed())

    def test_waits_where_addresses_are_given(self) -> None:
        """So it is with `--advertise`: of those that are told of each other at once, one dials."""
        ways, dials, codes = self.formed(advertise=(Address("10.0.0.2", PORT),))
        self.assertLessEqual(ways, 20)
        self.assertEqual((1.0, {"admitted"}), (dials, codes))

    def test_signatures(self) -> None:
        """Of each peer a node verifies the record that it comes with, and the one with its address."""
        with counted(signing, "holds") as verified:
            self.mesh(NODES)
        self.assertLessEqual(verified(), 2.5 * NODES * (NODES - 1))

    def test_frames(self) -> None:
        """A hello each way, one list for each newcomer, and some words about new addresses."""
        _, houses = self.mesh(NODES)
        frames, size = self.said(houses)
        links = NODES * (NODES - 1)
        self.assertLessEqual(frames / links, 5)
        self.assertLessEqual(size / links, 4500)


class LookingTests(CostCase):
    """What it costs to look at all of it."""

    def looked(self, show: Show) -> tuple[float, float, int]:
        """Frames and bytes of all nodes for each that is asked, and signatures that are verified."""
        street, houses = self.mesh(NODES, period=60.0)
        street.run(20, 0.02)
        before = self.rows(houses)
        with counted(signing, "holds") as verified:
            gathering = houses[0].mesh.lookout._gathering(show)
            gathering.begin()
            street.run(2, 0.02)
        self.assertEqual(NODES - 1, self.successResultOf(gathering.gathered).answered)
        frames, size = (after - at for after, at in zip(self.rows(houses), before, strict=True))
        return frames / (NODES - 1), size / (NODES - 1), verified()

    def rows(self, houses: list[House]) -> tuple[int, int]:
        """Frames and bytes of questions for rows, and of rows, that were sent."""
        kinds = [
            kind
            for house in houses
            for kind in house.mesh._parts.figures.census.kinds()
            if kind.name in ("get_row", "row")
        ]
        return sum(kind.frames_out for kind in kinds), sum(kind.bytes_out for kind in kinds)

    def test_a_matrix(self) -> None:
        """One question, and one frame in answer: 40 bytes an entry, and 500 that seal it."""
        frames, size, verified = self.looked("brief")
        self.assertEqual((2, NODES - 1), (frames, verified))
        self.assertLessEqual(size, 700 + 60 * (NODES - 1))

    def test_a_report(self) -> None:
        """The same with full rows: 150 bytes an entry."""
        frames, size, verified = self.looked("full")
        self.assertEqual((2, NODES - 1), (frames, verified))
        self.assertLessEqual(size, 700 + 200 * (NODES - 1))

    def test_at_rest(self) -> None:
        """While nobody looks, nobody asks."""
        street, houses = self.mesh(NODES, period=5.0)
        street.run(100, 0.02)
        self.assertEqual((0, 0), self.rows(houses))


class RestTests(CostCase):
    """What it costs to stay one, at the defaults."""

    def rest(self, seconds: int = 100) -> tuple[float, float, float]:
        """Frames, bytes and turns of the agenda a link-second, at the defaults."""
        street, houses = self.mesh(NODES, period=5.0)
        street.run(20, 0.02)
        frames, size = self.said(houses)
        with counted(Agenda, "_run") as turns:
            street.run(seconds, 0.02)
        later_frames, later_size = self.said(houses)
        links = NODES * (NODES - 1) * seconds
        return (later_frames - frames) / links, (later_size - size) / links, turns() / links

    def test_at_rest(self) -> None:
        """Little more than a frame a second, short ones, and a turn of the timer for each."""
        frames, size, turns = self.rest()
        self.assertLessEqual(frames, 1.5)
        self.assertLessEqual(size, 70)
        self.assertLessEqual(turns, 1.5)

    def test_many_links_beat_seldom(self) -> None:
        """Ten times the links do not say ten times as much."""
        said = {}
        for links in (250, 2500, 10000):
            pace = beat.Beat(1.0)
            pace.follow(links)
            said[links] = links / pace.seconds
        self.assertLessEqual(said[2500], 4 * said[250])
        self.assertLessEqual(said[10000], 2000)


class StallTests(CostCase):
    """What it costs that this node did not run, which happens at each burst of newcomers."""

    def test_no_link_is_touched(self) -> None:
        """A stall is noted once; those of whom nothing is due are not looked at, however many."""
        street, houses = self.mesh(NODES)
        mesh = houses[0].mesh
        sessions = [link.session for link in mesh.links.values()]
        before = [vars(session).copy() for session in sessions]
        with counted(Agenda, "set") as moves:
            mesh.stalled(0.5, street.clock.seconds())
        self.assertEqual(0, moves())
        self.assertEqual(before, [vars(session) for session in sessions])

"""
What a load of links cost, in figures beside their goals. Pure.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from attrs import frozen

from benchmarks.measure import PLAIN, Figure, exponent, middle
from gossip.mesh.beat import Beat
from gossip.settings import HEARTBEAT


def heartbeat(links: int) -> float:
    """Seconds, of a node with so many links, and of its peers, which have as many."""
    beat = Beat(HEARTBEAT)
    beat.follow(links)
    return beat.seconds


@frozen
class Rest:
    """What links cost."""

    early: float
    """Links a second, the first 400 of each process."""
    linking: float
    """Seconds until all were there."""
    rss: float
    """KiB a link."""
    accept: float
    """Milliseconds of CPU a link, without what it cost to keep it."""
    link_second: float
    """Microseconds of CPU to keep a link for a second."""
    pings: float
    """Answered pings a second and link, both directions."""
    p50: float
    """Milliseconds of a round trip."""
    p99: float


@frozen
class Deaths:
    """What became of it when many died. Seconds, infinite for never."""

    hung: float
    """Until all that fell silent were known."""
    hung_back: float
    """Until all had a link again, from where they went on."""
    closed: float
    closed_back: float
    false: int
    """Who was taken for dead, and was not."""
    p99: float
    """Milliseconds of a round trip meanwhile."""
    stop: float
    untold: int
    """Peers that were not told of the stop."""


@frozen
class Run:
    """What is put under load, and how."""

    name: str
    period: float
    """Between pings of ours; the yardstick has one a second."""
    theirs: float
    """Between pings of the peers; 0 where they only answer."""
    dying: bool


PLAINLY: Final = Run(PLAIN, 1.0, 0.0, dying=True)
BUSY: Final = Run("ping 1/s", 1.0, 0.0, dying=False)
DEFAULTS: Final = Run("defaults", 5.0, 5.0, dying=True)
"""One ping and its pong a second on each link; and then as nodes do by themselves."""


class Results:
    """All rounds, and their medians."""

    def __init__(self) -> None:
        self._rests: dict[tuple[str, int], list[Rest]] = defaultdict(list)
        self._deaths: dict[tuple[str, int], list[Deaths]] = defaultdict(list)

    def add(self, run: Run, links: int, at_rest: Rest, dead: Deaths | None) -> None:
        """One more."""
        self._rests[run.name, links].append(at_rest)
        if dead is not None:
            self._deaths[run.name, links].append(dead)

    def rest(self, run: Run, links: int, what: str) -> float:
        """The median of a figure at rest."""
        return middle([getattr(one, what) for one in self._rests[run.name, links]])

    def dead(self, run: Run, links: int, what: str) -> float:
        """The median of a figure of those that die."""
        return middle([getattr(one, what) for one in self._deaths[run.name, links]])


def at_size(found: Results, links: int) -> list[Figure]:
    """The figures of one number of links."""
    return [*_costs(found, links), *_delays(found, links), *_deaths(found, links)]


def _figure(
    links: int,
    what: str,
    value: float,
    unit: str = "s",
    *,
    beside: float | None = None,
    goal: int | None = None,
    most: float | None = None,
) -> Figure:
    name = f"{links} links: {what}"
    return Figure(what=name, ours=value, unit=unit, beside=beside, goal=goal, most=most)


def _costs(found: Results, links: int) -> list[Figure]:
    def beside(
        what: str, member: str, unit: str, *, goal: int, most: float, run: Run = BUSY
    ) -> Figure:
        ours, plain = (found.rest(one, links, member) for one in (run, PLAINLY))
        return _figure(links, what, ours, unit, beside=plain, goal=goal, most=most)

    rss = found.rest(BUSY, links, "rss")
    return [
        beside("RSS a link", "rss", "KiB", goal=6, most=1.15),
        _figure(links, "RSS a link, absolute", rss, "KiB", goal=6, most=48),
        beside("CPU of accepting one", "accept", "ms", goal=7, most=1.25),
        beside("CPU a link-second, ping 1/s", "link_second", "us", goal=8, most=0.8),
        beside("CPU a link-second, defaults", "link_second", "us", goal=8, most=0.6, run=DEFAULTS),
    ]


def _delays(found: Results, links: int) -> list[Figure]:
    def both(what: str, member: str, unit: str) -> Figure:
        ours, plain = (found.rest(run, links, member) for run in (BUSY, PLAINLY))
        return _figure(links, what, ours, unit, beside=plain)

    p50, p99 = (found.rest(DEFAULTS, links, member) for member in ("p50", "p99"))
    return [
        both("accepted at first", "early", "1/s"),
        both("pings answered a link, ping 1/s", "pings", "1/s"),
        both("round trip p50, ping 1/s", "p50", "ms"),
        both("round trip p99, ping 1/s", "p99", "ms"),
        _figure(links, "round trip p50, defaults", p50, "ms"),
        _figure(links, "round trip p99, defaults", p99, "ms", goal=12, most=20),
    ]


def _deaths(found: Results, links: int) -> list[Figure]:
    def one(
        what: str,
        member: str,
        unit: str = "s",
        *,
        goal: int | None = None,
        most: float | None = None,
    ) -> Figure:
        ours, plain = (found.dead(run, links, member) for run in (DEFAULTS, PLAINLY))
        if most is None:
            return _figure(links, what, ours, unit, beside=plain)
        return _figure(links, what, ours, unit, goal=goal, most=most)

    return [
        one("round trip p99 while many die", "p99", "ms", goal=12, most=200),
        one("hung at once, all noticed", "hung", goal=10, most=4 * heartbeat(links)),
        one("taken for dead though alive", "false", "", goal=10, most=0),
        one("hung at once, all back", "hung_back"),
        one("closed at once, all noticed", "closed"),
        one("closed at once, all back", "closed_back"),
        one("stop", "stop", goal=14, most=2),
        one("not told of the stop", "untold", "", goal=14, most=0),
    ]


def growth(found: Results, sizes: Sequence[int]) -> list[Figure]:
    """How totals grow with the number of links."""

    def of(run: Run, member: str) -> float:
        return exponent(sizes, [size * found.rest(run, size, member) for size in sizes])

    return [
        Figure(
            what=f"growth with the links: {what}",
            ours=of(BUSY, member),
            unit=f"exponent ({PLAIN} {of(PLAINLY, member):.2f})",
            goal=9,
            most=1.05,
        )
        for what, member in (
            ("RSS", "rss"),
            ("CPU of accepting", "accept"),
            ("CPU a second", "link_second"),
        )
    ]

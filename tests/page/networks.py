"""
Networks as their nodes would tell of them: places, racks, faults. All of it follows from a seed.
"""

import math
from random import Random
from typing import Final

from attrs import define, field

from gossip.mesh.status import LinkStatus, NodeStatus, PeerStatus, RoundTripTimes
from gossip.sight.picture import (
    Diagnosis,
    Finding,
    Matrix,
    MatrixNode,
    PairStatus,
    PastTimes,
    Report,
)
from gossip.sight.verdicts import Saying

NOW: Final = 1_750_000_000.0

HOSTILE: Final = (
    '<img src=x onerror="alert(1)">',
    "\u202eevil\u2066 <script>alert(2)</script>",
    "表" * 64,
    "\x1b[31mred\x07\n",
    "Z\u0351\u0351\u0351\u0351\u0351\u0351\u0351\u0351algo",
    "\ud800lone",
    "שלום-עולם",
    "",
)
"""What somebody may call a node who means no good, and somebody who means no harm."""

SITES: Final = ((0.0, 0.0), (0.3, 0.12), (0.95, 0.7), (0.35, 0.95))


@define(eq=False)
class Network:
    """What is told of one network. Node 0 tells; faults are by the places of nodes."""

    size: int
    hostile: bool = False
    begun: float = NOW - 7200
    version: str = "0.2.0"
    dead: set[int] = field(factory=set)
    cut: set[tuple[int, int]] = field(factory=set)
    """Pairs: the first does not hear the second."""
    mute: set[int] = field(factory=set)
    findings: tuple[Finding, ...] | None = None
    time: float = NOW
    _random: Random = field(factory=lambda: Random(7))
    _places: list[tuple[float, float]] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        for number in range(self.size):
            x, y = SITES[number % self._sites]
            spread = self._random.random() * 0.16
            turn = self._random.random() * 2 * math.pi
            self._places.append((x + spread * math.cos(turn), y + spread * math.sin(turn)))

    @property
    def _sites(self) -> int:
        return 1 if self.size < 4 else 3 if self.size < 100 else 4

    def id(self, number: int) -> str:
        """Of a node."""
        return f"{(number * 0x9E3779B1 + 0x1234) % (1 << 32):08x}" * 8

    def name(self, number: int) -> str:
        """Of a node."""
        if self.hostile and 0 < number <= len(HOSTILE):
            return HOSTILE[number - 1]
        if self.size <= 26:
            return f"node-{chr(ord('a') + number)}"
        return f"rack{number % self._sites + 1}-{number // self._sites + 1:02d}"

    def tags(self, number: int) -> dict[str, str]:
        """Of a node."""
        return {"rack": f"r{number % self._sites + 1}", "zone": f"z{number % self._sites % 2 + 1}"}

    def rtt(self, one: int, other: int) -> float:
        """Milliseconds from one to the other: about as far as they are apart."""
        (x, y), (u, v) = self._places[one], self._places[other]
        wobble = 1 + ((one * 31 + other * 17) % 13) / 100
        return round((0.18 + 24 * math.hypot(x - u, y - v) ** 2) * wobble, 3)

    def hears(self, one: int, other: int) -> str:
        """A character of the matrix."""
        if one == other:
            return "-"
        if one in self.mute or one in self.dead:
            return "?"
        if other in self.dead or (one, other) in self.cut:
            return "d"
        return "u"

    def status(self) -> NodeStatus:
        """How node 0 is."""
        counts = dict.fromkeys(("alive", "unreachable", "dead", "left", "unmet"), 0)
        for number in range(1, self.size):
            counts[self.state(number)] += 1
        return NodeStatus(
            id=self.id(0),
            name=self.name(0),
            port=8080,
            addresses=("0.0.0.0:8080",),
            advertised=("10.0.0.1:8080",),
            network="default",
            version=self.version,
            started=self.begun,
            uptime_s=self.time - self.begun,
            view="0123456789abcdef",
            period_s=5.0,
            heartbeat_s=1.0,
            tags=self.tags(0),
            peers=counts,
        )

    def state(self, number: int) -> str:
        """Of a peer, for node 0."""
        if number in self.dead:
            return "dead"
        return "unreachable" if (0, number) in self.cut else "alive"

    def peer(self, number: int) -> PeerStatus:
        """What is known of a peer."""
        alive = self.state(number) == "alive"
        return PeerStatus(
            id=self.id(number),
            name=self.name(number),
            state=self.state(number),
            addresses=(self.address(number),),
            address=self.address(number),
            rtt_ms=self.rtt(0, number) if alive else None,
            first_linked=self.begun + number,
            last_linked=self.time if alive else self.time - 30,
            tags=self.tags(number),
            seq=1_700_000_000_000 + number,
            expires=self.time + 86_400,
        )

    def address(self, number: int) -> str:
        """Of a node."""
        return f"10.0.{number // 250}.{number % 250 + 1}:8080"

    def peers(self) -> list[PeerStatus]:
        """All of them."""
        return [self.peer(number) for number in range(1, self.size)]

    def links(self) -> list[LinkStatus]:
        """Those that are up."""
        alive = [number for number in range(1, self.size) if self.state(number) == "alive"]
        return [self._link(number) for number in alive]

    def _link(self, number: int) -> LinkStatus:
        return LinkStatus(
            peer=self.id(number),
            name=self.name(number),
            address=self.address(number),
            direction="dialed" if number % 2 else "accepted",
            since=self.begun + number,
            rtt_ms=self.times(0, number),
            pings_sent=1440,
            pings_answered=1440 - number % 5,
            pings_missed=number % 5,
            bytes_in=1_234_000 + number,
            bytes_out=1_100_000 + number,
            frames_in=9000,
            frames_out=8800,
            cipher="TLS_AES_256_GCM_SHA384",
        )

    def times(self, one: int, other: int) -> RoundTripTimes:
        """Of the pings from one to the other."""
        mean = self.rtt(one, other)
        return RoundTripTimes(
            last=mean, mean=mean, p50=mean * 0.98, p99=mean * 1.9, jitter=mean * 0.06
        )

    def matrix(self) -> Matrix:
        """Who hears whom."""
        everyone = range(self.size)
        links = tuple("".join(self.hears(one, other) for other in everyone) for one in everyone)
        return Matrix(
            time=self.time,
            nodes=tuple(self._matrix_node(number) for number in everyone),
            links=links,
            rtt_ms=tuple(
                tuple(self.rtt(a, b) if links[a][b] == "u" else None for b in everyone)
                for a in everyone
            ),
            lost=tuple(
                tuple({"u": (a + b) % 7 / 500, "d": 1.0}.get(links[a][b]) for b in everyone)
                for a in everyone
            ),
        )

    def _matrix_node(self, number: int) -> MatrixNode:
        had = "own" if number == 0 else "told"
        row = "silent" if number in self.dead else "mute" if number in self.mute else had
        there = row in ("own", "told")
        return MatrixNode(
            id=self.id(number),
            name=self.name(number),
            state=self.state(number) if number else "alive",
            tags=self.tags(number),
            row=row,
            through=None,
            age_s=0.4 if there else None,
        )

    def report(self) -> Report:
        """What is wrong with it."""
        findings = self.findings if self.findings is not None else tuple(self._findings())
        wrong = [finding for finding in findings if finding.severity != "note"]
        return Report(
            time=self.time,
            ok=not wrong,
            sentence=wrong[0].sentence if wrong else f"All {self.size} nodes hear each other.",
            asked=self.size - 1,
            answered=self.size - 1 - len(self.dead) - len(self.mute),
            findings=findings,
        )

    def _findings(self) -> list[Finding]:
        dead = [
            Finding(
                kind="dead",
                severity="error",
                sentence=f"{self.name(number)} is dead: none of {self.size - 2} nodes hears it.",
                peers=(self.id(number),),
                pairs=(),
                since=self.time - 30,
            )
            for number in sorted(self.dead)
        ]
        cut = [
            Finding(
                kind="one_way" if (other, one) not in self.cut else "cut",
                severity="warning",
                sentence=f"{self.name(one)} does not hear {self.name(other)}.",
                peers=(),
                pairs=((self.id(one), self.id(other)),),
                since=self.time - 300,
            )
            for one, other in sorted(self.cut)
        ]
        mute = [
            Finding(
                kind="mute",
                severity="note",
                sentence=f"{self.name(number)} runs a version that does not say whom it hears.",
                peers=(self.id(number),),
                pairs=(),
                since=None,
            )
            for number in sorted(self.mute)
        ]
        return dead + cut + mute

    def pair(self, one: int, other: int) -> PairStatus:
        """What one says of another."""
        up = self.hears(one, other) == "u"
        return PairStatus(
            author=self.id(one),
            peer=self.id(other),
            state="up" if up else "down",
            since=self.begun + 5 if up else self.time - 300,
            quiet_s=0.3 if up else 300.0,
            direction="dialed" if up else None,
            rtt_ms=self.times(one, other) if up else None,
            lost=0.004 if up else 1.0,
            bytes_in=2_345_678,
            bytes_out=1_234_567,
            losses=0 if up else 3,
            age_s=0.2,
            through=None if one == 0 else self.id(1),
            past=self.past(one, other),
        )

    def past(self, one: int, other: int) -> tuple[PastTimes, ...]:
        """Its last hour: a hill in the middle, a gap, and some losses."""
        mean = self.rtt(one, other)
        chance = Random(one * 1000 + other)
        past = []
        for minute in range(120):
            if 70 <= minute < 78:
                continue
            hill = 1 + 0.8 * math.exp(-(((minute - 40) / 8) ** 2)) + chance.random() * 0.2
            lost = chance.choice((1, 2, 4)) if minute % 17 == 3 else 6 if minute in (95, 96) else 0
            answered = lost < 6
            past.append(
                PastTimes(
                    since=self.time - 3600 + minute * 30,
                    mean_ms=mean * hill if answered else None,
                    worst_ms=mean * hill * (1.3 + chance.random()) if answered else None,
                    pings=6,
                    lost=lost,
                )
            )
        return tuple(past)

    def diagnosis(self, number: int) -> Diagnosis:
        """What is wrong with a peer."""
        dead = number in self.dead
        says = "down" if dead else "up"
        others = [n for n in range(1, min(self.size, 6)) if n != number]
        verdict = "dead" if dead else "fine"
        return Diagnosis(
            peer=self.id(number),
            name=self.name(number),
            verdict=verdict,
            one_way=None,
            since=self.time - 30,
            sentences=(
                f"{self.name(number)} is {verdict}.",
                *(f"{self.name(n)} says that it is {says}." for n in others),
            ),
            sayings=tuple(
                Saying(by=self.id(n), name=self.name(n), says=says, since=self.time - 30)
                for n in others
            ),
        )

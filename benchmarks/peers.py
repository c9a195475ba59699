"""
Light peers: each has a key, a record and one link, and says no more than it must (PROTOCOL.md).

Many of them in one process are a load (`benchmarks.load`).
"""

import json
import time
from collections import Counter
from typing import Any, Final
from typing import Protocol as Interface

from attrs import define, field, frozen
from twisted.internet.interfaces import IHandshakeListener, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from benchmarks import tales
from benchmarks.tales import Tales
from gossip.trust import records
from gossip.trust.credentials import Credentials
from gossip.trust.identity import Identity
from gossip.trust.records import Record
from gossip.wire.frames import LONGEST, FrameReader
from gossip.wire.messages import (
    ROWS,
    Bye,
    GetPeers,
    GetRow,
    Heartbeat,
    Hello,
    Message,
    Peers,
    Ping,
    Pong,
    parse,
    serialize,
)

HOST: Final = "127.0.0.1"
ANSWERED: Final = 86400.0
"""Seconds between pings that are promised by who sends none."""
LOOKS: Final = 8
"""How often a link is looked at within a heartbeat: it says no more than it must."""


@frozen
class Plan:
    """What the load is."""

    port: int
    first: int
    count: int
    period: float
    heartbeat: float

    @classmethod
    def of(cls, words: list[str]) -> "Plan":
        """As the command line has it."""
        port, first, count = map(int, words[:3])
        return cls(port, first, count, float(words[3]), float(words[4]))

    @property
    def look(self) -> float:
        """Seconds between two looks at one link."""
        return self.heartbeat / LOOKS


def address(number: int) -> str:
    """The loopback address of a peer: all of 127/8 but the one that everybody uses."""
    return f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"


def record(identity: Identity, number: int) -> Record:
    """What a peer says of itself."""
    return records.make(
        public=identity.public,
        sign=identity.sign,
        seq=int(time.time() * 1000),
        network="default",
        name=f"load-{number}",
        # Where nobody listens.
        addresses=(f"{address(number)}:1",),
        tags={"rack": f"r{tales.rack(number):02}"},
    )


@define(eq=False)
class Counts:
    """What happened to all of them."""

    up: int = 0
    tries: int = 0
    pings: int = 0
    pongs: int = 0
    lost: int = 0
    rows: int = 0
    """Questions for rows that were answered."""
    byes: Counter[str] = field(factory=Counter)
    trips: list[float] = field(factory=list)


class Crowd(Interface):
    """All peers of one process, and what they share."""

    plan: Plan
    counts: Counts
    view: str
    """The one that the node told last."""
    timed: bool
    """Whether round trips are measured."""
    tales: Tales

    def up(self, link: "Link") -> None:
        """There is a link."""

    def lost(self, link: "Link") -> None:
        """It is gone."""


@define(eq=False)
class Peer:
    """One peer: its key, its record, its link."""

    number: int
    load: Crowd
    identity: Identity = field(factory=Identity.generate)
    linked: bool = False
    left: bool = False
    """Whether the node has said that it leaves."""

    credentials: Credentials = field(init=False)
    record: Record = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.credentials = Credentials(self.identity)
        self.record = record(self.identity, self.number)

    def hello(self) -> Hello:
        """What it says first."""
        load = self.load
        return Hello(
            network="default",
            instance=f"{self.number:016x}",
            record=self.record.sealed,
            observed=HOST,
            agent=tales.AGENT,
            period=load.plan.period or ANSWERED,
            heartbeat=load.plan.heartbeat,
            time=time.time(),
            view=load.view,
            features=[ROWS],
        )


@implementer(IHandshakeListener)
class Link(Protocol):
    """The link of one peer."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.load = peer.load
        self.since: float | None = None
        """When it came up."""
        self._reader = FrameReader(LONGEST)
        self._seq = 0
        self._said_at = 0.0
        self._ping_at = 0.0
        self._asked: dict[int, float] = {}

    def tell(self, message: Message) -> None:
        """Say something."""
        assert self.transport is not None
        self._said_at = time.perf_counter()
        self.transport.write(serialize(message))

    def connectionMade(self) -> None:
        """TCP is up: what is said goes out at once, as it does from a node."""
        ITCPTransport(self.transport).setTcpNoDelay(enabled=True)

    def handshakeCompleted(self) -> None:
        """TLS is up: the dialer begins."""
        self.tell(self.peer.hello())

    def dataReceived(self, data: bytes) -> None:
        """Something came."""
        self._reader.feed(data)
        while (body := self._reader.maybe_frame()) is not None:
            if self.since is None:
                self._greeted(json.loads(body))
            else:
                self._hear(parse(body))

    def beat(self, now: float) -> None:
        """It is its turn on the wheel: a ping, or a heartbeat where nothing else was said for one."""
        plan = self.load.plan
        if now >= self._ping_at:
            self._ping(now)
        elif now + plan.look > self._said_at + plan.heartbeat:
            self.tell(Heartbeat(self.load.view))

    def _ping(self, now: float) -> None:
        self._seq += 1
        self._ping_at = now + self.load.plan.period - self.load.plan.look / 2
        if self.load.timed:
            self._asked[self._seq] = now
        self.tell(Ping(self._seq, ""))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is gone."""
        self.load.lost(self)

    def _greeted(self, answer: dict[str, Any]) -> None:
        # Not parsed as the protocol has it: the hello of the yardstick has other members.
        if answer["type"] == "hello":
            self.since = time.monotonic()
            self.load.view = answer.get("view", self.load.view)
            self.load.tales.met(tales.node_id(answer))
            self.load.up(self)
        else:
            self.load.counts.byes[answer.get("code", "")] += 1

    def _hear(self, message: object) -> None:
        if isinstance(message, Ping):
            self.load.counts.pings += 1
            self.tell(Pong(message.seq))
            self._ping_with_answer()
        elif isinstance(message, Pong):
            self._answered(message.seq)
        elif isinstance(message, Heartbeat):
            self.load.view = message.view
        elif isinstance(message, GetPeers):
            self.tell(Peers([self.peer.record.sealed], more=False))
        elif isinstance(message, GetRow):
            self._tell_row(message)
        elif isinstance(message, Bye):
            self.load.counts.byes[message.code] += 1
            self.peer.left = message.code == "leaving"

    def _tell_row(self, question: GetRow) -> None:
        self.load.counts.rows += 1
        for part in self.load.tales.answer(self.peer.identity.id, question):
            self.tell(part)

    def _ping_with_answer(self) -> None:
        # As nodes do.
        now, period = time.perf_counter(), self.load.plan.period
        if period and (not self._seq or self._ping_at - now < self.load.plan.look / 2):
            self._ping(now)

    def _answered(self, seq: int) -> None:
        self.load.counts.pongs += 1
        asked = self._asked.pop(seq, None)
        if asked is not None:
            self.load.counts.trips.append(time.perf_counter() - asked)

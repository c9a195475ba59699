"""
What the pieces of a node cost, without TLS and sockets: a beat, a message, a record, a question.

Run as `python -m benchmarks.pieces` in the checkout. Medians of CPU time in one process; `frames.py`
beside it has what one frame costs a link.
"""

import base64
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from random import Random
from time import process_time
from typing import Any, Final

from attrs import define, field
from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IStreamClientEndpoint, ITransport
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from benchmarks.command import Options, main
from benchmarks.measure import Figure, exponent, middle
from benchmarks.peers import address, record
from gossip.mesh.addresses import Address
from gossip.mesh.book import Book
from gossip.mesh.mesh import Mesh
from gossip.mesh.own import Subject
from gossip.mesh.parts import World
from gossip.settings import Settings
from gossip.trust import records
from gossip.trust.identity import Identity, PeerId
from gossip.trust.records import Record
from gossip.wire.frames import HEADER
from gossip.wire.messages import (
    Bye,
    GetPeers,
    Heartbeat,
    Hello,
    Message,
    Peers,
    Ping,
    Pong,
    Sealed,
    answer,
    parse,
    serialize,
)

ROUNDS: Final = 5
SIZES: Final = (500, 1000, 2000)
"""Peers that a beat goes to."""
BEATS: Final = 10
STEP: Final = 0.05
"""Seconds by which the clock is moved: more would be a stall."""
PARSED: Final = 2000
LEARNED: Final = 1000
HELD: Final = 10_000
DIFFER: Final = 10
KIB: Final = 1024


@cache
def known(number: int) -> tuple[Identity, Record]:
    """A peer: always the same for a number."""
    identity = Identity.generate()
    return identity, record(identity, number)


def wall() -> float:
    """Unix time, a moment after the first record was made."""
    return known(0)[1].seq / 1000 + 1


class Sink(StringTransport):
    """A transport on which all that is written is gone, to a peer that is proved."""

    def __init__(self, peer: PeerId, host: str) -> None:
        super().__init__(peerAddress=IPv4Address("TCP", host, 40000))
        self.peer = peer

    def write(self, data: bytes) -> None:
        """Lose it."""


class Nowhere:
    """Roads that are never taken."""

    async def resolve(self, host: str) -> Sequence[str]:
        """Nothing."""
        return ()

    def endpoint(self, address: Address) -> IStreamClientEndpoint:
        """Nobody is dialed here."""
        raise NotImplementedError

    def vouching(self, host: str) -> Callable[[ITransport], None] | None:
        """Nobody is asked for more."""
        return None


@define(eq=False)
class Node:
    """A mesh with so many links, on a clock that stands still."""

    links: int
    clock: Clock = field(factory=Clock)
    mesh: Mesh = field(init=False)

    def __attrs_post_init__(self) -> None:
        identity = Identity.generate()
        subject = Subject(
            public=identity.public,
            sign=identity.sign,
            network="default",
            name="",
            tags={},
            advertise=(),
            used=0,
        )
        world = World(
            clock=self.clock,
            wall=lambda: wall() + self.clock.seconds(),
            slept=lambda: 0.0,
            random=Random(1),  # noqa: S311
            roads=Nowhere(),
            identify=_peer,
            explain=lambda error: None,
        )
        # No pings: it is beats that are measured.
        settings = Settings(period=86400.0, port=8080)
        self.mesh = Mesh(settings, subject, world, lambda event: None)
        self.mesh.start((Address("127.0.0.1", 8080),))
        for number in range(self.links):
            self._link(number)
            # So that they beat at times of their own, and come no faster than they are let in.
            self.clock.advance(0.008)

    def beat(self) -> float:
        """Seconds of CPU that one beat to all takes."""
        begun, before = process_time(), self.said()
        for _ in range(round(BEATS / STEP)):
            self.clock.advance(STEP)
        return (process_time() - begun) / (self.said() - before) * self.links

    def said(self) -> float:
        """Frames that went out so far."""
        return self.mesh.window.counters()["frames_out"]

    def _link(self, number: int) -> None:
        identity, said = known(number)
        transport = Sink(identity.id, address(number))
        protocol: Any = self.mesh.acceptor.buildProtocol(transport.getPeer())
        protocol.makeConnection(transport)
        protocol.handshakeCompleted()
        protocol.dataReceived(serialize(greeting(said.sealed)))


def _peer(transport: ITransport) -> PeerId:
    assert isinstance(transport, Sink)
    return transport.peer


def greeting(sealed: Sealed) -> Hello:
    """What a peer says first; it promises little, so that it need not be heard again."""
    return Hello(
        network="default",
        instance="0" * 16,
        record=sealed,
        observed="127.0.0.1",
        agent="benchmark/1",
        period=86400.0,
        heartbeat=60.0,
        time=wall(),
        view="0" * 16,
        features=[],
    )


def each(work: Callable[[], object], times: int = 1) -> float:
    """Seconds of CPU that it takes once."""
    taken = []
    for _ in range(ROUNDS):
        begun = process_time()
        for _ in range(times):
            work()
        taken.append((process_time() - begun) / times)
    return middle(taken)


def beats(sizes: Sequence[int]) -> list[Figure]:
    """One beat to so many peers."""
    taken = [middle([node.beat() for _ in range(3)]) for node in map(Node, sizes)]
    figures = [
        Figure(what=f"one beat to {size} peers", ours=seconds / size * 1e6, unit="us/peer")
        for size, seconds in zip(sizes, taken, strict=True)
    ]
    if len(sizes) > 1:
        grown = exponent(sizes, taken)
        figures.append(Figure(what="growth with the peers: a beat", ours=grown, unit="exponent"))
    return figures


def messages() -> list[Figure]:
    """Decoding and checking each kind of message."""
    sealed = known(0)[1].sealed
    kinds: tuple[Message, ...] = (
        Heartbeat("0" * 16),
        Ping(123456, "hello, world"),
        Pong(123456),
        GetPeers(),
        GetPeers(base64.b64encode(bytes(2048)).decode()),
        Peers([sealed], more=False),
        greeting(sealed),
        Bye("leaving", "it was asked to leave", sealed),
    )
    figures = []
    for message in kinds:
        body = serialize(message)[HEADER.size :]
        seconds = each(lambda body=body: parse(body), PARSED)  # type: ignore[misc]
        what = f"decode {message.type}, {len(body)} bytes"
        figures.append(Figure(what=what, ours=seconds * 1e6, unit="us"))
    said = records.read(sealed)
    for what, work in (
        ("read a record", lambda: records.read(sealed)),
        ("verify a record", lambda: records.verify(said)),
    ):
        figures.append(Figure(what=what, ours=each(work, PARSED // 4) * 1e6, unit="us"))
    return figures


def book_of(sealed: Iterable[Sealed]) -> Book:
    """A book that holds these."""
    book = Book(known(0)[1], 2 * HELD)
    for one in sealed:
        book.learn(one, wall(), loopback=True)
    return book


def learn(book: Book, frames: Iterable[bytes]) -> None:
    """Take what comes in these frames."""
    for frame in frames:
        message = parse(frame[HEADER.size :])
        assert isinstance(message, Peers)
        for one in message.records:
            book.learn(one, wall(), loopback=True)


def learning() -> list[Figure]:
    """A thousand records that are new, and again when they are not."""
    frames = [serialize(one) for one in answer(known(i)[1].sealed for i in range(1, LEARNED + 1))]
    books = [book_of(()) for _ in range(ROUNDS)]
    fresh, again = iter(books), iter(books)
    first = each(lambda: learn(next(fresh), frames))
    second = each(lambda: learn(next(again), frames))
    return [
        Figure(what=f"learn {LEARNED} records", ours=first, unit="s", goal=13, most=0.2),
        Figure(
            what=f"learn the same {LEARNED} again", ours=second * 1e3, unit="ms", goal=13, most=5
        ),
    ]


def syncing(held: int) -> list[Figure]:
    """Two that hold the same but for ten ask each other at once, from `get_peers` to the last record."""
    sealed = [known(i)[1].sealed for i in range(1, held + 1)]
    newer = [_renewed(*known(i)).sealed for i in range(1, held + 1, held // DIFFER)]
    theirs = book_of([*sealed, *newer])
    sizes: list[int] = []
    ours = book_of(sealed)

    def tell(book: Book, asked: bytes) -> list[bytes]:
        question = parse(asked[HEADER.size :])
        assert isinstance(question, GetPeers)
        lacking = book.lacking(question.bucket_bytes() or b"")
        return [serialize(one) for one in answer(lacking.sealed())]

    def sync() -> None:
        asked = [
            serialize(GetPeers(base64.b64encode(book.buckets()).decode()))
            for book in (ours, theirs)
        ]
        told = [tell(book, question) for book, question in zip((theirs, ours), asked, strict=True)]
        for book, frames in zip((ours, theirs), told, strict=True):
            learn(book, frames)
        sizes.append(sum(map(len, [*asked, *told[0], *told[1]])))

    begun = process_time()
    sync()
    seconds = process_time() - begun
    assert ours.buckets() == theirs.buckets()
    what = f"sync, {DIFFER} of {held} differ"
    return [
        Figure(what=f"{what}: bytes", ours=sizes[0] / KIB, unit="KiB", goal=13, most=64),
        Figure(what=f"{what}: CPU", ours=seconds * 1e3, unit="ms", goal=13, most=10),
    ]


def _renewed(identity: Identity, said: Record) -> Record:
    return records.make(
        public=identity.public,
        sign=identity.sign,
        seq=said.seq + 1,
        network=said.network,
        name=said.name,
        addresses=said.addresses,
        tags=said.tags,
    )


def measure(options: Options) -> list[Figure]:
    """The figures."""
    sizes = options.sizes or ((50, 100) if options.quick else SIZES)
    held = HELD // 10 if options.quick else HELD
    return [*beats(sizes), *messages(), *learning(), *syncing(held)]


if __name__ == "__main__":
    main(measure, __doc__)

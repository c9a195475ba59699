"""
What the peers of a load say of their links to each other: rows that look like those of a network.

They have no such links. Their times are those of twenty racks that stand in a line; a few nodes are
slow to everybody, two racks do not hear each other, and here and there a pair does not, or hears one
way only. All of it follows from the numbers of the peers, so that both ends of a pair agree, and is the
same in each run.
"""

import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias

import msgspec
from attrs import define, field, frozen
from msgspec import UnsetType

from gossip.trust import rows
from gossip.trust.identity import Identity
from gossip.trust.rows import DIGITS, PREFIX, ROOM, Brief, Full, Past, Stretch
from gossip.wire.messages import GetRow, Row, Sealed, Show

RACKS: Final = 20
APART: Final = (1, 2)
"""Racks that do not hear each other."""
A_RACK: Final = 1.5
"""Milliseconds from one rack to the next one."""
SLOW: Final = (333, 7)
"""A node is slow where its number divided by the first leaves the second."""
LATE: Final = 180.0
"""Milliseconds that it takes more than it used to."""
LOST: Final = 0.3
"""Share of its pings that are lost."""
PRIME: Final = 9973
"""Of so many pairs one or two are broken."""
DEAF: Final = (331, 5, 9)
"""Whose number leaves the second does not hear whose number leaves the third."""
HOUR: Final = 3600.0
STRETCH: Final = 30.0
AGENT: Final = "benchmark/1"

Linked: TypeAlias = Callable[[int], bool]

_ENCODE: Final = msgspec.json.Encoder().encode
_KINDS: Final[dict[Show, type[Brief]]] = {"brief": Brief, "full": Full, "past": Past}


def rack(number: int) -> int:
    """Where a peer stands."""
    return number % RACKS


def hears(one: int, other: int) -> bool:
    """Whether the first hears the second, by its own word."""
    if (one * one + other * other) % PRIME == 0:
        return False
    if one % RACKS in APART and other % RACKS in APART and (one - other) % RACKS:
        return False
    each, deaf, heard = DEAF
    return one % each != deaf or other % each != heard


def slow(number: int) -> bool:
    """Whether a peer is slow to all others."""
    each, rest = SLOW
    return number % each == rest


def usual(one: int, other: int) -> float:
    """Milliseconds of a round trip."""
    spread = (one * other * 7919 + (one + other) * 104729) % 1000 / 1000
    return round(0.2 + A_RACK * abs(rack(one) - rack(other)) + 0.4 * spread, 2)


def entry(show: Show, peer: str, one: int, other: int, now: float, *, up: bool) -> Brief:
    """What one says of another; `now` is Unix seconds."""
    head, make = peer[:DIGITS], _KINDS[show]
    members: tuple[Any, ...]
    if up:
        usually, late = usual(one, other), slow(one) or slow(other)
        mean, lost = (round(usually + LATE, 2), LOST) if late else (usually, 0.0)
        if show == "brief":
            return Brief(head, "u", mean, lost)
        pings, side = 720, "d" if one < other else "a"
        trips = (usually, round(2 * mean, 2), 0.1, pings, round(pings * (1 - lost)))
        since = round(now - HOUR, 3)
        members = ("u", mean, lost, since, 0.5, *trips, 90_000, 90_000, side, 0, 0.0, None)
    else:
        mean = 0.0
        gone = (None, None, round(now - HOUR, 3), HOUR, None, None, None, 0, 0, 0, 0, None)
        members = ("d", *gone, 1, None, "s")
    if show == "past":
        members = (*members, _past(now, mean) if up else [])
    return make(head, *members[: len(make.__struct_fields__) - 1])


def _past(now: float, mean: float) -> list[Stretch]:
    begun = round(now - HOUR, 1)
    return [Stretch(begun + STRETCH * i, mean, 2 * mean, 6, 0) for i in range(rows.MOST_STRETCHES)]


@frozen
class Whole:
    """A row without what changes each time it is told: the entries of each part, as they stand there."""

    version: int
    parts: Sequence[bytes]


@define(eq=False)
class Author:
    """One who says it."""

    number: int
    identity: Identity
    _wholes: dict[Show, Whole] = field(factory=dict)

    def sealed(self, show: Show, parts: Sequence[bytes]) -> Iterator[Sealed]:
        """
        A row made of such parts, as of now.

        Only its time changes, so nothing else is encoded again: a matrix of 1,000 nodes would take as
        long to tell as it does to read, on the same machine.
        """
        seq = int(time.time() * 1000)
        for number, entries in enumerate(parts, 1):
            head = {"id": self.identity.id, "seq": seq, "network": "default", "agent": AGENT}
            place = {"show": show, "part": number, "last": number == len(parts)}
            body = _ENCODE({**head, **place, "entries": msgspec.Raw(entries)})
            yield Sealed(body.decode(), b64encode(self.identity.sign(PREFIX + body)).decode())

    def whole(
        self, show: Show, version: int, made: Callable[[], Iterable[Brief]]
    ) -> Sequence[bytes]:
        """The parts of a whole row: those made before, where they are of this version."""
        kept = self._wholes.get(show)
        if kept is None or kept.version != version:
            kept = self._wholes[show] = Whole(version, list(parts(made())))
        return kept.parts


def parts(entries: Iterable[Brief]) -> Iterator[bytes]:
    """Entries as they stand in bodies, as many in one as a node puts there."""
    batch: list[bytes] = []
    size = 0
    for each in map(_ENCODE, entries):
        if batch and size + len(each) + 1 > ROOM:
            yield b"[%s]" % b",".join(batch)
            batch, size = [], 0
        batch.append(each)
        size += len(each) + 1
    yield b"[%s]" % b",".join(batch)


@define(eq=False)
class Tales:
    """What all peers of one process say. They know each other, and the node that they are linked to."""

    linked: Linked
    """Whether the peer of a number has its link: the others have lost whoever has not."""
    _authors: dict[str, Author] = field(factory=dict)
    _node: str = ""
    _version: int = 0

    def add(self, number: int, identity: Identity) -> None:
        """One more peer."""
        self._authors[identity.id] = Author(number, identity)
        self._version += 1

    def met(self, node: str) -> None:
        """The id of the node is known."""
        if node != self._node:
            self._node = node
            self._version += 1

    def changed(self) -> None:
        """A peer has a link, or none any more."""
        self._version += 1

    def answer(self, asked: str, question: GetRow) -> Iterator[Row]:
        """What a peer answers: for itself, or passing on what another one of this process says."""
        name = asked if isinstance(question.author, UnsetType) else question.author
        author = self._authors.get(name)
        if author is None or not self._reaches(asked, author):
            yield Row(question.ask, more=False)
            return
        if isinstance(question.about, UnsetType):
            made = author.whole(
                question.show, self._version, lambda: self._all(question.show, author)
            )
        else:
            made = list(parts(self._entries(question.show, author, question.about)))
        for number, sealed in enumerate(author.sealed(question.show, made), 1):
            yield Row(question.ask, more=number < len(made), sealed=sealed)

    def _reaches(self, asked: str, author: Author) -> bool:
        one = self._authors[asked]
        return one is author or (hears(one.number, author.number) and self.linked(author.number))

    def _all(self, show: Show, author: Author) -> Iterator[Brief]:
        names = (name for name in (self._node, *self._authors) if name)
        return self._entries(show, author, [name for name in names if name != author.identity.id])

    def _entries(self, show: Show, author: Author, about: Iterable[str]) -> Iterator[Brief]:
        now = time.time()
        for name in about:
            other = self._authors.get(name)
            if name == self._node:
                yield entry(show, name, author.number, author.number, now, up=True)
            elif other is None:
                yield _KINDS[show](name[:DIGITS], "n")
            else:
                up = hears(author.number, other.number) and self.linked(other.number)
                yield entry(show, name, author.number, other.number, now, up=up)


def node_id(hello: dict[str, Any]) -> str:
    """The id of the node that said this; empty where it has none, as the yardstick."""
    record = hello.get("record")
    return str(msgspec.json.decode(record["body"])["id"]) if isinstance(record, dict) else ""

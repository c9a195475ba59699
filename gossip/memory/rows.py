"""
Rows of the database to peers and occurrences, and back. Pure.

A byte that flips inside of a text is seen by no check of SQLite: what is not as the schema says is
no row. Whether a record holds is for the mesh to say, which verifies its signature.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

import msgspec
from attrs import field, frozen

from gossip.mesh.memories import Memory
from gossip.mesh.status import Occurrence
from gossip.trust.identity import PeerId
from gossip.wire.messages import Sealed

MOST_OCCURRENCES: Final = 100_000
OLDEST_OCCURRENCE: Final = 90 * 86400.0
"""Seconds for which an occurrence is kept."""

MOST_OF_STRANGERS: Final = MOST_OCCURRENCES // 4
"""They push out each other, and not what became of peers."""

Row: TypeAlias = tuple[Any, ...]

LARGEST_NUMBER: Final = 1 << 53
"""Of an occurrence: what counts up from the time in milliseconds is never there, and JSON goes no further."""

LONGEST_MEMBERS: Final = 65536
"""Characters: 8 times what an event of a peer's name, reason and address takes at most."""

_EVENT = re.compile(r"[a-z_]{1,40}")
_LATEST = 253402300799
"""The end of the year 9999, in Unix seconds: what is later has no date."""

_ID = re.compile(r"[0-9a-f]{64}")
_STATES = ("unmet", "alive", "dead", "left")
LONGEST_BODY: Final = 8192
LONGEST_TEXT: Final = 1024


@frozen(kw_only=True)
class Batch:
    """What is written at once: all of it, or nothing."""

    peers: Mapping[PeerId, Memory | None] = field(factory=dict)
    """None: nothing is remembered of this one any more."""
    own: tuple[PeerId, int] | None = None
    """The node, and the largest `seq` that it used."""
    history: tuple[Occurrence, ...] = ()
    wall: float
    """Unix time, by which what is too old goes."""


def of_memory(memory: Memory) -> Row:
    """The row of a peer."""
    return (
        memory.id,
        memory.sealed.body,
        memory.sealed.signature,
        memory.state,
        memory.first_linked,
        memory.last_linked,
        memory.address,
        int(memory.loopback),
    )


def memory_of(row: Row) -> Memory | None:
    """The peer of a row; None where it is not as the schema says."""
    peer, body, signature, state, first, last, address, loopback = row
    sound = (
        _text(peer, 64)
        and _ID.fullmatch(peer)
        and _text(body, LONGEST_BODY)
        and _text(signature, LONGEST_TEXT)
        and state in _STATES
        and _moment(first)
        and _moment(last)
        and (address is None or _text(address, LONGEST_TEXT))
        and loopback in (0, 1)
    )
    if not sound:
        return None
    return Memory(
        id=PeerId(peer),
        sealed=Sealed(body, signature),
        state=state,
        first_linked=first,
        last_linked=last,
        address=address,
        loopback=bool(loopback),
    )


def of_occurrence(occurrence: Occurrence) -> Row:
    """The row of an occurrence."""
    members = msgspec.json.encode(occurrence.members).decode()
    return (occurrence.number, occurrence.time, occurrence.event, members)


def occurrences_of(rows: Iterable[Row]) -> list[Occurrence]:
    """The occurrences of rows; those that are not as the schema says are left out."""
    found = []
    for number, time, event, text in rows:
        sound = (
            isinstance(event, str)
            and _EVENT.fullmatch(event)
            and _text(text, LONGEST_MEMBERS)
            and _date(time)
        )
        if not sound:
            continue
        try:
            members = msgspec.json.decode(text, type=dict[str, Any])
        except (msgspec.MsgspecError, RecursionError):
            continue
        found.append(Occurrence(number=number, time=time, event=event, members=members))
    return found


def _text(value: object, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest


def _moment(value: object) -> bool:
    return value is None or _date(value)


def _date(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value <= _LATEST

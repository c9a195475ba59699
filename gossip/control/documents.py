"""
Snapshots and events as JSON, in ASCII: nothing in a name can act on a terminal. Pure.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from gossip.mesh.status import Occurrence
from gossip.sight.picture import Matrix

BATCH: Final = 100
"""
Rows of a matrix in one piece: 2 MB in 4 ms where there are 1000 columns.

Its nodes are made so many at a time as well, which takes about as long.
"""


def snapshot(status: Struct) -> dict[str, object]:
    """The object of a snapshot, or of what the whole network shows, member for member."""
    return asdict(status)


def matrix(found: Matrix) -> Iterator[bytes]:
    """The same of a matrix, in pieces: it may have a million pairs."""
    yield b'{"time": %s' % text(found.time)
    yield from _array(b"nodes", found.nodes, text)
    yield from _array(b"links", found.links, text)
    yield from _array(b"rtt_ms", found.rtt_ms, msgspec.json.encode)
    yield from _array(b"lost", found.lost, msgspec.json.encode)
    yield b"}\n"


def event(occurrence: Occurrence) -> dict[str, object]:
    """An event, as `--output json` has it."""
    return {"time": occurrence.time, "event": occurrence.event, **occurrence.members}


def kept(occurrence: Occurrence) -> dict[str, object]:
    """An event of the history: with its number."""
    return {"number": occurrence.number, **event(occurrence)}


def text(document: object) -> bytes:
    """
    A document as it is sent.

    :raises ValueError: there is a number in it that JSON has none for.
    """
    return json.dumps(document, allow_nan=False, default=_plain).encode("ascii")


def _array(
    name: bytes, rows: Sequence[object], written: Callable[[object], bytes]
) -> Iterator[bytes]:
    yield b',\n"%s": [' % name
    for at in range(0, len(rows), BATCH):
        batch = map(written, rows[at : at + BATCH])
        yield (b",\n" if at else b"\n") + b",\n".join(batch)
    yield b"]"


def _plain(value: object) -> object:
    if isinstance(value, Struct):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value)} has no form in JSON")

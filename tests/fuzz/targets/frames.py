"""
Frames: the same for any segmentation.
"""

from collections.abc import Iterable, Iterator

from gossip.wire.errors import RemoteProtocolError
from gossip.wire.frames import HEADER, LONGEST, LONGEST_BEFORE_HELLO, FrameReader
from tests.fuzz import oracles
from tests.fuzz.violation import require

LIMITS = (2, 16, 64, 300, LONGEST_BEFORE_HELLO, LONGEST)
_RAISED = 0x80


def check(data: bytes, reader: type[FrameReader] = FrameReader) -> None:
    """
    Frames and refusals are those of a slow reader however the bytes are cut, and no more is held
    than one frame and one read.

    The first byte picks the limit and whether it is raised after one frame, the second the cuts.
    """
    if len(data) < 2:
        return
    limit = LIMITS[data[0] % len(LIMITS)]
    after = LONGEST if data[0] & _RAISED else limit
    stream = data[2:]
    expected = oracles.frames(stream, lambda place: after if place else limit)
    whole = _read(reader(limit), after, (stream,))
    require(whole == expected, "the frames of a whole stream are what they should be")
    cut = _read(reader(limit), after, pieces(stream, data[1]))
    require(cut == expected, "the frames of a stream in pieces are those of the whole")


def _read(reader: FrameReader, after: int, stream: Iterable[bytes]) -> tuple[list[bytes], bool]:
    found: list[bytes] = []
    for piece in stream:
        reader.feed(piece)
        try:
            while (frame := reader.maybe_frame()) is not None:
                found.append(frame)
                reader.limit = after
        except RemoteProtocolError:
            return found, True
        require(len(reader) < HEADER.size + reader.limit, "less than one frame is held")
    return found, False


def pieces(stream: bytes, seed: int, count: int = 16) -> Iterator[bytes]:
    """Cut into some `count` pieces, or into single bytes where there are few."""
    most = 1 + 2 * len(stream) // count
    at = 0
    while at < len(stream):
        seed = (seed * 69069 + 12345) & 0xFFFF
        size = 1 + (seed >> 4) % most
        yield stream[at : at + size]
        at += size

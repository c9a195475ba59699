"""
How many TLS records a peer may send, and where they begin in what it sends. Pure.

A record is a header of 5 bytes, of which the last two are the length of what follows (RFC 8446
§5.1). What is inside cannot be seen, and need not be: a key update and a byte of a frame cost us
about the same.
"""

from typing import Final

from attrs import define

from gossip.wire.bucket import Rate

_HEADER: Final = 5


STRANGER: Final = Rate(20.0, 64)
"""Until the peer is admitted. A handshake takes ten records, and a `hello` at most sixteen of the
thousand bytes with which some begin; 128 strangers together stay below a tenth of a core."""

LINKED: Final = Rate(1000.0, 5000)
"""For a link. Five times the frames that a peer may send: the longest frame takes five full
records, and whoever writes length and body apart sends two for a short one."""


@define(eq=False, repr=False)
class RecordReader:
    """Finds where records begin in a stream that comes in pieces."""

    _rest: int = 0
    """Bytes that are missing of the record under way."""
    _header: bytes = b""
    """The part of a header that has come."""

    def take(self, data: bytes, most: int) -> tuple[int, int]:
        """How many bytes may pass if `most` records may begin in them, and how many do."""
        size, at, begun = len(data), 0, 0
        fresh = most and not self._rest and not self._header and size > _HEADER
        # Nearly always what comes is one whole record, which is seen at once.
        if fresh and size == _HEADER + (data[3] << 8 | data[4]):
            return size, 1
        while True:
            step = min(self._rest, size - at)
            self._rest -= step
            at += step
            if at == size:
                return at, begun
            if not self._header:
                if begun == most:
                    return at, begun
                begun += 1
            piece = data[at : at + _HEADER - len(self._header)]
            at += len(piece)
            self._header += piece
            if len(self._header) == _HEADER:
                self._rest = self._header[3] << 8 | self._header[4]
                self._header = b""

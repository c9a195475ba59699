"""
Frames: a 4-byte big-endian length, then that many bytes (PROTOCOL §2).

The reader holds what came until it is a whole frame, and refuses a length that is out of bounds
from its four bytes alone, so that nobody can make it hold more than one frame and one read.
"""

from struct import Struct

from gossip.wire.errors import LocalProtocolError, RemoteProtocolError

HEADER = Struct("!I")
SHORTEST = 2
LONGEST = 65536
LONGEST_BEFORE_HELLO = 16384


def serialize(body: bytes) -> bytes:
    """
    The frame that carries `body`.

    :raises LocalProtocolError: no frame may have this length.
    """
    if not SHORTEST <= len(body) <= LONGEST:
        raise LocalProtocolError(f"a frame of {len(body)} bytes cannot be sent")
    return HEADER.pack(len(body)) + body


class FrameReader:
    """Bytes in, frames out. `limit` may be raised while frames come in."""

    def __init__(self, limit: int = LONGEST_BEFORE_HELLO) -> None:
        self.limit = limit
        self._buffer = b""
        self._start = 0

    def __len__(self) -> int:
        """How many bytes are held that no frame has taken yet."""
        return len(self._buffer) - self._start

    def feed(self, data: bytes) -> None:
        """Take what the transport delivered."""
        # Nearly always nothing is left over, and then nothing is copied or held between two reads.
        self._buffer = self._buffer[self._start :] + data if self else data
        self._start = 0

    def maybe_frame(self) -> bytes | None:
        """
        The next whole frame's body, or None while there is none.

        :raises RemoteProtocolError: the length that is announced is out of bounds.
        """
        buffer, begin = self._buffer, self._start + HEADER.size
        if len(buffer) < begin:
            return None
        (length,) = HEADER.unpack_from(buffer, self._start)
        if not SHORTEST <= length <= self.limit:
            raise RemoteProtocolError(
                f"a frame of {length} bytes was announced, {SHORTEST} to {self.limit} are allowed"
            )
        end = begin + length
        if len(buffer) < end:
            return None
        if end == len(buffer):
            self._buffer, self._start = b"", 0
        else:
            self._start = end
        return buffer[begin:end]

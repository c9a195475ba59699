"""
What peers say to each other: one frozen class a message (PROTOCOL §3 and §5).

`parse` and `serialize` go between a frame's body and a message; what a type cannot say, a class
checks in `check`. A type that this version does not know becomes `Unknown`.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from ipaddress import ip_address
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from gossip.wire import frames, plain
from gossip.wire.errors import RemoteProtocolError

BUCKETS = 256
BUCKET_BYTES = 8

ANSWER = 12288
"""Bytes of records in one frame of an answer. Heartbeats wait behind it: on a line of 1 Mbit/s a tenth
of a second, where the longest frame would take half of one for each link that asks."""

ROWS: Final = "rows"
"""In `features`: the sender tells its row, and asks for others (PROTOCOL, rows)."""

MOST_ABOUT = 16
"""Peers about whom one question for a row may be."""

Hex16 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{16}\Z")]
Interval = Annotated[float, Meta(ge=0.05, le=60)]
Period = Annotated[float, Meta(ge=0.05, le=86400)]
Hex64 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
PingNumber = Annotated[int, Meta(ge=1, le=plain.LARGEST_INTEGER)]
AskNumber = Annotated[int, Meta(ge=1, le=plain.LARGEST_INTEGER)]
Show: TypeAlias = Literal["brief", "full", "past"]
Text = Annotated[str, Meta(max_length=1024)]
NetworkName = Annotated[str, Meta(min_length=1, max_length=64)]


@lru_cache(maxsize=64)
def _is_address(text: str) -> bool:
    # Most peers see this node at the same one.
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


class Sealed(Struct, frozen=True):
    """A record as it travels: the JSON text, and its subject's signature in base64 (PROTOCOL §6)."""

    body: str
    signature: str


class Hello(Struct, frozen=True, kw_only=True):
    """The first message of each side; the peer's is what admits it."""

    type: ClassVar[str] = "hello"
    network: NetworkName
    instance: Hex16
    record: Sealed
    observed: str
    agent: Annotated[str, Meta(max_length=64)]
    period: Period
    heartbeat: Interval
    time: float
    view: Hex16
    features: list[str]
    invite: str | UnsetType = UNSET

    def __repr__(self) -> str:
        """All but the invite, which is a secret."""
        return plain.shown(self, hidden=("invite",))

    def check(self) -> None:
        """:raises RemoteProtocolError: `observed` is no IP address."""
        if not _is_address(self.observed):
            raise RemoteProtocolError("hello: observed is not an IP address")


class Ping(Struct, frozen=True):
    """Sent to every linked peer each period."""

    type: ClassVar[str] = "ping"
    seq: PingNumber
    text: Text

    def check(self) -> None:
        """Nothing beyond its types."""


class Pong(Struct, frozen=True):
    """The answer to the ping of the same number."""

    type: ClassVar[str] = "pong"
    seq: PingNumber

    def check(self) -> None:
        """Nothing beyond its types."""


class Heartbeat(Struct, frozen=True):
    """Sent when nothing else was for one heartbeat; may carry a new promise."""

    type: ClassVar[str] = "heartbeat"
    view: Hex16
    heartbeat: Interval | UnsetType = UNSET

    def check(self) -> None:
        """Nothing beyond its types."""


class GetPeers(Struct, frozen=True):
    """Asks for records: all of them, or those in buckets that differ (PROTOCOL §7)."""

    type: ClassVar[str] = "get_peers"
    buckets: str | UnsetType = UNSET

    def check(self) -> None:
        """:raises RemoteProtocolError: `buckets` is not base64 of 256 x 8 bytes."""
        self.bucket_bytes()

    def bucket_bytes(self) -> bytes | None:
        """The 256 x 8 bytes of `buckets`, or None where all records are asked for."""
        if isinstance(self.buckets, UnsetType):
            return None
        try:
            raw = plain.bytes_of(self.buckets)
        except ValueError:
            raw = b""
        if len(raw) != BUCKETS * BUCKET_BYTES:
            raise RemoteProtocolError("get_peers: buckets is not base64 of 2048 bytes")
        return raw


class Peers(Struct, frozen=True):
    """Records, in answer or unasked; `more` says that another frame of the answer follows."""

    type: ClassVar[str] = "peers"
    records: list[Sealed]
    more: bool

    def check(self) -> None:
        """Nothing here: each record is judged alone (PROTOCOL §6)."""


class GetRow(Struct, frozen=True):
    """Asks for the row of the receiver, or for that of one to whom it has a link."""

    type: ClassVar[str] = "get_row"
    ask: AskNumber
    show: Show
    author: Hex64 | UnsetType = UNSET
    about: Annotated[list[Hex64], Meta(max_length=MOST_ABOUT)] | UnsetType = UNSET
    probe: bool | UnsetType = UNSET

    def check(self) -> None:
        """:raises RemoteProtocolError: it asks about all for what is told of a few only."""
        if isinstance(self.about, UnsetType):
            if self.show == "past":
                raise RemoteProtocolError("get_row: show is past, and about is missing")
            if self.probe is True:
                raise RemoteProtocolError("get_row: probe is true, and about is missing")


class Row(Struct, frozen=True):
    """A part of the row that was asked for; without one it cannot be had."""

    type: ClassVar[str] = "row"
    ask: AskNumber
    more: bool
    sealed: Sealed | UnsetType = UNSET

    def check(self) -> None:
        """Nothing here: what is sealed is judged by whoever asked for it."""


class Bye(Struct, frozen=True):
    """The last frame before closing."""

    type: ClassVar[str] = "bye"
    code: str
    reason: Text
    record: Sealed | UnsetType = UNSET

    def check(self) -> None:
        """Nothing beyond its types: an unknown code is a plain farewell."""


class Unknown(Struct, frozen=True):
    """A message of a type that this version does not know."""

    type: str


Message: TypeAlias = Hello | Ping | Pong | Heartbeat | GetPeers | Peers | GetRow | Row | Bye

KINDS: dict[str, type[Message]] = {
    kind.type: kind for kind in (Hello, Ping, Pong, Heartbeat, GetPeers, Peers, GetRow, Row, Bye)
}

# By name, whatever their order in a class: what is on the wire does not hang on that.
_ENCODE: Final = msgspec.json.Encoder(order="sorted").encode

_OPENING: Final[dict[type[Message], bytes]] = {
    kind: b'{"type":"%s",' % kind.type.encode() for kind in KINDS.values()
}
_DECODE: Final[dict[bytes, Callable[[bytes], Message]]] = {
    _OPENING[kind][:-1]: msgspec.json.Decoder(kind).decode for kind in KINDS.values()
}


def parse(body: bytes) -> Message | Unknown:
    """
    The message in a frame's body.

    :raises RemoteProtocolError: not acceptable JSON, no `type`, or a known type whose members are
        missing, of the wrong type or out of range.
    """
    message = _parse_as_written(body)
    return _parse_any(body) if message is None else message


def serialize(message: Message) -> bytes:
    """
    The whole frame that carries `message`.

    :raises LocalProtocolError: it does not fit in a frame.
    """
    opening, members = _OPENING[type(message)], _ENCODE(message)
    body = opening + members[1:] if members != b"{}" else opening[:-1] + b"}"
    return frames.serialize(body)


def answer(records: Iterable[Sealed]) -> Iterator[Peers]:
    """
    The records as one `peers` message or more, each of about `ANSWER` bytes, or of one record.

    Lazy: the next one is made when it is taken, so that a slow reader costs no memory.
    """
    batch: list[Sealed] = []
    size = 0
    for sealed in records:
        length = len(_ENCODE(sealed)) + 1
        if batch and size + length > ANSWER:
            yield Peers(batch, more=True)
            batch, size = [], 0
        batch.append(sealed)
        size += length
    yield Peers(batch, more=False)


def _parse_as_written(body: bytes) -> Message | None:
    """The message in a body that is to the byte as we would have written it: a third of the cost."""
    opening, _, rest = body.partition(b",")
    decode = _DECODE.get(opening)
    if decode is None:
        return None
    members = b"{" + rest
    try:
        message = decode(members)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    # So written it keeps every rule of PROTOCOL §2, also those that the decoder does not know, and
    # holds no member that it skipped. With no member at all, what we cut off ended in a comma.
    if _ENCODE(message) != members or members == b"{}":
        return None
    message.check()
    return message


def _parse_any(body: bytes) -> Message | Unknown:
    value = plain.load_object(body)
    name = value.get("type")
    if type(name) is not str:
        raise RemoteProtocolError("type is missing or not a string")
    kind = KINDS.get(name)
    if kind is None:
        return Unknown(name)
    message = plain.into(kind, value, name)
    message.check()
    return message

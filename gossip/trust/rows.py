"""
Sealed rows: what a node says of its links, signed, so that others can only pass it on (PROTOCOL, rows).

A row comes in parts, each sealed by itself. `read` looks at what a part says, which is cheap; `verify`
checks that its author said it. What a row says is its author's view: it proves nothing about others.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from gossip.trust import signing
from gossip.trust.identity import KeyRefused, PeerId, load_public_key, peer_id
from gossip.wire import plain
from gossip.wire.errors import RemoteProtocolError
from gossip.wire.messages import ANSWER, Hex16, Hex64, NetworkName, Sealed, Show

PREFIX: Final = b"p2p-gossip/1 row\n"

LONGEST_BODY: Final = 16384
"""Bytes of one part. We make them of `ANSWER` at most: what an entry takes more is for other programs."""

DIGITS: Final = 16
"""Of a peer's id, in an entry: two of them agree in so many only where somebody spent 2^64 keys on it."""

MOST_STRETCHES: Final = 120
"""Of the past of one link: an hour."""

State: TypeAlias = Literal["u", "q", "d", "l", "n"]
"""`u` the link is up; `q` it is, but a probe was not answered in time; `d` it is down; `l` the peer left;
`n` they never met."""

Ended: TypeAlias = Literal["s", "c"]

_Ms = Annotated[float, Meta(ge=0, le=1e9)]
_Share = Annotated[float, Meta(ge=0, le=1)]
_Moment = Annotated[float, Meta(ge=0, le=1e12)]
_Count = Annotated[int, Meta(ge=0, le=plain.LARGEST_INTEGER)]
_Skew = Annotated[float, Meta(ge=-1e12, le=1e12)]


class RowRefused(Exception):
    """This is not what was asked for; the text says why."""


class Brief(msgspec.Struct, array_like=True, frozen=True):
    """One entry: what the author says of its link to one peer. An array on the wire."""

    peer: Hex16
    state: State
    rtt: _Ms | None = None
    """Mean round trip in milliseconds."""
    lost: _Share | None = None
    """Share of the pings of the last five minutes that were not answered."""


class Full(Brief, array_like=True, frozen=True):
    """The same with all that is known now."""

    since: _Moment | None = None
    """Unix seconds, by the author's clock, at which the link came up or was lost."""
    quiet: _Moment | None = None
    """Seconds since the peer was heard last."""
    p50: _Ms | None = None
    p99: _Ms | None = None
    jitter: _Ms | None = None
    pings: _Count = 0
    answered: _Count = 0
    bytes_in: _Count = 0
    bytes_out: _Count = 0
    dialed: Literal["d", "a"] | None = None
    """Whether the author dialed, or accepted."""
    losses: _Count = 0
    """How often it lost this peer within the last hour."""
    skew: _Skew | None = None
    """Seconds by which the peer's clock is ahead of the author's, as its `hello` had it."""
    ended: Ended | None = None
    """How the last link was lost: `s` the peer was silent, `c` its end closed it."""


class Stretch(msgspec.Struct, array_like=True, frozen=True):
    """The pings of 30 s at most."""

    since: _Moment
    mean: _Ms | None
    worst: _Ms | None
    pings: _Count
    lost: _Count


class Past(Full, array_like=True, frozen=True):
    """The same with the pings of the last hour."""

    past: Annotated[list[Stretch], Meta(max_length=MOST_STRETCHES)] = []


Entry: TypeAlias = Brief


class _Body(msgspec.Struct, frozen=True):
    id: Hex64
    seq: Annotated[int, Meta(ge=0, le=plain.LARGEST_INTEGER)]
    network: NetworkName
    agent: Annotated[str, Meta(max_length=64)]
    show: Show
    part: Annotated[int, Meta(ge=1, le=plain.LARGEST_INTEGER)]
    last: bool


class _BriefBody(_Body, frozen=True):
    entries: list[Brief]


class _FullBody(_Body, frozen=True):
    entries: list[Full]


class _PastBody(_Body, frozen=True):
    entries: list[Past]


_BODIES: Final[dict[str, type[Any]]] = {"brief": _BriefBody, "full": _FullBody, "past": _PastBody}
_DECODE: Final = {show: msgspec.json.Decoder(kind).decode for show, kind in _BODIES.items()}
_ENCODE: Final = msgspec.json.Encoder().encode


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a row."""

    id: PeerId
    """Of the author."""
    seq: int
    """Unix milliseconds at which the row was made, by the author's clock; the same in all its parts."""
    network: str
    agent: str
    show: Show
    part: int
    """Its number, from 1."""
    last: bool
    entries: Sequence[Entry]
    sealed: Sealed

    def __repr__(self) -> str:
        """Which part it is, without the thousands of entries that it may have."""
        return plain.shown(self, hidden=("entries", "sealed"))


def read(sealed: Sealed, show: Show) -> Part:
    """
    What a part of a row says, that was asked for so. Nothing is verified yet.

    :raises RowRefused: it is not one.
    """
    raw = sealed.body.encode()
    if len(raw) > LONGEST_BODY:
        raise RowRefused(f"a part of {len(raw)} bytes is longer than {LONGEST_BODY}")
    body = _as_we_write(raw, show)
    if body is None:
        try:
            body = plain.into(_BODIES[show], plain.load_object(raw), "row")
        except RemoteProtocolError as error:
            raise RowRefused(str(error)) from None
    if body.show != show:
        raise RowRefused(f"row: show is {body.show}, and not {show}")
    return _part(body, sealed)


def verify(part: Part, key: str) -> None:
    """
    Check that the author made it; `key` is that of its record.

    :raises RowRefused: its id, this key and the signature do not belong together.
    """
    try:
        spki, signature = plain.bytes_of(key), plain.bytes_of(part.sealed.signature)
        public = load_public_key(spki)
    except (ValueError, KeyRefused):
        raise RowRefused("its key or signature cannot be read") from None
    if peer_id(spki) != part.id:
        raise RowRefused("its author has another key")
    if not signing.holds(public, signature, PREFIX + part.sealed.body.encode()):
        raise RowRefused("its signature is not that of its author")


def make(
    *,
    author: PeerId,
    sign: Callable[[bytes], bytes],
    seq: int,
    network: str,
    agent: str,
    show: Show,
    part: int,
    last: bool,
    entries: Sequence[Entry],
) -> Part:
    """Make and sign a part."""
    body = _BODIES[show](
        id=author,
        seq=seq,
        network=network,
        agent=agent,
        show=show,
        part=part,
        last=last,
        entries=list(entries),
    )
    raw = _ENCODE(body)
    return _part(body, Sealed(raw.decode(), b64encode(sign(PREFIX + raw)).decode()))


def length(entry: Entry) -> int:
    """Bytes that an entry takes in a body."""
    return len(_ENCODE(entry)) + 1


ROOM: Final = ANSWER - 2048
"""Bytes of entries in one part: what stands around them, and the escapes of a frame, take the rest."""


def _as_we_write(raw: bytes, show: Show) -> Any:
    # What is to the byte as we would have said it keeps every rule of PROTOCOL §2, also those that
    # this decoder does not know; a whole matrix is read four times as fast.
    try:
        body = _DECODE[show](raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return body if _ENCODE(body) == raw else None


def _part(body: Any, sealed: Sealed) -> Part:
    return Part(
        id=PeerId(body.id),
        seq=body.seq,
        network=body.network,
        agent=body.agent,
        show=body.show,
        part=body.part,
        last=body.last,
        entries=body.entries,
        sealed=sealed,
    )

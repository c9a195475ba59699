"""
Sealed records: what a node says of itself, signed, so that others can only pass it on (PROTOCOL §6).

`read` looks at what a record says, which is cheap; `verify` checks that its subject said it, which
is not, and is done only for a record that would be kept.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from gossip.trust import signing
from gossip.trust.identity import KeyRefused, PeerId, load_public_key, peer_id
from gossip.wire import plain
from gossip.wire.errors import RemoteProtocolError
from gossip.wire.messages import NetworkName, Sealed

PREFIX = b"p2p-gossip/1 record\n"
LONGEST_BODY = 8192
LONGEST_TAGS = 4096
MOST_ADDRESSES = 8
LONGEST_ADDRESS = 255
LONGEST_NAME = 64
DEFAULT_TTL = 259200.0
FURTHEST_AHEAD = 86400.0
"""Seconds by which a record may have been made in the future: clocks differ, but not by a day."""

State = Literal["alive", "left"]


class RecordRefused(Exception):
    """This record does not count; the text says why."""


class NotForNow(RecordRefused):
    """It may count another time: in another network, or when the clock of this machine is right."""


class NotYet(NotForNow):
    """It was made in the future, as the clock of this machine has it."""


class RecordForged(RecordRefused):
    """No honest peer passes on a record like this: it is malformed, or not its subject's."""


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    id: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
    key: str
    seq: Annotated[int, Meta(ge=0, le=plain.LARGEST_INTEGER)]
    network: NetworkName
    name: Annotated[str, Meta(max_length=LONGEST_NAME)]
    addresses: Annotated[
        list[Annotated[str, Meta(max_length=LONGEST_ADDRESS)]], Meta(max_length=MOST_ADDRESSES)
    ]
    tags: dict[str, str]
    state: State
    ttl: Annotated[float, Meta(ge=60, le=2592000)]


# By name, whatever their order in a class: what is on the wire does not hang on that.
_ENCODE: Final = msgspec.json.Encoder(order="sorted").encode
_DECODE: Final = msgspec.json.Decoder(_Body).decode


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What a node says of itself."""

    id: PeerId
    seq: int
    """Unix milliseconds when it was made; of two records the larger one counts."""
    network: str
    name: str
    addresses: tuple[str, ...]
    tags: Mapping[str, str]
    state: State
    ttl: float
    """Seconds after `seq` for which it holds."""
    key: str
    sealed: Sealed
    digest: int
    """First 8 bytes of the SHA-256 of the body: its part in the view (PROTOCOL §7)."""

    def __hash__(self) -> int:
        """That of what was sealed, and the same in each run."""
        return self.digest

    def __repr__(self) -> str:
        """What it says, and not how it was sealed."""
        return plain.shown(self, hidden=("key", "sealed", "digest"))

    def expires_at(self) -> float:
        """Unix time from which it no longer holds."""
        return self.seq / 1000 + self.ttl


def read(sealed: Sealed) -> Record:
    """
    What a sealed record says. Nothing is verified yet.

    :raises RecordForged: it is not a record.
    """
    raw = sealed.body.encode()
    if len(raw) > LONGEST_BODY:
        raise RecordForged(f"a record of {len(raw)} bytes is longer than {LONGEST_BODY}")
    body = _read_as_made(raw) or _read_any(raw)
    if len(_ENCODE(body.tags)) > LONGEST_TAGS:
        raise RecordForged(f"its tags are longer than {LONGEST_TAGS} bytes")
    return _record(body, sealed, raw)


def verify(record: Record) -> None:
    """
    Check that the subject made the record.

    :raises RecordForged: its id, key and signature do not belong together.
    """
    try:
        spki = plain.bytes_of(record.key)
        signature = plain.bytes_of(record.sealed.signature)
    except ValueError:
        raise RecordForged("its key or signature is not base64") from None
    if peer_id(spki) != record.id:
        raise RecordForged("its id is not that of its key")
    try:
        key = load_public_key(spki)
    except KeyRefused as error:
        raise RecordForged(str(error)) from None
    if not signing.holds(key, signature, PREFIX + record.sealed.body.encode()):
        raise RecordForged("its signature is not that of its key")


def judge(record: Record, network: str, wall: float) -> None:
    """
    Check that a record is for us and for now; `wall` is Unix time.

    :raises NotForNow: it is of another network.
    :raises NotYet: it was made too far ahead.
    :raises RecordRefused: it has expired.
    """
    if record.network != network:
        raise NotForNow("it is of another network")
    if record.seq / 1000 > wall + FURTHEST_AHEAD:
        raise NotYet("it was made more than a day in the future")
    if record.expires_at() <= wall:
        raise RecordRefused("it has expired")


def make(
    *,
    public: bytes,
    sign: Callable[[bytes], bytes],
    seq: int,
    network: str,
    name: str,
    addresses: tuple[str, ...],
    tags: Mapping[str, str],
    state: State = "alive",
    ttl: float = DEFAULT_TTL,
) -> Record:
    """Make and sign a record of the node with this public key (canonical DER)."""
    body = _Body(
        id=peer_id(public),
        key=b64encode(public).decode(),
        seq=seq,
        network=network,
        name=name,
        addresses=list(addresses),
        tags=dict(tags),
        state=state,
        ttl=ttl,
    )
    raw = _ENCODE(body)
    return _record(body, Sealed(raw.decode(), b64encode(sign(PREFIX + raw)).decode()), raw)


def _read_as_made(raw: bytes) -> _Body | None:
    """What a body says that is to the byte as `make` would have made it: half of the cost."""
    try:
        body = _DECODE(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    # So it keeps every rule of PROTOCOL §2: see `wire.messages`.
    return body if _ENCODE(body) == raw else None


def _read_any(raw: bytes) -> _Body:
    try:
        return plain.into(_Body, plain.load_object(raw), "record")
    except RemoteProtocolError as error:
        raise RecordForged(str(error)) from None


def _record(body: _Body, sealed: Sealed, raw: bytes) -> Record:
    return Record(
        id=PeerId(body.id),
        seq=body.seq,
        network=body.network,
        name=body.name,
        addresses=tuple(body.addresses),
        tags=body.tags,
        state=body.state,
        ttl=body.ttl,
        key=body.key,
        sealed=sealed,
        digest=int.from_bytes(sha256(raw).digest()[:8], "big"),
    )

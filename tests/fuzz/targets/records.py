"""
Records: only their subjects can make them.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Final
from zlib import crc32

from gossip.trust import records
from gossip.trust.records import Record, RecordRefused
from gossip.wire import messages
from gossip.wire.frames import HEADER
from gossip.wire.messages import Peers, Sealed
from tests.fuzz import oracles
from tests.fuzz.violation import require

NETWORK: Final = "example"
WALL: Final = 1767225700.0
"""When the records of the protocol's vectors are young."""


def check(
    data: bytes,
    read: Callable[[Sealed], Record] = records.read,
    verify: Callable[[Record], None] = records.verify,
    judge: Callable[[Record, str, float], None] = records.judge,
) -> None:
    """
    A record is refused, or it is its key's, survives the wire, and no other byte of it would do.

    The first line is the signature in base64, and the rest the body.
    """
    signature, _, body = data.partition(b"\n")
    sealed = Sealed(body.decode("utf-8", "replace"), signature.decode("utf-8", "replace"))
    record = _held(sealed, read, verify)
    _require_right(sealed, read, held=record is not None)
    if record is None:
        return
    try:
        judge(record, NETWORK, WALL)
    except RecordRefused:
        pass
    else:
        require(record.network == NETWORK, "a record that counts is of this network")
        require(record.expires_at() > WALL, "a record that counts has not expired")
        require(record.seq / 1000 <= WALL + 86400, "a record that counts is not of the future")
    passed_on = messages.parse(messages.serialize(Peers([sealed], more=False))[HEADER.size :])
    require(passed_on == Peers([sealed], more=False), "a record is passed on as it is")
    require(read(sealed) == record, "a record is read the same twice")
    raw = sealed.body.encode()
    other = Sealed(changed(raw).decode("utf-8", "replace"), sealed.signature)
    require(_held(other, read, verify) is None, "no byte of a body can be another one")
    forged = b64encode(changed(b64decode(sealed.signature))).decode()
    other = Sealed(sealed.body, forged)
    require(_held(other, read, verify) is None, "no byte of a signature can be another one")


def _held(
    sealed: Sealed, read: Callable[[Sealed], Record], verify: Callable[[Record], None]
) -> Record | None:
    try:
        record = read(sealed)
        verify(record)
    except RecordRefused as error:
        require(str(error).isprintable(), "what is refused cannot act where the reason is shown")
        return None
    return record


def _require_right(sealed: Sealed, read: Callable[[Sealed], Record], *, held: bool) -> None:
    """A second opinion on who signed it."""
    try:
        said = read(sealed)
        signed = oracles.is_signed(said.id, said.key, sealed.signature, sealed.body.encode())
    except RecordRefused:
        return
    require(signed or not held, "a record that its subject did not sign is refused")
    require(held or not signed, "a record that its subject signed holds")


def changed(data: bytes) -> bytes:
    """The same with one bit of it turned, by the data itself which one."""
    if not data:
        return b"\0"
    at = crc32(data) % (8 * len(data))
    other = bytearray(data)
    other[at // 8] ^= 1 << at % 8
    return bytes(other)

"""
JSON as PROTOCOL §2 wants it, stricter than RFC 8259 and the same on every runtime.

Finite numbers, integers of 53 bits, no lone surrogates, no name twice in one object, 32 levels at
most, one value and nothing after it.
"""

from base64 import b64decode, b64encode
from collections.abc import Container
from math import isfinite
from typing import Any, Final, TypeVar

import msgspec

from gossip.wire.errors import RemoteProtocolError

T = TypeVar("T")

DEEPEST = 32
LARGEST_INTEGER = 2**53 - 1

# By itself it refuses 1e999 without a word about where; so it becomes infinite, and is found below.
_DECODER: Final = msgspec.json.Decoder(float_hook=float)


def load_object(data: bytes) -> dict[str, Any]:
    """
    Parse one JSON object.

    :raises RemoteProtocolError: it is not JSON, not an object, or breaks a rule of PROTOCOL §2.
    """
    try:
        value = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RemoteProtocolError(f"not acceptable JSON: {error}") from None
    if type(value) is not dict:
        raise RemoteProtocolError("not a JSON object")
    members = len(value) + sum(_check(name, member) for name, member in value.items())
    if members != _members_written(data):
        raise RemoteProtocolError("not acceptable JSON: a name comes twice in one object")
    return value


def into(kind: type[T], value: dict[str, Any], what: str) -> T:
    """
    Make a `kind` (an attrs class) of a loaded object; members that it does not have are ignored.

    :raises RemoteProtocolError: a member is missing, of the wrong type, or out of range; names it.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise RemoteProtocolError(f"{what}: {error}") from None


def bytes_of(text: str) -> bytes:
    """
    The bytes of which `text` is the base64: of several spellings only the one that encoders write.

    Others are refused, as RFC 4648 §3.5 allows: which of them the decoder takes differs by the
    version of Python, and a record must not be valid on one node and forged on another.

    :raises ValueError: it is not base64, or not spelled so.
    """
    raw = b64decode(text)
    if b64encode(raw).decode() != text:
        raise ValueError("not the base64 that an encoder writes")
    return raw


def shown(value: msgspec.Struct, *, hidden: Container[str]) -> str:
    """How a Struct shows itself that has members which are secret, or too long to be of use."""
    names = (name for name in value.__struct_fields__ if name not in hidden)
    members = ", ".join(f"{name}={getattr(value, name)!r}" for name in names)
    return f"{type(value).__name__}({members})"


def _members_written(data: bytes) -> int:
    """
    How many members all objects in `data`, which is JSON, have together.

    The decoder keeps the last of those of one name (RFC 7493 §2.3 forbids them) without a word,
    and has seen by then whatever the others held.
    """
    # Without escapes all quotation marks are those around strings, and each other part is between
    # two strings; there each member has its colon. Blanks of the same length are put in fastest.
    outside = data.replace(rb"\\", b"  ").replace(rb"\"", b"  ").split(b'"')[::2]
    return b"".join(outside).count(b":")


def _check(name: str, member: Any) -> int:
    """Look at all that is in a member of this name; how many members are in it in turn."""
    members = 0
    level: list[Any] = [[member]]
    for _ in range(DEEPEST):
        deeper: list[Any] = []
        for container in level:
            items = container
            if type(container) is dict:
                members += len(container)
                items = container.values()
            for item in items:
                kind = type(item)
                if kind is dict or kind is list:
                    deeper.append(item)
                elif kind is int and not -LARGEST_INTEGER <= item <= LARGEST_INTEGER:
                    raise RemoteProtocolError(f"{_shown(name)}: an integer does not fit in 53 bits")
                elif kind is float and not isfinite(item):
                    raise RemoteProtocolError(f"{_shown(name)}: a number is not finite")
        if not deeper:
            return members
        level = deeper
    raise RemoteProtocolError(f"{_shown(name)}: nested more than {DEEPEST} deep")


def _shown(name: str) -> str:
    # It goes into reasons, which are logged wherever this runs: nothing in it may act there.
    return name if name.isascii() and name.isprintable() else ascii(name)[1:-1]

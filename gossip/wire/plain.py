"""
JSON as PROTOCOL §2 wants it, stricter than RFC 8259 and the same on every runtime.

Finite numbers, integers of 53 bits, no lone surrogates, 32 levels at most, one value and nothing
after it. Where a name comes twice in one object, the last one counts.
"""

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
    for name, member in value.items():
        _check(name, member)
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


def _check(name: str, member: Any) -> None:
    level: list[Any] = [[member]]
    for _ in range(DEEPEST):
        deeper: list[Any] = []
        for container in level:
            for item in container.values() if type(container) is dict else container:
                kind = type(item)
                if kind is dict or kind is list:
                    deeper.append(item)
                elif kind is int and not -LARGEST_INTEGER <= item <= LARGEST_INTEGER:
                    raise RemoteProtocolError(f"{_shown(name)}: an integer does not fit in 53 bits")
                elif kind is float and not isfinite(item):
                    raise RemoteProtocolError(f"{_shown(name)}: a number is not finite")
        if not deeper:
            return
        level = deeper
    raise RemoteProtocolError(f"{_shown(name)}: nested more than {DEEPEST} deep")


def _shown(name: str) -> str:
    # It goes into reasons, which are logged wherever this runs: nothing in it may act there.
    return name if name.isascii() and name.isprintable() else ascii(name)[1:-1]

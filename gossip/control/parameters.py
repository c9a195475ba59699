"""
What comes with a request, checked: its query, its body, and the peer in its path. Pure.
"""

from typing import Annotated, Final, Literal, TypeVar, get_origin
from urllib.parse import parse_qsl, unquote

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from gossip.control.problems import Problem

NEWEST: Final = (1 << 63) - 1
"""No event has a greater number: SQLite counts to here."""

LONGEST_HISTORY: Final = 10_000
"""Events in one answer: 3 MB."""

_PARAMETERS: Final = 256
"""In one query: many tags, and no more than fit a request line anyway."""

_DIGITS: Final = 19
"""Of `NEWEST`."""

_Text = str | UnsetType
_Number = Annotated[int, Meta(ge=0, le=NEWEST)]
_State = Literal["alive", "dead", "unreachable", "left", "unmet"]
_Tag = Annotated[str, Meta(pattern="^[^=]+=")]


class NoQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Of the routes that take none."""


class PeersQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Of `GET /v1/peers`: one of the states, the name, and all of the tags."""

    state: tuple[_State, ...] = ()
    name: _Text = UNSET
    tag: tuple[_Tag, ...] = ()


class HistoryQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Of `GET /v1/history`."""

    limit: Annotated[int, Meta(ge=1, le=LONGEST_HISTORY)] = 100
    after: _Number = -1
    """-1: the newest are asked for, not the oldest after a number."""
    before: _Number = NEWEST
    event: tuple[str, ...] = ()


class EventsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Of `GET /v1/events`."""

    after: _Number = -1
    """-1: only what happens from now on."""


class NoBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Of the requests that need none."""


class ConnectBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Of `POST /v1/connections`."""

    address: Annotated[str, Meta(min_length=1, max_length=512)]


Shape = TypeVar("Shape", bound=Struct)


def query(target: bytes, shape: type[Shape]) -> Shape:
    """
    The query of a request target.

    :raises Problem: it is not one that the shape allows; the text names the parameter.
    """
    _, _, written = target.partition(b"?")
    types = {field.name: field.type for field in msgspec.structs.fields(shape)}
    given: dict[str, object] = {}
    repeated: dict[str, list[str]] = {}
    for name, value in _pairs(written):
        if name not in types:
            raise Problem(
                "bad-request", f"The query parameter {name!r} is not known here. {_taken(shape)}"
            )
        if get_origin(types[name]) is tuple:
            given[name] = repeated.setdefault(name, [])
            repeated[name].append(value)
        elif name in given:
            raise Problem("bad-request", f"The query parameter {name!r} is given twice.")
        else:
            # msgspec's own way from text to numbers takes 1e3 and null as well.
            digits = value.isascii() and value.isdigit() and len(value) <= _DIGITS
            given[name] = int(value) if types[name] != _Text and digits else value
    try:
        return msgspec.convert(given, shape)
    except msgspec.ValidationError as error:
        raise Problem("bad-request", f"In the query: {_words(error)}. {_taken(shape)}") from None


def body(written: bytes, media_type: str | None, shape: type[Shape]) -> Shape:
    """
    The JSON body of a request; an empty one counts as an empty object.

    :raises Problem: it is not JSON, or not what the shape allows; the text names the member.
    """
    if written:
        essence = (media_type or "").partition(";")[0].strip().lower()
        if essence != "application/json":
            raise Problem(
                "unsupported-media-type", "Send a body with Content-Type: application/json."
            )
    try:
        return msgspec.json.decode(written or b"{}", type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem("bad-request", f"In the body: {_words(error)}.") from None


def number(written: str) -> int:
    """
    The number of an event in a `Last-Event-ID`.

    :raises Problem: it is none.
    """
    digits = written.isascii() and written.isdigit() and len(written) <= _DIGITS
    if digits and int(written) <= NEWEST:
        return int(written)
    raise Problem(
        "bad-request",
        "Last-Event-ID is not the id of an event; leave it out, and events come from now on.",
    )


def peer(segment: str) -> str:
    """
    The text that means a peer, of a segment of the path.

    :raises Problem: it is not UTF-8.
    """
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise Problem(
            "bad-request", "The peer in the path is not UTF-8, percent-encoded."
        ) from None


def _pairs(written: bytes) -> list[tuple[str, str]]:
    if not written:
        return []
    try:
        return parse_qsl(
            written.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_PARAMETERS,
        )
    except ValueError:
        raise Problem(
            "bad-request",
            f"The query is not at most {_PARAMETERS} of name=value, with & between them, in UTF-8,"
            " percent-encoded.",
        ) from None


def _taken(shape: type[Struct]) -> str:
    names = [field.name for field in msgspec.structs.fields(shape)]
    return f"What is taken here: {', '.join(names)}." if names else "Nothing is taken here."


def _words(error: Exception) -> str:
    # "Expected `int` >= 1 - at `$.limit`": where first, as a sentence has it.
    what, at, where = str(error).rpartition(" - at `$.")
    return f"{where.rstrip('`')}: {what}" if at else str(error)

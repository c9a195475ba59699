"""
Server-sent events, as the WHATWG's HTML standard has them (§9.2), and the line that tells of one.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from time import localtime, strftime
from typing import Final

import msgspec
from attrs import frozen

from gossip.client.errors import Failed
from gossip.mesh.status import (
    Event,
    IdentityMismatch,
    Listening,
    PeerAlive,
    PeerDead,
    PeerLeft,
    PingHeard,
    Refused,
    Stopping,
    Verdict,
)
from gossip.surfaces.terminal import Text
from gossip.surfaces.text import safe

LONGEST: Final = 1 << 20
"""Characters of what one event carries."""

_KINDS: Final[Mapping[str, type[Event]]] = {
    kind.event: kind
    for kind in (
        *(Listening, PeerAlive, PingHeard, PeerDead, PeerLeft, Refused),
        *(IdentityMismatch, Stopping, Verdict),
    )
}


@frozen
class Sent:
    """One event, as it was sent."""

    number: int | None
    """None where it is not kept, and cannot be asked for again."""
    event: str
    data: str


def sent(lines: Iterable[str]) -> Iterator[Sent]:
    """
    The events that these lines make up.

    :raises Failed: one does not end.
    """
    number, event, data = None, "", list[str]()
    for line in lines:
        if not line:
            if data:
                yield Sent(number, event, "\n".join(data))
            number, event, data = None, "", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id" and value.isascii() and value.isdigit():
            number = int(value[:19])
        elif name == "event":
            event = value
        elif name == "data":
            data.append(value)
            if sum(map(len, data)) > LONGEST:
                raise Failed("the node sends an event that does not end")


@frozen
class _Suppressed:
    """How many were not kept, since there were too many of them."""

    of: str
    about: str
    count: int

    def line(self) -> str:
        """In words."""
        about = f" about {safe(self.about)[:64]}" if self.about else ""
        return f"{self.count} more of {safe(self.of)}{about}, not kept"


class Teller:
    """Puts events into the lines that a node prints, with the times at which they happened."""

    def __init__(self, *, terminal: bool, dated: bool = False) -> None:
        self._moment = 0.0
        self._dated = dated
        self._text = Text(lambda: self._moment, terminal=terminal)

    def line(self, happened: object) -> str:
        """The line of one event, given as the object of INTERFACE."""
        if not isinstance(happened, Mapping):
            return safe(str(happened))
        self._moment = _moment(happened.get("time"))
        date = strftime("%Y-%m-%d ", localtime(self._moment)) if self._dated else ""
        kind = _KINDS.get(str(happened.get("event")))
        with suppress(msgspec.ValidationError):
            if kind is not None:
                return date + self._text.event(msgspec.convert(dict(happened), kind))
            if happened.get("event") == "suppressed":
                many = msgspec.convert(dict(happened), _Suppressed)
                return f"{date}{self._clock()} {many.line()}"
        return f"{date}{self._clock()} {_plain(happened)}"

    def _clock(self) -> str:
        return strftime("%H:%M:%S", localtime(self._moment))


def _plain(happened: Mapping[object, object]) -> str:
    """What a node of another version tells, as it is."""
    words = [safe(str(happened.get("event")))]
    for name, value in happened.items():
        if name not in ("event", "time", "number"):
            words.append(f"{safe(str(name))}={safe(str(value))}")
    return " ".join(words)


def _moment(value: object) -> float:
    if not isinstance(value, int | float):
        return 0.0
    try:
        # Whatever the calendar has no date for.
        localtime(value)
    except (ValueError, OverflowError, OSError):
        return 0.0
    return value

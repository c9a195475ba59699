"""
What a running node prints: one line a thing that happened, for people or for programs (INTERFACE).
"""

import json
from collections.abc import Callable, Mapping
from time import localtime, strftime
from typing import Any, Final

from msgspec.structs import asdict
from twisted.internet.interfaces import IReactorTime

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
from gossip.surfaces.text import Ration, safe

_SHORT: Final = 12
_WIDEST: Final = 24
"""Columns that names are aligned to at most."""

_COLOURS: Final[Mapping[str, str]] = {
    "alive": "32",
    "dead": "31",
    "left": "33",
    "refused": "35",
    "mismatch": "1;31",
    "ping": "2",
    "verdict": "36",
}

Write = Callable[[str], None]


class Printer:
    """Prints events as `render` puts them, at most so many a second about one peer and of one kind."""

    def __init__(self, render: "Text | Json", write: Write, clock: IReactorTime) -> None:
        self._render = render
        self._write = write
        self._clock = clock
        self._ration = Ration()
        self._counting = False

    def __call__(self, event: Event) -> None:
        """Print one event."""
        if self._ration.take((event.event, _about(event)), self._clock.seconds()):
            self._write(self._render.event(event))
        elif not self._counting:
            self._counting = True
            self._clock.callLater(1.0, self._count)

    def _count(self) -> None:
        self._counting = False
        for key, count in self._ration.suppressed():
            kind, about = key if isinstance(key, tuple) else (str(key), "")
            self._write(self._render.suppressed(kind, about, count))


def _about(event: Event) -> str:
    """Whose lines are counted together."""
    if isinstance(event, Refused | IdentityMismatch):
        # A stranger takes another port, and another key, for each connection.
        return event.address.rpartition(":")[0]
    return getattr(event, "peer", "")


class Json:
    """One object a line, in ASCII, with the members of INTERFACE."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall

    def event(self, event: Event) -> str:
        """The line of one event."""
        return self._line({"event": event.event, **asdict(event)})

    def suppressed(self, kind: str, about: str, count: int) -> str:
        """The line that stands for those that were too many."""
        return self._line({"event": "suppressed", "of": kind, "about": about, "count": count})

    def lost(self, count: int) -> str:
        """The line that stands for those that nobody read in time."""
        return self._line({"event": "lost", "count": count})

    def _line(self, members: dict[str, Any]) -> str:
        # The standard library's writes ASCII: nothing in a name can act on a terminal.
        return json.dumps({"time": self._wall(), **members})


class Text:
    """Lines for people: local time first, coloured and aligned where `terminal` says so."""

    def __init__(self, wall: Callable[[], float], *, terminal: bool = False) -> None:
        self._wall = wall
        self._terminal = terminal
        self._width = 0
        self._forms: Mapping[type[Event], Callable[[Any], str]] = {
            Listening: self._listening,
            PeerAlive: lambda event: self._about("alive", event),
            PingHeard: self._ping,
            PeerDead: lambda event: self._about("dead", event, safe(event.reason)),
            PeerLeft: lambda event: self._about("left", event),
            Verdict: self._verdict,
            Refused: self._refused,
            IdentityMismatch: self._mismatch,
            Stopping: lambda event: f"stopping: {safe(event.reason)}",
        }

    def event(self, event: Event) -> str:
        """The line of one event."""
        return f"{self._time()} {self._forms[type(event)](event)}"

    def suppressed(self, kind: str, about: str, count: int) -> str:
        """The line that stands for those that were too many."""
        return f"{self._time()} {count} more lines of {kind} about {safe(about)[:64]}, not shown"

    def lost(self, count: int) -> str:
        """The line that stands for those that nobody read in time."""
        return f"{self._time()} {count} lines were not read in time, and are lost"

    def _time(self) -> str:
        return strftime("%H:%M:%S", localtime(self._wall()))

    def _label(self, word: str) -> str:
        padded = f"{word:<7}"
        return f"\x1b[{_COLOURS[word]}m{padded}\x1b[0m" if self._terminal else padded

    def _name(self, name: str) -> str:
        shown = safe(name) or "-"
        if not self._terminal:
            return shown
        self._width = max(self._width, min(_WIDEST, len(shown)))
        return shown.ljust(self._width)

    def _about(
        self,
        word: str,
        event: PeerAlive | PingHeard | PeerDead | PeerLeft | Verdict,
        more: str = "",
    ) -> str:
        line = f"{self._label(word)} {event.peer[:_SHORT]} {self._name(event.name)}"
        return " ".join(filter(None, (line, safe(event.address), more)))

    def _listening(self, event: Listening) -> str:
        page = "" if event.http is None else f", page at {safe(event.http)}"
        return (
            f"listening on port {event.port} as {event.id[:_SHORT]} ({safe(event.name)}),"
            f' network "{safe(event.network)}"{page}'
        )

    def _ping(self, event: PingHeard) -> str:
        rtt = f" rtt {event.rtt_ms:.2f} ms" if event.rtt_ms is not None else ""
        text = f": {safe(event.text)}" if event.text else ""
        return self._about("ping", event, f"seq {event.seq}{rtt}{text}")

    def _verdict(self, event: Verdict) -> str:
        return self._about("verdict", event, f"{safe(event.verdict)}: {safe(event.reason)}")

    def _refused(self, event: Refused) -> str:
        who = f" {event.peer[:_SHORT]}" if event.peer is not None else ""
        return f"{self._label('refused')}{who} {safe(event.address)} {safe(event.code)}: {safe(event.reason)}"

    def _mismatch(self, event: IdentityMismatch) -> str:
        return (
            f"{self._label('mismatch')} {safe(event.address)} is not {event.expected[:_SHORT]}"
            f" but {event.found[:_SHORT]}, and was refused"
        )

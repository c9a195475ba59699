"""
`top`: the peers as they are now, with what happens below, on a whole terminal.
"""

from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Final

from attrs import define, field

from gossip.client import find
from gossip.client.commands import STATES
from gossip.client.errors import Failed
from gossip.client.feed import Feed
from gossip.client.paint import Paint, fitted
from gossip.client.redraw import draw
from gossip.client.screen import Keys, screen
from gossip.client.shell import Shell
from gossip.client.sparks import spark
from gossip.client.tables import Column, Row, cropped, drawn
from gossip.client.when import clock
from gossip.client.words import milliseconds, span
from gossip.mesh.status import LinkStatus, PeerStatus
from gossip.surfaces.text import safe

_WAIT: Final = 0.2
"""Seconds until what is new is drawn, at most, and a change of the terminal's size."""

_COLUMNS: Final = (
    Column("STATE", coloured=True),
    Column("NAME", shrinks_to=10),
    Column("ID", rank=6),
    Column("ADDRESS", rank=5),
    Column("NOW ms", right=True),
    Column("MEAN", rank=2, right=True),
    Column("P99", rank=1, right=True),
    Column("LOSS", rank=3, right=True),
    Column("UP", rank=4, right=True),
    Column("LATELY", rank=1),
)
_WIDE: Final = 100
"""Columns from which on there is room for"""
_BARS: Final = 20
"""so many round trips in a row of the table; else for half of them."""

_KEYS: Final = "q quit  sort: s state  n name  r now  m mean  p p99  l loss  v reverse"

Order = Callable[[PeerStatus, LinkStatus | None], tuple[float, str]]


def _loss(link: LinkStatus) -> float:
    told = link.pings_answered + link.pings_missed
    return link.pings_missed / told if told else 0.0


def _slowest(value: Callable[[LinkStatus], float | None]) -> Order:
    def order(_: PeerStatus, link: LinkStatus | None) -> tuple[float, str]:
        figure = None if link is None else value(link)
        return (inf if figure is None else -figure), ""

    return order


_RANKS: Final = {state: rank for rank, state in enumerate(STATES)}

_ORDERS: Final[Mapping[str, tuple[str, Order]]] = {
    "s": ("state", lambda peer, _: (_RANKS.get(peer.state, len(_RANKS)), "")),
    "n": ("name", lambda peer, _: (0, peer.name)),
    "r": ("now", _slowest(lambda link: link.rtt_ms.last)),
    "m": ("mean", _slowest(lambda link: link.rtt_ms.mean)),
    "p": ("p99", _slowest(lambda link: link.rtt_ms.p99)),
    "l": ("loss", _slowest(_loss)),
}


def top(asked: Namespace, shell: Shell) -> None:
    """
    Draw until `q` is typed.

    :raises Failed: nobody looks at it, or no node can be meant.
    """
    if not shell.terminal:
        raise Failed(
            "top draws on a terminal; use p2p-gossip peers, or p2p-gossip watch, in a pipe"
        )
    feed = Feed(find.node(asked, shell))
    with screen(shell, shell.keyboard):
        feed.start()
        try:
            Top(feed, shell, Keys(shell.keyboard)).run()
        finally:
            feed.stop()


@define(eq=False)
class Top:
    """One who looks."""

    feed: Feed
    shell: Shell
    keys: Keys
    sort: str = field(init=False, default="s")
    reverse: bool = field(init=False, default=False)
    first: int = field(init=False, default=0)
    """The row that is shown first."""
    _size: tuple[int, int] = field(init=False, default=(0, 0))

    def run(self) -> None:
        """Draw what is new, until it is enough."""
        typed = None
        while typed not in ("q", "Q"):
            size = self.shell.width(), self.shell.height()
            if typed is not None or self.feed.fresh.is_set() or size != self._size:
                self.feed.fresh.clear()
                self._size = size
                draw(self.shell, self.lines())
            typed = self.keys.next(_WAIT)
            if typed is not None:
                self.press(typed)

    def press(self, key: str) -> None:
        """Do what a key asks for; others do nothing."""
        page = max(self._room() - 1, 1)
        moves = {
            "up": -1,
            "k": -1,
            "down": 1,
            "j": 1,
            "page up": -page,
            "page down": page,
            " ": page,
        }
        if key in _ORDERS:
            self.sort, self.first = key, 0
        elif key == "v":
            self.reverse = not self.reverse
        elif key in ("home", "end"):
            self.first = 0 if key == "home" else len(self.feed.peers)
        else:
            self.first += moves.get(key, 0)

    def lines(self) -> list[str]:
        """The whole screen, no larger than that."""
        width, height = self.shell.width(), self.shell.height()
        paint, room = Paint.of(self.shell), self._room()
        peers = self._ordered()
        self.first = max(min(self.first, len(peers) - room), 0)
        seen = peers[self.first : self.first + room]
        lines = [self._head(peers, width, paint)]
        table = drawn(self.shell, _COLUMNS, [self._row(peer) for peer in seen]).splitlines()
        lines += table + [""] * (room + 1 - len(table))
        lines.append(paint.dim(fitted(self._place(len(seen), len(peers)), width)))
        below = max(height - len(lines) - 1, 0)
        events = list(self.feed.lines)[-below:] if below else []
        lines += [cropped(line, width) for line in events] + [""] * (below - len(events))
        return [*lines, paint.dim(cropped(_KEYS, width))][:height]

    def _room(self) -> int:
        """Rows of peers: two thirds of the screen, but for what stands around them."""
        return max((self.shell.height() - 4) * 2 // 3, 1)

    def _ordered(self) -> list[PeerStatus]:
        _, order = _ORDERS[self.sort]
        links = self.feed.links
        ordered = sorted(self.feed.peers, key=lambda one: (one.name, one.id))
        return sorted(ordered, key=lambda one: order(one, links.get(one.id)), reverse=self.reverse)

    def _head(self, peers: Sequence[PeerStatus], width: int, paint: Paint) -> str:
        now = clock(self.shell.wall())
        if self.feed.trouble:
            return paint.bad(fitted(f"{now}  trying again: {safe(self.feed.trouble)}", width))
        counts = [f"{sum(one.state == state for one in peers)} {state}" for state in STATES]
        return paint.head(cropped(f"{now}  {', '.join(counts)}", width))

    def _place(self, shown: int, many: int) -> str:
        name, _ = _ORDERS[self.sort]
        reverse = ", reversed" if self.reverse else ""
        rows = f"{self.first + 1} to {self.first + shown} of {many}" if many else "no peers"
        return f"-- {rows}, by {name}{reverse} ".ljust(self.shell.width(), "-")

    def _row(self, peer: PeerStatus) -> Row:
        link, trace = self.feed.links.get(peer.id), self.feed.traces.get(peer.id)
        many = _BARS if self.shell.width() >= _WIDE else _BARS // 2
        bars = "" if trace is None else spark(trace.times, many).ljust(many)
        who = (
            safe(peer.state),
            safe(peer.name) or "-",
            safe(peer.id[:12]),
            safe(peer.address or "-"),
        )
        if link is None:
            return (*who, "-", "-", "-", "-", "-", bars)
        rtt = link.rtt_ms
        figures = [milliseconds(value) for value in (rtt.last, rtt.mean, rtt.p99)]
        return (*who, *figures, f"{_loss(link):.1%}", span(self.shell.wall() - link.since), bars)

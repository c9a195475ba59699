"""
`status`, `peers` and `links`: what a node knows, as tables.
"""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import asdict

from gossip.client import find
from gossip.client.commands import STATES
from gossip.client.connection import Node, understood
from gossip.client.errors import Misuse
from gossip.client.redraw import redraw
from gossip.client.shell import Shell
from gossip.client.tables import Column, Row, cropped, drawn, facts, table
from gossip.client.when import clock, date
from gossip.client.words import amount, milliseconds, span, tags
from gossip.mesh.status import LinkStatus, NodeStatus, PeerStatus, RoundTripTimes
from gossip.surfaces.text import safe

_SHORT: Final = 12

_PEERS: Final = (
    Column("STATE", coloured=True),
    Column("ID"),
    Column("NAME", shrinks_to=10),
    Column("ADDRESS", shrinks_to=21),
    Column("RTT ms", rank=1, right=True),
    Column("SEEN", rank=2),
    Column("TAGS", rank=3, shrinks_to=10),
)

_LINKS: Final = (
    Column("ID"),
    Column("NAME", shrinks_to=10),
    Column("ADDRESS", shrinks_to=21),
    Column("DIRECTION", rank=8),
    Column("RTT ms", rank=1, right=True),
    Column("MEAN", rank=9, right=True),
    Column("P50", rank=5, right=True),
    Column("P99", rank=2, right=True),
    Column("JITTER", rank=4, right=True),
    Column("MISSED", rank=3, right=True),
    Column("IN", rank=7, right=True),
    Column("OUT", rank=7, right=True),
    Column("UP", rank=6, right=True),
    Column("CIPHER", rank=10),
)


def status(asked: Namespace, shell: Shell) -> None:
    """How the node is."""
    answer = find.node(asked, shell).ask("GET", "status")
    if asked.json:
        shell.json(understood(answer, object))
        return
    node = understood(answer, NodeStatus)
    counts = [f"{node.peers.get(state, 0)} {state}" for state in STATES]
    facts(
        shell,
        [
            ("id", safe(node.id)),
            ("name", safe(node.name) or "-"),
            ("network", safe(node.network)),
            ("peers", ", ".join(counts)),
            ("view", safe(node.view)),
            ("listens", _list(node.addresses)),
            ("advertises", _list(node.advertised)),
            ("up", f"{span(node.uptime_s)}, since {date(node.started)}"),
            ("period", f"{node.period_s:g} s"),
            ("heartbeat", f"{node.heartbeat_s:g} s"),
            ("tags", tags(node.tags)),
            ("version", safe(node.version)),
        ],
    )


def peers(asked: Namespace, shell: Shell) -> None:
    """Every peer, or those that pass the filters, or one."""
    states = _apart(asked)
    query = [("state", state) for state in states]
    query += [("name", asked.name)] if asked.name is not None else []
    query += [("tag", pair) for pair in asked.tag]
    if asked.peer is not None and (query or asked.watch):
        raise Misuse("one peer is neither filtered nor watched; leave PEER or the option away")
    if asked.watch and (asked.json or not shell.terminal):
        raise Misuse("--watch draws on a terminal; programs use: p2p-gossip watch --json")
    node = find.node(asked, shell)
    if asked.peer is not None:
        _one_peer(node, asked, shell)
    elif asked.watch:
        redraw(shell, lambda: _drawn_peers(node, query, shell))
    elif asked.json:
        shell.json(node.get(object, "peers", query=query))
    else:
        found = node.get(list[PeerStatus], "peers", query=query)
        table(shell, _PEERS, _peer_rows(found, shell.wall()))


def links(asked: Namespace, shell: Shell) -> None:
    """Every link, or one."""
    node = find.node(asked, shell)
    answer = node.ask("GET", "links", *([asked.peer] if asked.peer is not None else []))
    if asked.json:
        shell.json(understood(answer, object))
    elif asked.peer is not None:
        facts(shell, _link_facts(understood(answer, LinkStatus), shell.wall()))
    else:
        now = shell.wall()
        found = sorted(understood(answer, list[LinkStatus]), key=lambda one: (one.name, one.peer))
        table(shell, _LINKS, [_link_row(one, now) for one in found])


def _apart(asked: Namespace) -> list[str]:
    """Tell filters from a directory, which is left in `asked.state`."""
    given: list[str] = asked.state
    directories = [one for one in given if one not in STATES]
    if len(directories) > 1:
        raise Misuse(f"--state is given for two directories, {' and '.join(directories[:2])}")
    asked.state = directories[0] if directories else None
    if directories and "/" not in directories[0] and not Path(directories[0]).is_dir():
        words = ", ".join(STATES)
        raise Misuse(f"--state {directories[0]!r} is none of {words}, and no directory either")
    return [one for one in given if one in STATES]


def _drawn_peers(node: Node, query: Sequence[tuple[str, str]], shell: Shell) -> list[str]:
    found = node.get(list[PeerStatus], "peers", query=query)
    counts = [f"{sum(one.state == state for one in found)} {state}" for state in STATES]
    rows = _peer_rows(found, shell.wall())
    # One line above the table, its head, and one below; drawing those that nobody sees takes long.
    room = max(shell.height() - 3, 1)
    lines = [cropped(f"{clock(shell.wall())}  {', '.join(counts)}", shell.width())]
    lines += drawn(shell, _PEERS, rows[:room]).splitlines()
    return [*lines, f"… and {len(rows) - room} more"] if len(rows) > room else lines


def _peer_rows(found: Sequence[PeerStatus], now: float) -> list[Row]:
    rank = {state: index for index, state in enumerate(STATES)}
    ordered = sorted(found, key=lambda one: (rank.get(one.state, len(rank)), one.name, one.id))
    return [
        (
            safe(one.state),
            safe(one.id[:_SHORT]),
            safe(one.name) or "-",
            safe(_where(one)),
            milliseconds(one.rtt_ms),
            _seen(one, now),
            tags(one.tags),
        )
        for one in ordered
    ]


def _one_peer(node: Node, asked: Namespace, shell: Shell) -> None:
    answer = node.ask("GET", "peers", asked.peer)
    if asked.json:
        shell.json(understood(answer, object))
        return
    one, now = understood(answer, PeerStatus), shell.wall()
    first = "never" if one.first_linked is None else date(one.first_linked)
    facts(
        shell,
        [
            ("id", safe(one.id)),
            ("name", safe(one.name) or "-"),
            ("state", safe(one.state)),
            ("address", safe(one.address or "-")),
            ("addresses", _list(one.addresses)),
            ("rtt", "-" if one.rtt_ms is None else f"{one.rtt_ms:.2f} ms"),
            ("first linked", first),
            ("last linked", _seen(one, now)),
            ("tags", tags(one.tags)),
            ("record", f"{one.seq}, expires {date(one.expires)}"),
        ],
    )


def _link_row(one: LinkStatus, now: float) -> Row:
    rtt = one.rtt_ms
    return (
        safe(one.peer[:_SHORT]),
        safe(one.name) or "-",
        safe(one.address),
        safe(one.direction),
        *(milliseconds(value) for value in (rtt.last, rtt.mean, rtt.p50, rtt.p99, _jitter(rtt))),
        str(one.pings_missed),
        amount(one.bytes_in),
        amount(one.bytes_out),
        span(now - one.since),
        safe(one.cipher or "-"),
    )


def _link_facts(one: LinkStatus, now: float) -> list[tuple[str, str]]:
    figures = {**asdict(one.rtt_ms), "jitter": _jitter(one.rtt_ms)}
    return [
        ("id", safe(one.peer)),
        ("name", safe(one.name) or "-"),
        ("address", safe(one.address)),
        ("direction", safe(one.direction)),
        ("up", f"{span(now - one.since)}, since {date(one.since)}"),
        *((f"rtt {name}", _figure(value)) for name, value in figures.items()),
        (
            "pings",
            f"{one.pings_sent} sent, {one.pings_answered} answered, {one.pings_missed} missed",
        ),
        ("in", f"{amount(one.bytes_in)} in {one.frames_in} frames"),
        ("out", f"{amount(one.bytes_out)} in {one.frames_out} frames"),
        ("cipher", safe(one.cipher or "-")),
    ]


def _jitter(rtt: RoundTripTimes) -> float | None:
    # It is 0 before anything was measured, which would look like a very steady line.
    return None if rtt.last is None else rtt.jitter


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} ms"


def _where(one: PeerStatus) -> str:
    return one.address or (one.addresses[0] if one.addresses else "-")


def _seen(one: PeerStatus, now: float) -> str:
    if one.state == "alive":
        return "now"
    return "never" if one.last_linked is None else f"{span(now - one.last_linked)} ago"


def _list(addresses: Sequence[str]) -> str:
    return " ".join(map(safe, addresses)) or "-"

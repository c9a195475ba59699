"""
`matrix`: who hears whom in the whole network, and how fast.
"""

import csv
from argparse import Namespace
from collections.abc import Iterator, Sequence
from io import StringIO
from textwrap import wrap
from typing import Final

from gossip.client import find
from gossip.client.connection import LOOK_WAIT, understood
from gossip.client.errors import Failed, Misuse
from gossip.client.heat import Heat
from gossip.client.order import by_closeness, by_name, by_tag
from gossip.client.paint import Paint
from gossip.client.shell import Shell
from gossip.client.tables import cropped
from gossip.sight.picture import Matrix
from gossip.surfaces.text import safe

_HEAD: Final = ("from", "from_name", "to", "to_name", "link", "rtt_ms", "lost")
_LINKS: Final = {"u": "up", "d": "down"}
_FORMULAS: Final = ("=", "+", "-", "@")
"""With which a name begins that a spreadsheet would carry out."""
_NAMED: Final = 3
"""Nodes that are named in a line below the map."""

_ROWLESS: Final = {
    "mute": "of another version, and not saying whom they hear",
    "silent": "not to be asked now",
}


def matrix(asked: Namespace, shell: Shell) -> None:
    """
    Draw it for people, and print it for programs.

    :raises Misuse: two forms are asked for.
    """
    if asked.json and asked.csv:
        raise Misuse("--json and --csv are two forms; give one")
    answer = find.node(asked, shell).ask("GET", "matrix", wait=LOOK_WAIT)
    if asked.json:
        shell.json(understood(answer, object))
        return
    found = _checked(understood(answer, Matrix))
    order = _ordered(found, asked.sort or "name")
    if asked.csv:
        shell.put(_csv(found, order))
    elif not shell.terminal:
        shell.put("".join(f"{line}\n" for line in Heat.of(found, order).plain()))
    else:
        width = shell.width()
        shell.put("".join(f"{line}\n" for line in _told(found, order, width, Paint.of(shell))))


def _checked(found: Matrix) -> Matrix:
    many = len(found.nodes)
    for rows in (found.links, found.rtt_ms, found.lost):
        if len(rows) != many or any(len(row) != many for row in rows):
            raise Failed("the node's matrix is not square; is it of the same version?")
    return found


def _ordered(found: Matrix, sort: str) -> Sequence[int]:
    if sort == "closeness":
        return by_closeness(found)
    kind, _, key = sort.partition("=")
    return by_tag(found, key) if kind == "tag" else by_name(found)


def _told(found: Matrix, order: Sequence[int], width: int, paint: Paint) -> Iterator[str]:
    yield from Heat.of(found, order).drawn(width, paint)
    for sentence in _counts(found):
        for line in wrap(sentence, max(width, 1)):
            # One that has wide characters may still be too long.
            yield cropped(line, width)


def _counts(found: Matrix) -> Iterator[str]:
    signs = "".join(found.links)
    up, down, own = (signs.count(sign) for sign in "ud-")
    unknown = len(signs) - up - down - own
    yield f"{up} pairs up, {down} down, {unknown} unknown" + (
        "; see p2p-gossip why" if down else ""
    )
    for row, what in _ROWLESS.items():
        names = [safe(node.name) or safe(node.id[:12]) for node in found.nodes if node.row == row]
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            yield f"{what}: {', '.join(names[:_NAMED])}{more}"


def _csv(found: Matrix, order: Sequence[int]) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEAD)
    for a in order:
        for b in order:
            if a != b:
                one, other = found.nodes[a], found.nodes[b]
                link = _LINKS.get(found.links[a][b], "unknown")
                who = (one.id, one.name, other.id, other.name)
                writer.writerow((*map(_text, who), link, found.rtt_ms[a][b], found.lost[a][b]))
    return text.getvalue()


def _text(text: str) -> str:
    return f"'{safe(text)}" if text.startswith(_FORMULAS) else safe(text)

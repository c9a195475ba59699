"""
`history`: what happened, as far as the node keeps it.
"""

import re
from argparse import Namespace
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from gossip.client import find
from gossip.client.commands import MOST_ROWS
from gossip.client.connection import Node
from gossip.client.errors import Failed, Misuse
from gossip.client.events import Teller
from gossip.client.shell import Shell

USUAL: Final = 100
"""Rows where neither a number nor a time is given."""

MOST: Final = 1_000_000
"""Rows that are fetched at all: a node keeps 100,000."""

_UNITS: Final = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_AGO: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s?(s|min|h|d)", re.ASCII)
_UNIX: Final = re.compile(r"[0-9]{1,11}(?:\.[0-9]{1,9})?", re.ASCII)

_Rows = list[dict[str, Any]]


def history(asked: Namespace, shell: Shell) -> None:
    """Print it, oldest first."""
    since = None if asked.since is None else moment(asked.since, shell.wall)
    limit = asked.limit or (USUAL if since is None else MOST)
    rows = fetched(find.node(asked, shell), limit, since, asked.event)
    if asked.json:
        shell.json(rows)
        return
    teller = Teller(terminal=shell.coloured, dated=True)
    shell.put("".join(f"{teller.line(row)}\n" for row in rows))


def fetched(node: Node, limit: int, since: float | None, kinds: list[str]) -> _Rows:
    """The newest `limit` rows that are not older than `since`, oldest first."""
    rows: _Rows = []
    before: int | None = None
    while len(rows) < limit:
        many = min(limit - len(rows), MOST_ROWS)
        query: list[tuple[str, object]] = [("limit", many), *(("event", kind) for kind in kinds)]
        query += [("before", before)] if before is not None else []
        page = node.get(_Rows, "history", query=query)
        wanted = [row for row in page if since is None or _time(row) >= since]
        rows = wanted + rows
        if len(page) < many or len(wanted) < len(page):
            break
        before = _number(page[0], before)
    return rows


def moment(text: str, wall: Callable[[], float]) -> float:
    """
    The Unix time that is meant.

    :raises Misuse: it is no time.
    """
    ago = _AGO.fullmatch(text)
    if ago:
        return wall() - float(ago[1]) * _UNITS[ago[2]]
    if _UNIX.fullmatch(text):
        return float(text)
    try:
        # Local time, where no zone is given; Python 3.10 does not know "Z".
        return datetime.fromisoformat(re.sub("Z$", "+00:00", text)).timestamp()
    except (ValueError, OverflowError, OSError):
        raise Misuse(
            f"--since {text!r} is no time; write 2h, 2001-02-03, 2001-02-03T04:05:06, or Unix seconds"
        ) from None


def _time(row: dict[str, Any]) -> float:
    time = row.get("time")
    return float(time) if isinstance(time, int | float) else 0.0


def _number(row: dict[str, Any], before: int | None) -> int:
    number = row.get("number")
    # Otherwise a node that repeats itself would be asked without end.
    if not isinstance(number, int) or (before is not None and number >= before):
        raise Failed("the node's history has no numbers that fall; is it of the same version?")
    return number

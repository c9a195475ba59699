"""
`completion`: what makes shells complete commands, options and peers; and what they ask for it.

Names of peers are their own words, and shells act on what is written on a line: only names of
harmless characters are offered.
"""

import re
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Final

from gossip.client import find
from gossip.client.commands import STATES, WHERE
from gossip.client.connection import understood
from gossip.client.errors import Failed, Misuse
from gossip.client.shell import Shell
from gossip.mesh.status import PeerStatus
from gossip.surfaces.text import safe

_HARMLESS: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_SHORT: Final = 12
_MOST: Final = 1000
"""Peers that are offered: nobody looks through more."""
_WAIT: Final = 2.0
"""Seconds: somebody waits at a prompt."""


def peers(asked: Namespace, shell: Shell) -> None:
    """
    Print the names and ids of peers, each with what a shell may show beside it after a tab.

    `asked.words` is the command line so far. Whatever goes wrong is not told: it would be written
    into a prompt.
    """
    with suppress(Failed, Misuse):
        answer = find.node(_where(asked.words), shell).ask("GET", "peers", wait=_WAIT)
        for one in understood(answer, list[PeerStatus])[:_MOST]:
            if _HARMLESS.fullmatch(one.name):
                shell.line(f"{one.name}\t{safe(one.state)} {safe(one.id[:_SHORT])}")
            if _HARMLESS.fullmatch(one.id[:_SHORT]):
                shell.line(f"{one.id[:_SHORT]}\t{safe(one.state)} {safe(one.name)}")


def _where(words: Sequence[str]) -> Namespace:
    """The node that the words of an unfinished command line mean."""
    found: dict[str, str | None] = {argument.name[2:]: None for argument in WHERE}
    # bash takes "--control=x" apart into three words.
    given = [part for word in words for part in word.split("=", 1) if part]
    for name, value in pairwise(given):
        bare = name.removeprefix("--")
        if name.startswith("--") and bare in found and not (bare == "state" and value in STATES):
            found[bare] = _expanded(value)
    return Namespace(**found)


def _expanded(value: str) -> str:
    # The shell has not seen to "~" yet; where there is no such home it stays.
    try:
        return str(Path(value).expanduser())
    except RuntimeError:
        return value

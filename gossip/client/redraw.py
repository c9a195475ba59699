"""
A screen that is drawn anew each second.
"""

from collections.abc import Callable, Sequence
from typing import Final, NoReturn

from gossip.client.errors import Failed
from gossip.client.screen import screen
from gossip.client.shell import Shell
from gossip.client.tables import cropped
from gossip.surfaces.text import safe

PAUSE: Final = 1.0
"""Seconds between two drawings."""

_HOME: Final = "\x1b[H"
_REST_OF_LINE: Final = "\x1b[K"
_REST_OF_SCREEN: Final = "\x1b[J"


def redraw(shell: Shell, lines: Callable[[], list[str]]) -> NoReturn:
    """
    Draw what `lines` gives, until a signal comes.

    What fails is drawn as well, and tried again: a node may restart.
    """
    with screen(shell):
        while True:
            try:
                shown = lines()
            except Failed as error:
                shown = [cropped(f"p2p-gossip: {safe(str(error))}", shell.width())]
            draw(shell, shown)
            shell.sleep(PAUSE)


def draw(shell: Shell, lines: Sequence[str]) -> None:
    """Draw lines over what was there; they fit on the screen."""
    text = "\n".join(f"{line}{_REST_OF_LINE}" for line in lines)
    shell.put(f"{_HOME}{text}{_REST_OF_SCREEN}")

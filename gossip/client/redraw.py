"""
A screen that is drawn anew each second, and put away again whatever happens.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, NoReturn

from gossip.client.errors import Failed
from gossip.client.shell import Shell
from gossip.client.tables import cropped
from gossip.surfaces.text import safe

PAUSE: Final = 1.0
"""Seconds between two drawings."""

# What xterm and all others understand: the other screen, without a cursor, and back.
ENTER: Final = "\x1b[?1049h\x1b[?25l"
LEAVE: Final = "\x1b[?25h\x1b[?1049l"
_HOME: Final = "\x1b[H"
_REST_OF_LINE: Final = "\x1b[K"
_REST_OF_SCREEN: Final = "\x1b[J"


def redraw(shell: Shell, lines: Callable[[], list[str]]) -> NoReturn:
    """
    Draw what `lines` gives, until a signal comes.

    What fails is drawn as well, and tried again: a node may restart.
    """
    with _screen(shell):
        while True:
            try:
                shown = lines()
            except Failed as error:
                shown = [cropped(f"p2p-gossip: {safe(str(error))}", shell.width())]
            text = "\n".join(f"{line}{_REST_OF_LINE}" for line in shown)
            shell.put(f"{_HOME}{text}{_REST_OF_SCREEN}")
            shell.sleep(PAUSE)


@contextmanager
def _screen(shell: Shell) -> Iterator[None]:
    """The other screen of the terminal; it is left also when the process is told to stop."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    def suspend(number: int, frame: FrameType | None) -> None:
        shell.put(LEAVE)
        os.kill(os.getpid(), signal.SIGSTOP)
        shell.put(ENTER)

    actions = {signal.SIGTERM: stop, signal.SIGHUP: stop, signal.SIGTSTP: suspend}
    before = {number: signal.signal(number, action) for number, action in actions.items()}
    try:
        shell.put(ENTER)
        yield
    finally:
        shell.put(LEAVE)
        for number, action in before.items():
            signal.signal(number, action)

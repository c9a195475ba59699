"""
The other screen of a terminal and its keyboard, and both given back whatever happens.
"""

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final, NoReturn

from attrs import define, field

from gossip.client.errors import Failed, ReaderGone
from gossip.client.shell import Shell

# What xterm and all others understand: the other screen, without a cursor, and back.
ENTER: Final = "\x1b[?1049h\x1b[?25l"
LEAVE: Final = "\x1b[?25h\x1b[?1049l"

_SEQUENCES: Final[Mapping[bytes, str]] = {
    b"\x1b[A": "up",
    b"\x1b[B": "down",
    b"\x1b[5~": "page up",
    b"\x1b[6~": "page down",
    b"\x1b[H": "home",
    b"\x1b[F": "end",
    b"\x1b[1~": "home",
    b"\x1b[4~": "end",
    b"\x1bOA": "up",
    b"\x1bOB": "down",
    b"\x1bOH": "home",
    b"\x1bOF": "end",
}
_MOST: Final = 64
"""Bytes of typing at once; whoever pastes more means nothing by it."""


@contextmanager
def screen(shell: Shell, keyboard: int | None = None) -> Iterator[None]:
    """
    Use the other screen, and the keyboard by the key where its descriptor is given.

    Both are given back by every way out: an exception, SIGTERM, SIGHUP, and for as long as it is suspended.
    """
    cooked = None if keyboard is None else termios.tcgetattr(keyboard)

    def enter() -> None:
        if keyboard is not None:
            tty.setcbreak(keyboard)
        put(ENTER)

    def put(text: str) -> None:
        try:
            shell.put(text)
        except RuntimeError:
            # A signal came while something was being written, and that writer lets nobody in between.
            os.write(shell.out.fileno(), text.encode())

    def leave() -> None:
        # The terminal may be gone; then nothing is left to be given back.
        with suppress(Failed, ReaderGone, ValueError):
            put(LEAVE)
        if keyboard is not None and cooked is not None:
            with suppress(termios.error):
                termios.tcsetattr(keyboard, termios.TCSADRAIN, cooked)

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    def suspend(number: int, frame: FrameType | None) -> None:
        leave()
        os.kill(os.getpid(), signal.SIGSTOP)
        enter()

    actions = {signal.SIGTERM: stop, signal.SIGHUP: stop, signal.SIGTSTP: suspend}
    before = {number: signal.signal(number, action) for number, action in actions.items()}
    try:
        enter()
        yield
    finally:
        leave()
        for number, action in before.items():
            signal.signal(number, action)


@define(eq=False)
class Keys:
    """What is typed."""

    keyboard: int | None
    """Where it is read; None where there is no keyboard."""
    _typed: bytes = field(init=False, default=b"")

    def next(self, wait: float) -> str | None:
        """
        The next key, by its character or its name; None where none comes within so many seconds.

        :raises Failed: the terminal is gone.
        """
        if not self._typed:
            given: list[Any] = [] if self.keyboard is None else [self.keyboard]
            ready, _, _ = select.select(given, [], [], wait)
            if not ready or self.keyboard is None:
                return None
            try:
                self._typed = os.read(self.keyboard, _MOST)
            except OSError as error:
                raise Failed(f"the terminal is gone: {error.strerror}") from None
            if not self._typed:
                raise Failed("the terminal is gone")
        return self._taken()

    def _taken(self) -> str:
        for sequence, name in _SEQUENCES.items():
            if self._typed.startswith(sequence):
                self._typed = self._typed[len(sequence) :]
                return name
        if self._typed.startswith(b"\x1b"):
            # A key that is not known here, or Escape: all of it is one key.
            self._typed = b""
            return "escape"
        one, self._typed = self._typed[:1], self._typed[1:]
        return one.decode("latin-1")

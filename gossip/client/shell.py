"""
What a command runs in: its streams, its environment, and its clocks.
"""

import io
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TextIO

from attrs import field, frozen

from gossip.client.errors import Failed, ReaderGone
from gossip.surfaces.text import safe

LONGEST_LINE = 4096
"""Characters of an error: the names of twenty candidates fit into it."""


@frozen(kw_only=True)
class Shell:
    """Where a command prints, and what it may know of the world."""

    out: TextIO
    errors: TextIO
    environ: Mapping[str, str]
    wall: Callable[[], float] = time.time
    """Unix seconds."""
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    width: Callable[[], int] = field(default=lambda: shutil.get_terminal_size().columns)
    height: Callable[[], int] = field(default=lambda: shutil.get_terminal_size().lines)

    @classmethod
    def of_process(cls) -> "Shell":
        """The one that this process was started in."""
        return cls(
            out=_shown_somehow(sys.stdout),
            errors=_shown_somehow(sys.stderr),
            environ=os.environ,
        )

    @property
    def keyboard(self) -> int | None:
        """The descriptor at which a person types; None where nobody does."""
        stdin = sys.stdin
        with suppress(OSError, ValueError, AttributeError):
            return stdin.fileno() if stdin.isatty() else None
        return None

    @property
    def terminal(self) -> bool:
        """Whether a person looks at what is printed."""
        return self.out.isatty()

    @property
    def coloured(self) -> bool:
        """Whether colours are wanted (https://no-color.org)."""
        plain = self.environ.get("NO_COLOR") or self.environ.get("TERM") == "dumb"
        return self.terminal and not plain

    def put(self, text: str) -> None:
        """
        Print, at once.

        :raises ReaderGone: the other end of the pipe is closed.
        :raises Failed: it cannot be written, as to a full disk.
        """
        try:
            self.out.write(text)
            self.out.flush()
        except BrokenPipeError:
            _silence(self.out)
            raise ReaderGone from None
        except OSError as error:
            _silence(self.out)
            raise Failed(f"cannot print: {error.strerror}") from None

    def line(self, text: str) -> None:
        """Print one line, which is safe to be shown."""
        self.put(f"{text}\n")

    def json(self, value: object) -> None:
        """Print a value as JSON, in ASCII; spread over lines for people."""
        self.line(json.dumps(value, indent=2 if self.terminal else None))

    def json_line(self, value: object) -> None:
        """Print a value as JSON, in ASCII, on one line."""
        self.line(json.dumps(value))

    def complain(self, text: str) -> None:
        """Print one line to stderr, escaped."""
        with suppress(OSError, ValueError):
            self.errors.write(f"p2p-gossip: {safe(text, LONGEST_LINE)}\n")
            self.errors.flush()


def _shown_somehow(stream: TextIO | None) -> TextIO:
    """A stream that takes every character, and is there."""
    if stream is None:
        return io.StringIO()
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def _silence(stream: TextIO) -> None:
    """Lose what is still in the buffer, which Python would write when it ends, and complain."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)

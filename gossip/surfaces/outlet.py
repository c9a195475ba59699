"""
Lines to a stream that may be slow, stuck or closed, without ever holding up the node.

A thread writes; between it and the node there is a queue with a bound. What does not fit is
dropped and counted: whoever does not read loses lines, and nobody else loses anything.
"""

import errno
from collections import deque
from threading import Condition, Thread
from typing import TextIO

LINES = 10000
"""Lines that wait for a stuck reader: a few MiB at most."""


class Outlet:
    """Writes lines to one stream, each flushed at once, in order."""

    def __init__(self, stream: TextIO, lines: int = LINES) -> None:
        self._stream = stream
        self._most = lines
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._closed = False
        self._busy = False
        self._change = Condition()
        self._thread: Thread | None = None

    def write(self, line: str) -> None:
        """Queue one line, given without its end. Returns at once and does not raise."""
        with self._change:
            if self._closed:
                return
            if len(self._lines) >= self._most:
                self._dropped += 1
                return
            if self._dropped:
                self._lines.append(f"({self._dropped} lines were not read in time, and are lost)")
                self._dropped = 0
            self._lines.append(line)
            # Started with the first line: a process that goes into the background keeps no threads.
            if self._thread is None:
                self._thread = Thread(target=self._run, name="outlet", daemon=True)
                self._thread.start()
            self._change.notify_all()

    def flush(self, seconds: float = 1.0) -> None:
        """Wait until everything is written, but no longer than that."""
        with self._change:
            self._change.wait_for(lambda: self._closed or not (self._lines or self._busy), seconds)

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._lines)
                text = "".join(f"{line}\n" for line in self._lines)
                self._lines.clear()
                self._busy = True
            gone = self._put(text)
            with self._change:
                self._busy = False
                self._closed = self._closed or gone
                self._change.notify_all()
                if self._closed:
                    return

    def _put(self, text: str) -> bool:
        """Write; whether the stream is gone for good."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except ValueError:
            return True
        except OSError as error:
            # A full disk may be emptied, a closed pipe does not open again.
            return error.errno in (errno.EPIPE, errno.EBADF)
        return False

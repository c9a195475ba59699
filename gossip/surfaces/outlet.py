"""
Lines to a stream that may be slow, stuck or closed, without ever holding up the node.

A thread writes what is not taken at once; between it and the node there is a queue with a bound. What
does not fit is dropped and counted: whoever does not read loses lines, and nobody else loses anything.
"""

import errno
import io
import os
import select
from collections import deque
from collections.abc import Callable
from stat import S_ISFIFO
from threading import Condition, Thread
from typing import TextIO

LINES = 10000
"""Lines that wait for a stuck reader: a few MiB at most."""


def _lost(count: int) -> str:
    return f"({count} lines were not read in time, and are lost)"


class Outlet:
    """
    Writes lines to one stream, each flushed at once, in order.

    `stream` is None in a process that was started without one. `lost` puts into words how many
    lines were dropped.
    """

    def __init__(
        self, stream: TextIO | None, lines: int = LINES, *, lost: Callable[[int], str] = _lost
    ) -> None:
        self._stream = stream
        self._lost = lost
        self._most = lines
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._closed = stream is None
        self._busy = False
        self._change = Condition()
        self._thread: Thread | None = None
        self._began = False
        self._pipe: io.FileIO | None = None

    def write(self, line: str) -> None:
        """Queue one line, given without its end. Returns at once and does not raise."""
        with self._change:
            if self._closed or self._at_once(line):
                return
            if len(self._lines) >= self._most:
                self._dropped += 1
                return
            idle = not self._lines
            if self._dropped:
                self._lines.append(self._lost(self._dropped))
                self._dropped = 0
            self._lines.append(line)
            # Started with the first line: a process that goes into the background keeps no threads.
            if self._thread is None:
                self._thread = Thread(target=self._run, name="outlet", daemon=True)
                self._thread.start()
            if idle:
                # Else the thread is awake already, or about to be: to wake it for each line of a burst
                # would cost more than all lines.
                self._change.notify_all()

    def flush(self, seconds: float = 0.3) -> None:
        """Wait until everything is written, but no longer than that."""
        with self._change:
            self._change.wait_for(lambda: self._closed or not (self._lines or self._busy), seconds)

    def _at_once(self, line: str) -> bool:
        """Write one line here and now, if nothing waits and a pipe takes it; whether it did."""
        assert self._stream is not None
        if not self._began:
            # With the first line, as the thread below.
            self._began, self._pipe = True, _reopened(self._stream)
        if self._pipe is None or self._lines or self._busy or self._dropped:
            return False
        data = _encoded(self._stream, f"{line}\n")
        try:
            # So much is written whole or not at all (pipe(7)).
            return len(data) <= select.PIPE_BUF and self._pipe.write(data) is not None
        except OSError:
            # The thread will meet it too, and knows what to do.
            return False

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
        assert self._stream is not None
        try:
            _write(self._stream, text)
        except ValueError:
            return True
        except OSError as error:
            # A full disk may be emptied, a closed pipe does not open again.
            return error.errno in (errno.EPIPE, errno.EBADF)
        return False


def _write(stream: TextIO, text: str) -> None:
    """
    Write all of `text`, and what the encoding of the stream does not have as an escape.

    Goes past the buffer of a file: Python would write out what is left in it when it ends, and
    where the reader is stuck or gone that is a crash, or another exit status.
    """
    data = _encoded(stream, text)
    descriptor = _descriptor(stream)
    if descriptor is None:
        stream.write(data.decode(_encoding(stream)))
        stream.flush()
        return
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            # Another process that has the same terminal or pipe made it non-blocking.
            writable = select.poll()
            writable.register(descriptor, select.POLLOUT)
            writable.poll()


def _encoding(stream: TextIO) -> str:
    return stream.encoding or "utf-8"


def _encoded(stream: TextIO, text: str) -> bytes:
    return text.encode(_encoding(stream), "backslashreplace")


def _reopened(stream: TextIO) -> io.FileIO | None:
    """
    The pipe that a stream is, opened once more so that writing never blocks; None if it is no pipe.

    Others who have the same pipe do not notice. To wake a thread for a line costs several times as much
    as to write it, since both want the interpreter.
    """
    descriptor = _descriptor(stream)
    try:
        if descriptor is None or not S_ISFIFO(os.fstat(descriptor).st_mode):
            return None
        again = f"/proc/self/fd/{descriptor}"
        return io.FileIO(
            again, "w", opener=lambda path, _: os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        )
    except OSError:
        return None


def _descriptor(stream: TextIO) -> int | None:
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    return raw.fileno() if isinstance(raw, io.FileIO) else None

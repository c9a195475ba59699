"""
Lines to streams that are slow, stuck, full or closed.
"""

import contextlib
import os
import sys
from collections.abc import Callable
from io import BytesIO, FileIO, StringIO, TextIOWrapper
from pathlib import Path
from threading import Event, Thread
from typing import TextIO

from twisted.trial.unittest import SynchronousTestCase

from gossip.surfaces.outlet import Outlet

PATIENCE = 30.0
"""Seconds that a test waits for a thread: long, since machines are shared."""


class Gate(StringIO):
    """A stream that takes nothing before it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = Event()
        self.opened = Event()

    def write(self, text: str, /) -> int:
        """Wait, then write."""
        self.reached.set()
        self.opened.wait(PATIENCE)
        return super().write(text)


class Broken(StringIO):
    """A stream that fails as often as there are errors, and then works."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__()
        self.failures = list(errors)
        self.tries = 0

    def write(self, text: str, /) -> int:
        """Fail, or write."""
        self.tries += 1
        if self.failures:
            raise self.failures.pop(0)
        return super().write(text)


class OutletTests(SynchronousTestCase):
    """Real threads, and real pipes where it is the system that is slow or gone."""

    def pipe(self, encoding: str = "utf-8") -> tuple[int, TextIO]:
        """A pipe: the descriptor to read from, and the stream to write to."""
        out, into = os.pipe()
        stream = os.fdopen(into, "w", encoding=encoding)
        self.addCleanup(stream.close)
        self.addCleanup(self.close, out)
        return out, stream

    def close(self, descriptor: int) -> None:
        """Close what the test may have closed itself."""
        with contextlib.suppress(OSError):
            os.close(descriptor)

    def read(self, descriptor: int, wanted: Callable[[bytes], bool]) -> str:
        """What comes out of a pipe until it is what is wanted, or the pipe ends."""
        data = b""
        while not wanted(data):
            more = os.read(descriptor, 65536)
            if not more:
                break
            data += more
        return data.decode()

    def test_lines_come_out_in_order(self) -> None:
        """Each line once, with its end, in the order in which they were written."""
        out, stream = self.pipe()
        outlet = Outlet(stream)
        for number in range(1000):
            outlet.write(f"line {number}")
        text = self.read(out, lambda data: data.count(b"\n") == 1000)
        self.assertEqual("".join(f"line {number}\n" for number in range(1000)), text)

    def test_each_line_is_flushed(self) -> None:
        """A line can be read at once, though nothing else is written and nobody asks for it."""
        out, stream = self.pipe()
        outlet = Outlet(stream)
        for line in ("one", "two"):
            outlet.write(line)
            self.assertEqual(f"{line}\n", self.read(out, lambda data: data.endswith(b"\n")))

    def test_a_pipe_takes_a_line_at_once(self) -> None:
        """It is there when writing returns, and no thread was needed; others may block on that pipe."""
        out, stream = self.pipe("ascii")
        outlet = Outlet(stream)
        outlet.write("\u00fc")
        os.set_blocking(out, False)
        self.assertEqual(b"\\xfc\n", os.read(out, 100))
        self.assertIsNone(outlet._thread)
        self.assertTrue(os.get_blocking(stream.fileno()))

    def test_a_pipe_that_is_full(self) -> None:
        """What it does not take at once waits for its turn, and what comes later waits behind it."""
        out, stream = self.pipe()
        outlet = Outlet(stream)
        lines = [f"{number:04}".ljust(100 + number % 7 * 1000, ".") for number in range(100)]
        for line in lines:
            outlet.write(line)
        self.assertIsNotNone(outlet._thread)
        text = self.read(out, lambda data: data.endswith(f"{lines[-1]}\n".encode()))
        self.assertEqual(lines, text.splitlines())
        outlet.flush(PATIENCE)
        outlet.write("after")
        self.assertEqual("after\n", self.read(out, lambda data: data.endswith(b"\n")))

    def test_flush_waits_until_all_is_written(self) -> None:
        """After a flush everything is out; with nothing to write it returns at once."""
        stream = Gate()
        outlet = Outlet(stream)
        outlet.flush()
        outlet.write("one")
        self.assertTrue(stream.reached.wait(PATIENCE))
        outlet.write("two")
        opener = Thread(target=stream.opened.set)
        opener.start()
        outlet.flush(PATIENCE)
        opener.join(PATIENCE)
        self.assertEqual("one\ntwo\n", stream.getvalue())

    def test_flush_does_not_wait_for_ever(self) -> None:
        """A reader that is stuck does not hold up the end of the node."""
        stream = Gate()
        self.addCleanup(stream.opened.set)
        outlet = Outlet(stream)
        outlet.write("one")
        outlet.flush(0.01)
        self.assertEqual("", stream.getvalue())

    def test_stuck_reader(self) -> None:
        """Nobody reads the pipe: writing returns, and who reads later is told what is lost."""
        out, stream = self.pipe()
        outlet = Outlet(stream, lines=10)
        line = "x" * 100000
        for _ in range(100):
            outlet.write(line)
        read: list[str] = []
        thread = Thread(
            target=lambda: read.append(self.read(out, lambda data: data.endswith(b"after\n")))
        )
        thread.start()
        outlet.flush(PATIENCE)
        outlet.write("after")
        thread.join(PATIENCE)
        lines = read[0].splitlines()
        counts = [text for text in lines if text not in (line, "after")]
        for count in counts:
            self.assertRegex(count, r"^\(\d+ lines were not read in time, and are lost\)$")
        lost = sum(int(count[1:].split()[0]) for count in counts)
        self.assertEqual(100, lines.count(line) + lost)
        self.assertEqual((counts[-1], "after"), tuple(lines[-2:]))

    def test_lost_lines_are_counted(self) -> None:
        """The count is exact, in the words that were given, and comes before what follows it."""
        stream = Gate()
        outlet = Outlet(stream, lines=2, lost=lambda count: f"{count} lost")
        outlet.write("taken")
        self.assertTrue(stream.reached.wait(PATIENCE))
        for number in range(5):
            outlet.write(f"{number}")
        stream.opened.set()
        outlet.flush(PATIENCE)
        outlet.write("after")
        outlet.flush(PATIENCE)
        self.assertEqual("taken\n0\n1\n3 lost\nafter\n", stream.getvalue())

    def test_closed_pipe(self) -> None:
        """Who closes the pipe ends the printing, and nothing is raised; then nothing is kept."""
        out, stream = self.pipe()
        outlet = Outlet(stream, lines=5)
        os.close(out)
        outlet.write("one")
        outlet.flush(PATIENCE)
        for number in range(100):
            outlet.write(f"{number}")
        outlet.flush(PATIENCE)
        stream.close()

    def test_nothing_is_left_for_python_to_write(self) -> None:
        """What could not be written is not tried again when the interpreter ends."""
        out, stream = self.pipe()
        os.close(out)
        outlet = Outlet(stream)
        outlet.write("one")
        outlet.flush(PATIENCE)
        stream.flush()

    def test_full_disk(self) -> None:
        """A disk that is full loses lines but does not end the printing: it may be emptied."""
        stream = Path("/dev/full").open("w")  # noqa: SIM115
        self.addCleanup(stream.close)
        outlet = Outlet(stream)
        for line in ("one", "two"):
            outlet.write(line)
            outlet.flush(PATIENCE)
        stream.flush()
        recovering = Broken(OSError(28, "No space left on device"))
        outlet = Outlet(recovering)
        for line in ("one", "two"):
            outlet.write(line)
            outlet.flush(PATIENCE)
        self.assertEqual("two\n", recovering.getvalue())

    def test_gone_for_good(self) -> None:
        """After a broken pipe, a closed descriptor or a closed stream nothing is tried again."""
        for error in (BrokenPipeError(32, "gone"), OSError(9, "gone"), ValueError("closed")):
            stream = Broken(error)
            outlet = Outlet(stream)
            for line in ("one", "two"):
                outlet.write(line)
                outlet.flush(PATIENCE)
            self.assertEqual(1, stream.tries)

    def test_no_stream(self) -> None:
        """A process without a stdout, as some are started, runs as well."""
        outlet = Outlet(None)
        outlet.write("one")
        outlet.flush(PATIENCE)

    def test_poorer_encoding(self) -> None:
        """What the encoding of the stream does not have is escaped: names do not end the output."""
        out, stream = self.pipe("ascii")
        outlet = Outlet(stream)
        outlet.write("ñ 你 \ud800")
        outlet.write("after")
        text = self.read(out, lambda data: data.endswith(b"after\n"))
        self.assertEqual("\\xf1 \\u4f60 \\ud800\nafter\n", text)
        buffer = BytesIO()
        wrapped = TextIOWrapper(buffer, "ascii", newline="\n")
        outlet = Outlet(wrapped)
        outlet.write("ñ")
        outlet.flush(PATIENCE)
        self.assertEqual(b"\\xf1\n", buffer.getvalue())

    def test_pipe_that_does_not_block(self) -> None:
        """Where somebody made the pipe non-blocking, all lines still come out, whole."""
        out, stream = self.pipe()
        os.set_blocking(stream.fileno(), False)
        outlet = Outlet(stream)
        line = "x" * 300000
        outlet.write(line)
        outlet.write("after")
        text = self.read(out, lambda data: data.endswith(b"after\n"))
        self.assertEqual(f"{line}\nafter\n", text)

    def test_unbuffered_stream(self) -> None:
        """`python -u` has no buffer between the text and the descriptor."""
        out, into = os.pipe()
        self.addCleanup(os.close, out)
        stream = TextIOWrapper(FileIO(into, "w"), "utf-8", write_through=True)
        self.addCleanup(stream.close)
        outlet = Outlet(stream)
        outlet.write("one")
        self.assertEqual("one\n", self.read(out, lambda data: data.endswith(b"\n")))

    def test_no_thread_before_the_first_line(self) -> None:
        """A process that goes into the background first keeps its thread."""
        before = sys._current_frames().keys()
        Outlet(StringIO())
        self.assertEqual(before, sys._current_frames().keys())

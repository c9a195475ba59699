"""
What a command runs in.
"""

import os
import sys
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

from attrs import evolve

from gossip.client.errors import Failed, ReaderGone
from gossip.client.shell import Shell
from tests.cases import UnitCase
from tests.client.stubs import Terminal


def shell(out: Any, **environ: str) -> Shell:
    """One that prints there."""
    return Shell(out=out, errors=StringIO(), environ=environ)


class ShellTests(UnitCase):
    """Printing."""

    def test_json_is_ascii(self) -> None:
        """Nothing in JSON can act on a terminal; people get it spread over lines, pipes on one."""
        pipe, terminal = shell(StringIO()), shell(Terminal())
        pipe.json({"a": "\u202e\x1b"})
        terminal.json({"a": 1})
        terminal.json_line([1, 2])
        self.assertEqual('{"a": "\\u202e\\u001b"}\n', pipe.out.getvalue())  # type: ignore[attr-defined]
        self.assertEqual('{\n  "a": 1\n}\n[1, 2]\n', terminal.out.getvalue())  # type: ignore[attr-defined]

    def test_colours(self) -> None:
        """Only terminals that understand them get colours, and only where nobody said no."""
        self.assertTrue(shell(Terminal(), TERM="xterm", NO_COLOR="").coloured)
        self.assertFalse(shell(StringIO(), TERM="xterm").coloured)
        self.assertFalse(shell(Terminal(), TERM="dumb").coloured)
        self.assertFalse(shell(Terminal(), NO_COLOR="1").coloured)

    def test_errors_are_one_escaped_line(self) -> None:
        """What goes to stderr is one line, whatever is in it."""
        one = shell(StringIO())
        one.complain("a\nb\x1b[2J")
        self.assertEqual("p2p-gossip: a\\x0ab\\x1b[2J\n", one.errors.getvalue())  # type: ignore[attr-defined]

    def test_a_closed_pipe_is_quiet(self) -> None:
        """When nobody reads, printing ends, and nothing is left for Python to write at its end."""
        out, into = os.pipe()
        os.close(out)
        stream = TextIOWrapper(os.fdopen(into, "wb"), encoding="utf-8")
        with self.assertRaises(ReaderGone):
            shell(stream).line("x")
        stream.close()

    def test_a_full_disk_is_said(self) -> None:
        """What cannot be printed is a failure with its reason."""
        with (
            Path("/dev/full").open("w", encoding="utf-8") as stream,
            self.assertRaisesRegex(Failed, "cannot print: No space left on device"),
        ):
            shell(stream).line("x")

    def test_streams_that_cannot_take_it(self) -> None:
        """A process without stdout prints nowhere, and one with an old encoding prints escapes."""
        self.patch(sys, "stdout", None)
        Shell.of_process().line("x")
        out, into = os.pipe()
        stream = TextIOWrapper(os.fdopen(into, "wb"), encoding="ascii")
        self.patch(sys, "stdout", stream)
        Shell.of_process().line("x…")
        stream.close()
        self.assertEqual(b"x\\u2026\n", os.read(out, 100))
        os.close(out)

    def test_stderr_that_is_gone(self) -> None:
        """Where errors cannot be told, nothing else goes wrong."""
        gone = StringIO()
        gone.close()
        evolve(shell(StringIO()), errors=gone).complain("x")

"""
What the program did, as lines.
"""

from time import localtime, strftime
from typing import Any

from twisted.logger import ILogObserver, Logger, LogLevel
from zope.interface.verify import verifyObject

from gossip.surfaces.logfile import LogLines
from tests.cases import UnitCase

WALL = 1700000000.0
NOON = strftime("%H:%M:%S", localtime(WALL))


class LogLinesTests(UnitCase):
    """Events become lines."""

    def setUp(self) -> None:
        """An observer whose lines are kept, and whose time stands still."""
        self.lines: list[str] = []
        self.now = 0.0
        self.observe = LogLines(self.lines.append, lambda: self.now)

    def tell(self, form: str | None = "it is {what}", **event: Any) -> None:
        """Let one event happen."""
        self.observe(
            {
                "log_format": form,
                "log_level": LogLevel.warn,
                "log_namespace": "gossip.mesh.talk",
                "log_time": WALL,
                **event,
            }
        )

    def test_is_an_observer(self) -> None:
        """It is what Twisted's loggers write to."""
        verifyObject(ILogObserver, self.observe)

    def test_line(self) -> None:
        """Time, level, part of the program, text."""
        self.tell(what="so")
        self.tell("more", log_level=LogLevel.debug)
        self.assertEqual(
            [f"{NOON} warn  gossip.mesh.talk: it is so", f"{NOON} debug gossip.mesh.talk: more"],
            self.lines,
        )

    def test_event_of_another_library(self) -> None:
        """An event without level, part or text is a line as well."""
        self.observe({"log_time": WALL})
        self.assertEqual([f"{NOON} info  -: "], self.lines)

    def test_event_without_time(self) -> None:
        """An event that does not say when it was is of now."""
        self.observe({"log_format": "x", "log_level": LogLevel.error})
        self.assertRegex(self.lines[0], r"^\d\d:\d\d:\d\d error -: x$")

    def test_one_line_whatever_is_in_it(self) -> None:
        """What peers said cannot begin another line, or act on a terminal."""
        self.tell(what="\r\n12:00:00 error gossip: all is lost \x1b[2J\x9b\u202e\ud800")
        self.assertEqual(1, len(self.lines))
        self.assertTrue(self.lines[0].isprintable(), ascii(self.lines[0]))
        self.assertIn("\\x0d\\x0a12:00:00 error", self.lines[0])

    def test_braces_in_what_is_said(self) -> None:
        """Braces in data are data."""
        self.tell(what="{what} {0} {log_time!r} {")
        self.assertTrue(self.lines[0].endswith("it is {what} {0} {log_time!r} {"))

    def test_event_that_cannot_be_formatted(self) -> None:
        """A mistake in one call of the log is a line, not an exception."""
        self.tell("{missing}")
        self.assertEqual(1, len(self.lines))
        self.assertIn("missing", self.lines[0])

    def test_long_text_is_cut(self) -> None:
        """A line has an end."""
        self.tell(what="x" * 100000)
        self.assertLess(len(self.lines[0]), 4200)
        self.assertTrue(self.lines[0].endswith("…"))

    def test_failure(self) -> None:
        """An unexpected failure comes with its traceback, each line of it escaped and indented."""
        with Logger(observer=self.observe).failuresHandled("while trying"):
            raise RuntimeError("a\x1bb")
        self.assertRegex(self.lines[0], r"critical .*: while trying")
        self.assertTrue(all(line.startswith("    ") for line in self.lines[1:]))
        self.assertTrue(all(line.isprintable() for line in self.lines))
        self.assertIn("RuntimeError: a\\x1bb", self.lines[-1])

    def test_flood_about_one_link(self) -> None:
        """Ten lines a second of one kind about one link; the next line tells of the rest."""
        for _ in range(50):
            self.tell(link="<Link a>", what="so")
        self.assertEqual(10, len(self.lines))
        self.tell(link="<Link b>", what="so")
        self.tell("other", link="<Link a>")
        self.assertEqual(12, len(self.lines))
        self.now = 1.0
        self.tell(link="<Link a>", what="so")
        self.assertRegex(
            self.lines[12], r"^[\d:]{8} warn  gossip\.logs: 40 more lines like 'it is {what}'$"
        )
        self.assertEqual(14, len(self.lines))

    def test_counts_are_rationed_too(self) -> None:
        """However the floods of many links are mixed, each is counted once a second."""
        for _ in range(20):
            for link in range(5):
                self.tell(link=link, what="so")
            self.tell("calm {n}", link=len(self.lines))
        counts = [line for line in self.lines if "more lines like" in line]
        self.assertLessEqual(len(counts), 5)
        self.now = 1.0
        self.tell("calm")
        counts = [line for line in self.lines if "more lines like" in line]
        self.assertEqual(50, sum(int(line.split(": ")[1].split()[0]) for line in counts))

    def test_count_at_the_end(self) -> None:
        """When the program ends, what was suppressed and not told of is told of."""
        for _ in range(12):
            self.tell(what="so")
        self.observe.count()
        self.observe.count()
        self.assertTrue(self.lines[10].endswith("2 more lines like 'it is {what}'"))
        self.assertEqual(11, len(self.lines))

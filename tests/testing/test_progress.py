"""
Progress: a bar on a terminal, lines elsewhere.
"""

from io import StringIO

from gossip.testing.progress import Progress
from tests.cases import UnitCase


class Terminal(StringIO):
    """Says that it is one."""

    def isatty(self) -> bool:
        return True


class ProgressTests(UnitCase):
    """How far it is, and not too often."""

    def setUp(self) -> None:
        self.now = 0.0

    def progress(self, stream: StringIO, runs: int | None, seconds: float | None) -> Progress:
        """One that goes by our time."""
        return Progress(stream, lambda: self.now, runs, seconds)

    def test_lines(self) -> None:
        """Elsewhere than on a terminal there is a line every ten seconds, and no control."""
        stream = StringIO()
        progress = self.progress(stream, 400, None)
        for second in range(1, 25):
            self.now = float(second)
            progress.show(10 * second, 1)
        progress.finish()
        self.assertEqual(
            [
                "100 of 400 runs, 1 failed, 10.0 a second, 30 s left",
                "200 of 400 runs, 1 failed, 10.0 a second, 20 s left",
            ],
            stream.getvalue().splitlines(),
        )

    def test_bar(self) -> None:
        """On a terminal there is one line, that is drawn again, and taken away at the end."""
        stream = Terminal()
        progress = self.progress(stream, 4, None)
        self.now = 1.0
        progress.show(2, 0)
        progress.show(3, 0)
        self.assertEqual(
            f"\r[{'#' * 15}{'.' * 15}] 2 of 4 runs, 0 failed, 2.0 a second, 1 s left\x1b[K",
            stream.getvalue(),
        )
        progress.finish()
        self.assertTrue(stream.getvalue().endswith("\r\x1b[K"))

    def test_time(self) -> None:
        """Where time is the limit, the bar goes by time, and never beyond its end."""
        stream = Terminal()
        progress = self.progress(stream, None, 10.0)
        self.now = 5.0
        progress.show(50, 0)
        self.assertIn(
            f"[{'#' * 15}{'.' * 15}] 50 runs, 0 failed, 10.0 a second, 5 s", stream.getvalue()
        )
        self.now = 15.0
        progress.show(60, 0)
        self.assertIn(f"[{'#' * 30}] 60 runs, 0 failed, 4.0 a second, 0 s", stream.getvalue())
        self.assertEqual(15.0, progress.took())

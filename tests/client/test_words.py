"""
Times and amounts, in words.
"""

from gossip.client.words import amount, milliseconds, span, tags
from tests.cases import UnitCase


class WordTests(UnitCase):
    """What people read."""

    def test_span(self) -> None:
        """A time has its largest unit, rounded down, and is never below nothing."""
        for seconds, text in (
            *((-5.0, "0 s"), (0.4, "0 s"), (59.0, "59 s"), (60.0, "1 min"), (3599.0, "59 min")),
            *((3600.0, "1 h"), (86399.0, "23 h"), (86400.0, "1 d"), (1e7, "115 d")),
        ):
            self.assertEqual(text, span(seconds))

    def test_milliseconds(self) -> None:
        """A round trip that was not measured is a dash."""
        self.assertEqual(("-", "0.00", "12.35"), tuple(map(milliseconds, (None, 0.0, 12.345678))))

    def test_amount(self) -> None:
        """Bytes have three digits at most."""
        for count, text in (
            *((0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9949, "9.9 kB"), (9999, "10 kB")),
            *((999_499, "999 kB"), (999_500, "1.0 MB"), (10**15, "1000 TB")),
        ):
            self.assertEqual(text, amount(count))

    def test_tags(self) -> None:
        """Tags are escaped, and none is a dash."""
        self.assertEqual("a=b c=\\x1b", tags({"a": "b", "c": "\x1b"}))
        self.assertEqual("-", tags({}))

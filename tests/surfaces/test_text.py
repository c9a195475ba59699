"""
Text from peers, made fit for people's eyes.
"""

import sys
from collections.abc import Iterator
from itertools import islice
from unicodedata import category

from gossip.surfaces.text import LONGEST, Ration, safe
from tests.cases import UnitCase


def every_character() -> Iterator[str]:
    """All code points, surrogates too."""
    return map(chr, range(sys.maxunicode + 1))


class SafeTests(UnitCase):
    """What is shown can be seen, and does nothing."""

    def test_every_code_point_is_shown(self) -> None:
        """Whatever the character, what is shown is printable, stays as it is, and is not empty."""
        for character in every_character():
            shown = safe(character)
            if not (shown and shown.isprintable() and safe(shown) == shown):
                self.fail(f"{ord(character):#x} is shown as {shown!r}")

    def test_every_code_point_among_others(self) -> None:
        """In long texts too: printable, the same when made safe again, and not too long."""
        characters = every_character()
        while text := "".join(islice(characters, LONGEST)):
            shown = safe(text)
            if not (shown.isprintable() and safe(shown) == shown and len(shown) <= LONGEST):
                self.fail(f"from {ord(text[0]):#x} on: {shown!r}")

    def test_escapes(self) -> None:
        """What acts on a terminal, or hides, or turns text around, is shown by its number."""
        for text, shown in (
            ("\x1b[2J", "\\x1b[2J"),  # ESC: clears the screen
            ("\x07", "\\x07"),  # BEL
            ("\x9b31m", "\\x9b31m"),  # C1: the same as ESC [
            ("a\rb\nc\td", "a\\x0db\\x0ac\\x09d"),
            ("\x7f", "\\x7f"),
            ("\u202egnp.exe", "\\u202egnp.exe"),  # right to left override
            ("\u2066x\u2069", "\\u2066x\\u2069"),
            ("a\u200bb\u200dc\ufeff", "a\\u200bb\\u200dc\\ufeff"),  # zero width
            ("a\u3164b\u115fc\U000e0101", "a\\u3164b\\u115fc\\U000e0101"),  # letters without ink
            ("a\u2028b\xa0c\xad", "a\\u2028b\\xa0c\\xad"),
            ("\ud800x\udfff", "\\ud800x\\udfff"),
            ("\U000e0041", "\\U000e0041"),  # a tag character
        ):
            self.assertEqual(shown, safe(text), ascii(text))

    def test_honest_text_stays(self) -> None:
        """Names in any script, accents, and emoji are shown as they were meant."""
        for text in (
            "node-a",
            "ñandú",
            "机器",
            "нода",
            "กำลัง",
            "e\u0301",
            "😀 ❤\ufe0f",
            "\\x1b",
            "",
        ):
            self.assertEqual(text, safe(text))

    def test_few_marks_are_shown(self) -> None:
        """A letter carries as many marks as any script needs; a tower of them is spelled out."""
        for mark in ("\u0301", "\u0e47", "\u0488", "\u20dd"):
            self.assertIn(category(mark), ("Mn", "Me"))
            shown = safe("a" + mark * 1000 + "b" + mark)
            self.assertTrue(shown.startswith("a" + mark * 4 + f"\\u{ord(mark):04x}"), ascii(shown))
            self.assertLessEqual(shown.count(mark), 4)
        self.assertEqual("a\u0301\u0302b\u0301", safe("a\u0301\u0302b\u0301"))

    def test_mixed_marks_are_one_tower(self) -> None:
        """A tower is one of different marks too."""
        shown = safe("a" + "\u0301\u0e47" * 4)
        self.assertEqual("a\u0301\u0e47\u0301\u0e47\\u0301\\u0e47\\u0301\\u0e47", shown)

    def test_long_texts_end(self) -> None:
        """A text that is too long is cut, and shows that it was; one that just fits is not."""
        self.assertEqual("a" * LONGEST, safe("a" * LONGEST))
        self.assertEqual("a" * (LONGEST - 1) + "…", safe("a" * (LONGEST + 1)))
        self.assertEqual("abc…", safe("abcdef", 4))
        self.assertEqual(LONGEST, len(safe("\x1b" * LONGEST)))


class RationTests(UnitCase):
    """So many lines a second about one thing, and the rest is counted."""

    def test_ten_a_second(self) -> None:
        """Ten pass, the next ones do not, until a second after the first has passed."""
        ration = Ration()
        self.assertEqual([True] * 10 + [False] * 5, [ration.take("a", 7.0) for _ in range(15)])
        self.assertFalse(ration.take("a", 7.99))
        self.assertTrue(ration.take("a", 8.0))

    def test_things_do_not_share(self) -> None:
        """A flood about one thing takes nothing from another."""
        ration = Ration(per_second=1)
        self.assertEqual([True, False], [ration.take("a", 0.0) for _ in range(2)])
        self.assertTrue(ration.take("b", 0.0))

    def test_suppressed_are_counted_once(self) -> None:
        """The count is of what was not told yet, over windows, and of nothing else."""
        ration = Ration(per_second=1)
        for now in (0.0, 0.1, 0.2, 1.5, 1.6):
            ration.take("a", now)
        ration.take("b", 1.6)
        self.assertEqual([("a", 3)], ration.suppressed())
        self.assertEqual([], ration.suppressed())
        ration.take("a", 1.7)
        self.assertEqual([("a", 1)], ration.suppressed())

    def test_strangers_do_not_cost_memory(self) -> None:
        """The things that are remembered have a bound; the longest unseen is forgotten first."""
        ration = Ration(per_second=1)
        ration.take("first", 0.0)
        for number in range(5000):
            ration.take(number, 0.0)
        self.assertTrue(ration.take("first", 0.0))
        self.assertFalse(ration.take(4999, 0.0))

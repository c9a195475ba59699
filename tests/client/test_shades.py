"""
Signs and colours of pairs.
"""

from itertools import combinations

from gossip.client.shades import (
    COLOURS,
    DOWN,
    LIGHT,
    LIMITS_MS,
    SELF,
    SIGNS,
    SLOWEST,
    UNKNOWN,
    UNMEASURED,
    explained,
    shade,
    worst,
)
from tests.cases import UnitCase

SEEN_AS = {
    "all three": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "no red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "no blue": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
"""What who sees which colours makes of them (Machado, Oliveira, Fernandes 2009, severity 1)."""


def linear(colour: str) -> list[float]:
    """Red, green and blue as light (IEC 61966-2-1)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]


def lab(colour: str, sight: str) -> tuple[float, float, float]:
    """A colour in CIELAB, as somebody sees it."""
    light = linear(colour)
    r, g, b = (
        min(max(sum(x * y for x, y in zip(row, light, strict=True)), 0.0), 1.0)
        for row in SEEN_AS[sight]
    )
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


class ShadeTests(UnitCase):
    """Which shade a pair has."""

    def test_round_trips(self) -> None:
        """Each limit begins the next shade."""
        self.assertEqual(0, shade("u", 0.0))
        for index, limit in enumerate(LIMITS_MS):
            self.assertEqual((index, index + 1), (shade("u", limit - 0.01), shade("u", limit)))
        self.assertEqual(SLOWEST, shade("u", 1e9))

    def test_the_others(self) -> None:
        """A pair without a round trip has a shade of its own, and what is not understood is unknown."""
        self.assertEqual(UNMEASURED, shade("u", None))
        self.assertEqual((DOWN, SELF), (shade("d", 1.0), shade("-", None)))
        self.assertEqual((UNKNOWN, UNKNOWN), (shade("?", 1.0), shade("!", None)))

    def test_worst(self) -> None:
        """What is down is seen first, then what is slow; what nobody knows hides nothing."""
        ordered = [SELF, UNKNOWN, UNMEASURED, *range(SLOWEST + 1), DOWN]
        for better, worse in combinations(ordered, 2):
            self.assertEqual(worse, worst([better, worse]))
            self.assertEqual(worse, worst([worse, better]))
        self.assertEqual(UNKNOWN, worst([]))


class SignTests(UnitCase):
    """How shades look."""

    def test_each_has_a_sign(self) -> None:
        """No two are alike, and the legend has all but the node itself."""
        self.assertEqual(SELF + 1, len(SIGNS))
        self.assertEqual(SELF + 1, len(set(SIGNS)))
        self.assertEqual(SELF + 1, len(COLOURS))
        self.assertEqual(set(range(SELF)), {what for what, _ in explained()})

    def test_colours_can_be_told_apart(self) -> None:
        """Whoever sees no red, no green or no blue tells all shades from each other (ΔE*ab > 10)."""
        colours = [COLOURS[what] for what in (*range(SLOWEST + 1), DOWN, UNKNOWN)]
        for sight in SEEN_AS:
            for one, other in combinations(colours, 2):
                pairs = zip(lab(one, sight), lab(other, sight), strict=True)
                distance = sum((a - b) ** 2 for a, b in pairs) ** 0.5
                self.assertGreater(distance, 10, (sight, one, other))

    def test_what_stands_on_them_can_be_read(self) -> None:
        """Black or white on each has the contrast of WCAG's AA for large text, 3 to 1."""
        for what, colour in enumerate(COLOURS):
            r, g, b = linear(colour)
            light = 0.2126 * r + 0.7152 * g + 0.0722 * b
            contrast = (light + 0.05) / 0.05 if what in LIGHT else 1.05 / (light + 0.05)
            self.assertGreater(contrast, 3, colour)

"""
The static files of the page: what is shipped is what is meant to be.
"""

import re
from configparser import RawConfigParser
from fnmatch import fnmatch
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from tests.cases import UnitCase

STATIC = Path(str(files("gossip.page"))) / "static"
CONFIGURATION = Path(__file__).parents[2] / "setup.cfg"

VENDOR = {
    "d3-dispatch.js": "334d2d51f85d91c20275df294edbb351b95c8049677f470e1d39b771ee27587f",
    "d3-force.js": "78c8445b036231d57cf4cbe7fcb00ddde6bbdb12f991c60a6bbb788b78c23f3f",
    "d3-quadtree.js": "d6d97f09b298fb7ec033d5edcc3640005b9d76c0ceca82c16f2ad8e13e7ab913",
    "d3-timer.js": "50e3364f2f5986c03dbc6971137dd23df79066a622c8e3f271444caea2bdcd5f",
    "uPlot.esm.js": "5dd9b3281aa64b461b42d9945f6adb2649d346502b12281a9ae0d46599a80eba",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}
"""
What is taken as it is from the packages d3-dispatch 3.0.2, d3-force 3.0.1, d3-quadtree 3.0.2, d3-timer
3.0.2 and uplot 1.6.32 of the npm registry (there in `dist`), by its SHA-256.
"""


def ours(pattern: str) -> list[Path]:
    """Our own files that fit."""
    found = sorted(STATIC.glob(pattern))
    assert found
    return found


class VendorTests(UnitCase):
    """Libraries of others."""

    def test_they_are_as_they_were_taken(self) -> None:
        """Each has the hash that it had in its package, and there is no other."""
        found = {
            path.name: sha256(path.read_bytes()).hexdigest()
            for path in (STATIC / "vendor").iterdir()
            if not path.name.endswith(".LICENSE.txt")
        }
        self.assertEqual(VENDOR, found)

    def test_each_has_its_licence(self) -> None:
        """Beside each library is what its authors ask to be kept with it."""
        for name in VENDOR:
            licence = (STATIC / "vendor" / f"{name.split('.')[0]}.LICENSE.txt").read_text()
            self.assertIn("Copyright", licence)
            self.assertIn("copies", licence)


class ShippedTests(UnitCase):
    """What a wheel holds."""

    def test_patterns(self) -> None:
        """Every static file is in a wheel: it fits a pattern of the configuration."""
        parser = RawConfigParser()
        parser.read(CONFIGURATION)
        listed = parser["options.package_data"]["gossip.page"].replace(",", " ").split()
        for path in STATIC.rglob("*"):
            name = path.relative_to(STATIC.parent)
            fits = any(
                len(Path(pattern).parts) == len(name.parts) and fnmatch(str(name), pattern)
                for pattern in listed
            )
            self.assertTrue(path.is_dir() or fits, name)

    def test_references(self) -> None:
        """What the page, its modules and its styles refer to is there, and is nowhere else."""
        page = (STATIC / "index.html").read_text()
        named = re.findall(r"(?:href|src)=\"(?!#)([^\"]*)\"", page)
        for path in ours("*.js"):
            found = re.findall(r"(?:from |import )\"\./([^\"]*)\"", path.read_text())
            named += [f"/static/{name}" for name in found]
            named += re.findall(r"Worker\(\"([^\"]*)\"", path.read_text())
        self.assertGreater(len(named), 30)
        for name in named:
            self.assertTrue(name.startswith("/static/"), name)
            self.assertTrue((STATIC / name.removeprefix("/static/")).is_file(), name)

    def test_all_are_used(self) -> None:
        """No module of ours is left over."""
        text = "".join(path.read_text() for path in ours("*.*"))
        for path in ours("*.js"):
            self.assertIn(path.name, text.replace(f"// {path.name}", ""))

    def test_modules_can_be_read_in_one_sitting(self) -> None:
        """None of ours is longer than 300 lines."""
        for path in ours("*.*"):
            self.assertLessEqual(len(path.read_text().splitlines()), 300, path.name)


class PolicyTests(UnitCase):
    """Nothing that `default-src 'self'` would refuse."""

    def test_nothing_inline(self) -> None:
        """The page has no script, style or handler in its markup."""
        page = (STATIC / "index.html").read_text()
        self.assertEqual([], re.findall(r"<style|style=|\son\w+=|javascript:|data:", page))
        self.assertEqual([], re.findall(r"<script(?![^>]* src=)", page))

    def test_no_markup_from_text(self) -> None:
        """No module makes elements or code of text."""
        forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|Function\(|DOMParser|srcdoc|createContextualFragment"
        for path in ours("*.js"):
            self.assertEqual([], re.findall(forbidden, path.read_text()), path.name)

    def test_no_address_elsewhere(self) -> None:
        """Nothing of ours names a host."""
        for path in ours("*.*"):
            found = re.findall(r"https?://[^\s\"]*", path.read_text())
            self.assertEqual([], [u for u in found if u != "http://www.w3.org/2000/svg"], path.name)

"""
What tox.ini runs is all there is.
"""

from configparser import RawConfigParser
from importlib import import_module
from pathlib import Path

from tests.cases import UnitCase
from tests.lived.nodes import RoughCase

ROOT = Path(__file__).parent.parent


class RoughTests(UnitCase):
    """Tests that other environments pass over have one of their own."""

    def test_all_are_named(self) -> None:
        """Each module of tests that take minutes is named in the section `rough`, and no other."""
        parser = RawConfigParser()
        parser.read(ROOT / "tox.ini")
        named = {*parser["rough"]["tests"].split(), *parser["rough"]["attacks"].split()}
        found = set()
        for path in sorted((ROOT / "tests" / "lived").glob("test_*.py")):
            module = import_module(f"tests.lived.{path.stem}")
            classes = [member for member in vars(module).values() if isinstance(member, type)]
            if any(issubclass(member, RoughCase) and member is not RoughCase for member in classes):
                found.add(module.__name__)
        self.assertEqual(found, named)

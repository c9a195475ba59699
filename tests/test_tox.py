"""
What tox.ini runs is all there is.
"""

import re
from configparser import RawConfigParser
from importlib import import_module
from pathlib import Path

from tests.cases import UnitCase
from tests.fuzz.__main__ import TARGETS
from tests.lived.nodes import RoughCase

ROOT = Path(__file__).parent.parent


GROUPS = ("tests", "faults", "sight", "attacks")
"""Of tests that take minutes; each group runs beside the others."""

ON_DEMAND = {"bench", "mutants", "proof"}
"""Environments that take hours, or a quiet machine."""


def tox() -> RawConfigParser:
    """What tox.ini says."""
    parser = RawConfigParser()
    parser.read(ROOT / "tox.ini")
    return parser


class DefaultTests(UnitCase):
    """What gates a change is run without being asked for."""

    def test_all_are_run(self) -> None:
        """Every environment is in `env_list`, but those that take hours."""
        parser = tox()
        defined = {name.partition(":")[2] for name in parser if name.startswith("testenv:")}
        listed = parser["tox"]["env_list"].replace(",", " ").split()
        self.assertEqual(defined - ON_DEMAND, set(listed))

    def test_what_gates_begins(self) -> None:
        """What is quick to fail comes first, and what gates nothing comes last."""
        listed = tox()["tox"]["env_list"].replace(",", " ").split()
        self.assertEqual(("lint", "rough"), (listed[0], listed[-1]))

    def test_it_is_shown(self) -> None:
        """What was skipped, and the seed that was first, is shown where nothing has failed too."""
        self.assertTrue(tox()["testenv"].getboolean("parallel_show_output"))


class GateTests(UnitCase):
    """What fails the whole."""

    def test_all_but_one(self) -> None:
        """Only what is new each time, or measures the machine, is shown without being a gate."""
        ignored = {name for name, section in tox().items() if section.get("ignore_outcome")}
        self.assertEqual({"testenv:rough"}, ignored)


class TestsTests(UnitCase):
    """The newest of everything."""

    def test_the_page_is_looked_at(self) -> None:
        """Another environment may pass over it, and this one does not."""
        self.assertIn("P2P_GOSSIP_PAGE", tox()["testenv:oldest"]["set_env"])
        self.assertNotIn("P2P_GOSSIP_PAGE", tox()["testenv:tests"]["set_env"])


class RoughTests(UnitCase):
    """Tests that other environments pass over have one of their own."""

    def test_how_long(self) -> None:
        """New networks are simulated for four minutes, and each target is fuzzed for one."""
        commands = tox()["testenv:rough"]["commands"]
        self.assertIn("gossip.testing --seconds 240 ", commands)
        fuzzed = re.findall(r"tests\.fuzz (.*?) --or-skip --seconds 60", commands)
        self.assertEqual(sorted(TARGETS), sorted(" ".join(fuzzed).split()))

    def test_all_are_named(self) -> None:
        """Each module of tests that take minutes is named in the section `rough`, and no other."""
        parser = tox()
        named = set(" ".join(parser["rough"][group] for group in GROUPS).split())
        found = set()
        for path in sorted((ROOT / "tests" / "lived").glob("test_*.py")):
            module = import_module(f"tests.lived.{path.stem}")
            classes = [member for member in vars(module).values() if isinstance(member, type)]
            if any(issubclass(member, RoughCase) and member is not RoughCase for member in classes):
                found.add(module.__name__)
        self.assertEqual(found, named)

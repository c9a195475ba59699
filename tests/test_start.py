"""
What a start costs, in modules and classes: seconds are for whoever else uses the machine to say.
"""

import json
import subprocess
import sys
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.lived.nodes import environment
from tests.lived.test_systemd import PATIENCE, Running

LOADED = """
import gc, json, sys
from gossip.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
ours = [module for name, module in sys.modules.items() if name.partition(".")[0] == "gossip"]
classes = {value for module in ours for value in vars(module).values() if isinstance(value, type)}
built = [one.__qualname__ for one in classes
         if one.__module__.startswith("gossip.") and "__attrs_attrs__" in vars(one)]
print(json.dumps({"event": "loaded", "modules": sorted(sys.modules), "built": sorted(built),
                  "collects": gc.isenabled(), "frozen": gc.get_freeze_count()}))
"""
YARDSTICK = "import json, sys, benchmarks.yardstick; print(json.dumps(sorted(sys.modules)))"

ASKED_FOR = {
    *("sqlite3", "configparser", "tomllib", "tomli", "argparse"),
    *("klein", "werkzeug", "rich", "twisted.web", "http.server"),
    *("gossip.asking", "gossip.client", "gossip.config", "gossip.control.front", "gossip.lasting"),
    *("gossip.memory.database", "gossip.sight.lookout", "gossip.sight.picture", "gossip.testing"),
}
"""What only some options and commands need."""

OF_A_NODE = {"twisted.internet.reactor", "OpenSSL", "gossip.node", "gossip.mesh.mesh", *ASKED_FOR}
"""What only a node needs."""


def alone() -> dict[str, str]:
    """The environment of a process that loads nothing for others: what measures the tests is left out."""
    return environment(XDG_RUNTIME_DIR="", COVERAGE_PROCESS_START="", COVERAGE_PROCESS_CONFIG="")


def printed(*command: str) -> Any:
    """What a program prints last."""
    done = subprocess.run(
        (sys.executable, *command),
        env=alone(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def ours(modules: list[str]) -> list[str]:
    """Those of this program."""
    return [name for name in modules if name.partition(".")[0] == "gossip"]


class NodeTests(SynchronousTestCase):
    """A node that neither keeps anything nor can be asked, from its start to its end."""

    def loaded(self, *arguments: str) -> dict[str, Any]:
        """What such a node has loaded."""
        node = Running(
            (
                *(sys.executable, "-c", LOADED, "--listen", "127.0.0.1", "--port", "0"),
                *("--output", "json", *arguments),
            ),
            alone(),
        )
        self.addCleanup(node.process.kill)
        node.until("listening")
        node.process.terminate()
        found = node.until("loaded")
        node.finish()
        return found

    def test_how_much(self) -> None:
        """
        So many modules of ours and of others, beyond those of the plain yardstick, and classes.

        A module takes 0.1 ms, a class that attrs makes 0.2 to 0.3. Whoever needs more of them looks
        first for what need not be there at each start.
        """
        found = self.loaded()
        plain = set(printed("-c", YARDSTICK))
        others = set(found["modules"]) - plain - set(ours(found["modules"]))
        self.assertLessEqual(len(ours(found["modules"])), 100)
        self.assertLessEqual(len(others), 50, sorted(others))
        self.assertLessEqual(len(found["built"]), 70, found["built"])

    def test_what_it_does_without(self) -> None:
        """Nothing is loaded that was not asked for, and what is asked for comes."""
        self.assertEqual(set(), ASKED_FOR & set(self.loaded()["modules"]))
        self.assertIn("sqlite3", self.loaded("--state", self.mktemp())["modules"])

    def test_garbage(self) -> None:
        """It is looked for again when the node listens, but not in what was there by then."""
        found = self.loaded()
        self.assertTrue(found["collects"])
        self.assertGreater(found["frozen"], 10_000)


class OptionsTests(SynchronousTestCase):
    """Command lines that start no node."""

    def test_no_node(self) -> None:
        """Help, the version and what is wrong need nothing but the options."""
        for argument in ("--help", "--version", "--bogus", "word"):
            modules = printed("-c", LOADED, argument)["modules"]
            # The help tells of the commands, whose table knows what may be wrong with them.
            allowed = {"argparse", "gossip.client"} if argument in ("--help", "word") else set()
            self.assertEqual(set(), (OF_A_NODE - allowed) & set(modules), argument)
            self.assertLessEqual(len(ours(modules)), 28, ours(modules))

    def test_less_than_a_node(self) -> None:
        """The longest of them, the help, loads less than the plain yardstick."""
        self.assertLess(
            len(printed("-c", LOADED, "--help")["modules"]), len(printed("-c", YARDSTICK))
        )

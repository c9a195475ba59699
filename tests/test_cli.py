"""
Which of two programs the command is.
"""

import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from gossip.client.commands import COMMANDS
from tests.lived.nodes import environment

LOADED = """
import sys
from gossip.cli import main
try:
    status = main(sys.argv[1:])
except SystemExit as end:
    status = end.code
print(status or 0, "twisted.internet.reactor" in sys.modules, "klein" in sys.modules)
"""


class DispatchTests(SynchronousTestCase):
    """A command asks a node; everything else starts one."""

    def last(self, *arguments: str) -> list[str]:
        """The status, and whether a reactor and a web server were loaded."""
        done = subprocess.run(
            (sys.executable, "-c", LOADED, *arguments),
            env=environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout.splitlines()[-1].split()

    def test_commands_load_no_reactor(self) -> None:
        """Asking is quick: what only a node needs is not there, whatever the command."""
        for command in COMMANDS:
            status, reactor, server = self.last(command.name, "--help")
            self.assertEqual(("0", "False", "False"), (status, reactor, server), command.name)
        self.assertEqual(["1", "False", "False"], self.last("peers", "--control", "/nowhere"))

    def test_everything_else_is_a_node(self) -> None:
        """Options, words that are no commands, and an empty one are for the one that runs a node."""
        self.assertEqual(["0", "False", "False"], self.last("--version"))
        self.assertEqual(["1", "True", "False"], self.last("--key", "/nowhere"))
        for word in ("peeters", ""):
            self.assertEqual("2", self.last(word)[0])

"""
What README.rst says is so.
"""

import subprocess
import sys
from pathlib import Path

from tests.cases import UnitCase
from tests.lived.nodes import environment

README = Path(__file__).parent.parent / "README.rst"


def block(label: str) -> str:
    """The literal block that follows a comment in the README, without its indent."""
    text = README.read_text()
    after = text.split(f".. {label}\n\n::\n\n", 1)[1]
    lines = []
    for line in after.splitlines():
        if line and not line.startswith("    "):
            break
        lines.append(line[4:])
    return "\n".join(lines).strip("\n")


class ReadmeTests(UnitCase):
    """A reader can rely on it."""

    def test_options_are_those_of_help(self) -> None:
        """The options stand there exactly as `--help` prints them on 80 columns."""
        shown = subprocess.run(
            [sys.executable, "-m", "gossip", "--help"],
            env=environment(COLUMNS="80"),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        options = shown[shown.index("Options:") : shown.index("\n\nRuns a node")]
        self.assertEqual(options.rstrip(), block("the options"))

    def test_commands_are_one_line_each(self) -> None:
        """One command runs a node, and one passes the tests."""
        self.assertEqual(1, len(block("the run command").splitlines()))
        self.assertTrue(block("the run command").endswith("p2p-gossip --period 5 --port 8080"))
        self.assertEqual(1, len(block("the test command").splitlines()))
        # Without names: all that stands in `env_list`.
        self.assertTrue(block("the test command").endswith("tox run"))

"""
The man page.
"""

import re
import shutil
import subprocess
from pathlib import Path

from gossip.client.commands import COMMANDS
from gossip.client.manual import page
from gossip.client.node_options import node_options
from gossip.reloading import RELOADED, changed
from gossip.settings import Settings
from tests.cases import UnitCase

KEPT = Path(__file__).parents[2] / "docs" / "p2p-gossip.1"


class ManualTests(UnitCase):
    """What is made, and what is kept."""

    def test_what_is_kept_is_what_is_made(self) -> None:
        """The file in docs is up to date; make it with `python -m gossip.client.manual`."""
        self.assertEqual(page(), KEPT.read_text(encoding="utf-8"))

    def test_all_is_told_of(self) -> None:
        """Every option and every command that is not hidden has its place."""
        text = page().replace(r"\-", "-")
        for _, option in node_options():
            self.assertIn(rf"\fB{option.name}\fR", text)
        for command in COMMANDS:
            self.assertEqual(not command.hidden, f".SS {command.name}\n" in text, command.name)
            for argument in command.arguments if not command.hidden else ():
                self.assertIn(argument.name if argument.is_option else str(argument.shown), text)

    def test_what_is_reloaded(self) -> None:
        """The options that take effect at once are those that do."""
        paragraph = next(line for line in page().splitlines() if line.startswith("Read again, "))
        named = {option.name[2:] for _, option in node_options() if option.name != "--config"}
        told = set(re.findall("[a-z]+", paragraph.partition(" take effect")[0])) & named
        differs = Settings(
            **{name: object() for name in RELOADED},  # type: ignore[arg-type]
        )
        self.assertEqual(set(changed(Settings(), differs)), told)

    def test_nothing_is_taken_for_a_request(self) -> None:
        """No line of text begins as a request does, and no hyphen stands for a minus."""
        for line in page().splitlines():
            if line.startswith("."):
                self.assertRegex(line, r"\A\.(TH|SH|SS|TP|PP|B|br|RS|RE|nf|fi)\b")
            self.assertFalse(line.startswith("'"), line)
            self.assertIsNone(
                re.search(r"(?<!\\)-", line.removeprefix('.TH P2P-GOSSIP 1 "" "p2p-gossip')), line
            )

    def test_groff_takes_it(self) -> None:
        """groff has nothing to say against it."""
        groff = shutil.which("groff")
        if groff is None:
            self.skipTest("groff is not installed")
        done = subprocess.run(
            [groff, "-man", "-Tutf8", "-ww", "-z"],
            input=page(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual((0, ""), (done.returncode, done.stderr))

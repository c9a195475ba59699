"""
What shells are told. Each that is installed is asked to complete something.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from gossip.client.commands import COMMANDS
from gossip.client.scripts import bash, fish, zsh
from tests.client.stubs import ClientCase, peer
from tests.lived.nodes import environment

BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=()
compopt() { echo "compopt $*"; }
_p2p_gossip "$P2P_GOSSIP" "${COMP_WORDS[-1]}" ""
printf '%s\\n' "${COMPREPLY[@]}"
"""


class ScriptTests(ClientCase):
    """The three scripts."""

    def run_shell(self, shell: str, *arguments: str) -> str:
        """Run a shell to its end: what it printed."""
        program = shutil.which(shell)
        if program is None:
            self.skipTest(f"{shell} is not installed")
        command = Path(self.directory, "p2p-gossip")
        code = "import sys; from gossip.client.command import main; sys.exit(main(sys.argv[1:]))"
        command.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{code}' \"$@\"\n")
        command.chmod(0o755)
        done = subprocess.run(
            [program, *arguments],
            env=environment(P2P_GOSSIP_CONTROL=self.path, P2P_GOSSIP=str(command)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual("", done.stderr)
        return done.stdout

    def script(self, shell: str) -> str:
        """A file with the script for a shell."""
        path = Path(self.directory, "script")
        path.write_text(self.told("completion", shell))
        return str(path)

    def completed(self, *words: str) -> list[str]:
        """What bash offers for the last word."""
        script = self.script("bash")
        return self.run_shell("bash", "--norc", "-c", BASH, "bash", script, *words).split("\n")[:-1]

    def test_all_is_told_of(self) -> None:
        """Every command that is not hidden, and each of its options, is in each script."""
        for text, option in ((bash(), "{}"), (zsh(), "{}"), (fish(), "-l {}")):
            for command in COMMANDS:
                if not command.hidden:
                    self.assertIn(command.name, text)
                    for argument in command.arguments:
                        if argument.is_option:
                            name = argument.name[2:] if "-l" in option else argument.name
                            self.assertIn(option.format(name), text)

    def test_bash(self) -> None:
        """Commands, options, words, and peers by what the node says are offered."""
        self.answers("GET", "peers", [(200, [peer(name="node-b"), peer(name="$(touch x)")])])
        self.assertEqual(["watch", "wait"], self.completed("p2p-gossip", "wa"))
        self.assertEqual(["--output"], self.completed("p2p-gossip", "--ou"))
        self.assertEqual(["json"], self.completed("p2p-gossip", "--output", "j"))
        self.assertEqual(["--watch"], self.completed("p2p-gossip", "peers", "--w"))
        self.assertEqual(["zsh"], self.completed("p2p-gossip", "completion", "z"))
        self.assertEqual(
            ["stopping"], self.completed("p2p-gossip", "history", "--event", "=", "st")
        )
        self.assertEqual(
            ["compopt -o default", ""], self.completed("p2p-gossip", "id", "--key", "")
        )
        self.assertEqual(["node-b"], self.completed("p2p-gossip", "ping", "n"))
        self.assertEqual(
            ["node-b", "cdcdcdcdcdcd", "cdcdcdcdcdcd"], self.completed("p2p-gossip", "ping", "")
        )
        self.assertEqual([""], self.completed("p2p-gossip", "status", ""))

    def test_zsh_takes_it(self) -> None:
        """zsh finds nothing wrong with its script."""
        self.assertEqual("", self.run_shell("zsh", "-n", self.script("zsh")))

    def test_fish(self) -> None:
        """fish offers what begins so, each with what it is for."""
        script = self.script("fish")
        said = self.run_shell(
            "fish", "--no-config", "-c", f"source {script}; complete -C 'p2p-gossip le'"
        )
        self.assertEqual(
            "leave\ttell all peers that the node stops on purpose, and stop it\n", said
        )

    def test_only_these(self) -> None:
        """Another shell is wrong usage."""
        self.assertIn("choose from", self.fails("completion", "tcsh", expected=2))

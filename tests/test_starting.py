"""
`p2p-gossip` without a command, and the same by twistd: help, version, and what is wrong.
"""

import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from gossip import __version__
from tests.lived.test_systemd import PATIENCE, TWISTD, environment

COMMAND = (sys.executable, "-m", "gossip")
BY_TWISTD = (*TWISTD, "-n", "--pidfile=", "p2p-gossip")


def ended(*command: str, directory: str | None = None) -> tuple[int, str, str]:
    """Run a command to its end: its status, and what it printed."""
    done = subprocess.run(
        command,
        cwd=directory,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


class CommandLineTests(SynchronousTestCase):
    """What a command line alone decides."""

    def test_wrong_options(self) -> None:
        """Status 2, by twistd too, and one line that says what is wrong and where there is help."""
        for arguments, said in (
            (["--port", "x"], "--port 'x' is not a whole number"),
            (["--period", "nan"], "--period nan is not from 0.05 to 86400"),
            (["--bogus"], "option --bogus not recognized"),
            (["a:1"], "'a:1' is neither an option nor a command; to join through it: --connect"),
            (["--connect", "\x1b[2J"], "--connect: '\\x1b[2J' is not host:port"),
            (["--cert", "other.pem"], "--cert needs the --key that it is for"),
        ):
            line = f"p2p-gossip: {said}; see p2p-gossip --help\n"
            self.assertEqual((2, "", line), ended(*COMMAND, *arguments))
        self.assertEqual((2, "", line), ended(*BY_TWISTD, *arguments))

    def test_help_and_version(self) -> None:
        """Both are printed to stdout, with status 0, and nothing is started."""
        for command, usage in ((COMMAND, "Usage: "), (BY_TWISTD, "Usage: ")):
            status, out, errors = ended(*command, "--help")
            self.assertEqual((0, ""), (status, errors))
            self.assertTrue(out.startswith(usage))
            self.assertIn("p2p-gossip" if command is BY_TWISTD else "gossip", out.splitlines()[0])
            self.assertEqual((0, f"p2p-gossip {__version__}\n", ""), ended(*command, "--version"))

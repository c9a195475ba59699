"""
Commands that run together.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.cases import UnitCase
from tests.lived.nodes import environment


def together(*commands: str) -> subprocess.CompletedProcess[str]:
    """Run these together."""
    return subprocess.run(
        [sys.executable, "-m", "tests.together", *commands],
        cwd=Path(__file__).parent.parent,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class TogetherTests(UnitCase):
    """All are run, all are heard, and none can fail unseen."""

    def test_all_are_heard(self) -> None:
        """What each one says is shown in one piece, and the status is 0 where all are."""
        done = together("sh -c 'echo one; echo two >&2'", "echo three")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("one\ntwo\n-> status 0", done.stdout)
        self.assertIn("three\n-> status 0", done.stdout)

    def test_at_the_same_time(self) -> None:
        """None waits for another to end: each of these two waits for a word of the other."""
        pipe = Path(self.mktemp()).absolute()
        subprocess.run(["mkfifo", pipe], check=True)
        done = together(f"sh -c 'echo word > {pipe}'", f"sh -c 'cat {pipe}'")
        self.assertEqual(0, done.returncode)
        self.assertIn("word\n-> status 0", done.stdout)

    def test_the_worst_counts(self) -> None:
        """One that fails fails all, and the others are still heard."""
        done = together("sh -c 'exit 3'", "sh -c 'sleep 0.2; echo late'")
        self.assertEqual(3, done.returncode)
        self.assertIn("late", done.stdout)

    def test_one_session(self) -> None:
        """They stay in our session, where `nice` counts among them, in groups that can be ended."""
        ask = "-c 'import os; print(os.getsid(0), os.getpgrp() == os.getpid())'"
        done = together(f"{sys.executable} {ask}")
        self.assertIn(f"\n{os.getsid(0)} True\n", done.stdout, done.stderr)

    def test_nothing_to_do(self) -> None:
        """Without commands it says how it is used."""
        done = together()
        self.assertEqual(2, done.returncode)
        self.assertIn("tests.together", done.stderr)

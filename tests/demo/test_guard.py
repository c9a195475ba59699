"""
The guard, as the program that it is.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from gossip.demo import guard
from tests.cases import UnitCase

LOOKS = 400
STEP = 0.05
"""Seconds between two looks."""


class GuardTests(UnitCase):
    """What it does when its stdin ends."""

    def setUp(self) -> None:
        self.guard = subprocess.Popen(
            (sys.executable, "-I", "-S", guard.__file__),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.addCleanup(self.guard.kill)
        assert self.guard.stdout is not None
        assert self.guard.stdin is not None
        self.stdin = self.guard.stdin
        self.directory = Path(self.guard.stdout.readline().decode().strip())
        self.guard.stdout.close()

    def eventually_gone(self) -> bool:
        """Whether the directory is removed."""
        for _ in range(LOOKS):
            if not self.directory.exists():
                return True
            time.sleep(STEP)
        return False

    def test_group_and_directory_go(self) -> None:
        """Who joined its group is killed, and the directory removed with all that is in it."""
        # It joins by itself, as nodes do.
        words = (
            f"import os, time; os.setpgid(0, {self.guard.pid}); print(flush=True); time.sleep(60)"
        )
        member = subprocess.Popen((sys.executable, "-c", words), stdout=subprocess.PIPE)
        assert member.stdout is not None
        self.addCleanup(member.stdout.close)
        member.stdout.readline()
        self.addCleanup(member.kill)
        (self.directory / "below").mkdir()
        (self.directory / "below" / "file").touch()
        self.assertIsNone(member.poll())
        self.stdin.close()
        self.assertEqual(-signal.SIGKILL, member.wait(60))
        self.assertEqual(-signal.SIGKILL, self.guard.wait(60))
        self.assertTrue(self.eventually_gone())

    def test_signals_are_for_others(self) -> None:
        """What ends the demonstration does not end its guard before it."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.guard.send_signal(number)
        self.stdin.write(b"still there?")
        self.stdin.flush()
        self.assertTrue(self.directory.exists())
        self.assertIsNone(self.guard.poll())
        self.stdin.close()
        self.assertEqual(-signal.SIGKILL, self.guard.wait(60))
        self.assertTrue(self.eventually_gone())

    def test_own_group(self) -> None:
        """It is in a group of its own: nobody else is killed."""
        self.assertEqual(self.guard.pid, os.getpgid(self.guard.pid))
        self.stdin.close()
        self.guard.wait(60)
        self.assertTrue(self.eventually_gone())

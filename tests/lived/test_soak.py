"""
Minutes of watching: bad lines, flapping lines, and nodes that are killed and started anew.

The cases are in `tests.lived.lines` and `tests.lived.soak`. They wait for most of their time, so each
class has a trial of its own here, and all run at once.
"""

import sys

from tests.lived import lines, netns, soak
from tests.lived.hosted import NetworkCase, together
from tests.lived.nodes import Program


class Trial(Program):
    """A trial: what it says of a failure may begin like an event, and is none."""

    def outReceived(self, data: bytes) -> None:
        """More of stdout."""
        self.output += data.decode(errors="replace")


class SideBySideTests(NetworkCase):
    """Long cases, each class in a process of its own."""

    # Not imported by their own names, by which trial would find them here too.
    cases = (lines.BadLineTests, lines.FlappingTests, soak.SoakTests)
    timeout = 60 + max(case.timeout for case in cases)

    async def test_long_cases(self) -> None:
        """What is watched for minutes holds: bad lines, flapping lines, and churn."""
        # If these are ended early, what they leave is removed last of all.
        self.addCleanup(netns.sweep)
        names = [f"{case.__module__}.{case.__name__}" for case in self.cases]
        trials = [self.trial(name) for name in names]
        codes = await together(*(trial.ended for trial in trials))
        for trial in trials:
            print(f"\n{trial.output}{trial.errors}", flush=True)
        self.assertEqual(dict.fromkeys(names, 0), dict(zip(names, codes, strict=True)))

    def trial(self, name: str) -> Trial:
        """Start a trial of these tests."""
        command = (sys.executable, "-m", "twisted.trial", f"--temp-directory={self.mktemp()}", name)
        return self.watched(Trial(command))

"""
The simulator as a program of its own, as it is and with an invariant that does not hold.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import gossip

PATIENCE: Final = 300.0
"""Seconds that a test waits for a program that ends by itself: long, since machines are shared."""

ROOT: Final = str(Path(gossip.__file__).parent.parent)

COMMAND: Final = ("-m", "gossip.testing")

BROKEN: Final = '''
"""The simulator, with an invariant that says that nothing ever snaps."""

import sys

from gossip.testing import simulation
from gossip.testing.command import main
from gossip.testing.runs import be_quiet


def nothing_snaps(watch):
    """I99: no connection breaks."""
    now = watch.clock.seconds()
    for operation in watch.town.plan.operations:
        if operation.what == "snap" and operation.at <= now:
            yield "one has snapped: \\x1b[31m"


# Workers begin with this module too, under another name: what is broken here is broken there.
simulation.ALWAYS = (nothing_snaps,)

if __name__ == "__main__":
    be_quiet()
    sys.exit(main())
'''

DEADLY: Final = '''
"""The simulator, where some seeds end the process, and others never end."""

import os
import sys
import time

from gossip.testing import campaign
from gossip.testing.command import main
from gossip.testing.runs import be_quiet

perform = campaign.perform


def deadly(run):
    if run.seed == 3:
        os._exit(7)
    while run.seed == 5:
        time.sleep(0.01)
    return perform(run)


campaign.perform = deadly

if __name__ == "__main__":
    be_quiet()
    sys.exit(main())
'''


def environment(**more: str) -> dict[str, str]:
    """Ours, with the same `gossip` that the tests import."""
    path = os.pathsep.join(filter(None, (ROOT, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, **more}


def script(directory: str, text: str) -> str:
    """A program in a file."""
    path = Path(directory)
    path.mkdir(parents=True, exist_ok=True)
    (path / "simulator.py").write_text(text)
    return str(path / "simulator.py")


def start(*arguments: str, program: Sequence[str] = COMMAND) -> "subprocess.Popen[str]":
    """Start it, so that it hears Ctrl-C; text comes from both of its outputs."""
    # A shell lets what it starts in the background ignore Ctrl-C, and programs inherit that.
    heard = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, *program, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            start_new_session=True,
        )
    finally:
        signal.signal(signal.SIGINT, heard)


def run(
    *arguments: str,
    program: Sequence[str] = COMMAND,
    python: str = sys.executable,
    **more: str,
) -> "subprocess.CompletedProcess[str]":
    """Run it to its end, with more in its environment."""
    return subprocess.run(
        [python, *program, *arguments],
        capture_output=True,
        text=True,
        env=environment(**more),
        timeout=PATIENCE,
        check=False,
    )

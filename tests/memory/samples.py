"""
Memories and occurrences for tests, and disks that fill up or turn read-only.
"""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from unittest import SkipTest

from twisted.logger import LogEvent, capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from gossip.mesh.memories import Memory
from gossip.mesh.status import Occurrence
from gossip.trust.identity import PeerId
from gossip.wire.messages import Sealed

OWN = PeerId("0" * 64)
WALL = 1_700_000_000.0


def peer(number: int) -> PeerId:
    """The id of one of many peers."""
    return PeerId(sha256(b"%d" % number).hexdigest())


def memory(number: int, generation: int = 0, state: str = "dead") -> Memory:
    """One of many peers, as it was at some time."""
    return Memory(
        id=peer(number),
        sealed=Sealed(f'{{"generation":{generation}}}', "c2lnbmF0dXJl"),
        state=state,
        first_linked=WALL,
        last_linked=WALL + generation,
        address=f"192.0.2.{number % 250}:8080",
        loopback=bool(number % 2),
    )


def occurrence(number: int, event: str = "peer_left", time: float = WALL) -> Occurrence:
    """Something that happened."""
    return Occurrence(number=number, time=time, event=event, members={"peer": f"p{number}"})


class FolderCase(SynchronousTestCase):
    """A test on a real file system."""

    def folder(self) -> Path:
        """A new directory, in one that nobody else can write to."""
        path = Path(self.mktemp()).absolute()
        path.mkdir(parents=True)
        return path


class Lines:
    """What this room logs during a test."""

    def __init__(self, case: SynchronousTestCase) -> None:
        capturing = capturedLogs()
        self._events: Sequence[LogEvent] = capturing.__enter__()
        case.addCleanup(capturing.__exit__, None, None, None)

    def __call__(self) -> list[str]:
        """All of it."""
        ours = (e for e in self._events if e["log_namespace"].startswith("gossip.memory"))
        return [formatEvent(event) for event in ours]


def small_disk(case: SynchronousTestCase, kib: int) -> Path:
    """
    A file system of its own that is soon full, for as long as a test runs.

    :raises SkipTest: nobody but root can mount one.
    """
    if os.geteuid():
        raise SkipTest("only root can mount a file system")
    place = Path(tempfile.mkdtemp(prefix="p2p-gossip-disk-"))
    case.addCleanup(place.rmdir)
    mounted = _mount("-t", "tmpfs", "-o", f"size={kib}k,mode=0700", "tmpfs", str(place))
    if mounted.returncode:
        raise SkipTest(f"cannot mount a file system here: {mounted.stderr.strip()}")
    case.addCleanup(subprocess.run, ["umount", "--lazy", str(place)], check=True)
    return place


def remount(place: Path, mode: str) -> None:
    """Make a file system read-only (`ro`) or writable (`rw`)."""
    done = _mount("-o", f"remount,{mode}", str(place))
    assert not done.returncode, done.stderr


def fill(place: Path) -> Path:
    """Leave no room on a disk; the file that has it all."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as stream:
        for size in (65536, 4096, 1):
            try:
                while stream.write(b"\0" * size):
                    pass
            except OSError:
                continue
    return ballast


def _mount(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)

"""
A process that outlives the demonstration, and then leaves nothing of it behind.

Runs as a program, with nothing but the standard library. It makes a directory, and tells on stdout
where it is. When its stdin ends, because the demonstration is over or was killed, everybody in its
process group is killed, and the directory is removed. Nodes of the demonstration join that group.
"""

import os
import shutil
import signal
import tempfile
import time

TRIES = 20
"""To remove the directory: who was killed may still be about to write a file."""

PAUSE = 0.1
"""Seconds between two of them."""

IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)
"""Ctrl-C and a closed terminal are for the demonstration, which then ends our stdin."""


def main() -> None:
    """Be the program."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    os.setpgrp()
    directory = tempfile.mkdtemp(prefix="p2p-demo-")
    group = os.getpid()
    try:
        os.write(1, f"{directory}\n".encode())
        while os.read(0, 4096):
            pass
    finally:
        # A process of another session, since we are of that group ourselves.
        if os.fork() == 0:
            os.setsid()
            end(group, directory)
            os._exit(0)
        signal.pause()


def end(group: int, directory: str) -> None:
    """Kill a process group, and remove a directory."""
    os.killpg(group, signal.SIGKILL)
    for _ in range(TRIES):
        shutil.rmtree(directory, ignore_errors=True)
        if not os.path.lexists(directory):
            return
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()

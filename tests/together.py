"""
Runs several commands at the same time: `python -m tests.together 'command one' 'command two'`.

What each one says is shown when it has ended, so that it can be read; the worst of their statuses is
the status of all. Some of them wait most of the time, while others want all of a processor.
"""

import asyncio
import os
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress


async def _run(command: str) -> int:
    begun = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *shlex.split(command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        # A group, with which all can be ended. Not a session: there `nice` may count among those of
        # the same session alone (sched(7), autogroup).
        preexec_fn=os.setpgrp,
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            # Also what it has started.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            await process.wait()
    status = process.returncode or 0
    sys.stdout.write(f"\n$ {command}\n{said.decode(errors='replace')}")
    print(f"-> status {status} after {time.monotonic() - begun:.0f} s", flush=True)
    return abs(status)


async def _run_all(commands: Sequence[str]) -> int:
    return max(await asyncio.gather(*map(_run, commands)))


def main(commands: Sequence[str]) -> int:
    """Run them all; 0 where all of them ended with 0."""
    if not commands:
        print(__doc__, file=sys.stderr)
        return 2
    print("together: " + "; ".join(commands), flush=True)
    return min(125, asyncio.run(_run_all(commands)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

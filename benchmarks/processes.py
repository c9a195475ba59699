"""
Processes that end with this one: what they say, and what they cost. Linux only.

Whatever ends this process, the kernel ends those that it started (prctl(2), PR_SET_PDEATHSIG); and an
alarm ends this process, where it takes longer than it ever should.
"""

import asyncio
import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

import gossip

Event: TypeAlias = dict[str, Any]
Read: TypeAlias = Callable[[str], "Event | None"]
"""Makes an event of a line, or None of one that tells nothing."""

PATIENCE: Final = 120.0
"""Seconds for something that should happen."""

PYTHON: Final = (sys.executable, "-m")

_LIBC: Final = ctypes.CDLL(None)
_PR_SET_PDEATHSIG: Final = 1
# sched.h, net/if.h, bits/ioctls.h
_CLONE_NEWNET: Final = 0x40000000
_IFF_UP: Final = 1
_SIOCSIFFLAGS: Final = 0x8914
_ROOTS: Final = (str(Path(__file__).parent.parent), str(Path(gossip.__file__).parent.parent))
_UNWANTED: Final = (
    *("P2P_GOSSIP_LOG", "XDG_RUNTIME_DIR", "NOTIFY_SOCKET", "WATCHDOG_USEC"),
    "PYTHONDONTWRITEBYTECODE",
)
"""What would make a node do more than it is asked to, such as to compile all of itself each time."""


class Ended(Exception):
    """A process ended before it did what it should."""


class TooLate(Exception):
    """Something did not happen in time."""


def environment() -> Mapping[str, str]:
    """That of the processes: ours, with the same `gossip` and `benchmarks`."""
    kept = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
    paths = filter(None, (*_ROOTS, os.environ.get("PYTHONPATH")))
    return {**kept, "PYTHONPATH": os.pathsep.join(paths)}


def stop_after(seconds: int) -> None:
    """End this process, and so all others, when it has taken so long."""
    signal.alarm(seconds)


def raise_descriptors(wanted: int) -> int:
    """Let this process, and those it starts, open so many files; how many it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return soft
    for most in (max(hard, wanted), hard):
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, most), most))
            break
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def own_network() -> bool:
    """
    Give this process, and those it starts, a loopback of their own; False where that is not allowed.

    What else is done on the machine then neither meets them nor is counted with them.
    """
    if _LIBC.unshare(_CLONE_NEWNET):
        return False
    with socket.socket() as any_socket:
        request = struct.pack("16sH22x", b"lo", _IFF_UP)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)
    return True


def free_ports(count: int) -> list[int]:
    """TCP ports of loopback on which nobody listens now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def json_line(line: str) -> Event | None:
    """The object that a line is."""
    return json.loads(line) if line.startswith("{") else None


def _end_with(parent: int) -> None:
    """In the child: be killed when the parent is gone, also if it has gone already."""
    os.setpgrp()
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


class Process:
    """A process whose output lines are events. `heard` is called with each as it comes."""

    def __init__(self, running: asyncio.subprocess.Process, started: float, read: Read) -> None:
        self.events: list[Event] = []
        self.started = started
        """Unix time just before it was started."""
        self.pid = running.pid
        self._running = running
        self._read = read
        self._news = asyncio.Event()
        self._reading = asyncio.ensure_future(self._follow())

    @classmethod
    async def start(cls, *command: str, read: Read = json_line) -> "Process":
        """Start it."""
        parent, started = os.getpid(), time.time()
        running = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment(),
            preexec_fn=lambda: _end_with(parent),
            limit=1 << 20,
        )
        return cls(running, started, read)

    def cpu(self) -> float:
        """Seconds of CPU that all of its threads have taken."""
        # linux/posix-timers.h: the clock of a process, CPUCLOCK_SCHED. In nanoseconds, where /proc
        # counts hundredths of a second.
        return time.clock_gettime((~self.pid << 3) | 2)

    def rss(self) -> int:
        """Bytes of memory that it holds."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def send(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def tell(self, line: str) -> None:
        """Write it a line."""
        assert self._running.stdin is not None
        self._running.stdin.write(f"{line}\n".encode())

    def named(self, event: str, since: int = 0) -> list[Event]:
        """Its events of that name, from a number on."""
        return [one for one in self.events[since:] if one["event"] == event]

    async def until(self, event: str, since: int = 0, within: float = PATIENCE) -> Event:
        """The first event of that name, past or to come, numbered `since` or later."""
        found: list[Event] = []

        def there() -> bool:
            found[:] = self.named(event, since)
            return bool(found)

        await self.becomes(there, within)
        return found[0]

    async def becomes(self, true: Callable[[], bool], within: float = PATIENCE) -> None:
        """Wait until this is true, which only a line of this process can make it."""
        by = time.monotonic() + within
        while not true():
            if self._reading.done():
                raise Ended(f"process {self.pid} ended too early")
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), by - time.monotonic())
            except asyncio.TimeoutError:
                raise TooLate(f"process {self.pid} took longer than {within:g} s") from None

    async def asked(self, line: str, event: str, within: float = PATIENCE) -> Event:
        """Write it a line; the event that it answers with."""
        since = len(self.events)
        self.tell(line)
        return await self.until(event, since, within)

    async def ended(self) -> float:
        """Wait for its end; seconds from now to then."""
        begun = time.monotonic()
        await self._running.wait()
        return time.monotonic() - begun

    async def kill(self) -> None:
        """End it now."""
        # Not by asyncio, which looks whether it has ended, and takes its status from whoever waits.
        if self._running.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        await self._running.wait()
        await self._reading

    async def _follow(self) -> None:
        assert self._running.stdout is not None
        async for line in self._running.stdout:
            event = self._read(line.decode(errors="replace").rstrip("\n"))
            if event is not None:
                self.events.append({"time": time.time(), **event})
                self._news.set()
        self._news.set()


@asynccontextmanager
async def ending(processes: Sequence[Process] | list[Process]) -> AsyncIterator[None]:
    """End all of these when it is left, those added meanwhile too."""
    try:
        yield
    finally:
        await asyncio.gather(*(process.kill() for process in processes))

"""
A relay that makes lines long: frames from a host reach the switch late, each by a delay of its own.

Runs as a program, with nothing but the standard library, in the namespace of the switch:

    relay.py SEED DELAY JITTER LINE...

For each LINE, a name, it makes the TAP devices `h`LINE and `s`LINE. What is sent into `h`LINE comes
out of `s`LINE after DELAY ± JITTER seconds, uniformly, by a stream of random numbers that depends on
SEED and LINE alone; so frames overtake each other. What is sent into `s`LINE comes out of `h`LINE at
once. It tells on stdout when the devices are there, and ends when its stdin is closed.
"""

import fcntl
import json
import os
import select
import struct
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from heapq import heappop, heappush
from random import Random

TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
LONGEST_FRAME = 65536
MOST_WAITING = 20000
"""Frames under way at once, for all lines; more are lost, as on a real line. 30 MB at worst."""


def tap(name: str) -> int:
    """Make a TAP device, which lives as long as the descriptor that is returned."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return descriptor


class Relay:
    """Carries frames of any number of lines."""

    def __init__(self, seed: str, delay: float, jitter: float, lines: Sequence[str]) -> None:
        self._delay = delay
        self._jitter = jitter
        self._late: dict[int, tuple[int, Random]] = {}
        """Of each device of a host: where its frames go, and how late they are."""
        self._prompt: dict[int, int] = {}
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._count = 0
        for line in lines:
            host, switch = tap(f"h{line}"), tap(f"s{line}")
            self._late[host] = (switch, Random(f"{seed} {line}"))
            self._prompt[switch] = host

    def run(self) -> None:
        """Carry frames until stdin is closed."""
        poll = select.poll()
        for descriptor in (0, *self._late, *self._prompt):
            poll.register(descriptor, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll(self._wait())}
            if 0 in ready:
                return
            for descriptor in ready:
                # A device that is down says so, and has nothing.
                with suppress(OSError):
                    self._read(descriptor)
            self._deliver()

    def _wait(self) -> float | None:
        if not self._waiting:
            return None
        return max(0.0, (self._waiting[0][0] - time.monotonic()) * 1000)

    def _read(self, descriptor: int) -> None:
        frame = os.read(descriptor, LONGEST_FRAME)
        if descriptor in self._prompt:
            os.write(self._prompt[descriptor], frame)
            return
        to, random = self._late[descriptor]
        delay = self._delay + random.uniform(-self._jitter, self._jitter)
        if len(self._waiting) < MOST_WAITING:
            self._count += 1
            heappush(self._waiting, (time.monotonic() + delay, self._count, to, frame))

    def _deliver(self) -> None:
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            _, _, to, frame = heappop(self._waiting)
            with suppress(OSError):
                os.write(to, frame)


def main(arguments: Sequence[str]) -> None:
    """Be the program."""
    seed, delay, jitter, *lines = arguments
    relay = Relay(seed, float(delay), float(jitter), lines)
    print(json.dumps({"event": "ready"}), flush=True)
    relay.run()


if __name__ == "__main__":
    main(sys.argv[1:])

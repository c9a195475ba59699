"""
A wall clock that jumps changes nothing: nobody dies of it, and nobody falls silent.
"""

from pathlib import Path

from tests.lived.nodes import LivedCase, NodeProcess, Wanted

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


class JumpTests(LivedCase):
    """Nodes whose wall clock a test sets, by libfaketime."""

    if not LIBRARIES:
        skip = "libfaketime (Debian: libfaketime) is not installed: wall clocks cannot be set"

    def clocked(self, clock: Path, *arguments: str) -> NodeProcess:
        """A node whose wall clock is offset by what stands in a file."""
        return self.node(
            *arguments,
            LD_PRELOAD=str(LIBRARIES[-1]),
            FAKETIME_TIMESTAMP_FILE=str(clock),
            FAKETIME_DONT_FAKE_MONOTONIC="1",
            FAKETIME_NO_CACHE="1",
        )

    async def test_an_hour_forth_and_two_back(self) -> None:
        """Both keep their link, go on pinging, and nobody is called dead."""
        clock = Path(self.mktemp())
        clock.write_text("+0")
        first = self.clocked(clock)
        await first.listening()
        second = self.clocked(clock, "--connect", first.address)
        await second.listening()
        await self.known([first, second])
        for offset in ("+3600", "-3600"):
            before = max(event["time"] for event in first.events)
            clock.write_text(offset)
            for node in (first, second):
                await node.until(pings_far_from(before))
                last = [event for event in node.events if event["event"] == "ping"][-1]["seq"]
                # Six more at half a second each: three heartbeats and more have passed.
                await node.until(ping_after(last + 6))
        for node in (first, second):
            self.assertEqual([], [e for e in node.events if e["event"] == "peer_dead"])
            self.assertEqual(1, node.count("peer_alive"))


def pings_far_from(before: float) -> Wanted:
    """Wants a ping at a wall time that is half an hour or more from another one."""
    return lambda event: event["event"] == "ping" and abs(event["time"] - before) > 1800


def ping_after(seq: int) -> Wanted:
    """Wants a ping with at least this number."""
    return lambda event: event["event"] == "ping" and event["seq"] >= seq

"""
A wall clock that jumps changes nothing: nobody dies of it, and nobody falls silent.
"""

from pathlib import Path

from tests.lived.nodes import NodeProcess, RoughCase, Wanted

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


class JumpTests(RoughCase):
    """Nodes whose wall clock a test sets, by libfaketime."""

    if not LIBRARIES:
        skip = "libfaketime (Debian: libfaketime) is not installed: wall clocks cannot be set"

    def clocked(self, clock: Path, *arguments: str) -> NodeProcess:
        """A node whose wall clock is offset by what stands in a file."""
        return self.patient(
            *arguments,
            LD_PRELOAD=str(LIBRARIES[-1]),
            FAKETIME_TIMESTAMP_FILE=str(clock),
            FAKETIME_DONT_FAKE_MONOTONIC="1",
            # Else a wait for the interpreter's lock ends at once, and takes a whole processor.
            FAKETIME_FORCE_MONOTONIC_FIX="0",
            # Seconds for which the file is not read again, instead of at each look at any clock.
            FAKETIME_CACHE_DURATION="1",
        )

    def patient(self, *arguments: str, **environ: str) -> NodeProcess:
        """
        A node that promises little.

        Under libfaketime two threads take the interpreter from each other by spinning: a node that
        prints needs half a core, and on a machine that is busy it may be silent for seconds.
        """
        return self.node("--heartbeat", "5", *arguments, **environ)

    async def test_one_of_three(self) -> None:
        """Wherever its clock goes, it keeps its links, and a newcomer joins through it."""
        clock = Path(self.mktemp())
        clock.write_text("+0")
        first = self.clocked(clock)
        await first.listening()
        others = [self.patient("--connect", first.address) for _ in range(2)]
        for node in others:
            await node.listening()
        nodes = [first, *others]
        await self.known(nodes)
        for offset in ("+3600", "-3600", "+315360000"):
            before = max(event["time"] for event in first.events)
            turn(clock, offset)
            await first.until(pings_far_from(before))
            for node in nodes:
                last = [event for event in node.events if event["event"] == "ping"][-1]["seq"]
                await node.until(ping_after(last + 8))
        newcomer = self.patient("--connect", first.address)
        await newcomer.listening()
        await self.known([*nodes, newcomer])
        for node in (*nodes, newcomer):
            told = [event["event"] for event in node.events if event["event"] != "ping"]
            self.assertEqual(["listening", *["peer_alive"] * 3], told)
        # One line a jump: each is another difference from the time that goes on.
        said = [line for line in first.errors.splitlines() if "do not agree with it" in line]
        self.assertEqual(3, len(said), first.errors)

    async def test_set_right_while_alone(self) -> None:
        """A node that began fifty years ago, and is set right, is linked soon after."""
        clock = Path(self.mktemp())
        clock.write_text("-1576800000")
        seed = self.patient()
        await seed.listening()
        late = self.clocked(clock, "--connect", seed.address)
        await late.listening()
        await late.said("refused", code="refused")
        turn(clock, "+0")
        await self.mesh([seed, late])

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
            turn(clock, offset)
            for node in (first, second):
                await node.until(pings_far_from(before))
                last = [event for event in node.events if event["event"] == "ping"][-1]["seq"]
                # At half a second each: three heartbeats and more have passed.
                await node.until(ping_after(last + 32))
        for node in (first, second):
            self.assertEqual([], [e for e in node.events if e["event"] == "peer_dead"])
            self.assertEqual(1, node.count("peer_alive"))


def turn(clock: Path, offset: str) -> None:
    """Set a clock, in one go: half a file would be read as another time."""
    new = clock.with_suffix(".new")
    new.write_text(offset)
    new.replace(clock)


def pings_far_from(before: float) -> Wanted:
    """Wants a ping at a wall time that is half an hour or more from another one."""
    return lambda event: event["event"] == "ping" and abs(event["time"] - before) > 1800


def ping_after(seq: int) -> Wanted:
    """Wants a ping with at least this number."""
    return lambda event: event["event"] == "ping" and event["seq"] >= seq

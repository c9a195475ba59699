"""
A wall clock that is set, on one node of a mesh: nobody dies of it, and nobody is kept out.
"""

from pathlib import Path

from tests.lived.hosted import about, together, troubles
from tests.lived.nodes import NodeProcess, RoughCase
from tests.lived.test_clock import LIBRARIES, pings_far_from

HOUR = 3600
TEN_YEARS = 315_576_000


class ClockSetTests(RoughCase):
    """Three nodes, one of which has its wall clock set while it runs, by libfaketime."""

    if not LIBRARIES:
        skip = "libfaketime (Debian: libfaketime) is not installed: wall clocks cannot be set"

    async def test_clock_of_one_is_set_again_and_again(self) -> None:
        """A clock set an hour forth, an hour back, ten years forth and right loses and bars nobody."""
        clock = Path(self.mktemp())
        clock.write_text("+0")
        honest = self.node()
        await honest.listening()
        jumping = self.node(
            *("--connect", honest.address),
            LD_PRELOAD=str(LIBRARIES[-1]),
            FAKETIME_TIMESTAMP_FILE=str(clock),
            FAKETIME_DONT_FAKE_MONOTONIC="1",
            FAKETIME_NO_CACHE="1",
            # Otherwise waits of threads end at once, and the interpreter's lock costs a whole core.
            FAKETIME_FORCE_MONOTONIC_FIX="0",
        )
        nodes = [honest, self.node("--connect", honest.address), jumping]
        for node in nodes:
            await node.listening()
        await self.known(nodes)
        for seconds in (HOUR, -HOUR, TEN_YEARS, 0):
            before = jumping.events[-1]["time"]
            clock.write_text(f"{seconds:+d}")
            await jumping.until(pings_far_from(before), since=len(jumping.events))
            await self.pass_time(nodes)
            nodes.append(self.node("--connect", honest.address))
            await nodes[-1].listening()
            await self.mesh(nodes)
        await self.pass_time(nodes)
        for node in nodes:
            gone = [e for e in node.events if e["event"] in ("peer_dead", "peer_left")]
            self.assertEqual([], gone)
            self.assertEqual([], troubles(node.errors))

    async def pass_time(self, nodes: list[NodeProcess]) -> None:
        """Wait until each has heard eight more pings of each, in more than three heartbeats."""
        await together(*(self.hears(n, o) for n in nodes for o in nodes if n is not o))

    async def hears(self, node: NodeProcess, other: NodeProcess) -> None:
        """Wait until a node has heard eight more pings of another one."""
        for _ in range(8):
            await node.until(about("ping", other), since=len(node.events))

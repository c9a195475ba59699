"""
Relays before nodes, so that paths between nodes can be cut.

Each node listens where nobody is told of, and advertises its relay. What is cut loses all bytes in
silence, as where a cable is pulled: connections stay, and nothing comes through. When it is mended,
connections that missed something are aborted, since a relay cannot put them together again.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from attrs import define, field

Pair = frozenset[str]

CHUNK = 65536
"""Bytes that are passed on at once."""

CLOSING = 2.0
"""Seconds for the last bytes to get out."""

Whose = Callable[[int, int], str | None]
"""Which node has the connection between two ports, its own first; None where it is none of them."""


@define(eq=False)
class Paths:
    """Which pairs of nodes are cut from each other."""

    _cut: set[Pair] = field(factory=set)
    _mended: asyncio.Event = field(factory=asyncio.Event)

    def cut(self, some: Iterable[str], others: Iterable[str]) -> None:
        """Let nothing through between any of some nodes and any of others."""
        others = list(others)
        self._cut |= {frozenset((one, other)) for one in some for other in others}

    def mend(self) -> None:
        """Let everything through again."""
        self._cut.clear()
        self._mended.set()
        self._mended = asyncio.Event()

    async def blocked(self, one: str | None, other: str) -> bool:
        """Whether a pair was cut; if so, it is not any more."""
        if one is None or frozenset((one, other)) not in self._cut:
            return False
        await self._mended.wait()
        return True


@define(eq=False)
class Relay:
    """What everybody dials who wants to reach one node."""

    name: str
    paths: Paths
    whose: Whose
    port: int = 0
    """Where it listens, once it does."""
    to: int = 0
    """Where its node listens; 0 while it does not run."""
    _server: asyncio.Server | None = None
    _under_way: set["asyncio.Task[None]"] = field(factory=set)

    async def listen(self) -> None:
        """Listen on a free port of loopback."""
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listen no more, and abort all connections."""
        if self._server is not None:
            self._server.close()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._carry(reader, writer))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, until either end closes it."""
        try:
            local = writer.get_extra_info("peername")[1]
            dialer = self.whose(local, self.port)
            if self.to and not await self.paths.blocked(dialer, self.name):
                await self._between(dialer, reader, writer)
        except (OSError, TypeError):
            # The node does not run, or the dialer went before we asked who it is.
            pass
        finally:
            writer.transport.abort()

    async def _between(
        self, dialer: str | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        inner, inward = await asyncio.open_connection("127.0.0.1", self.to)
        ways = (self._pump(dialer, reader, inward), self._pump(dialer, inner, writer))
        tasks = [asyncio.ensure_future(way) for way in ways]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            inward.close()
            writer.close()
            # What was passed on before an end gets out before the end does.
            with suppress(asyncio.TimeoutError, OSError):
                await asyncio.wait_for(writer.wait_closed(), CLOSING)

    async def _pump(
        self, dialer: str | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Pass on what comes; it ends with the connection, or when the path was mended."""
        with suppress(OSError):
            while True:
                data = await reader.read(CHUNK)
                # The end of a connection does not get through either.
                if await self.paths.blocked(dialer, self.name) or not data:
                    return
                writer.write(data)
                await writer.drain()

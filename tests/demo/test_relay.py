"""
Relays, and what cutting does, on sockets of loopback.
"""

import asyncio
from collections.abc import Awaitable, Callable

from gossip.demo.relay import Paths, Relay
from tests.cases import UnitCase

WAIT = 20.0
"""Seconds for what must happen."""

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class RelayTests(UnitCase):
    """One relay, before a server that says everything again."""

    dialer: str | None = "a"

    def lived(self, test: Callable[[Relay, Paths], Awaitable[None]]) -> None:
        """Run a test with it."""

        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while received := await reader.read(100):
                writer.write(received)
            writer.close()

        async def run() -> None:
            server = await asyncio.start_server(echo, "127.0.0.1", 0)
            paths = Paths()
            relay = Relay("b", paths, lambda local, remote: self.dialer)
            await relay.listen()
            relay.to = server.sockets[0].getsockname()[1]
            try:
                await asyncio.wait_for(test(relay, paths), WAIT)
            finally:
                await relay.close()
                server.close()

        asyncio.run(run())

    async def dial(self, relay: Relay) -> Ends:
        """Reach it."""
        return await asyncio.open_connection("127.0.0.1", relay.port)

    async def assert_ended(self, reader: asyncio.StreamReader) -> None:
        """The connection is closed, or reset."""
        try:
            self.assertEqual(b"", await reader.read())
        except ConnectionError:
            return

    async def assert_echoed(self, ends: Ends) -> None:
        """What is said comes back."""
        reader, writer = ends
        writer.write(b"x" * 100000)
        self.assertEqual(b"x" * 100000, await reader.readexactly(100000))

    def test_both_ways(self) -> None:
        """Everything gets through both ways, and the end as well."""

        async def test(relay: Relay, paths: Paths) -> None:
            reader, writer = ends = await self.dial(relay)
            await self.assert_echoed(ends)
            writer.close()
            await self.assert_ended(reader)

        self.lived(test)

    def test_node_that_does_not_run(self) -> None:
        """Nobody is let in to one that does not run, or does not listen any more."""

        async def test(relay: Relay, paths: Paths) -> None:
            server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
            closed = server.sockets[0].getsockname()[1]
            server.close()
            for port in (0, closed):
                relay.to = port
                reader, _ = await self.dial(relay)
                await self.assert_ended(reader)

        self.lived(test)

    def test_cut_path_is_silent_until_it_is_mended(self) -> None:
        """Nothing comes through, old and new connections stay, and are aborted in the end."""

        async def test(relay: Relay, paths: Paths) -> None:
            old = await self.dial(relay)
            await self.assert_echoed(old)
            idle = await self.dial(relay)
            await self.assert_echoed(idle)
            paths.cut(["a", "c"], ["b"])
            new = await self.dial(relay)
            for reader, writer in (old, new):
                writer.write(b"lost")
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(reader.read(1), 0.1)
            paths.mend()
            for reader, _ in (old, new):
                await self.assert_ended(reader)
            # Of this one nothing was lost.
            await self.assert_echoed(idle)
            await self.assert_echoed(await self.dial(relay))

        self.lived(test)

    def test_others_get_through(self) -> None:
        """A path that is not cut is whole, and strangers are no party to it."""

        async def test(relay: Relay, paths: Paths) -> None:
            paths.cut(["a"], ["b"])
            for name in ("c", None):
                self.dialer = name
                await self.assert_echoed(await self.dial(relay))

        self.lived(test)

    def test_pairs_have_no_order(self) -> None:
        """Who is cut from one cannot be reached by it either."""

        async def test(relay: Relay, paths: Paths) -> None:
            paths.cut(["b"], ["a"])
            reader, writer = await self.dial(relay)
            writer.write(b"lost")
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.1)

        self.lived(test)

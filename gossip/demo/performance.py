"""
The demonstration from its beginning to its end, which it comes to in any case.
"""

import asyncio
import signal
from collections.abc import Callable
from typing import Final

from attrs import define, field, frozen

from gossip.demo.aftermath import Aftermath
from gossip.demo.nodes import NotStarted
from gossip.demo.sentences import TIMELESS, told
from gossip.demo.stage import Guarded, Stage
from gossip.demo.story import Story

PAUSE: Final = 4.0
"""Seconds between two chapters, in which somebody may look at the page."""

SHORT_PAUSE: Final = 0.5
"""The same where it ends by itself: nobody looks."""

STOPS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Broken(Exception):
    """It cannot go on; the text says why, and what to do."""


@frozen(kw_only=True)
class Performance:
    """See the module."""

    nodes: int
    seconds: float | None
    """After which it ends by itself; None: it does not."""
    put: Callable[[str], None]
    """Prints a line."""
    show: Callable[[str], None]
    """Opens the page at this address, where somebody can see it."""
    width: Callable[[], int]
    coloured: bool

    def run(self) -> int:
        """
        Perform; the exit status.

        :raises Broken: see there. Whatever `put` raises is raised after everything was stopped.
        """
        return asyncio.run(self._run())

    async def _run(self) -> int:
        stop = _Stop()
        stop.listen()
        try:
            stage = Stage.of(self.nodes, Guarded.begin())
        except OSError as error:
            raise Broken(f"cannot begin: {error.strerror or error}") from None
        try:
            return await self._perform(stage, stop)
        except (NotStarted, OSError) as error:
            raise Broken(f"a node could not be started: {error}") from None
        finally:
            await stage.close()

    async def _perform(self, stage: Stage, stop: "_Stop") -> int:
        def say(text: str, kind: str) -> None:
            at = None if kind in TIMELESS else stage.now
            self.put(told(at, text, kind, width=self.width(), coloured=self.coloured))

        telling = asyncio.ensure_future(self._tell(stage, say))
        await asyncio.wait(
            (telling, stop.asked), timeout=self.seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if telling.done() and not stop.asked.done():
            telling.result()
        telling.cancel()
        # A node that Ctrl-C ended before it was in a group of its own is none that could not start.
        await asyncio.gather(telling, return_exceptions=True)
        say(f"Stopping {len(stage.nodes)} nodes, and leaving nothing behind.", "does")
        return stop.status

    async def _tell(self, stage: Stage, say: Callable[[str, str], None]) -> None:
        pause = PAUSE if self.seconds is None else SHORT_PAUSE
        story = Story(stage, say, pause, self.show)
        await story.tell()
        await Aftermath(stage, say).tell()


@define(eq=False)
class _Stop:
    """Signals by which it is asked to end."""

    asked: "asyncio.Future[int]" = field(factory=lambda: asyncio.get_running_loop().create_future())

    def listen(self) -> None:
        """Take those signals that this process was not started to ignore, as by nohup."""
        loop = asyncio.get_running_loop()
        for number in STOPS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self._ask, number)

    @property
    def status(self) -> int:
        """The exit status: 0 where nobody asked."""
        return 128 + self.asked.result() if self.asked.done() else 0

    def _ask(self, number: int) -> None:
        # When it is asked again, it ends already.
        if not self.asked.done():
            self.asked.set_result(int(number))

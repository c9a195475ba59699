"""
How late the event loop is: one timer, which is due every two seconds.

It runs from the first time that somebody asks; who never does pays nothing.
"""

from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from gossip.wire.census import Histogram

EVERY: Final = 2.0
"""Seconds between two looks: each is a turn of the reactor, and a stall of a second is seen by half of
them at least."""

LAGS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds: from an idle node to one whose peers have given it up."""


class Lag:
    """See the module."""

    def __init__(self, clock: IReactorTime) -> None:
        self.histogram = Histogram(LAGS)
        self._clock = clock
        self._due = 0.0
        self._call: IDelayedCall | None = None

    def start(self) -> None:
        """Measure from now on, if it is not measured already."""
        if self._call is None:
            self._again()

    def stop(self) -> None:
        """Measure no more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _again(self) -> None:
        self._due = self._clock.seconds() + EVERY
        self._call = self._clock.callLater(EVERY, self._look)

    def _look(self) -> None:
        self.histogram.observe(max(0.0, self._clock.seconds() - self._due))
        self._again()

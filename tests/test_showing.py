"""
Who is told what happens.
"""

import io
import json

from twisted.internet.testing import MemoryReactorClock

from gossip.mesh.status import Event, Stopping
from gossip.settings import Settings
from gossip.showing import Showing
from tests.cases import UnitCase


class ShowingTests(UnitCase):
    """Output, and whoever is added."""

    def shown(self, output: str) -> list[str]:
        """What is printed of one event."""
        stdout = io.StringIO()
        showing = Showing(Settings(output=output), MemoryReactorClock(), stdout)
        showing(Stopping(reason="enough"))
        showing.close()
        return stdout.getvalue().splitlines()

    def test_output(self) -> None:
        """As people, programs or nobody want it."""
        self.assertEqual("enough", json.loads(self.shown("json")[0])["reason"])
        self.assertIn("stopping: enough", self.shown("text")[0])
        self.assertEqual([], self.shown("none"))

    def test_one_that_fails(self) -> None:
        """It is logged, and the others are told all the same."""
        told: list[Event] = []

        def fails(event: Event) -> None:
            raise ValueError(event)

        showing = Showing(Settings(output="none"), MemoryReactorClock(), None)
        showing.add(fails)
        showing.add(told.append)
        showing(Stopping(reason="x"))
        self.assertEqual([Stopping(reason="x")], told)
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))

    def test_without_systemd(self) -> None:
        """There is nobody to be told of a reload."""
        showing = Showing(Settings(output="none"), MemoryReactorClock(), None)
        showing.reloading()
        showing.reloaded()
        showing.close()

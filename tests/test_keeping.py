"""
What a node keeps: in a directory, or as long as it runs.
"""

import time
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from gossip.keeping import CannotKeep, Keeping, WhileItRuns, keeping
from gossip.lasting import InDirectory
from gossip.mesh.status import Stopping
from gossip.settings import Settings
from gossip.trust.identity import PeerId


class KeepingTests(TestCase):
    """The same door to both."""

    def kept(self, **settings: Any) -> Keeping:
        """What these settings ask for."""
        return keeping(Settings(**settings), reactor, time.time)

    def test_nothing(self) -> None:
        """Without a directory all is forgotten, and there is nothing to do."""
        kept = self.kept()
        self.assertIsInstance(kept, WhileItRuns)
        self.assertEqual((0, None, {}), (kept.used, kept.control, kept.counters()))
        self.assertEqual([], list(kept.begin(lambda peer: None)))
        kept.changed(PeerId("a" * 64))
        kept.renewed(7)
        kept.history(Stopping(reason="x"))
        self.assertEqual(["stopping"], [one.event for one in kept.history.latest(10)])
        self.successResultOf(Deferred.fromCoroutine(kept.close()))

    async def test_directory(self) -> None:
        """With a directory it is kept there; what is wrong with it is said."""
        state = self.mktemp()
        first = self.kept(state=state)
        self.assertIsInstance(first, InDirectory)
        self.assertIn(state, str(self.assertRaises(CannotKeep, self.kept, state=state)))
        await Deferred.fromCoroutine(first.close())

    async def test_key_that_cannot_be_used(self) -> None:
        """It is said, with a directory and without."""
        key = self.mktemp()
        self.assertIn(key, str(self.assertRaises(CannotKeep, self.kept, key=key)))
        self.assertRaises(CannotKeep, self.kept, key=key, state=self.mktemp())

"""
What a node keeps in a directory.
"""

import time
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from gossip.keys import KeyUnusable
from gossip.lasting import InDirectory, StateUnusable
from gossip.mesh.memories import Memory
from gossip.mesh.status import Stopping
from gossip.settings import Settings
from gossip.trust.identity import Identity
from tests.street import record
from tests.trust import samples


class InDirectoryTests(TestCase):
    """From one start to the next."""

    def kept(self, state: str, **settings: Any) -> InDirectory:
        """What is kept in a directory."""
        return InDirectory(state, Settings(**settings), reactor, time.time)

    async def test_from_one_start_to_the_next(self) -> None:
        """Who it is, whom it knew, what happened, and the largest number that it used."""
        state = self.mktemp()
        peer = record("p", at=time.time())
        memory = Memory(id=peer.id, sealed=peer.sealed, state="dead", first_linked=1.0)
        first = self.kept(state)
        self.assertEqual([], list(first.begin({peer.id: memory}.get)))
        first.changed(peer.id)
        first.renewed(12345)
        first.history(Stopping(reason="enough"))
        await Deferred.fromCoroutine(first.close())
        second = self.kept(state)
        self.assertEqual(first.identity.id, second.identity.id)
        self.assertEqual(12345, second.used)
        self.assertEqual([memory], list(second.begin({peer.id: memory}.get)))
        self.assertEqual(["stopping"], [one.event for one in second.history.latest(10)])
        self.assertEqual(Path(state, "control.sock").resolve(), second.control)
        self.assertIn("memory_rows_pending", second.counters())
        await Deferred.fromCoroutine(second.close())

    async def test_key_that_is_given(self) -> None:
        """It counts, and the directory gets none."""
        state, key = self.mktemp(), Path(self.mktemp())
        key.write_bytes(samples.ED25519_KEY)
        key.chmod(0o600)
        kept = self.kept(state, key=str(key))
        self.assertEqual(Identity.from_pem(samples.ED25519_KEY, None).id, kept.identity.id)
        self.assertFalse(Path(state, "key.pem").exists())
        await Deferred.fromCoroutine(kept.close())

    async def test_in_use(self) -> None:
        """Another node on the same directory is told so, until the first one lets go."""
        state = self.mktemp()
        first = self.kept(state)
        self.assertIn(state, str(self.assertRaises(StateUnusable, self.kept, state)))
        await Deferred.fromCoroutine(first.close())
        await Deferred.fromCoroutine(self.kept(state).close())

    async def test_key_that_cannot_be_used(self) -> None:
        """The directory is free again for the next try."""
        state = self.mktemp()
        self.assertRaises(KeyUnusable, self.kept, state, key=self.mktemp())
        await Deferred.fromCoroutine(self.kept(state).close())

"""
Answers for which somebody waits.
"""

from gossip.mesh import echoes as module
from gossip.mesh.echoes import Echoes
from gossip.mesh.link import Link
from gossip.mesh.status import Conflict, NotLinked
from tests.cases import UnitCase


class EchoesTests(UnitCase):
    """An answer, a loss, or too long a silence."""

    def setUp(self) -> None:
        self.time = self.clock()
        self.echoes = Echoes(self.time)
        self.one, self.other = Link.__new__(Link), Link.__new__(Link)

    def test_answer(self) -> None:
        """It is for the one who waits for this number on this link."""
        first, second = self.echoes.wait(self.one, 1, 3.0), self.echoes.wait(self.one, 2, 3.0)
        self.echoes.heard(self.other, 1, 9.0)
        self.echoes.heard(self.one, 2, 0.25)
        self.assertNoResult(first)
        self.assertEqual(0.25, self.successResultOf(second))
        self.echoes.heard(self.one, 1, 0.5)
        self.assertEqual(0.5, self.successResultOf(first))
        self.assertEqual([], self.time.getDelayedCalls())

    def test_silence(self) -> None:
        """Nobody waits for ever; what comes later is nobody's."""
        waiting = self.echoes.wait(self.one, 1, 3.0)
        self.time.advance(3.0)
        self.assertIn("no answer came within 3 s", str(self.failureResultOf(waiting, Conflict)))
        self.echoes.heard(self.one, 1, 3.5)

    def test_loss(self) -> None:
        """With the link goes the answer, and no other one's."""
        lost, kept = self.echoes.wait(self.one, 1, 3.0), self.echoes.wait(self.other, 1, 3.0)
        self.echoes.closed(self.one)
        self.failureResultOf(lost, NotLinked)
        self.assertNoResult(kept)
        self.echoes.heard(self.other, 1, 0.5)
        self.assertEqual(0.5, self.successResultOf(kept))
        self.assertEqual([], self.time.getDelayedCalls())

    def test_many(self) -> None:
        """There is a bound to how many may wait."""
        self.patch(module, "MOST", 2)
        for seq in (1, 2):
            self.echoes.wait(self.one, seq, 3.0).addErrback(lambda _: None)
        self.failureResultOf(self.echoes.wait(self.one, 3, 3.0), Conflict)
        self.time.advance(3.0)
        self.assertNoResult(self.echoes.wait(self.one, 4, 3.0))
        self.echoes.heard(self.one, 4, 1.0)

    def test_nobody_waits_any_more(self) -> None:
        """Who goes before an answer comes leaves nothing behind."""
        waiting = self.echoes.wait(self.one, 1, 3.0)
        waiting.addErrback(lambda _: None)
        waiting.cancel()
        self.assertEqual([], self.time.getDelayedCalls())
        self.assertEqual(0, len(self.echoes._awaited))
        self.echoes.heard(self.one, 1, 0.5)

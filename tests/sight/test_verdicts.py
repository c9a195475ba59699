"""
Whose fault it is that a peer was lost.
"""

from gossip.sight.verdicts import Back, Evidence, Saying, direction, judge, listed
from tests.cases import UnitCase


def says(*words: str) -> tuple[Saying, ...]:
    """What b, c and so on say."""
    return tuple(
        Saying(by=letter * 64, name=f"node-{letter}", says=word, since=None)
        for letter, word in zip("bcdefgh", words, strict=False)
    )


class JudgeTests(UnitCase):
    """Evidence, and the verdict."""

    def assertJudged(self, verdict: str, reason: str, evidence: Evidence) -> None:
        """This is the verdict, and why."""
        judgement = judge(evidence)
        self.assertEqual((verdict, reason), (judgement.verdict, judgement.reason))
        self.assertEqual(len(evidence.sayings), judgement.asked)

    def test_dead(self) -> None:
        """Nobody hears it, as far as they answered."""
        for reason, sayings in (
            ("there is nobody else who could be asked", ()),
            ("node-b does not hear it either", says("down")),
            ("node-b and node-c do not hear it either", says("down", "unmet")),
            (
                "node-b does not hear it either; 2 more did not answer",
                says("down", *["nothing"] * 2),
            ),
            ("none of 2 who were asked answered", says("nothing", "nothing")),
        ):
            self.assertJudged("dead", reason, Evidence(sayings=sayings, linked=3))

    def test_nobody_was_asked(self) -> None:
        """There were too many."""
        reason = "too many were lost at once to ask others about each"
        self.assertJudged("dead", reason, Evidence(spared=True, linked=3))

    def test_cut(self) -> None:
        """One who hears it is enough, whatever the others say."""
        self.assertJudged("cut", "node-b hears it", Evidence(sayings=says("up", "down"), linked=3))
        self.assertJudged(
            "cut", "node-b and node-c hear it", Evidence(sayings=says("up", "up", "left"), linked=3)
        )
        judgement = judge(Evidence(sayings=says("down", "up"), linked=3))
        self.assertEqual(("c" * 64,), judgement.heard_by)

    def test_cut_one_way(self) -> None:
        """It says which way is whole."""
        back = Back(up=True, quiet=0.2, silence=3.5)
        evidence = Evidence(sayings=says("up"), back=back, linked=3)
        self.assertEqual("from_peer", judge(evidence).one_way)
        self.assertJudged(
            "cut", "node-b hears it; its frames do not reach us, ours reach it", evidence
        )

    def test_left(self) -> None:
        """Others heard its farewell, and nobody hears it."""
        self.assertJudged(
            "left", "node-b says that it left", Evidence(sayings=says("left", "down"), linked=3)
        )
        self.assertJudged(
            "left", "node-b and node-c say that it left", Evidence(sayings=says("left", "left"))
        )

    def test_me(self) -> None:
        """More than half of two or more were lost at once."""
        for reason, evidence in (
            ("2 of 2 peers were lost at once", Evidence(lost=2)),
            (
                "3 of 4 peers were lost at once; who is still linked does not answer",
                Evidence(sayings=says("nothing"), lost=3, linked=1),
            ),
            (
                "3 of 4 peers were lost at once; node-b, still linked, hears it",
                Evidence(sayings=says("up"), lost=3, linked=1),
            ),
            (
                (
                    "3 of 5 peers were lost at once; node-b and node-c, still linked, do not hear it"
                    " either, so the network may be split"
                ),
                Evidence(sayings=says("down", "down"), lost=3, linked=2),
            ),
            (
                "2 of 2 peers were lost at once; their ends closed the links, so they may have ended",
                Evidence(lost=2, closed=True),
            ),
        ):
            self.assertJudged("me", reason, evidence)

    def test_some_at_once(self) -> None:
        """Others tell the same of it, and it was not lost alone."""
        for many, text in ((2, "1 more was lost"), (3, "2 more were lost")):
            self.assertEqual(
                f"node-b does not hear it either; {text} at the same time, so the network may be split",
                judge(Evidence(sayings=says("down"), lost=many, linked=9)).reason,
            )

    def test_not_me(self) -> None:
        """Half is not more than half, and one peer is no crowd."""
        self.assertEqual("dead", judge(Evidence(lost=2, linked=2)).verdict)
        self.assertEqual("dead", judge(Evidence(lost=1, linked=0)).verdict)


class DirectionTests(UnitCase):
    """Which way alone is broken."""

    def test_directions(self) -> None:
        """Only a difference that heartbeats do not explain shows anything."""
        for shown, up, quiet, silence in (
            (None, False, 3.0, 3.5),
            (None, False, None, 3.5),
            (None, True, 3.0, 3.5),
            ("from_peer", True, None, 3.5),
            ("from_peer", True, 1.0, 3.5),
            ("from_peer", False, 0.5, 3.5),
            ("to_peer", False, 6.0, 3.5),
        ):
            back = Back(up=up, quiet=quiet, silence=silence)
            self.assertEqual(shown, direction(back, 1.5), back)
        self.assertIsNone(direction(None, 1.5))

    def test_how_the_links_were_lost(self) -> None:
        """Over TCP a line that carries no answers carries soon nothing more, but that it is closed."""
        for shown, ours, theirs in (
            ("from_peer", "s", "c"),
            ("to_peer", "c", "s"),
            (None, "s", "s"),
            (None, "c", "c"),
            (None, "s", None),
        ):
            back = Back(up=False, quiet=3.2, silence=3.0, ended=theirs, ours=ours)
            self.assertEqual(shown, direction(back, 1.5), back)


class ListedTests(UnitCase):
    """Names in a sentence."""

    def test_lists(self) -> None:
        """Few are named, of many it is told how many."""
        for words, text in (
            ("", ""),
            ("a", "a"),
            ("ab", "a and b"),
            ("abcd", "a, b, c and d"),
            ("abcde", "a, b, c and 2 more"),
        ):
            self.assertEqual(text, listed(list(words)))

    def test_one_without_a_name(self) -> None:
        """Its id stands for it."""
        nameless = Saying(by="b" * 64, name="", says="up", since=None)
        self.assertEqual("bbbbbbbbbbbb hears it", judge(Evidence(sayings=(nameless,))).reason)

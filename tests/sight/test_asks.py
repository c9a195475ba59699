"""
Rows that were asked for: what counts, and what does not.
"""

from typing import Any

from twisted.internet.defer import Deferred

from gossip.mesh.link import Link
from gossip.sight import asks as module
from gossip.sight.asks import Asks, Told, speaks
from gossip.trust.rows import Brief
from gossip.wire.messages import GetRow, Row, Sealed
from tests.sight.rowing import RowCase, answer, part
from tests.street import WALL, House, Line, Street, identity


class AsksTests(RowCase):
    """A node asks a puppet, which answers as it likes."""

    def setUp(self) -> None:
        """They have a link."""
        self.town_, (self.house, self.other) = self.town(2)
        self.line = self.speaker(self.town_, self.house)
        self.link = self.house.mesh.links[self.line.puppet.id]
        self.asks: Asks = self.house.mesh.rows.asks

    def ask(self, **more: Any) -> "Deferred[Told | None]":
        """Ask the puppet."""
        asked = self.asks.ask(self.link, more.pop("show", "brief"), **more)
        self.town_.run(0.1)
        return asked

    def told(self, *parts: Sealed, **more: Any) -> Told | None:
        """What comes of these parts."""
        asked = self.ask(**more)
        for number, sealed in enumerate(parts, 1):
            answer(self.line, sealed, more=number < len(parts))
        self.town_.run(0.1)
        return self.successResultOf(asked)

    def test_a_row(self) -> None:
        """It is taken as a whole, with who made it, and how far its clock is off."""
        now = self.town_.clock.seconds()
        told = self.told(part(seq=int((WALL + now + 60) * 1000)))
        assert told is not None
        self.assertEqual((self.line.puppet.id, None), (told.author, told.through))
        self.assertEqual("puppet/1", told.agent)
        self.assertEqual([Brief("0" * 16, "u", 1.5, 0.25)], list(told.entries))
        assert told.skew is not None
        self.assertLess(abs(told.skew - 60), 0.2)
        self.assertEqual(0, len(self.asks))

    def test_a_question(self) -> None:
        """It says what is asked for, and no more."""
        other = self.other.id
        for more in (
            {},
            {"show": "full", "about": [other], "probe": True},
            {"author": self.line.puppet.id},
        ):
            self.ask(**dict(more))
        one, two, three = self.line.of(GetRow)
        self.assertEqual(GetRow(one.ask, "brief"), one)
        self.assertEqual(GetRow(two.ask, "full", about=[other], probe=True), two)
        self.assertEqual(GetRow(three.ask, "brief"), three)
        self.assertEqual(3, len({one.ask, two.ask, three.ask}))

    def test_parts(self) -> None:
        """They make one row."""
        told = self.told(part(last=False), part(part=2, last=False), part(part=3))
        assert told is not None
        self.assertEqual(3, len(told.entries))

    def test_what_does_not_count(self) -> None:
        """One part that is not as it must be spoils the whole."""
        forged = Sealed(part().body, part("q").signature)
        for wrong in (
            [forged],
            [Sealed("{}", "")],
            [part("n1")],
            [part(network="other")],
            [part(show="full", entries=[])],
            [part(part=2)],
            [part(last=False)],
            [part(last=False), part(part=3)],
            [part(last=False), part(part=2, seq=5)],
            [part(last=False), forged],
        ):
            self.assertIsNone(self.told(*wrong), wrong)
            self.assertEqual(0, len(self.asks))
        self.assertIsNotNone(self.told(part()))

    def test_it_cannot_be_had(self) -> None:
        """That is an answer."""
        asked = self.ask()
        answer(self.line, None)
        self.town_.run(0.1)
        self.assertIsNone(self.successResultOf(asked))

    def test_no_answer(self) -> None:
        """A second about some, two about all; what comes later is ignored, and costs its sender."""
        some, everyone = self.ask(about=[self.other.id]), self.ask()
        self.town_.run(1)
        self.assertIsNone(self.successResultOf(some))
        self.assertNoResult(everyone)
        self.town_.run(1)
        self.assertIsNone(self.successResultOf(everyone))
        assert self.link.session is not None
        before = self.link.session._allowance._level
        answer(self.line, part())
        self.town_.run(0.1)
        self.assertLess(self.link.session._allowance._level, before)

    def test_the_link_is_lost(self) -> None:
        """Nobody waits any longer."""
        asked = self.ask()
        self.line.transport.abortConnection()  # type: ignore[union-attr]
        self.town_.run(0.1)
        self.assertIsNone(self.successResultOf(asked))

    def test_answers_of_others(self) -> None:
        """Whoever was not asked cannot answer, though it knows the number."""
        asked = self.ask()
        stranger = self.speaker(self.town_, self.house, "q")
        stranger.say(Row(self.line.of(GetRow)[-1].ask, more=False))
        self.town_.run(0.1)
        self.assertNoResult(asked)
        answer(self.line, part())
        self.town_.run(0.1)
        self.assertIsNotNone(self.successResultOf(asked))

    def test_parts_without_end(self) -> None:
        """There is a bound to the parts, and to the entries."""
        asked = self.ask()
        for number in range(module.MOST_PARTS["brief"]):
            answer(self.line, part(part=number + 1, last=False, entries=[]), more=True)
        self.town_.run(1)
        self.assertIsNone(self.successResultOf(asked))
        self.assertEqual(0, len(self.asks))

    def test_too_many_entries(self) -> None:
        """No row has more than there are peers in a book."""
        self.asks._limits = type(self.asks._limits)(peers=3)
        entries = [Brief("0" * 16, "u")]
        self.assertIsNotNone(self.told(part(entries=entries * 3)))
        self.assertIsNone(self.told(part(entries=entries * 4)))
        self.assertIsNone(
            self.told(part(last=False, entries=entries * 2), part(part=2, entries=entries * 2))
        )

    def test_questions_without_end(self) -> None:
        """There is a bound to those that are under way."""
        self.patch(module, "MOST", 2)
        asked = [self.ask() for _ in range(3)]
        self.assertIsNone(self.successResultOf(asked[2]))
        self.assertEqual(2, len(self.line.of(GetRow)))
        self.town_.run(3)
        self.assertEqual([None, None], [self.successResultOf(one) for one in asked[:2]])

    def test_who_does_not_speak_it(self) -> None:
        """It is never asked."""
        mute = self.town_.puppet("mute").dial(self.house)
        link = self.house.mesh.links[mute.puppet.id]
        self.assertFalse(speaks(link))
        self.assertIsNone(self.successResultOf(self.asks.ask(link, "brief")))
        self.town_.run(1)
        self.assertEqual([], mute.of(GetRow))


class ThroughTests(RowCase):
    """What comes through another may be old, or made up."""

    def setUp(self) -> None:
        """A node with a link to a puppet, which speaks for another node."""
        self.street_: Street
        self.street_, (self.house, self.author) = self.town(2)
        self.line: Line = self.speaker(self.street_, self.house)
        self.link: Link = self.house.mesh.links[self.line.puppet.id]

    def told(self, sealed: Sealed, house: House | None = None) -> Told | None:
        """Ask the puppet for the row of the other node, and be answered so."""
        asks = self.house.mesh.rows.asks
        asked = asks.ask(self.link, "brief", author=self.author.id)
        self.street_.run(0.1)
        self.assertEqual(self.author.id, self.line.of(GetRow)[-1].author)
        answer(self.line, sealed)
        self.street_.run(0.1)
        return self.successResultOf(asked)

    def at(self, seconds: float) -> int:
        """A number so many seconds from now."""
        return int((WALL + self.street_.clock.seconds() + seconds) * 1000)

    def test_through(self) -> None:
        """It is the author's, and was had through the puppet; how its clock is, nobody can tell."""
        told = self.told(part("n1", seq=self.at(0)))
        assert told is not None
        self.assertEqual((self.author.id, self.line.puppet.id), (told.author, told.through))
        self.assertIsNone(told.skew)

    def test_replayed(self) -> None:
        """What was true once is not, when something newer was had, or its record is newer."""
        old, new = part("n1", seq=self.at(1)), part("n1", seq=self.at(2))
        self.assertIsNotNone(self.told(old))
        self.assertIsNotNone(self.told(old))
        self.assertIsNotNone(self.told(new))
        self.assertIsNone(self.told(old))
        entry = self.house.mesh.book.get(self.author.id)
        assert entry is not None
        self.assertIsNone(self.told(part("n1", seq=entry.held.seq - 1)))

    def test_forged(self) -> None:
        """Whoever passes it on cannot change it, nor say it in its place."""
        good = part("n1", seq=self.at(0))
        self.assertIsNone(self.told(Sealed(good.body.replace("0.25", "0.75"), good.signature)))
        self.assertIsNone(self.told(part("p", seq=self.at(0))))
        puppet = identity("p")
        self.assertIsNone(self.told(part("n1", seq=self.at(0), sign=puppet.sign)))

    def test_of_somebody_unknown(self) -> None:
        """Without a record there is no key to verify it with."""
        asks = self.house.mesh.rows.asks
        asked = asks.ask(self.link, "brief", author=identity("nobody").id)
        self.street_.run(0.1)
        answer(self.line, part("nobody"))
        self.street_.run(0.1)
        self.assertIsNone(self.successResultOf(asked))

    def test_memory_of_numbers_is_bounded(self) -> None:
        """No more than there are peers in a book."""
        asks = self.house.mesh.rows.asks
        asks._limits = type(asks._limits)(peers=1)
        self.assertIsNotNone(self.told(part("n1", seq=self.at(0))))
        asked = asks.ask(self.link, "brief")
        self.street_.run(0.1)
        answer(self.line, part(seq=self.at(0)))
        self.street_.run(0.1)
        self.assertIsNotNone(self.successResultOf(asked))
        self.assertEqual([self.line.puppet.id], list(asks._seen))

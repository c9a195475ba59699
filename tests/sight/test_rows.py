"""
Questions for rows: answered, probed for, passed on, and bounded.
"""

from gossip.mesh import outflow
from gossip.sight import ownrow
from gossip.sight import rows as module
from gossip.sight.rows import Rows
from gossip.trust import rows
from gossip.trust.identity import PeerId
from gossip.wire.messages import GetRow, Ping, Row, Sealed
from tests.sight.rowing import RowCase, answer, part
from tests.street import Line, identity


class AnswerTests(RowCase):
    """A puppet asks a node."""

    def setUp(self) -> None:
        """It speaks the extension, and has a link to one of two nodes."""
        self.street_, (self.a, self.b) = self.town(2)
        self.line = self.speaker(self.street_, self.a)
        self.rows: Rows = self.a.mesh.rows

    def asked(self, question: GetRow, seconds: float = 0.1) -> list[Row]:
        """What comes of it."""
        before = len(self.line.of(Row))
        self.line.say(question)
        self.street_.run(seconds)
        return self.line.of(Row)[before:]

    def states(self, answers: list[Row], show: str = "brief") -> dict[str, str]:
        """What it says of whom."""
        (row,) = answers
        assert isinstance(row.sealed, Sealed)
        entries = rows.read(row.sealed, show).entries  # type: ignore[arg-type]
        return {entry.peer: entry.state for entry in entries}

    def test_its_own(self) -> None:
        """With the number of the question, whether it is named or not."""
        for question in (GetRow(7, "brief"), GetRow(7, "brief", author=self.a.id)):
            (row,) = self.asked(question)
            self.assertEqual((7, False), (row.ask, row.more))
        (row,) = self.asked(GetRow(8, "full", about=[self.b.id, self.b.id]))
        assert isinstance(row.sealed, Sealed)
        self.assertEqual(1, len(rows.read(row.sealed, "full").entries))

    def test_what_was_true_a_moment_ago(self) -> None:
        """It is not told again, where a link was lost or made meanwhile."""
        question = GetRow(7, "brief", about=[self.b.id])
        self.assertEqual({self.b.id[:16]: "u"}, self.states(self.asked(question, 0.1)))
        self.b.crash()
        self.street_.run(0.2)
        self.assertEqual({self.b.id[:16]: "d"}, self.states(self.asked(question, 0.1)))

    def test_who_did_not_announce_it_is_answered(self) -> None:
        """It asked, so it understands."""
        mute = self.street_.puppet("mute").dial(self.a)
        mute.say(GetRow(1, "brief"))
        self.street_.run(0.1)
        self.assertEqual(1, len(mute.of(Row)))

    def test_probe(self) -> None:
        """It answers when they have answered: at once, where all is well."""
        answers = self.asked(GetRow(7, "brief", about=[self.b.id], probe=True), 0.2)
        self.assertEqual({self.b.id[:16]: "u"}, self.states(answers))

    def test_probe_of_one_that_is_silent(self) -> None:
        """It waits for a bit less than who asked; then the link may be up, and it was not heard."""
        self.street_.cut([self.a], [self.b])
        self.street_.run(0.5)
        question = GetRow(7, "brief", about=[self.b.id], probe=True)
        self.assertEqual([], self.asked(question, 0.4))
        self.street_.run(0.2)
        self.assertEqual({self.b.id[:16]: "q"}, self.states(self.line.of(Row)))

    def test_probe_of_one_whose_link_is_lost(self) -> None:
        """Then nothing is waited for."""
        self.line.say(GetRow(7, "brief", about=[self.b.id], probe=True))
        self.b.crash()
        self.street_.run(0.1)
        self.assertEqual({self.b.id[:16]: "d"}, self.states(self.line.of(Row)))

    def test_probe_of_nobody(self) -> None:
        """Who has no link needs no ping."""
        stranger = identity("stranger").id
        answers = self.asked(GetRow(7, "brief", about=[stranger], probe=True))
        self.assertEqual({stranger[:16]: "n"}, self.states(answers))

    def test_probes_are_rationed(self) -> None:
        """Nobody makes this node ping others without end."""
        pings = self.a.mesh.links[self.b.id].round_trips
        before = pings.sent
        for number in range(1000):
            self.line.say(GetRow(number + 1, "brief", about=[self.b.id], probe=True))
        self.street_.run(2)
        sent = pings.sent - before
        self.assertLess(sent, module.PROBES.at_once + 3 * module.PROBES.per_second)
        self.assertIn(self.b.id, self.a.mesh.links)
        refused = [row for row in self.line.of(Row) if not hasattr(row.sealed, "body")]
        self.assertGreater(len(refused), 100)

    def test_flood(self) -> None:
        """Who asks without end costs no signatures, and is read more slowly; others are not."""
        sealed: list[bytes] = []
        sign = self.rows.own_row.sign
        self.rows.own_row.sign = lambda data: sealed.append(data) or sign(data)  # type: ignore[func-returns-value]
        for number in range(5000):
            self.line.say(GetRow(number + 1, "brief"))
        self.street_.run(5)
        self.assertLessEqual(len(sealed), 7)
        self.assertLess(len(self.line.of(Row)), 2500)
        self.assertFalse(self.a.mesh.links[self.line.puppet.id].session.reading)  # type: ignore[union-attr]
        self.assertIn(self.b.id, self.a.mesh.links)

    def test_who_does_not_read(self) -> None:
        """So many answers wait for it, and no more."""
        self.patch(ownrow, "ROOM", 60)
        link = self.a.mesh.links[self.line.puppet.id]
        link._outflow.pauseProducing()
        self.asked(GetRow(1, "brief"))
        for number in range(outflow.ROWS + 5):
            self.line.say(GetRow(number + 2, "brief"))
        self.street_.run(0.1)
        self.assertEqual(outflow.ROWS, len(link._outflow._rows))
        link._outflow.resumeProducing()
        self.street_.run(0.2)
        whole = [row for row in self.line.of(Row) if hasattr(row.sealed, "body") and not row.more]
        self.assertEqual(outflow.ROWS, len(whole))


class RelayTests(RowCase):
    """A node between a puppet that asks, and another that answers."""

    def setUp(self) -> None:
        """Both have a link to it."""
        self.street_, (self.a, self.b) = self.town(2)
        self.line = self.speaker(self.street_, self.a)
        self.author = self.speaker(self.street_, self.a, "q")
        self.rows: Rows = self.a.mesh.rows

    def ask(self, author: PeerId, line: Line | None = None, number: int = 7) -> None:
        """Ask for the row of somebody."""
        (line or self.line).say(GetRow(number, "brief", author=author))
        self.street_.run(0.1)

    def test_passed_on(self) -> None:
        """The question without its author, and the answer as it is."""
        self.ask(self.author.puppet.id)
        (question,) = self.author.of(GetRow)
        self.assertEqual(GetRow(question.ask, "brief"), question)
        sealed = [part("q", last=False), part("q", part=2)]
        answer(self.author, sealed[0], more=True)
        answer(self.author, sealed[1])
        self.street_.run(0.1)
        expected = [Row(7, more=True, sealed=sealed[0]), Row(7, more=False, sealed=sealed[1])]
        self.assertEqual(expected, self.line.of(Row))
        self.assertEqual({}, dict(self.rows._relays))
        self.assertEqual(0, len(self.rows.asks))

    def test_a_node_s_row(self) -> None:
        """It is what the node says to whoever asks itself."""
        self.ask(self.b.id)
        self.street_.run(0.1)
        (row,) = self.line.of(Row)
        told = rows.read(row.sealed, "brief")
        rows.verify(told, self.b.mesh.book.own.key)

    def test_what_is_asked_for_goes_with_it(self) -> None:
        """About whom, and whether they are to be probed."""
        about: list[str] = [self.a.id]
        self.line.say(GetRow(7, "full", author=self.author.puppet.id, about=about, probe=True))
        self.street_.run(0.1)
        (question,) = self.author.of(GetRow)
        self.assertEqual(GetRow(question.ask, "full", about=about, probe=True), question)

    def test_nobody_to_ask(self) -> None:
        """Who is unknown, has no link, does not speak it, or is the one who asks."""
        mute = self.street_.puppet("mute").dial(self.a)
        self.street_.run(0.1)
        for author in (identity("nobody").id, mute.puppet.id, self.line.puppet.id):
            self.ask(author)
            self.assertEqual(Row(7, more=False), self.line.of(Row)[-1])
        self.assertEqual([], mute.of(GetRow))

    def test_no_answer(self) -> None:
        """It says so, when the time is up; and when the link is lost."""
        self.ask(self.author.puppet.id)
        self.assertEqual([], self.line.of(Row))
        self.street_.run(2)
        self.assertEqual([Row(7, more=False)], self.line.of(Row))
        self.ask(self.author.puppet.id, number=8)
        self.author.transport.abortConnection()  # type: ignore[union-attr]
        self.street_.run(0.1)
        self.assertEqual(Row(8, more=False), self.line.of(Row)[-1])
        self.assertEqual({}, dict(self.rows._relays))

    def test_who_asked_is_gone(self) -> None:
        """Nothing is left of its questions when they are settled."""
        self.ask(self.author.puppet.id)
        self.line.transport.abortConnection()  # type: ignore[union-attr]
        self.street_.run(0.1)
        answer(self.author, part("q"))
        self.street_.run(0.1)
        self.assertEqual({}, dict(self.rows._relays))

    def test_too_many(self) -> None:
        """There is a bound for one peer, and one for all."""
        for number in range(module.RELAYS_EACH + 3):
            self.line.say(GetRow(number + 1, "brief", author=self.author.puppet.id))
        self.street_.run(0.1)
        self.assertEqual(module.RELAYS_EACH, len(self.author.of(GetRow)))
        self.assertEqual(3, len(self.line.of(Row)))
        self.patch(module, "RELAYS", module.RELAYS_EACH + 1)
        other = self.speaker(self.street_, self.a, "r")
        self.ask(self.author.puppet.id, other, 1)
        self.ask(self.author.puppet.id, other, 2)
        self.assertEqual([Row(2, more=False)], other.of(Row))
        self.street_.run(3)
        self.assertEqual({}, dict(self.rows._relays))

    def test_an_author_that_does_not_end(self) -> None:
        """So many frames are passed on, and no more."""
        self.ask(self.author.puppet.id)
        for _ in range(100):
            answer(self.author, part("q", last=False, entries=[]), more=True)
        self.street_.run(1)
        self.assertEqual(65, len(self.line.of(Row)))
        self.assertEqual(Row(7, more=False), self.line.of(Row)[-1])

    def test_who_asked_does_not_read(self) -> None:
        """What has no room is not passed on, and the question ends."""
        self.ask(self.author.puppet.id)
        link = self.a.mesh.links[self.line.puppet.id]
        link._outflow.pauseProducing()
        self.patch(outflow, "ROWS", 2)
        for _ in range(4):
            answer(self.author, part("q", last=False, entries=[]), more=True)
        self.street_.run(0.1)
        self.assertEqual({}, dict(self.rows._relays))
        link._outflow.resumeProducing()
        self.street_.run(0.1)

    def test_pings_go_on(self) -> None:
        """At rest nobody asks for anything."""
        before = len(self.line.of(Ping))
        self.street_.run(20)
        self.assertEqual([], self.line.of(GetRow))
        self.assertEqual([], self.author.of(GetRow))
        self.assertGreater(len(self.line.of(Ping)), before)

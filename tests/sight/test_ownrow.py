"""
What a node says of its own links.
"""

from gossip.sight import ownrow as module
from gossip.sight.ownrow import OwnRow
from gossip.trust import rows
from gossip.trust.identity import PeerId
from gossip.trust.rows import Part
from gossip.wire.messages import ANSWER, Sealed, Show, serialize
from gossip.wire.messages import Row as RowMessage
from tests.sight.rowing import RowCase
from tests.street import WALL, identity, record

STRANGER = identity("stranger").id


class OwnRowTests(RowCase):
    """Four nodes: one is linked, one dead, one left."""

    def setUp(self) -> None:
        """What there is to tell."""
        self.street_, (self.a, self.b, self.c, self.d) = self.town(4)
        self.c.crash()
        self.d.leave()
        self.street_.run(5)
        self.row: OwnRow = self.a.mesh.rows.own_row

    def said(self, show: Show = "brief", about: list[PeerId] | None = None) -> list[Part]:
        """Its row, read again."""
        parts = self.row.parts(show, about)
        assert parts is not None
        return [rows.read(sealed, show) for sealed in parts]

    def test_brief(self) -> None:
        """All that it knows, each with its state."""
        (part,) = self.said()
        rows.verify(part, self.a.mesh.book.own.key)
        states = {entry.peer: entry.state for entry in part.entries}
        expected = {self.b.id[:16]: "u", self.c.id[:16]: "d", self.d.id[:16]: "l"}
        self.assertEqual(expected, states)
        linked = next(entry for entry in part.entries if entry.state == "u")
        self.assertEqual((True, 0.0), (linked.rtt is not None, linked.lost))
        self.assertEqual(("default", 1, True), (part.network, part.part, part.last))
        self.assertGreaterEqual(part.seq, self.a.mesh.book.own.seq)

    def test_full(self) -> None:
        """Of one that is linked, all; of others, since when they are not."""
        linked, dead, left, stranger = self.said(
            "full", [self.b.id, self.c.id, self.d.id, STRANGER]
        )[0].entries
        assert isinstance(linked, rows.Full)
        assert isinstance(dead, rows.Full)
        assert isinstance(left, rows.Full)
        self.assertEqual(("a", 0), (linked.dialed, linked.losses))
        self.assertGreater(linked.answered, 5)
        self.assertGreater(linked.bytes_in, 100)
        self.assertEqual((100.0, 100.0, 0.0), (linked.p50, linked.p99, linked.skew))
        assert linked.quiet is not None
        self.assertLess(linked.quiet, 1.1)
        self.assertEqual(("d", 1, None), (dead.state, dead.losses, dead.dialed))
        self.assertEqual((None, "c"), (linked.ended, dead.ended))
        assert dead.since is not None
        self.assertLess(abs(dead.since - (WALL + self.street_.clock.seconds() - 5)), 1)
        assert dead.quiet is not None
        self.assertGreater(dead.quiet, 4.5)
        self.assertEqual(("l", 0), (left.state, left.losses))
        self.assertEqual("n", stranger.state)

    def test_past(self) -> None:
        """Pings in stretches, also of one that is gone."""
        self.street_.run(30)
        for house, least in ((self.b, 40), (self.c, 10)):
            (entry,) = self.said("past", [house.id])[0].entries
            assert isinstance(entry, rows.Past)
            self.assertGreater(sum(one.pings for one in entry.past), least)
            self.assertLessEqual(sum(one.lost for one in entry.past), 1)
            self.assertTrue(all(one.since >= WALL for one in entry.past))

    def test_probed(self) -> None:
        """Who was not heard is told so; and it is what is now, not what was a moment ago."""
        before = self.said("full", [self.b.id])
        probed = self.row.parts("full", [self.b.id], {self.b.id: False})
        assert probed is not None
        (part,) = [rows.read(sealed, "full") for sealed in probed]
        self.assertEqual(("u", "q"), (before[0].entries[0].state, part.entries[0].state))

    def test_the_same_question_has_the_same_answer_for_a_second(self) -> None:
        """Byte for byte, whoever asks; and then it is another one, and nothing is kept."""
        first = self.said()
        self.assertEqual(first, self.said())
        self.assertNotEqual(first, self.said("full"))
        self.street_.run(1.1)
        self.assertEqual({}, self.row._said)
        later = self.said()
        self.assertGreater(later[0].seq, first[0].seq)

    def test_what_is_taken_by_two_is_made_once(self) -> None:
        """Each gets all of it, at its own pace."""
        self.patch(module, "ROOM", 60)
        one, two = self.row.parts("brief", None), self.row.parts("brief", None)
        assert one is not None
        assert two is not None
        begun = next(one)
        self.assertEqual(begun, next(two))
        self.assertEqual(list(two), list(one))

    def test_long_rows_come_in_parts(self) -> None:
        """Each of a frame of about 12 KiB; the last says so."""
        about = [identity(str(number)).id for number in range(1000)]
        self.assertEqual([True], [part.last for part in self.said("brief", about[:16])])
        parts = self.said("brief", about)
        self.assertEqual([*range(1, len(parts) + 1)], [part.part for part in parts])
        self.assertEqual([False] * (len(parts) - 1) + [True], [part.last for part in parts])
        self.assertEqual(1, len({part.seq for part in parts}))
        self.assertEqual(1000, sum(len(part.entries) for part in parts))
        for part in parts:
            frame = serialize(RowMessage(1, more=False, sealed=part.sealed))
            self.assertLess(len(frame), ANSWER + 512)

    def test_seals_are_rationed(self) -> None:
        """Whoever asks another thing each time is told that it cannot be had."""
        about = [identity(str(number)).id for number in range(module.SEALS.at_once + 10)]
        answers: list[list[Sealed] | None] = []
        for peer in about:
            parts = self.row.parts("brief", [peer])
            answers.append(None if parts is None else list(parts))
        self.assertEqual(10, answers.count(None))
        self.assertLessEqual(len(self.row._said), module.MOST_KEPT)
        self.street_.run(1)
        self.assertIsNotNone(self.row.parts("brief", [STRANGER]))

    def test_a_clock_that_is_set_back(self) -> None:
        """What is said later has no smaller number."""
        (before,) = self.said()
        self.a.wall_offset = -3600
        self.street_.run(30)
        (after,) = self.said()
        self.assertGreaterEqual(after.seq, before.seq)

    def test_who_was_met_before_the_start(self) -> None:
        """Since when it is gone is remembered; when it was heard is not."""
        book = self.a.mesh.book
        book.learn(record("old").sealed, WALL + 1, loopback=False)
        entry = book.get(identity("old").id)
        assert entry is not None
        entry.last_linked = WALL - 500
        told = self.row.entry(identity("old").id)
        book.forget(identity("old").id)
        self.assertEqual(("n", WALL - 500, None), (told.state, told.since, told.quiet))

    def test_what_was_lost_with_the_link_before(self) -> None:
        """It says nothing of this one, and is still in the past."""
        again = self.street_.house("again", key="n2", host=self.c.host, join=[self.a])
        self.street_.until(lambda: again.id in self.a.mesh.links)
        self.street_.run(10)
        self.assertEqual(0.0, self.row.entry(again.id).lost)
        self.street_.run(400, step=0.25)
        self.assertEqual(0.0, self.row.entry(self.b.id).lost)

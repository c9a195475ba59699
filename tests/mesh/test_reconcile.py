"""
Who is asked for records, when, and how often.
"""

from base64 import b64encode
from itertools import pairwise

from gossip.mesh.reconcile import FEW
from gossip.mesh.view import THIN, bucket_of
from gossip.settings import Limits
from gossip.trust.records import Record
from gossip.wire.messages import BUCKET_BYTES, BUCKETS, GetPeers, Heartbeat, Peers, Ping
from tests.street import WALL, Line, StreetCase, identity, record

ODD = "f" * 16
"""A view that nobody has."""


class ReconcileCase(StreetCase):
    """A house, and puppets whose views are what the test says."""

    def setUp(self) -> None:
        self.town = self.street()
        self.a = self.town.house("a")
        # From its first peer the node learns its own address, which changes its view.
        self.town.puppet("first").dial(self.a)
        self.town.run(11)

    def link(self, name: str, view: str | None = None) -> Line:
        """A puppet with a link; its view is the house's if none is given."""
        puppet = self.town.puppet(name)
        equal = puppet.call(self.a)
        learned = self.a.mesh.book.learn(puppet.hello.record, WALL, loopback=False)
        assert learned is not None
        self.a.mesh._dialer.want(learned.id, 1000)
        equal.hello(view=view or self.a.mesh.book.view())
        self.town.run(0.1, 0.01)
        self.assertIn(puppet.id, self.a.mesh.links)
        return equal

    def asked(self, line: Line) -> int:
        """How often the house has asked on a line."""
        return len(line.of(GetPeers))

    def beat(self, line: Line, times: int = 1, view: str = ODD) -> None:
        """Tell a view so many times."""
        for _ in range(times):
            line.say(Heartbeat(view))
            self.town.run(0.05, 0.01)

    def answer(self, line: Line, *sealed: object, more: bool = False) -> None:
        """Answer a question."""
        line.say(Peers(list(sealed), more=more))  # type: ignore[arg-type]
        self.town.run(0.05, 0.01)


class AskingTests(ReconcileCase):
    """Whoever knows others is asked for them."""

    def test_at_hello(self) -> None:
        """At once where the view of the hello differs, and not at all where it does not."""
        self.assertEqual(0, self.asked(self.link("p")))
        self.assertEqual(1, self.asked(self.link("q", ODD)))

    def test_two_in_a_row(self) -> None:
        """One differing view may be on its way to be equal; two in a row are not."""
        line = self.link("p")
        for _ in range(3):
            self.beat(line)
            self.beat(line, view=self.a.mesh.book.view())
        self.assertEqual(0, self.asked(line))
        self.beat(line, 2)
        self.assertEqual(1, self.asked(line))

    def test_once_a_second(self) -> None:
        """However many differing views come, and however fast the answers are."""
        line = self.link("p")
        begun, count = self.town.clock.seconds(), 0
        for i in range(200):
            self.beat(line)
            if self.asked(line) > count:
                count = self.asked(line)
                self.answer(line, record(f"x{i}").sealed)
        seconds = self.town.clock.seconds() - begun
        self.assertLessEqual(count, seconds + 1)
        self.assertGreater(count, seconds / 2)

    def test_four_at_a_time(self) -> None:
        """Four are asked; the fifth when one has answered, or is lost, or took too long."""
        lines = [self.link(f"p{i}", ODD) for i in range(8)]
        self.assertEqual([1, 1, 1, 1, 0, 0, 0, 0], list(map(self.asked, lines)))
        self.answer(lines[2])
        self.assertEqual([1, 1, 1, 1, 1, 0, 0, 0], list(map(self.asked, lines)))
        lines[0].end()
        self.town.run(0.1, 0.01)
        self.assertEqual([1, 1, 1, 1, 1, 1, 0, 0], list(map(self.asked, lines)))
        self.town.run(10.5)
        self.assertEqual([1] * 8, list(map(self.asked, lines)))

    def test_answer_in_parts(self) -> None:
        """An answer that goes on holds its place for as long as its parts teach something."""
        lines = [self.link(f"p{i}", ODD) for i in range(5)]
        for i in range(5):
            for number, line in enumerate(lines[:4]):
                self.answer(line, record(f"x{i}{number}").sealed, more=True)
            self.town.run(8)
        self.assertEqual(0, self.asked(lines[4]))
        self.answer(lines[1])
        self.assertEqual(1, self.asked(lines[4]))

    def test_answer_without_end(self) -> None:
        """Parts that teach nothing do not hold the place of others."""
        lines = [self.link(f"p{i}", ODD) for i in range(5)]
        for _ in range(3):
            for line in lines[:4]:
                self.answer(line, more=True)
            self.town.run(4)
        self.assertEqual(1, self.asked(lines[4]))

    def test_full_book_calms_down(self) -> None:
        """Records for which others have to go teach nothing: the questions become rarer."""
        small = self.town.house("small", limits=Limits(peers=4))
        puppet = self.town.puppet("teacher")
        line = puppet.call(small)
        line.hello(view=ODD)
        answered = 0
        for _ in range(120):
            self.town.run(1)
            line.say(Heartbeat(ODD))
            while answered < self.asked(line):
                answered += 1
                line.say(Peers([record(f"y{answered}{i}").sealed for i in range(8)], more=False))
        self.assertLess(answered, 12)

    def test_questions_that_come_too_fast(self) -> None:
        """One is answered at once, and of the others the last when its time has come."""
        line = self.link("p", self.a.mesh.book.view())
        before = len(line.of(Peers))
        for _ in range(100):
            line.say(GetPeers())
        self.town.run(0.5)
        self.assertEqual(before + 1, len(line.of(Peers)))
        self.town.run(5)
        self.assertEqual(before + 2, len(line.of(Peers)))

    def test_nobody_is_asked_in_vain(self) -> None:
        """One that waits is not asked where another's answer has made the books equal."""
        after = self.town.house("after")
        lines = [self.link(f"p{i}", ODD) for i in range(4)]
        waiting = self.link("q", ODD)
        del after
        waiting.say(Heartbeat(self.a.mesh.book.view()))
        self.town.run(0.1, 0.01)
        self.answer(lines[0])
        self.assertEqual(0, self.asked(waiting))

    def test_equal_by_another_answer(self) -> None:
        """The same where its last word was of a view that is ours by now."""
        lines = [self.link(f"p{i}", ODD) for i in range(4)]
        x, book = record("x"), self.a.mesh.book
        waiting = self.link("q", ODD)
        self.beat(waiting, view=f"{int(book.view(), 16) ^ x.digest:016x}")
        self.answer(lines[0], x.sealed)
        self.assertEqual(0, self.asked(waiting))

    def test_fruitless(self) -> None:
        """Answers that teach nothing make the next question later, up to a minute."""
        line = self.link("p")
        times: list[float] = []
        for _ in range(5000):
            self.beat(line)
            if self.asked(line) > len(times):
                times.append(self.town.clock.seconds())
                self.answer(line)
        gaps = [after - before for before, after in pairwise(times)]
        for gap, least in zip(gaps, [1, 2, 4, 8, 16, 32, 64, 64], strict=False):
            self.assertGreaterEqual(gap, least - 0.3)
            self.assertLess(gap, least + 1)
        self.assertGreater(len(gaps), 6)

    def test_fruitful_again(self) -> None:
        """One answer that teaches something ends that."""
        line = self.link("p")
        for _ in range(600):
            self.beat(line)
            self.answer(line)
        count = self.asked(line)
        self.assertLess(count, 8)
        for i in range(1200):
            self.beat(line)
            self.answer(line, record(f"x{i}").sealed)
        self.assertGreater(self.asked(line), count + 30)

    def test_link_that_is_none(self) -> None:
        """What comes on a link that is gone, or unasked, changes nothing."""
        line = self.link("p")
        link = self.a.mesh.links[line.puppet.id]
        self.answer(line, record("x").sealed)
        line.end()
        self.town.run(0.1, 0.01)
        reconciler = self.a.mesh._talk._reconciler
        reconciler.view_heard(link, ODD)
        reconciler.answered(link, learned=True, more=False)
        reconciler.closed(link)
        self.assertNotIn(link, reconciler._exchanges)

    def test_many_links_lost_at_once(self) -> None:
        """All places are free again when those who were asked are gone."""
        for line in [self.link(f"p{i}", ODD) for i in range(6)]:
            line.end()
        self.town.run(0.1, 0.01)
        reconciler = self.a.mesh._talk._reconciler
        self.assertEqual(({}, {}), (reconciler._asking, reconciler._queue))
        self.assertEqual(1, len(reconciler._exchanges))


class AnsweringTests(ReconcileCase):
    """Whoever asks is told, as fast as it reads."""

    def told(self, line: Line) -> set[str]:
        """Bodies of the records that were told on a line."""
        return {sealed.body for peers in line.of(Peers) for sealed in peers.records}

    def learn(self, count: int) -> None:
        """Have so many in the book."""
        for i in range(count):
            learned = self.a.mesh.book.learn(record(f"x{i}").sealed, WALL, loopback=False)
            assert learned is not None
            self.a.mesh._dialer.want(learned.id, 10000)

    def test_everything(self) -> None:
        """All that is held, in as many frames as it takes, the last one marked."""
        self.learn(300)
        line = self.link("p")
        line.heard.clear()
        line.say(GetPeers())
        self.town.run(0.5, 0.01)
        self.assertEqual(303, len(self.told(line)))
        *others, last = [peers.more for peers in line.of(Peers)]
        self.assertTrue(others and all(others))
        self.assertFalse(last)

    def test_buckets(self) -> None:
        """Only what is in buckets that differ."""
        self.learn(40)
        line = self.link("p")
        line.heard.clear()
        mine = bytearray(self.a.mesh.book.buckets())
        first = next(i for i in range(BUCKETS) if any(mine[8 * i : 8 * i + BUCKET_BYTES]))
        mine[8 * first] ^= 1
        line.say(GetPeers(b64encode(mine).decode()))
        self.town.run(0.2, 0.01)
        self.assertTrue(0 < len(self.told(line)) < 20)

    def bucketful(self, bucket: int, count: int) -> list[Record]:
        """Have so many in one bucket of the book; the records."""
        names = (f"y{i}" for i in range(1000 * count))
        made = [record(n) for n in names if bucket_of(identity(n).id) == bucket]
        for one in made[:count]:
            self.a.mesh.book.learn(one.sealed, WALL, loopback=False)
            self.a.mesh._dialer.want(one.id, 10000)
        return made[:count]

    def ask(self, line: Line, lacking: list[Record]) -> set[str]:
        """What one is told that knows all but these."""
        line.heard.clear()
        sums = bytearray(self.a.mesh.book.buckets())
        for one in lacking:
            place = slice(8 * bucket_of(one.id), 8 * bucket_of(one.id) + BUCKET_BYTES)
            other = int.from_bytes(sums[place], "big") ^ one.digest
            sums[place] = other.to_bytes(BUCKET_BYTES, "big")
        line.say(GetPeers(b64encode(sums).decode()))
        self.town.run(1.5)
        return self.told(line)

    def test_guess(self) -> None:
        """Of a thick bucket that what differs is told; all of it, once, to who asks again."""
        many = self.bucketful(7, 2 * THIN)
        line = self.link("p")
        everything = {one.sealed.body for one in many}
        self.assertEqual({many[0].sealed.body}, self.ask(line, many[:1]))
        self.assertLessEqual(everything, self.ask(line, many[:1]))
        self.assertEqual(set(), self.ask(line, many[:3]))
        self.assertLessEqual(everything, self.ask(line, many[:3]))
        self.assertEqual({many[1].sealed.body}, self.ask(line, many[1:2]))

    def test_guess_on_another_link(self) -> None:
        """What one link was told is nothing to another."""
        many = self.bucketful(7, 2 * THIN)
        for name in "pq":
            self.assertEqual({many[0].sealed.body}, self.ask(self.link(name), many[:1]))

    def test_few_are_asked_for_without_buckets(self) -> None:
        """Buckets are sent only where they are shorter than the answer."""
        line = self.link("p", ODD)
        self.assertIsNone(line.of(GetPeers)[0].bucket_bytes())
        self.learn(FEW)
        other = self.link("q", ODD)
        self.assertEqual(self.a.mesh.book.buckets(), other.of(GetPeers)[0].bucket_bytes())

    def test_flood(self) -> None:
        """One that asks without end and does not read costs two answers at most, and is cut."""
        self.learn(2000)
        line = self.link("p")
        assert line.transport is not None
        line.transport.pauseProducing()  # type: ignore[attr-defined]
        for _ in range(400):
            line.say(GetPeers())
        self.town.run(2)
        link = self.a.mesh.links[line.puppet.id]
        self.assertLessEqual(len(link._outflow._answers), 2)
        self.assertLess(link.transport.written, 400_000)  # type: ignore[union-attr]

    def test_peer_that_does_not_read(self) -> None:
        """A peer that beats, asks and never reads is cut after three heartbeats."""
        self.learn(2000)
        line = self.link("p")
        assert line.transport is not None
        line.say(Heartbeat(ODD, 1.0))
        self.town.run(0.1)
        line.transport.pauseProducing()  # type: ignore[attr-defined]
        line.say(GetPeers())
        for i in range(5):
            line.say(Ping(i + 1, ""))
            self.town.run(1)
        self.assertNotIn(line.puppet.id, self.a.mesh.links)


class BooksTests(StreetCase):
    """Books that can become equal do."""

    def test_many_records(self) -> None:
        """Two nodes that know five hundred different peers each know a thousand in a minute."""
        town = self.street()
        a, b = town.house("a", limits=Limits(dials=1)), town.house("b", limits=Limits(dials=1))
        for house, names in ((a, "xy"), (b, "yz")):
            for name in (f"{n}{i}" for n in names for i in range(250)):
                learned = house.mesh.book.learn(record(name).sealed, WALL, loopback=False)
                assert learned is not None
                house.mesh._dialer.want(learned.id, 10000)
        c = town.house("c", join=[a, b], limits=Limits(dials=2))
        town.until(lambda: town.is_mesh([a, b, c]), 60)
        self.assertEqual([752] * 3, [len(h.mesh.book) for h in (a, b, c)])

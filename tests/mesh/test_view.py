"""
Sums that tell two books apart, and what one of them tells the other.
"""

from base64 import b64encode
from hashlib import sha256
from random import Random
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as some

from gossip.mesh.view import MANY, THIN, Held, View, bucket_of
from gossip.trust.identity import PeerId
from gossip.wire.messages import BUCKETS, GetPeers, Message, answer, serialize
from tests.cases import UnitCase

THICK: Final = 10 * THIN
"""Records of a bucket of which not all need be told."""

BODY: Final = 400
"""Bytes of the usual record."""


def held(bucket: int, number: int, version: int = 0) -> Held:
    """The record of a peer, in this bucket."""
    return of_peer(PeerId(f"{bucket:02x}{number:062x}"), version)


def of_peer(peer: PeerId, version: int) -> Held:
    """What a peer says at this time."""
    body = f"{peer} {version}".encode().ljust(BODY, b'"')
    digest = int.from_bytes(sha256(body).digest()[:8], "big")
    return Held(peer, version, 0.0, digest, body, "s" * 88)


def view_of(*records: Held) -> View:
    """These count."""
    view = View()
    for record in records:
        view.put(record)
    return view


def bucketful(bucket: int = 7, size: int = THICK) -> list[Held]:
    """The records of one bucket."""
    return [held(bucket, number) for number in range(size)]


class SumTests(UnitCase):
    """What counts."""

    def test_bucket(self) -> None:
        """The first byte of its id says in which bucket a peer counts."""
        self.assertEqual(0, bucket_of(PeerId("00" + "f" * 62)))
        self.assertEqual(0xA5, bucket_of(PeerId("a5" + "0" * 62)))
        self.assertEqual(255, bucket_of(PeerId("f" * 64)))

    def test_of_nothing(self) -> None:
        """It is nothing."""
        view = View()
        self.assertEqual((0, bytes(2048), 0, []), (view.total, view.sums(), len(view), list(view)))

    def test_puts_and_drops(self) -> None:
        """One record of each peer counts, the last one, until it is dropped."""
        view, first, second, other = View(), held(0, 1), held(0, 1, 1), held(255, 2)
        for record in (first, other, second):
            view.put(record)
        self.assertEqual(([second, other], 2), (list(view), len(view)))
        self.assertEqual(second.digest ^ other.digest, view.total)
        sums = second.digest.to_bytes(8, "big"), other.digest.to_bytes(8, "big")
        self.assertEqual(sums, (view.sums()[:8], view.sums()[-8:]))
        self.assertIs(second, view.get(first.id))
        self.assertIs(second, view.drop(first.id))
        self.assertIsNone(view.get(first.id))
        self.assertIsNone(view.drop(first.id))
        self.assertEqual((other.digest, 1), (view.total, len(view)))

    def test_same_to_the_byte(self) -> None:
        """A record that is held is known by body and signature, and by nothing less."""
        record, other = held(1, 1), held(1, 1, 1)
        sealed = record.sealed()
        self.assertTrue(record.is_of(sealed))
        self.assertFalse(other.is_of(sealed))
        record.signature = "t" * 88
        self.assertFalse(record.is_of(sealed))


class LackingTests(UnitCase):
    """What one with other sums is told."""

    def told(self, ours: View, theirs: View, guessed: frozenset[int] = frozenset()) -> set[Held]:
        """What one is told that has another view."""
        return set(ours.lacking(theirs.sums(), guessed).held)

    def test_equal(self) -> None:
        """Nothing, where nothing differs."""
        lacking = view_of(*bucketful()).lacking(view_of(*bucketful()).sums())
        self.assertEqual(([], set()), (list(lacking.held), lacking.guessed))

    def test_only_what_differs(self) -> None:
        """Buckets that are equal are passed over, the first and the last as all others."""
        for first in (0, 1, 255):
            record, others = held(first, 1), bucketful(7)
            self.assertEqual({record}, self.told(view_of(record, *others), view_of(*others)))

    def test_thin_bucket(self) -> None:
        """Of a few records all are told, whichever it is that differs."""
        few = bucketful(size=THIN)
        lacking = view_of(*few).lacking(view_of(*few[1:]).sums())
        self.assertEqual((set(few), set()), (set(lacking.held), lacking.guessed))

    def test_one_that_knows_nobody(self) -> None:
        """Whose bucket is empty is told all of it."""
        lacking = view_of(*bucketful()).lacking(bytes(8 * BUCKETS))
        self.assertEqual((THICK, set()), (len(list(lacking.held)), lacking.guessed))

    def test_one_is_missing(self) -> None:
        """Of many records the one that explains the difference is told."""
        many = bucketful()
        lacking = view_of(*many).lacking(view_of(*many[1:]).sums())
        self.assertEqual(([many[0]], {7}), (list(lacking.held), lacking.guessed))

    def test_two_are_missing(self) -> None:
        """Two that explain it together are told."""
        many = bucketful()
        self.assertEqual(set(many[:2]), self.told(view_of(*many), view_of(*many[2:])))

    def test_one_is_older(self) -> None:
        """One that replaced what the other has is told, by what it replaced."""
        many = bucketful()
        ours, theirs = view_of(*many), view_of(*many)
        newer = held(7, 3, 1)
        ours.put(newer)
        self.assertEqual({newer}, self.told(ours, theirs))

    def test_two_are_older(self) -> None:
        """The same of two, and of one that is older and another that is missing."""
        many = bucketful()
        for known in (many, many[1:]):
            ours, theirs = view_of(*many), view_of(*known)
            newer = [held(7, 3, 1), *([held(7, 4, 1)] if known is many else [])]
            for record in newer:
                ours.put(record)
            missing = set(many) - set(known)
            self.assertEqual({*newer, *missing}, self.told(ours, theirs))

    def test_one_explains_nothing_twice(self) -> None:
        """What a record replaced is no difference of its own: nobody holds it beside that record."""
        ours = view_of(*bucketful())
        newer = held(7, 3, 1)
        ours.put(newer)
        sums = bytearray(ours.sums())
        theirs = int.from_bytes(sums[56:64], "big") ^ newer.replaced
        sums[56:64] = theirs.to_bytes(8, "big")
        self.assertEqual([], list(ours.lacking(bytes(sums)).held))

    def test_put_anew_after_it_was_dropped(self) -> None:
        """What was dropped in between has not been replaced."""
        view = view_of(held(7, 3))
        view.drop(held(7, 3).id)
        newer = held(7, 3, 1)
        view.put(newer)
        self.assertEqual(0, newer.replaced)

    def test_what_the_other_knows(self) -> None:
        """Nothing that is held explains what only the other has: it will be asked for that."""
        many = bucketful()
        lacking = view_of(*many[1:]).lacking(view_of(*many).sums())
        self.assertEqual(([], {7}), (list(lacking.held), lacking.guessed))

    def test_asked_again(self) -> None:
        """Where it differs still after a guess, all is told, and the next is a guess again."""
        many = bucketful()
        ours, theirs = view_of(*many), view_of(*many[3:])
        first = ours.lacking(theirs.sums())
        self.assertEqual(([], {7}), (list(first.held), first.guessed))
        second = ours.lacking(theirs.sums(), first.guessed)
        self.assertEqual((set(many), set()), (set(second.held), second.guessed))
        self.assertEqual(set(), self.told(ours, theirs, second.guessed))

    def test_wide_differences(self) -> None:
        """Where many buckets cannot be explained, all of them are told at once."""
        for count, all_of_them in ((MANY, False), (MANY + 1, True)):
            many = [record for bucket in range(count) for record in bucketful(bucket)]
            ours = view_of(*many)
            theirs = view_of(*(held(bucket, 999) for bucket in range(count)))
            lacking = ours.lacking(theirs.sums())
            self.assertEqual(set(many) if all_of_them else set(), set(lacking.held))
            self.assertEqual(set() if all_of_them else set(range(count)), lacking.guessed)

    def test_explained_beside_wide_differences(self) -> None:
        """What is explained is told alone also there."""
        odd = [record for bucket in range(MANY + 1) for record in bucketful(bucket)]
        plain = bucketful(200)
        theirs = view_of(*(held(bucket, 999) for bucket in range(MANY + 1)), *plain[1:])
        lacking = view_of(*odd, *plain).lacking(theirs.sums())
        self.assertEqual(({*odd, plain[0]}, {200}), (set(lacking.held), lacking.guessed))

    def test_while_more_is_learned(self) -> None:
        """An answer that is under way is not disturbed."""
        view = view_of(*bucketful(size=2))
        answered = view.lacking(bytes(8 * BUCKETS)).sealed()
        next(answered)
        view.put(held(7, 99))
        self.assertEqual(1, len(list(answered)))

    @settings(deadline=None, database=None, max_examples=100)
    @given(some.lists(some.tuples(some.integers(0, 2), some.integers(0, 15), some.booleans())))
    def test_two_rounds_are_enough(self, news: list[tuple[int, int, bool]]) -> None:
        """Whatever two books have ahead of each other, they are equal when each has asked twice."""
        books = [view_of(*(r for b in range(3) for r in bucketful(b, 2 * THIN))) for _ in "ab"]
        for version, (bucket, number, which) in enumerate(news, 1):
            books[which].put(held(bucket, number, version))
        guesses: list[frozenset[int]] = [frozenset(), frozenset()]
        for _ in range(2):
            asked = [book.sums() for book in books]
            for i, book in enumerate(books):
                lacking = books[1 - i].lacking(asked[i], guesses[i])
                guesses[i] = lacking.guessed
                for record in lacking.held:
                    before = book.get(record.id)
                    if before is None or before.seq < record.seq:
                        book.put(of_peer(record.id, record.seq))
        self.assertEqual(books[0].sums(), books[1].sums())


class CostTests(UnitCase):
    """What a question between two thick books costs, in records and bytes."""

    def test_ten_of_ten_thousand(self) -> None:
        """Both ask at once, and no more is told than what differs, in one frame."""
        chance = Random(1)
        known = [held(number % BUCKETS, number) for number in range(10_000)]
        ours, theirs = (view_of(*known) for _ in range(2))
        newer = [of_peer(known_one.id, 1) for known_one in chance.sample(known, 10)]
        for record in newer:
            theirs.put(record)
        questions = [GetPeers(b64encode(view.sums()).decode()) for view in (ours, theirs)]
        answers = [
            list(answer(asked.lacking(asking.sums()).sealed()))
            for asking, asked in ((ours, theirs), (theirs, ours))
        ]
        self.assertEqual(([10], [0]), tuple([len(f.records) for f in frames] for frames in answers))
        said: list[Message] = [*questions, *answers[0], *answers[1]]
        size = sum(len(serialize(message)) for message in said)
        self.assertLess(size, 16 << 10)

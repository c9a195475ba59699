"""
Holds the test vectors that docs/protocol.rst prints equal to what the program makes.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gossip.mesh.book import Book
from gossip.trust import records, rows, signing
from gossip.trust.identity import peer_id, public_der
from gossip.trust.records import Record
from gossip.wire import messages
from gossip.wire.errors import RemoteProtocolError
from gossip.wire.messages import GetPeers, Ping, Pong, Sealed, Unknown
from tests.cases import UnitCase
from tests.wire.samples import (
    ALPHA,
    BETA,
    BRIEF_ROW,
    BUCKETS,
    FULL_ROW,
    GAMMA,
    PAST_ROW,
    SAMPLES,
    Sample,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "protocol.rst"
BLOCK = re.compile(r"^\*\*(.+)\*\*, (.+)::\n\n((?:    .*\n|\n)+)", re.MULTILINE)

NAMES = {"alpha": ALPHA, "beta": BETA, "gamma": GAMMA}
ROWS = {"brief row": BRIEF_ROW, "full row": FULL_ROW, "row with the past": PAST_ROW}
BOOK = "alpha, beta and gamma"
SHOWS: dict[str, messages.Show] = {
    "brief row": "brief",
    "full row": "full",
    "row with the past": "past",
}
LONG = "get_peers with buckets"
"""The one sample that is too long to be printed."""


def printed() -> dict[tuple[str, str], str]:
    """Each block of the document under its name and what it shows, without the indentation."""
    found = BLOCK.findall(DOCUMENT.read_text(encoding="utf-8"))
    return {
        (name, what): "\n".join(line[4:] for line in block.strip("\n").split("\n"))
        for name, what, block in found
    }


def samples() -> Iterator[Sample]:
    """Those that are printed in full."""
    return (sample for sample in SAMPLES if sample.name != LONG)


class VectorCase(UnitCase):
    """A test that reads the document."""

    def setUp(self) -> None:
        """Read it."""
        self.printed = printed()

    def shown(self, name: str) -> dict[str, str]:
        """The blocks of one name."""
        return {what: text for (other, what), text in self.printed.items() if other == name}


class DocumentTests(VectorCase):
    """The document as such."""

    def test_nothing_is_printed_that_is_not_checked(self) -> None:
        """Every block of the document is one that the tests here know."""
        known = {(name, what) for name in NAMES for what in self.shown("alpha")}
        known |= {(BOOK, "view"), (BOOK, "buckets"), (BOOK, "SHA-256 of the 2048 bytes")}
        known |= {(sample.name, "the object") for sample in samples()}
        known |= {(sample.name, "the frame") for sample in samples()}
        known |= {(LONG, "SHA-256 of the base64 text"), (LONG, "SHA-256 of the frame")}
        known |= {(name, what) for name in ROWS for what in ("body", "signature")}
        known |= {("accepted", "one a line"), ("refused", "one a line")}
        self.assertEqual(known, set(self.printed))

    def test_record_blocks_show_all_there_is_of_a_record(self) -> None:
        """A reader gets the seed, and everything that follows from it and the body."""
        self.assertEqual({"seed", "key", "id", "body", "signature", "h"}, set(self.shown("alpha")))


class FrameVectorTests(VectorCase):
    """Messages as objects and as frames."""

    def test_frames_are_those_of_the_samples(self) -> None:
        """The hex is what the program sends for this message."""
        for sample in samples():
            text = "".join(self.shown(sample.name)["the frame"].split())
            self.assertEqual(messages.serialize(sample.message).hex(), text, sample.name)

    def test_objects_are_what_the_frames_carry(self) -> None:
        """The object beside a frame is the same, in a form for people."""
        for sample in samples():
            shown = json.loads(self.shown(sample.name)["the object"])
            self.assertEqual(json.loads(sample.body), shown, sample.name)
            again = messages.parse(json.dumps(shown).encode())
            self.assertEqual(sample.message, again, sample.name)

    def test_the_long_sample_has_the_digests_shown(self) -> None:
        """What is too long to be printed can still be compared."""
        frame = messages.serialize(GetPeers(BUCKETS))
        self.assertEqual(
            {
                "SHA-256 of the base64 text": sha256(BUCKETS.encode()).hexdigest(),
                "SHA-256 of the frame": sha256(frame).hexdigest(),
            },
            self.shown(LONG),
        )

    def test_good_spellings_are_taken(self) -> None:
        """Each line is a body that this program reads, as the ping, pong or other that it is."""
        lines = self.shown("accepted")["one a line"].split("\n")
        taken = [messages.parse(line.encode()) for line in lines]
        self.assertEqual(
            [
                Ping(1, ""),
                Pong(7),
                Ping(1, "\U0001f600 \0 /"),
                Pong(7),
                messages.Heartbeat("0000000000000000", 2.0),
                Unknown("tea"),
            ],
            taken,
        )

    def test_bad_spellings_are_refused(self) -> None:
        """Each line is a body that this program does not take."""
        lines = self.shown("refused")["one a line"].split("\n")
        self.assertGreater(len(lines), 20)
        for line in lines:
            with self.assertRaises(RemoteProtocolError, msg=line):
                messages.parse(line.encode())


class RecordVectorTests(VectorCase):
    """Records, from the seed of the key to the digest."""

    def key(self, name: str) -> Ed25519PrivateKey:
        """The private key of one of the three."""
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self.shown(name)["seed"]))

    def record(self, name: str) -> Record:
        """The record that is printed."""
        shown = self.shown(name)
        return records.read(Sealed(shown["body"], shown["signature"]))

    def test_ids_follow_from_seeds(self) -> None:
        """The seed makes the key, and the key the id."""
        for name in NAMES:
            spki = public_der(self.key(name).public_key())
            self.assertEqual(b64encode(spki).decode(), self.shown(name)["key"])
            self.assertEqual(peer_id(spki), self.shown(name)["id"])

    def test_records_say_what_is_printed_beside_them(self) -> None:
        """Id, key and digest of the body are those shown, and the samples have the same records."""
        for name, sealed in NAMES.items():
            shown, record = self.shown(name), self.record(name)
            self.assertEqual(sealed, record.sealed)
            self.assertEqual(
                (shown["id"], shown["key"], shown["h"]),
                (record.id, record.key, f"{record.digest:016x}"),
            )

    def test_signatures_hold(self) -> None:
        """Each record verifies, and not with another body."""
        for name in NAMES:
            record = self.record(name)
            records.verify(record)
            other = Sealed(record.sealed.body + " ", record.sealed.signature)
            with self.assertRaises(records.RecordForged):
                records.verify(records.read(other))

    def test_the_program_makes_these_records(self) -> None:
        """Asked to say the same with the same keys, it makes the same bytes."""
        for name in NAMES:
            key, printed_record = self.key(name), self.record(name)
            made = records.make(
                public=public_der(key.public_key()),
                sign=partial(signing.sign, key),
                seq=printed_record.seq,
                network=printed_record.network,
                name=printed_record.name,
                addresses=printed_record.addresses,
                tags=printed_record.tags,
                state=printed_record.state,
                ttl=printed_record.ttl,
            )
            self.assertEqual(printed_record.sealed, made.sealed)


class RowVectorTests(VectorCase):
    """Rows, sealed by the first of the three."""

    def part(self, name: str) -> rows.Part:
        """The part that is printed."""
        shown = self.shown(name)
        return rows.read(Sealed(shown["body"], shown["signature"]), SHOWS[name])

    def test_signatures_hold(self) -> None:
        """Each verifies with the key of its author, and not with another body."""
        for name, sealed in ROWS.items():
            part = self.part(name)
            self.assertEqual(sealed, part.sealed)
            rows.verify(part, self.shown("alpha")["key"])
            other = rows.read(Sealed(sealed.body + " ", sealed.signature), part.show)
            with self.assertRaises(rows.RowRefused):
                rows.verify(other, self.shown("alpha")["key"])

    def test_the_program_makes_these_rows(self) -> None:
        """Asked to say the same with the same key, it makes the same bytes."""
        seed = bytes.fromhex(self.shown("alpha")["seed"])
        key = Ed25519PrivateKey.from_private_bytes(seed)
        for name, sealed in ROWS.items():
            part = self.part(name)
            made = rows.make(
                author=part.id,
                sign=partial(signing.sign, key),
                seq=part.seq,
                network=part.network,
                agent=part.agent,
                show=part.show,
                part=part.part,
                last=part.last,
                entries=part.entries,
            )
            self.assertEqual(sealed, made.sealed)


class ViewVectorTests(VectorCase):
    """The view of a small book."""

    def test_view_and_buckets_are_those_of_a_book(self) -> None:
        """A node that holds the three records has what is shown."""
        wall = records.read(ALPHA).seq / 1000 + 100
        book = Book(records.read(ALPHA), 10)
        for sealed in (BETA, GAMMA):
            self.assertIsNotNone(book.learn(sealed, wall, loopback=False))
        raw = book.buckets()
        parts = {i: raw[8 * i : 8 * i + 8] for i in range(256)}
        lines = [f"{i} {part.hex()}" for i, part in parts.items() if any(part)]
        self.assertEqual(
            {
                "view": book.view(),
                "buckets": "\n".join(lines),
                "SHA-256 of the 2048 bytes": sha256(raw).hexdigest(),
            },
            self.shown(BOOK),
        )
        self.assertEqual(BUCKETS, b64encode(raw).decode())

"""
Sealed records: made, read, verified and judged.
"""

import json
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from gossip.trust import records, signing
from gossip.trust.identity import Identity
from gossip.trust.records import (
    Record,
    RecordForged,
    RecordRefused,
    judge,
    make,
    read,
    verify,
)
from gossip.wire.messages import Sealed
from tests.cases import UnitCase
from tests.trust import samples

ALICE = Identity.from_pem(samples.ED25519_KEY, None)
BOB = Identity.from_pem(samples.P256_KEY, None)
MADE_AT = 1_700_000_000


def record(identity: Identity = ALICE, **changes: Any) -> Record:
    """A record of an identity."""
    members: dict[str, Any] = {
        "seq": MADE_AT * 1000,
        "network": "lab",
        "name": "alice",
        "addresses": ("192.0.2.1:8080", "[2001:db8::1]:8080"),
        "tags": {"site": "north"},
        "ttl": 3600.0,
        **changes,
    }
    return make(public=identity.public, sign=identity.sign, **members)


def body(**changes: Any) -> dict[str, Any]:
    """The members of a good body, with changes; a change to `...` leaves one out."""
    members = {**json.loads(record().sealed.body), **changes}
    return {name: value for name, value in members.items() if value is not ...}


def seal(text: str, identity: Identity = ALICE) -> Sealed:
    """A body with its subject's signature."""
    signature = identity.sign(b"p2p-gossip/1 record\n" + text.encode())
    return Sealed(text, b64encode(signature).decode())


class MakeTests(UnitCase):
    """Records that this node makes."""

    def test_says_what_it_was_made_of(self) -> None:
        """What was put in is what others read."""
        made = record()
        seen = read(made.sealed)
        self.assertEqual(made, seen)
        self.assertEqual(ALICE.id, seen.id)
        self.assertEqual((MADE_AT * 1000, "lab", "alice"), (seen.seq, seen.network, seen.name))
        self.assertEqual(("192.0.2.1:8080", "[2001:db8::1]:8080"), seen.addresses)
        self.assertEqual({"site": "north"}, seen.tags)
        self.assertEqual(("alive", 3600.0), (seen.state, seen.ttl))

    def test_defaults(self) -> None:
        """A record says that its subject lives, and holds for three days."""
        made = make(
            public=ALICE.public,
            sign=ALICE.sign,
            seq=1,
            network="lab",
            name="",
            addresses=(),
            tags={},
        )
        self.assertEqual(("alive", 3 * 86400), (made.state, made.ttl))

    def test_form(self) -> None:
        """The body is JSON with exactly the members that the protocol names."""
        members = json.loads(record(state="left").sealed.body)
        self.assertEqual(
            {
                "id": samples.ED25519_ID,
                "key": b64encode(ALICE.public).decode(),
                "seq": MADE_AT * 1000,
                "network": "lab",
                "name": "alice",
                "addresses": ["192.0.2.1:8080", "[2001:db8::1]:8080"],
                "tags": {"site": "north"},
                "state": "left",
                "ttl": 3600.0,
            },
            members,
        )

    def test_signature(self) -> None:
        """The signature is the subject's, over a fixed line and the body as it stands."""
        sealed = record().sealed
        signature = b64decode(sealed.signature, validate=True)
        signed = b"p2p-gossip/1 record\n" + sealed.body.encode()
        self.assertTrue(signing.holds(ALICE.key.public_key(), signature, signed))

    def test_digest(self) -> None:
        """Its part in the view is the first 8 bytes of the SHA-256 of the body."""
        made = record()
        first = sha256(made.sealed.body.encode()).digest()[:8]
        self.assertEqual(int.from_bytes(first, "big"), made.digest)

    def test_expiry(self) -> None:
        """It holds for its time to live, from when it was made."""
        self.assertEqual(MADE_AT + 3600, record().expires_at())

    def test_shown(self) -> None:
        """By what it says, and not by how it was sealed."""
        made = record(name="bob")
        self.assertTrue(repr(made).startswith(f"Record(id='{made.id}', seq="))
        self.assertIn("name='bob'", repr(made))
        for long in (made.key, made.sealed.signature, str(made.digest)):
            self.assertNotIn(long, repr(made))

    def test_hash(self) -> None:
        """It can be a key, though its tags are a mapping; another record is another one."""
        made = record(tags={"rack": "r7"})
        self.assertEqual({made}, {made, records.read(made.sealed)})
        self.assertEqual(2, len({made, record()}))

    def test_each_kind_of_key(self) -> None:
        """Records of each allowed kind of key can be made, and verify."""
        for pem in (samples.ED25519_KEY, samples.P256_KEY, samples.P384_KEY, samples.RSA_KEY):
            identity = Identity.from_pem(pem, None)
            made = record(identity)
            self.assertEqual(identity.id, made.id)
            verify(read(made.sealed))


class ReadTests(UnitCase):
    """What a sealed record says, or why it is none."""

    def refused(self, text: str) -> str:
        """Why this is not the body of a record."""
        return str(self.assertRaises(RecordForged, read, seal(text)))

    def test_written_otherwise(self) -> None:
        """Order, spaces, escapes and members that are not known do not matter."""
        text = json.dumps({"later": [1], **dict(reversed(body().items()))}, indent=1)
        seen = read(seal(text))
        verify(seen)
        self.assertEqual(("alice", ALICE.id), (seen.name, seen.id))

    def test_not_json(self) -> None:
        """What is not one JSON object is no record."""
        for text in ("", "{", "[]", "null", json.dumps(body()) + "{}"):
            self.assertIn("JSON", self.refused(text))

    def test_members(self) -> None:
        """A member that is missing, of another type or out of range makes it none, by name."""
        wrong: dict[str, list[Any]] = {
            "id": [..., None, 1, "", "a" * 63, "a" * 65, "A" * 64, "g" * 64, "a" * 64 + "\n"],
            "key": [..., None, 1],
            "seq": [..., None, -1, "1", True, 1.5],
            "network": [..., None, "", "n" * 65],
            "name": [..., None, "n" * 65],
            "addresses": [..., None, "a:1", [1], ["a:1"] * 9, ["a" * 256]],
            "tags": [..., None, [], {"a": 1}, {"a": None}],
            "state": [..., None, "dead", ""],
            "ttl": [..., None, 59, 2592001, "60", True],
        }
        for member, values in wrong.items():
            for value in values:
                reason = self.refused(json.dumps(body(**{member: value})))
                self.assertIn(member, reason)
                self.assertTrue(reason.startswith("record: "), reason)

    def test_edges(self) -> None:
        """What is just inside the ranges is a record."""
        right: dict[str, list[Any]] = {
            "seq": [0, 2**53 - 1],
            "network": ["n", "n" * 64],
            "name": ["", "n" * 64, "\u00e9" * 64],
            "addresses": [[], ["a:1"] * 8, ["a" * 255]],
            "tags": [{}, {"": ""}],
            "state": ["alive", "left"],
            "ttl": [60, 60.5, 2592000],
        }
        for member, values in right.items():
            for value in values:
                seen = read(seal(json.dumps(body(**{member: value}))))
                found = getattr(seen, member)
                self.assertEqual(tuple(value) if member == "addresses" else value, found)

    def test_integers_of_more_than_53_bits(self) -> None:
        """No member is larger than every JSON reader can hold."""
        for member in ("seq", "later"):
            self.assertIn("53 bits", self.refused(json.dumps(body(**{member: 2**53}))))

    def test_longest(self) -> None:
        """A body of 8192 bytes is read, one of 8193 is not, counted in UTF-8."""
        for letter in ("x", "\u00e9"):
            text = json.dumps(body(later=letter), ensure_ascii=False)
            room = 8192 - len(text.encode())
            filling = "x" * room + letter
            longest = json.dumps(body(later=filling), ensure_ascii=False)
            self.assertEqual(8192, len(longest.encode()))
            read(seal(longest))
            longer = json.dumps(body(later=filling + "x"), ensure_ascii=False)
            self.assertEqual("a record of 8193 bytes is longer than 8192", self.refused(longer))

    def test_tags(self) -> None:
        """Tags of 4096 bytes of JSON are read, longer ones are not."""
        empty = len('{"tag":""}')
        read(seal(json.dumps(body(tags={"tag": "x" * (4096 - empty)}))))
        longer = json.dumps(body(tags={"tag": "x" * (4097 - empty)}))
        self.assertEqual("its tags are longer than 4096 bytes", self.refused(longer))

    @settings(deadline=None, database=None, max_examples=300)
    @given(
        some.lists(
            some.tuples(
                some.integers(0, 400),
                some.integers(0, 2),
                some.sampled_from([*'"{}[]:,\\ 0159-.e', '"seq":2', "ttl", "\xe4", "1e999"]),
            ),
            max_size=2,
        )
    )
    def test_the_short_way_leads_where_the_long_one_does(
        self, edits: list[tuple[int, int, str]]
    ) -> None:
        """However a record is garbled, it is read as it would be by rules alone, or not at all."""
        raw = record().sealed.body.encode()
        self.assertIsNotNone(records._read_as_made(raw))
        for place, length, text in edits:
            raw = raw[:place] + text.encode() + raw[place + length :]
        short = records._read_as_made(raw)
        if short is not None:
            self.assertEqual(records._read_any(raw), short, raw)

    @settings(deadline=None, database=None, max_examples=100)
    @given(some.text(max_size=200), some.text(max_size=50))
    def test_garbage(self, text: str, signature: str) -> None:
        """Garbage is no record, and nothing else happens."""
        self.assertRaises(RecordForged, read, Sealed(text, signature))


class VerifyTests(UnitCase):
    """Whether its subject said it."""

    def refused(self, sealed: Sealed) -> str:
        """Why a record that can be read does not verify."""
        return str(self.assertRaises(RecordForged, verify, read(sealed)))

    def test_own_word(self) -> None:
        """What its subject made verifies."""
        verify(read(record().sealed))

    def test_altered_body(self) -> None:
        """Whoever passes it on cannot change a letter, not even a space between members."""
        sealed = record().sealed
        for text in (
            sealed.body.replace("alice", "mallory"),
            sealed.body.replace("192.0.2.1", "192.0.2.2"),
            sealed.body + " ",
        ):
            self.assertEqual(
                "its signature is not that of its key", self.refused(Sealed(text, sealed.signature))
            )

    def test_altered_signature(self) -> None:
        """A signature with one bit turned, or of other words, is none."""
        sealed = record().sealed
        good = b64decode(sealed.signature)
        plain = ALICE.sign(sealed.body.encode())
        for bad in (bytes([good[0] ^ 1]) + good[1:], good[:-1], b"", plain):
            altered = Sealed(sealed.body, b64encode(bad).decode())
            self.assertEqual("its signature is not that of its key", self.refused(altered))

    def test_signed_by_another(self) -> None:
        """Nobody can speak for another key."""
        forged = seal(record().sealed.body, BOB)
        self.assertEqual("its signature is not that of its key", self.refused(forged))

    def test_id_of_another(self) -> None:
        """Nobody can claim the id of another key."""
        forged = seal(json.dumps(body(id=BOB.id)))
        self.assertEqual("its id is not that of its key", self.refused(forged))

    def test_not_base64(self) -> None:
        """Key and signature are base64 and nothing else."""
        text = record().sealed.body
        for signature in ("?", "\u00e9", "A", "AA==\n", "QUJD=", "QUI==", "QUJ=", "QQ"):
            reason = self.refused(Sealed(text, signature))
            self.assertEqual("its key or signature is not base64", reason)
        for key in ("?", "\u00e9", "A", "QUJD=", "QUI==", "QUJ=", "QQ"):
            reason = self.refused(seal(json.dumps(body(key=key))))
            self.assertEqual("its key or signature is not base64", reason)

    def test_other_spellings(self) -> None:
        """Nobody can spell a good record in another way, valid here and forged there."""
        sealed = record().sealed
        good = sealed.signature
        self.assertEqual("==", good[-2:])
        raw = b64decode(good)
        for bad in (good + "=", good[:-1], good[:-3] + chr(ord(good[-3]) + 1) + "=="):
            if len(bad) == len(good):
                self.assertEqual(raw, b64decode(bad))
            reason = self.refused(Sealed(sealed.body, bad))
            self.assertEqual("its key or signature is not base64", reason)

    def test_a_name_that_comes_twice(self) -> None:
        """No two nodes read a record differently: it is forged where a name is in it twice."""
        text = record().sealed.body
        twice = seal(text.replace("{", '{"name":"mallory",', 1))
        self.assertIn("comes twice", str(self.assertRaises(RecordForged, read, twice)))

    def test_keys_that_anybody_could_sign_for(self) -> None:
        """A signature that holds without a private key makes nobody's record."""
        neutral = Identity.generate().public[:-32] + (1).to_bytes(32, "little")
        signature = b64encode((1).to_bytes(32, "little") + bytes(32)).decode()
        members = body(id=sha256(neutral).hexdigest(), key=b64encode(neutral).decode())
        reason = self.refused(Sealed(json.dumps(members), signature))
        self.assertEqual("the Ed25519 key is of small order, so anybody could sign for it", reason)

    def test_keys_that_are_not_allowed(self) -> None:
        """A key of another kind, or in another encoding, is no peer's, whatever it signs."""
        point = BOB.public[-65:]
        compressed = bytes([2 + point[-1] % 2]) + point[1:33]
        short_form = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
        for public, reason in (
            (b"no key", "the key cannot be read"),
            (short_form + compressed, "the key is not in its canonical encoding"),
            (BOB.public + b"\x00", "the key cannot be read"),
        ):
            members = body(id=sha256(public).hexdigest(), key=b64encode(public).decode())
            self.assertEqual(reason, self.refused(seal(json.dumps(members), BOB)))


class JudgeTests(UnitCase):
    """Whether a record is for us and for now."""

    def refused(self, wall: float, network: str = "lab") -> str:
        """Why the record does not count."""
        error = self.assertRaises(RecordRefused, judge, record(), network, wall)
        self.assertNotIsInstance(error, RecordForged)
        return str(error)

    def test_counts(self) -> None:
        """It counts from a day before it was made until it expires."""
        for wall in (MADE_AT - 86400, MADE_AT, MADE_AT + 3599.9):
            judge(record(), "lab", wall)

    def test_other_network(self) -> None:
        """That of another network does not count."""
        self.assertEqual("it is of another network", self.refused(MADE_AT, "field"))

    def test_from_the_future(self) -> None:
        """Made more than a day ahead, it does not count."""
        self.assertEqual(
            "it was made more than a day in the future", self.refused(MADE_AT - 86400.1)
        )

    def test_expired(self) -> None:
        """From the end of its time to live on, it does not count."""
        self.assertEqual("it has expired", self.refused(MADE_AT + 3600))

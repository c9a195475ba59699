"""
Sealed rows: made, read, verified; and all that is none.
"""

import json
from typing import Any

from gossip.trust import rows
from gossip.trust.rows import Brief, Full, Part, Past, RowRefused, Stretch
from gossip.wire.messages import Sealed, Show
from tests.cases import UnitCase
from tests.street import identity, record

OTHER = "0123456789abcdef"


def made(show: Show = "brief", **changes: Any) -> Part:
    """A part by a."""
    author = identity("a")
    kinds: dict[str, Any] = {"brief": Brief, "full": Full, "past": Past}
    said: dict[str, Any] = {
        "author": author.id,
        "sign": author.sign,
        "seq": 1_800_000_000_000,
        "network": "default",
        "agent": "p2p-gossip/1",
        "show": show,
        "part": 1,
        "last": True,
        "entries": [kinds[show](OTHER, "u", 1.5, 0.25)],
    }
    return rows.make(**{**said, **changes})


class RowsTests(UnitCase):
    """What is sealed is read, and verified."""

    def refused(self, body: str, show: Show = "brief") -> str:
        """Why this is not a part."""
        with self.assertRaises(RowRefused) as caught:
            rows.read(Sealed(body, ""), show)
        return str(caught.exception)

    def test_what_is_made_is_read(self) -> None:
        """Each kind comes back as it was said, however it is spelled."""
        stretch = Stretch(1_800_000_000.0, 1.5, 2.5, 6, 1)
        past = [Past(OTHER, "d", since=1.0, past=[stretch, stretch])]
        for part in (made(), made("full"), made("past", entries=past), made(entries=[])):
            self.assertEqual(part, rows.read(part.sealed, part.show))
            spaced = Sealed(json.dumps(json.loads(part.sealed.body)), part.sealed.signature)
            self.assertEqual(part.entries, rows.read(spaced, part.show).entries)

    def test_shown(self) -> None:
        """By which part of what it is: there may be thousands of entries in it."""
        part = made()
        self.assertTrue(repr(part).startswith(f"Part(id='{part.id}', seq="))
        for long in ("entries", OTHER, part.sealed.signature):
            self.assertNotIn(long, repr(part))

    def test_only_the_author_can_say_it(self) -> None:
        """It holds with the key of its author, and with no other; and no byte can be changed."""
        part = made()
        rows.verify(part, record("a").key)
        with self.assertRaises(RowRefused):
            rows.verify(part, record("b").key)
        with self.assertRaises(RowRefused):
            rows.verify(part, "no key")
        body = part.sealed.body.replace("0.25", "0.75")
        for sealed in (
            Sealed(body, part.sealed.signature),
            Sealed(part.sealed.body, made(seq=1).sealed.signature),
            Sealed(part.sealed.body, "?"),
        ):
            with self.assertRaises(RowRefused):
                rows.verify(rows.read(sealed, "brief"), record("a").key)

    def test_a_row_of_another_author(self) -> None:
        """Who signs with its own key what names somebody else as the author is refused for that."""
        part = made(sign=identity("b").sign)
        with self.assertRaisesRegex(RowRefused, "its author has another key"):
            rows.verify(part, record("b").key)

    def test_a_record_is_not_a_row(self) -> None:
        """What was signed as the one does not hold as the other."""
        author = identity("a")
        part = made(sign=lambda data: author.sign(data.replace(b" row\n", b" record\n")))
        with self.assertRaises(RowRefused):
            rows.verify(part, record("a").key)

    def test_what_is_no_part(self) -> None:
        """The member at fault is named, and nothing else comes out of it."""
        body = json.loads(made().sealed.body)
        for member in body:
            self.assertIn(member, self.refused(json.dumps({**body, member: None})))
        for entry in (
            [],
            [OTHER],
            ["0123", "u"],
            [OTHER, "up"],
            [OTHER, "u", -1],
            [OTHER, "u", 1e10],
            [OTHER, "u", 1, 1.5],
            [OTHER, "u", "fast"],
            {"peer": OTHER, "state": "u"},
        ):
            self.assertIn("entries", self.refused(json.dumps({**body, "entries": [entry]})))
        self.refused("")
        self.refused(json.dumps({**body, "part": 0}))
        self.assertIn("twice", self.refused(f'{{"seq":1,{made().sealed.body[1:]}'))

    def test_another_kind_than_was_asked_for(self) -> None:
        """A brief row is no full one."""
        self.assertIn("brief", self.refused(made().sealed.body, "full"))

    def test_too_long(self) -> None:
        """What is longer than any part is not even parsed."""
        part = made(entries=[Brief(OTHER, "u", 1.5, 0.25)] * 1000)
        self.assertIn("longer", self.refused(part.sealed.body))

    def test_more_stretches_than_an_hour_has(self) -> None:
        """There is a bound to the past."""
        stretch = [1.0, None, None, 1, 1]
        body = json.loads(made("past").sealed.body)
        entry = body["entries"][0]
        entry[-1] = [stretch] * rows.MOST_STRETCHES
        rows.read(Sealed(json.dumps(body), ""), "past")
        entry[-1] = [stretch] * (rows.MOST_STRETCHES + 1)
        self.assertIn("entries", self.refused(json.dumps(body), "past"))

    def test_lengths_are_those_of_the_body(self) -> None:
        """So that whoever makes parts knows when one is full."""
        entries = [Brief(OTHER, "u", 1.5, 0.25), Brief(OTHER, "l")]
        longer = len(made(entries=entries).sealed.body) - len(made(entries=[]).sealed.body)
        self.assertEqual(sum(map(rows.length, entries)), longer + 1)

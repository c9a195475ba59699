"""
Tests of `gossip.wire.plain`.
"""

import json
from base64 import b64encode
from typing import Annotated, Any

from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as some
from msgspec import Meta

from gossip.wire import plain
from gossip.wire.errors import RemoteProtocolError
from tests.cases import UnitCase

quickly = settings(deadline=None, database=None, max_examples=200)

# All that looks like the end of a name, or hides that it is one.
awkward = some.text(alphabet='":\\{}[], u\n\xe4', max_size=4)


def objects_of(names: some.SearchStrategy[str]) -> some.SearchStrategy[dict[str, Any]]:
    """Objects of any shape with such names and strings."""
    values = some.recursive(
        some.one_of(names, some.integers(-9, 9), some.booleans(), some.none()),
        lambda inner: some.one_of(
            some.lists(inner, max_size=3), some.dictionaries(names, inner, max_size=3)
        ),
        max_leaves=8,
    )
    return some.dictionaries(names, values, min_size=1, max_size=3)


def lists(depth: int) -> bytes:
    """An object in which lists go so deep, itself counted; the innermost is empty."""
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


def objects(depth: int) -> bytes:
    """Objects that go so deep, around a number."""
    return b'{"a":' * depth + b"1" + b"}" * depth


ACCEPTED: list[tuple[bytes, object]] = [
    (b"{}", {}),
    (b' \t\r\n{ "a" : [ ] } \n', {"a": []}),
    (b'{"a":{"a":[{"a":1},{"a":2}]},"b":[]}', {"a": {"a": [{"a": 1}, {"a": 2}]}, "b": []}),
    (b'{"a\\\\":":\\":","\\u003a" : ":"}', {"a\\": ':":', ":": ":"}),
    (b'{"a":9007199254740991}', {"a": 2**53 - 1}),
    (b'{"a":-9007199254740991}', {"a": -(2**53) + 1}),
    (b'{"a":1e308}', {"a": 1e308}),
    (b'{"a":9007199254740992.0}', {"a": 2.0**53}),
    (b'{"a":1e-999}', {"a": 0.0}),
    (b'{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}),
    ('{"ä":"\U0001f600"}'.encode(), {"ä": "\U0001f600"}),
    (b'{"a":"\\u0000"}', {"a": "\0"}),
    (b'{"a":[true,false,null]}', {"a": [True, False, None]}),
]

NOT_JSON: list[tuple[str, bytes]] = [
    ("nothing", b""),
    ("two zero bytes", b"\0\0"),
    ("a byte order mark", b"\xef\xbb\xbf{}"),
    ("UTF-16", "{}".encode("utf-16")),
    ("UTF-16 without a mark", '{"a":1}'.encode("utf-16-le")),
    ("UTF-32", "{}".encode("utf-32-be")),
    ("Latin-1", b'{"a":"\xe4"}'),
    ("an overlong zero", b'{"a":"\xc0\x80"}'),
    ("a surrogate in UTF-8", b'{"a":"\xed\xa0\x80"}'),
    ("beyond Unicode", b'{"a":"\xf4\x90\x80\x80"}'),
    ("a cut character", b'{"a":"\xc3"}'),
    ("a lone high surrogate", b'{"a":"\\ud800"}'),
    ("a lone high surrogate before text", b'{"a":"\\ud800 text"}'),
    ("a lone low surrogate", b'{"a":"\\udc00"}'),
    ("two high surrogates", b'{"a":"\\ud800\\ud800"}'),
    ("a lone surrogate in a name", b'{"\\udc00":1}'),
    ("a raw control character", b'{"a":"\x01"}'),
    ("an unknown escape", b'{"a":"\\x41"}'),
    ("a byte that trails", b"{}x"),
    ("a zero that trails", b"{}\0"),
    ("a second value", b"{}{}"),
    ("a cut object", b'{"a":1'),
    ("a trailing comma", b'{"a":1,}'),
    ("single quotes", b"{'a':1}"),
    ("a comment", b"{}//"),
    ("NaN", b'{"a":NaN}'),
    ("Infinity", b'{"a":Infinity}'),
    ("minus Infinity", b'{"a":-Infinity}'),
    ("a leading zero", b'{"a":01}'),
    ("a plus", b'{"a":+1}'),
    ("a point without digits", b'{"a":1.}'),
    ("hexadecimal", b'{"a":0x1}'),
    ("an integer of 5000 digits", b'{"a":' + b"1" * 5000 + b"}"),
    ("lists 100000 deep", lists(100000)),
    ("objects 100000 deep", objects(100000)),
    ("lists 100000 deep that do not end", b'{"a":' + b"[" * 100000),
]

TWICE: list[tuple[str, bytes]] = [
    ("the same member", b'{"a":1,"a":1}'),
    ("another value", b'{"a":1,"b":2,"a":3}'),
    ("spelled with an escape", b'{"a":1,"\\u0061":2}'),
    ("with a colon elsewhere", b'{"a":1,"b":"\\u003a","a":2}'),
    ("in an object within", b'{"a":{"b":1,"b":"last"}}'),
    ("in an object in a list", b'{"a":[[{"b":1,"b":2}]]}'),
    ("with white space", b'{"a" :\n1 , "a"\t: 2}'),
    ("in place of what is not finite", b'{"a":1e999,"a":1}'),
    ("in place of 54 bits", b'{"a":9007199254740992,"a":1}'),
    ("in place of what is deep", b'{"a":' + b"[" * 40 + b"]" * 40 + b',"a":1}'),
    ("in place of many members", b'{"a":{"b":1,"c":{"d":1}},"a":1}'),
]

OUT_OF_RANGE: list[tuple[str, bytes]] = [
    ("54 bits", b'{"a":1,"odd":9007199254740992}'),
    ("54 bits, negative", b'{"a":1,"odd":-9007199254740992}'),
    ("64 bits", b'{"a":1,"odd":18446744073709551616}'),
    ("400 digits", b'{"a":1,"odd":' + b"1" * 400 + b"}"),
    ("54 bits in a list", b'{"a":1,"odd":[0,[9007199254740992]]}'),
    ("54 bits in an object", b'{"a":1,"odd":{"b":{"c":9007199254740992}}}'),
    ("1e999", b'{"a":1,"odd":1e999}'),
    ("-1e999", b'{"a":1,"odd":-1e999}'),
    ("1e999 in a list", b'{"a":1,"odd":[[1e999]]}'),
]


@frozen
class _Point:
    """Something to make of an object."""

    x: int
    name: Annotated[str, Meta(max_length=3)]
    scale: float = 1.0


class LoadObjectTests(UnitCase):
    """What counts as JSON."""

    def test_good_json_is_taken_as_it_stands(self) -> None:
        """Each accepted text gives its value."""
        for data, value in ACCEPTED:
            self.assertEqual(value, plain.load_object(data), data)

    def test_a_name_that_comes_twice_is_refused(self) -> None:
        """Whatever the members of one name hold, nobody has to know which of them counts."""
        for what, data in TWICE:
            with self.assertRaises(RemoteProtocolError, msg=what) as caught:
                plain.load_object(data)
            reason = "not acceptable JSON: a name comes twice in one object"
            self.assertEqual(reason, str(caught.exception), what)

    @quickly
    @given(objects_of(awkward), some.booleans(), some.sampled_from((None, 1)))
    def test_names_are_counted_whatever_they_are(
        self, value: dict[str, Any], ascii_only: bool, indent: int | None
    ) -> None:
        """Any object is taken as it is, and refused as soon as one of its names comes again."""
        text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
        self.assertEqual(value, plain.load_object(text.encode()))
        name = json.dumps(next(iter(value)), ensure_ascii=ascii_only)
        with self.assertRaises(RemoteProtocolError, msg=text):
            plain.load_object(f"{{{name}:[],{text[1:]}".encode())

    def test_what_is_not_acceptable_json_is_refused(self) -> None:
        """Each refused text is the peer's fault, whatever the parser says of it."""
        for what, data in NOT_JSON:
            with self.assertRaises(RemoteProtocolError, msg=what) as caught:
                plain.load_object(data)
            self.assertIn("JSON", str(caught.exception), what)
            self.assertEqual("protocol", caught.exception.code, what)

    def test_only_objects_count(self) -> None:
        """Other JSON values are refused."""
        for data in (b"[]", b"null", b"true", b"10", b'"{}"', b"[{}]"):
            with self.assertRaises(RemoteProtocolError, msg=data) as caught:
                plain.load_object(data)
            self.assertIn("not a JSON object", str(caught.exception))

    def test_what_is_out_of_range_is_named(self) -> None:
        """A number or nesting that is too large is refused by the name of its member."""
        for what, data in OUT_OF_RANGE:
            with self.assertRaises(RemoteProtocolError, msg=what) as caught:
                plain.load_object(data)
            self.assertTrue(str(caught.exception).startswith("odd: "), (what, caught.exception))

    def test_nesting_of_32_is_accepted_and_of_33_refused(self) -> None:
        """The outermost object is the first level; an empty list counts like a full one."""
        for nested in (lists, objects):
            self.assertEqual(["a"], list(plain.load_object(nested(32))))
            with self.assertRaises(RemoteProtocolError, msg=nested) as caught:
                plain.load_object(nested(33))
            self.assertEqual("a: nested more than 32 deep", str(caught.exception))


class BytesOfTests(UnitCase):
    """Base64, in the one spelling that it has."""

    def test_what_encoders_write_is_taken(self) -> None:
        """The bytes come back as they were encoded, however many they are."""
        for length in range(70):
            raw = bytes(range(186, 186 + length))
            self.assertEqual(raw, plain.bytes_of(b64encode(raw).decode()))

    def test_no_other_spelling_is_taken(self) -> None:
        """Padding that is too much or too little, bits that nobody reads, and odd characters."""
        for text in (
            *("QUJD=", "QUJD==", "QUJD====", "QUI==", "QUI", "QQ=", "QQ", "Q", "="),
            *(
                "====",
                "QQ===",
                "QUJ=",
                "QR==",
                "QUJDQR==",
                "QQ==QQ==",
                "QQ=Q",
                "=QUJD",
                "QQ==\n",
                " QQ==",
                "QU J",
            ),
            *("QUJ?", "-_-_", "QUJ\xe9", "\ud800", "\uff11\uff12\uff13\uff14", "QUJD\0"),
        ):
            with self.assertRaises(ValueError, msg=repr(text)):
                plain.bytes_of(text)


class IntoTests(UnitCase):
    """From a loaded object to an attrs class."""

    def test_members_become_attributes(self) -> None:
        """An optional member may be absent, and an unknown one is ignored."""
        self.assertEqual(_Point(1, "abc"), plain.into(_Point, {"x": 1, "name": "abc"}, "point"))
        value = {"x": 1, "name": "", "scale": 2, "colour": "red"}
        self.assertEqual(_Point(1, "", 2.0), plain.into(_Point, value, "point"))

    def test_refusals_name_the_thing_and_the_member(self) -> None:
        """A member that is missing, of the wrong type or out of range is named."""
        for value, member in (
            ({"x": 1}, "name"),
            ({"name": ""}, "x"),
            ({"x": True, "name": ""}, "x"),
            ({"x": 1.0, "name": ""}, "x"),
            ({"x": "1", "name": ""}, "x"),
            ({"x": None, "name": ""}, "x"),
            ({"x": 1, "name": "long"}, "name"),
            ({"x": 1, "name": "", "scale": True}, "scale"),
            ({"x": 1, "name": "", "scale": None}, "scale"),
        ):
            with self.assertRaises(RemoteProtocolError, msg=value) as caught:
                plain.into(_Point, value, "point")
            self.assertRegex(str(caught.exception), rf"^point: .*[.`]{member}`", value)

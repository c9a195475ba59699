"""
Tests of `gossip.wire.messages`.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from gossip.wire import messages
from gossip.wire.errors import LocalProtocolError, RemoteProtocolError
from gossip.wire.frames import LONGEST, FrameReader
from gossip.wire.messages import (
    Bye,
    GetPeers,
    GetRow,
    Heartbeat,
    Hello,
    Message,
    Peers,
    Ping,
    Pong,
    Row,
    Sealed,
    Unknown,
)
from tests.cases import UnitCase
from tests.wire.samples import BUCKETS, SAMPLES

QUICK = settings(deadline=None, max_examples=100, database=None, derandomize=True)

MEMBERS: dict[str, dict[str, str]] = {
    "hello": {
        "network": "string",
        "instance": "string",
        "record": "object",
        "observed": "string",
        "agent": "string",
        "period": "number",
        "heartbeat": "number",
        "time": "number",
        "view": "string",
        "features": "list of strings",
        "invite": "optional string",
    },
    "ping": {"seq": "integer", "text": "string"},
    "pong": {"seq": "integer"},
    "heartbeat": {"view": "string", "heartbeat": "optional number"},
    "get_peers": {"buckets": "optional string"},
    "peers": {"records": "list of objects", "more": "bool"},
    "get_row": {
        "ask": "integer",
        "show": "string",
        "author": "optional string",
        "about": "optional list of strings",
        "probe": "optional bool",
    },
    "row": {"ask": "integer", "more": "bool", "sealed": "optional object"},
    "bye": {"code": "string", "reason": "string", "record": "optional object"},
}

WRONG: dict[str, tuple[Any, ...]] = {
    "string": (None, True, 0, 1.5, [], {}),
    "number": (None, True, "1", [], {}, 2**53, float("inf"), float("-inf")),
    "integer": (None, True, False, 1.0, 1.5, "1", [], {}, 2**53, 2**70, float("inf")),
    "bool": (None, 0, 1, "true", [], {}),
    "object": (None, True, 1, "{}", [], {}, {"body": ""}, {"body": "", "signature": None}),
    "list of strings": (None, True, "a", {}, [1], [None], ["a", []]),
    "list of objects": (None, True, "a", {}, [1], [None], [{"body": "{}"}], [["", ""]]),
}

OUT_OF_RANGE: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("hello", "network", ("", "n" * 65)),
    (
        "hello",
        "instance",
        ("", "0" * 15, "0" * 17, "0" * 15 + "A", "0" * 15 + "g", "0" * 16 + "\n"),
    ),
    ("hello", "view", ("", "0" * 15, "0" * 17, "ABCDEF0123456789", "\n" + "0" * 15, "\u0660" * 16)),
    ("hello", "agent", ("a" * 65,)),
    ("hello", "period", (0, 0.049, -1, 86400.001, 86401)),
    ("hello", "heartbeat", (0, 0.049, -1, 60.001, 61)),
    (
        "hello",
        "observed",
        ("", "nowhere", "localhost", "1.2.3", "1.2.3.4:80", "[::1]", "::1/64", "1"),
    ),
    ("ping", "seq", (0, -1)),
    ("ping", "text", ("a" * 1025,)),
    ("pong", "seq", (0, -1)),
    ("heartbeat", "view", ("", "0" * 15, "0" * 17, "ABCDEF0123456789")),
    ("heartbeat", "heartbeat", (0, 0.049, 60.001)),
    (
        "get_peers",
        "buckets",
        (
            "",
            "AA==",
            "!" * 2732,
            "\xe4" * 2732,
            BUCKETS[:-1],
            BUCKETS + "\n",
            BUCKETS.replace("A", "-"),
            b64encode(bytes(2047)).decode(),
            b64encode(bytes(2049)).decode(),
        ),
    ),
    ("get_row", "ask", (0, -1)),
    ("get_row", "show", ("", "all", "Brief")),
    ("get_row", "author", ("", "0" * 63, "0" * 65, "A" * 64, "0" * 64 + "\n")),
    ("get_row", "about", (["0" * 16], ["A" * 64], ["0" * 64] * 17)),
    ("row", "ask", (0, -1)),
    ("bye", "reason", ("a" * 1025,)),
)

AT_THE_BOUNDS: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("hello", "network", ("n", "n" * 64, "\U0001f600" * 64)),
    ("hello", "agent", ("", "a" * 64)),
    ("hello", "period", (0.05, 5, 86400)),
    ("hello", "heartbeat", (0.05, 60)),
    ("hello", "time", (0, -1, 2**53 - 1, 1e300)),
    ("hello", "observed", ("127.0.0.1", "::1", "::ffff:192.0.2.1", "0.0.0.0")),
    ("ping", "seq", (1, 2**53 - 1)),
    ("ping", "text", ("", "a" * 1024, "\U0001f600" * 1024, "\x00\x1b[31m")),
    ("heartbeat", "heartbeat", (0.05, 60)),
    ("get_row", "ask", (1, 2**53 - 1)),
    ("get_row", "show", ("brief", "full", "past")),
    ("get_row", "about", ([], ["0" * 64] * 16)),
    ("get_row", "probe", (True, False)),
    ("row", "ask", (1, 2**53 - 1)),
    ("bye", "code", ("", "no such code")),
    ("bye", "reason", ("", "a" * 1024)),
)

OTHER_SPELLINGS: tuple[tuple[str, bytes, Message | Unknown], ...] = (
    ("another order", b'{"text":"","seq":1,"type":"ping"}', Ping(1, "")),
    ("white space", b' {\n"type" : "pong" ,\t"seq" : 1 }\r\n', Pong(1)),
    ("escapes", b'{"\\u0074ype":"pin\\u0067","seq":1,"text":"\\u00fc\\/"}', Ping(1, "\xfc/")),
    ("an unknown member", b'{"type":"pong","seq":1,"colour":["red"],"text":null}', Pong(1)),
    (
        "an integer for a number",
        b'{"type":"heartbeat","view":"0000000000000000","heartbeat":2}',
        Heartbeat("0000000000000000", 2.0),
    ),
    ("an unknown type", b'{"type":"tea","seq":"whatever"}', Unknown("tea")),
    ("an unknown type in other letters", b'{"type":"Ping"}', Unknown("Ping")),
    ("an empty type", b'{"type":""}', Unknown("")),
    (
        "members of a sealed record that are not known",
        b'{"type":"peers","records":[{"body":"b","signature":"s","x":1}],"more":false}',
        Peers([Sealed("b", "s")], more=False),
    ),
)

NO_TYPE = (b"{}", b'{"type":null}', b'{"type":1}', b'{"type":["ping"]}', b'{"Type":"ping"}')


def spelled(value: object) -> bytes:
    """An object as JSON, with infinity written as a number that is too large."""
    return json.dumps(value).replace("Infinity", "1e999").encode()


def example(kind: str) -> dict[str, Any]:
    """A message of this type that is all right and has every member, before it is made wrong."""
    bodies = [json.loads(sample.body) for sample in SAMPLES if sample.message.type == kind]
    best: dict[str, Any] = max(bodies, key=len)
    return best


def wrong_values() -> Iterator[tuple[str, str, Any]]:
    """Each type, each of its members, and each value that this member cannot have."""
    for kind, members in MEMBERS.items():
        for member, what in members.items():
            for value in WRONG[what.removeprefix("optional ")]:
                yield kind, member, value
    for kind, member, values in OUT_OF_RANGE:
        for value in values:
            yield kind, member, value


def sealed_records() -> st.SearchStrategy[Sealed]:
    """Sealed records with any text in them."""
    return st.builds(Sealed, body=st.text(max_size=50), signature=st.text(max_size=20))


def hex16() -> st.SearchStrategy[str]:
    """16 hex digits."""
    return st.integers(0, 2**64 - 1).map("{:016x}".format)


def hex64() -> st.SearchStrategy[str]:
    """64 hex digits."""
    return st.integers(0, 2**256 - 1).map("{:064x}".format)


def any_message() -> st.SearchStrategy[Message]:
    """Messages that may be said."""
    numbers = st.integers(1, 2**53 - 1)
    interval = st.floats(0.05, 60)
    return st.one_of(
        st.builds(
            Hello,
            network=st.text(min_size=1, max_size=64),
            instance=hex16(),
            record=sealed_records(),
            observed=st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str),
            agent=st.text(max_size=64),
            period=st.floats(0.05, 86400),
            heartbeat=interval,
            time=st.floats(allow_nan=False, allow_infinity=False),
            view=hex16(),
            features=st.lists(st.text(max_size=10), max_size=3),
            invite=st.one_of(st.just(UNSET), st.text(max_size=30)),
        ),
        st.builds(Ping, numbers, st.text(max_size=1024)),
        st.builds(Pong, numbers),
        st.builds(Heartbeat, hex16(), st.one_of(st.just(UNSET), interval)),
        st.builds(
            GetPeers,
            st.one_of(
                st.just(UNSET),
                st.binary(min_size=8, max_size=8).map(lambda b: b64encode(b * 256).decode()),
            ),
        ),
        st.builds(Peers, st.lists(sealed_records(), max_size=5), st.booleans()),
        st.builds(
            GetRow,
            numbers,
            st.sampled_from(("brief", "full", "past")),
            st.one_of(st.just(UNSET), hex64()),
            st.lists(hex64(), max_size=16),
            st.one_of(st.just(UNSET), st.booleans()),
        ),
        st.builds(Row, numbers, st.booleans(), st.one_of(st.just(UNSET), sealed_records())),
        st.builds(
            Bye,
            st.text(max_size=20),
            st.text(max_size=1024),
            st.one_of(st.just(UNSET), sealed_records()),
        ),
    )


class SampleTests(UnitCase):
    """The table of samples, in both directions."""

    def assertFramed(self, data: bytes, expected: list[Message]) -> None:
        """These bytes carry these messages: whole, byte by byte, and with the next frame begun."""
        tail = b"\x00\x00\x00\x05{"
        for pieces in ([data], [bytes([byte]) for byte in data], [data + tail]):
            reader, found = FrameReader(LONGEST), []
            for piece in pieces:
                reader.feed(piece)
                while (body := reader.maybe_frame()) is not None:
                    found.append(messages.parse(body))
            self.assertEqual(expected, found)
        self.assertEqual(len(tail), len(reader))

    def test_each_sample_is_read(self) -> None:
        """The bytes of each sample carry its message, however they are cut."""
        for sample in SAMPLES:
            self.assertFramed(sample.frame, [sample.message])

    def test_all_samples_in_one_stream_are_read(self) -> None:
        """One frame after the other, as on a link."""
        self.assertFramed(
            b"".join(sample.frame for sample in SAMPLES), [sample.message for sample in SAMPLES]
        )

    def test_each_sample_is_written(self) -> None:
        """The message of each sample makes its bytes."""
        for sample in SAMPLES:
            self.assertEqual(sample.hex, messages.serialize(sample.message).hex(), sample.name)

    def test_samples_cover_every_member(self) -> None:
        """There is a sample of each type with all its members, and one without the optional ones."""
        self.assertEqual(set(MEMBERS), set(messages.KINDS))
        for kind, members in MEMBERS.items():
            seen = [
                set(json.loads(sample.body)) - {"type"}
                for sample in SAMPLES
                if sample.message.type == kind
            ]
            needed = {name for name, what in members.items() if not what.startswith("optional")}
            self.assertIn(set(members), seen, kind)
            self.assertIn(needed, seen, kind)

    @QUICK
    @given(any_message())
    def test_what_is_written_is_read(self, message: Message) -> None:
        """Any message comes back as it was said."""
        self.assertFramed(messages.serialize(message), [message])


class ParseTests(UnitCase):
    """What is taken and what is refused."""

    def refusal(self, body: bytes) -> RemoteProtocolError:
        """Why this body is refused."""
        with self.assertRaises(RemoteProtocolError, msg=body) as caught:
            messages.parse(body)
        error: RemoteProtocolError = caught.exception
        return error

    def assertNames(self, member: str, kind: str, error: RemoteProtocolError, why: object) -> None:
        """A refusal names the member that is at fault, not only the type."""
        reason = str(error)
        if not reason.startswith(f"{member}: "):
            self.assertRegex(reason, rf"^{kind}: (.*[.`])?{member}\b", why)
        self.assertEqual("protocol", error.code)

    def test_other_spellings_mean_the_same(self) -> None:
        """Order, white space, escapes and unknown members are read as documented."""
        for what, body, message in OTHER_SPELLINGS:
            self.assertEqual(message, messages.parse(body), what)

    def test_type_must_be_there(self) -> None:
        """An object without a string `type` is refused by that name."""
        for body in NO_TYPE:
            self.assertRegex(str(self.refusal(body)), r"^type ")

    def test_what_is_not_json_is_refused(self) -> None:
        """The rules of JSON hold for messages too, whatever their type."""
        for body in (b"", b"{", b'{"type":"tea"}x', b'\xef\xbb\xbf{"type":"tea"}', b'{"type":NaN}'):
            self.assertIn("JSON", str(self.refusal(body)))
        for kind in MEMBERS:
            self.assertIn("JSON", str(self.refusal(b'{"type":"%s",}' % kind.encode())))
        self.assertRegex(str(self.refusal(b'{"type":"tea","pot":1e999}')), "^pot: ")

    def test_a_missing_member_is_named(self) -> None:
        """Each member that is not optional has to be there."""
        for kind, members in MEMBERS.items():
            for member, what in members.items():
                body = example(kind)
                del body[member]
                if what.startswith("optional"):
                    self.assertEqual(kind, messages.parse(spelled(body)).type)
                else:
                    self.assertNames(member, kind, self.refusal(spelled(body)), (kind, member))

    def test_a_wrong_value_is_named(self) -> None:
        """No member may have a value of another type or out of range; nor may an optional one be null."""
        for kind, member, value in wrong_values():
            body = spelled({**example(kind), member: value})
            self.assertNames(member, kind, self.refusal(body), (kind, member, value))

    def test_what_is_told_of_few_is_not_asked_of_all(self) -> None:
        """The past, and a probe, are had of named peers only."""
        for what in ({"show": "past"}, {"show": "brief", "probe": True}):
            error = self.refusal(spelled({"type": "get_row", "ask": 1, **what}))
            self.assertRegex(str(error), "^get_row: .* about is missing$")

    def test_values_at_the_bounds_are_taken(self) -> None:
        """The bounds belong to what is allowed, and lengths count characters."""
        for kind, member, values in AT_THE_BOUNDS:
            for value in values:
                message = messages.parse(spelled({**example(kind), member: value}))
                self.assertEqual(value, getattr(message, member), (kind, member, value))

    def test_a_number_is_one_even_if_it_was_written_as_an_integer(self) -> None:
        """Whoever reads `period` can rely on a float."""
        message = messages.parse(spelled({**example("hello"), "period": 5}))
        assert isinstance(message, Hello)
        self.assertIs(float, type(message.period))

    def test_our_spelling_is_read_with_the_same_care(self) -> None:
        """What is not wholly as we would have said it is judged by every rule, as all else is."""
        for body in (b'{"type":"pong","seq":1', b'{"type":"ping","seq":1,"text":""'):
            for odd in (b"9007199254740992", b"1e999", b"[" * 32 + b"]" * 32):
                self.assertRegex(str(self.refusal(body + b',"odd":' + odd + b"}")), "^odd: ")
            for odd in (b'"\\ud800"', b'"\xed\xa0\x80"', b"NaN", b"[" * 100000):
                self.assertIn("JSON", str(self.refusal(body + b',"odd":' + odd + b"}")))
            for again in (b'"seq":1', b'"seq":"1"', b'"type":"tea"', b'"type":1'):
                self.assertRegex(str(self.refusal(body + b"," + again + b"}")), "comes twice")
            self.assertIn("JSON", str(self.refusal(body + b"}}")))

    @settings(QUICK, max_examples=1000)
    @given(
        st.sampled_from([sample.message for sample in SAMPLES]),
        st.lists(
            st.tuples(
                st.integers(0, 400),
                st.integers(0, 2),
                st.sampled_from(
                    [*'"{}[]:,\\ 0159-.e', "type", "pong", '"seq":2', "\xe4", "\ud800"]
                ),
            ),
            max_size=3,
        ),
    )
    def test_the_short_way_leads_where_the_long_one_does(
        self, message: Message, edits: list[tuple[int, int, str]]
    ) -> None:
        """However a message is garbled, it is read, or refused, as it would be by rules alone."""
        body = messages.serialize(message)[4:]
        for place, length, text in edits:
            body = body[:place] + text.encode(errors="surrogatepass") + body[place + length :]
        self.assertEqual(_judged(messages._parse_any, body), _judged(messages.parse, body), body)


def _judged(parse: Callable[[bytes], Message | Unknown], body: bytes) -> object:
    try:
        return parse(body)
    except RemoteProtocolError as error:
        return str(error)


class GetPeersTests(UnitCase):
    """Buckets in and out of base64."""

    def test_without_buckets_all_are_asked_for(self) -> None:
        """There are no bucket bytes then."""
        self.assertIsNone(GetPeers().bucket_bytes())

    def test_buckets_are_256_times_8_bytes(self) -> None:
        """The bytes come back as they were encoded."""
        raw = bytes(range(256)) * 8
        self.assertEqual(raw, GetPeers(b64encode(raw).decode()).bucket_bytes())

    def test_buckets_have_one_spelling(self) -> None:
        """Other base64 of the same bytes is refused on every Python."""
        good = b64encode(bytes(2048)).decode()
        self.assertEqual("AAA=", good[-4:])
        for bad in (good[:-1], good + "=", good + "\n", good[:-2] + "B="):
            with self.assertRaises(RemoteProtocolError, msg=bad[-4:]) as caught:
                messages.parse(spelled({"type": "get_peers", "buckets": bad}))
            self.assertEqual(
                "get_peers: buckets is not base64 of 2048 bytes", str(caught.exception)
            )


class HelloTests(UnitCase):
    """What the first message keeps to itself."""

    def test_an_invite_is_not_shown(self) -> None:
        """An invite is a secret, and does not get into logs by way of `repr`."""
        hello = next(m.message for m in SAMPLES if m.name == "hello with an invite")
        assert isinstance(hello, Hello)
        self.assertEqual("let me in", hello.invite)
        self.assertNotIn("let me in", repr(hello))


class SerializeTests(UnitCase):
    """What cannot be said."""

    def test_what_fits_in_no_frame_is_a_fault_of_ours(self) -> None:
        """A message of more than 65536 bytes is not sent."""
        with self.assertRaises(LocalProtocolError):
            messages.serialize(Peers([Sealed("b" * 65536, "")], more=False))


class AnswerTests(UnitCase):
    """Many records, in as many frames as are needed."""

    def test_no_records_are_one_frame(self) -> None:
        """An answer is never nothing: its last frame says that it was the last."""
        self.assertEqual([Peers([], more=False)], list(messages.answer([])))

    def test_few_records_are_one_frame(self) -> None:
        """What fits in one frame is not split."""
        few = [Sealed("{}", str(i)) for i in range(5)]
        self.assertEqual([Peers(few, more=False)], list(messages.answer(few)))

    def test_many_records_are_split_in_order(self) -> None:
        """All come, once each and in order; all frames are sendable; only the last has no more."""
        # Quotation marks take twice their place in JSON.
        many = [Sealed('"' * (i * 37 % 8192), "\xe4" * 342) for i in range(200)]
        answer = list(messages.answer(many))
        self.assertEqual(many, [sealed for peers in answer for sealed in peers.records])
        self.assertEqual([True] * (len(answer) - 1) + [False], [peers.more for peers in answer])
        for peers in answer:
            self.assertLessEqual(len(messages.serialize(peers)), 4 + LONGEST)

    def test_frames_are_filled(self) -> None:
        """No two frames that follow each other would have fitted into one."""
        answer = list(messages.answer([Sealed("b" * 1000, "s" * 88)] * 500))
        for peers in answer[:-1]:
            self.assertGreater(len(messages.serialize(peers)), messages.ANSWER - 1200)

    def test_frames_are_short(self) -> None:
        """No frame holds up the heartbeats behind it for longer than one record must."""
        long = Sealed('"' * 8192, "s" * 342)
        answer = list(messages.answer([long, *[Sealed("b" * 1000, "s")] * 50, long, long]))
        self.assertEqual([], [peers for peers in answer if not peers.records])
        for peers in answer:
            size = len(messages.serialize(peers))
            self.assertTrue(size < messages.ANSWER + 100 or len(peers.records) == 1, size)

    def test_a_frame_is_made_when_it_is_taken(self) -> None:
        """A slow reader costs no memory: records are looked at one frame at a time."""
        looked_at = []

        def records() -> Iterator[Sealed]:
            for i in range(1000):
                looked_at.append(i)
                yield Sealed("b" * 1000, str(i))

        answer = messages.answer(records())
        self.assertEqual([], looked_at)
        next(answer)
        self.assertLess(len(looked_at), 100)

"""
What can be wrong with a frame, a message, or a record.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.lived.hostile.keys import Key, Message

LONG = "x" * 70


def wrong_members(key: Key) -> Mapping[str, Mapping[str, list[Any]]]:
    """For each type and each of its members, values that the protocol does not allow there."""
    record = {**key.record(), "body": 1}
    period = [None, True, "1", 0.01, 86401, 1e300]
    heartbeat = [None, True, "1", 0.01, 61]
    view = [None, 0, "", "0" * 15, "0" * 17, "A" * 16, "0" * 16 + "\n", "\u0660" * 16]
    number = [None, True, "1", 0, -1, 1.5, 2**53, 10**30]
    return {
        "hello": {
            "network": [None, 1, "", LONG],
            "instance": [None, 1, "", "g" * 16, "0" * 17],
            "record": [None, "x", [], {}, record],
            "observed": [None, 1, "", "localhost", "127.0.0.1:1", "1.2.3.4.5", "127.1"],
            "agent": [None, 1, LONG],
            "period": period,
            "heartbeat": heartbeat,
            "time": [None, "1", True],
            "view": view,
            "features": [None, {}, "x", [1]],
            "invite": [None, 1],
        },
        "ping": {"seq": number, "text": [None, 1, "x" * 1025]},
        "pong": {"seq": number},
        "heartbeat": {"view": view, "heartbeat": heartbeat},
        "get_peers": {"buckets": [None, 1, "", "AAAA", "!" * 2732, "é" * 2732]},
        "peers": {"records": [None, {}, "x", [1], [{}], [record]], "more": [None, 0, "false"]},
        "bye": {"code": [None, 1], "reason": [None, 1, "x" * 1025], "record": [None, "x", record]},
    }


OPTIONAL = frozenset({"invite", "buckets", ("heartbeat", "heartbeat"), ("bye", "record")})
"""Members that may be missing."""


def right(kind: str, key: Key) -> Message:
    """A message of this type that is as it should be."""
    if kind == "hello":
        return key.hello()
    members: dict[str, Message] = {
        "ping": {"seq": 1, "text": ""},
        "pong": {"seq": 1},
        "heartbeat": {"view": "0" * 16},
        "get_peers": {},
        "peers": {"records": [], "more": False},
        "bye": {"code": "leaving", "reason": ""},
    }
    return {"type": kind, **members[kind]}


def wrong_messages(kind: str, key: Key) -> Iterator[tuple[str, Message]]:
    """Messages of this type that are wrong in one member, and the member."""
    for member, values in wrong_members(key)[kind].items():
        if not {member, (kind, member)} & OPTIONAL:
            message = right(kind, key)
            del message[member]
            yield member, message
        for value in values:
            yield member, {**right(kind, key), member: value}


def deep(levels: int) -> bytes:
    """A message of a type that nobody knows, nested so deep."""
    inner = levels - 1
    return b'{"type":"x","a":' + b"[" * inner + b"]" * inner + b"}"


BAD_JSON: tuple[bytes, ...] = (
    b"{}x",
    b'{"type":"x"',
    b"\xef\xbb\xbf" + b'{"type":"x"}',
    '{"type":"x"}'.encode("utf-16"),
    b'{"type":"x","a":NaN}',
    b'{"type":"x","a":-Infinity}',
    b'{"type":"x","a":1e999}',
    b'{"type":"x","a":9007199254740992}',
    b'{"type":"x","a":' + b"9" * 5000 + b"}",
    deep(33),
    b'{"type":"x","a":' + b"[" * 16000,
    b'{"type":"x","a":"\\ud800"}',
    b'{"type":"x","\\udfff":1}',
    b'{"type":"x","a":"\xed\xa0\x80"}',
    b'{"type":"x","a":"\xff"}',
    b'{"type":"x","a":"\n"}',
    b"[]",
    b"null",
    b'"ping"',
    b"{}",
    b'{"type":1}',
    b'{"type":null}',
)
"""Bodies of frames that are refused before their type says anything."""

WRONG_IN_RECORDS: dict[str, list[Any]] = {
    "id": [None, "", "A" * 64, "0" * 64, "0" * 65],
    "key": [None, 1, "", "!", "AAAA"],
    "seq": [None, True, "1", -1, 1.5, 2**53],
    "network": [None, ""],
    "name": [None, 1, "x" * 65],
    "addresses": [None, {}, ["1.2.3.4:1"] * 9, ["x" * 254 + ":1"], [1]],
    "tags": [None, [], {"a": 1}, {"a": "x" * 4097}, {"a": "é" * 4000}],
    "state": [None, "", "dead"],
    "ttl": [None, "60", 59, 2592001],
}
"""For each member of a record, values that the protocol does not allow there."""

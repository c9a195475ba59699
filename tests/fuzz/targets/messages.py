"""
Messages: typed, or refused, exactly as the protocol's tables say.
"""

from collections.abc import Callable
from typing import Any

from gossip.wire import messages, plain
from gossip.wire.errors import RemoteProtocolError
from gossip.wire.frames import HEADER
from gossip.wire.messages import Message, Unknown
from tests.fuzz import oracles
from tests.fuzz.violation import require


def check(
    data: bytes,
    load: Callable[[bytes], dict[str, Any]] = plain.load_object,
    parse: Callable[[bytes], Message | Unknown] = messages.parse,
    serialize: Callable[[Message], bytes] = messages.serialize,
) -> None:
    """
    JSON and messages are taken or refused as slow checkers do, refusals are fit to be shown, and
    what is taken survives being written and read again.
    """
    expected = oracles.acceptable(data)
    try:
        loaded = load(data)
    except RemoteProtocolError:
        require(expected is None, "JSON that the protocol takes is taken")
    else:
        require(expected is not None, "JSON that the protocol refuses is refused")
        require(repr(loaded) == repr(expected), "JSON means what the standard library says")
    kind = oracles.meaning(expected)
    try:
        message = parse(data)
    except RemoteProtocolError as error:
        require(kind is None, "a good message is taken")
        require(str(error).isprintable(), "what is refused cannot act where the reason is shown")
        return
    if isinstance(message, Unknown):
        require(kind == "", "only what nobody knows is unknown")
        return
    require(message.type == kind, "a bad message is refused, and a good one is what it says")
    frame = serialize(message)
    again = parse(frame[HEADER.size :])
    require(again == message, "a message that is written is read as the same")
    require(not isinstance(again, Unknown) and serialize(again) == frame, "and written the same")

"""
Snapshots and events as JSON, in ASCII: nothing in a name can act on a terminal. Pure.
"""

import json
from collections.abc import Mapping

from attrs import AttrsInstance, fields

from gossip.mesh.status import LinkStatus, NodeStatus, Occurrence, PeerStatus, RoundTripTimes


def snapshot(status: NodeStatus | PeerStatus | LinkStatus) -> dict[str, object]:
    """The object of a snapshot, member for member."""
    return _members(status)


def event(occurrence: Occurrence) -> dict[str, object]:
    """An event, as `--output json` has it."""
    return {"time": occurrence.time, "event": occurrence.event, **occurrence.members}


def kept(occurrence: Occurrence) -> dict[str, object]:
    """An event of the history: with its number."""
    return {"number": occurrence.number, **event(occurrence)}


def text(document: object) -> bytes:
    """
    A document as it is sent.

    :raises ValueError: there is a number in it that JSON has none for.
    """
    return json.dumps(document, allow_nan=False, default=_plain).encode("ascii")


def _plain(value: object) -> object:
    if isinstance(value, RoundTripTimes):
        return _members(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value)} has no form in JSON")


def _members(of: AttrsInstance) -> dict[str, object]:
    return {member.name: getattr(of, member.name) for member in fields(type(of))}

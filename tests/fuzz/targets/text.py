"""
Text of peers: shown, and nothing else.
"""

import json
import sys
from collections.abc import Callable
from typing import Final
from unicodedata import category

from gossip.mesh.status import IdentityMismatch, PeerAlive, PingHeard, Refused
from gossip.surfaces import text as shown
from gossip.surfaces.terminal import Json, Text
from tests.fuzz.violation import require

_ID: Final = "ab" * 32
_MARKS: Final = frozenset(
    chr(point) for point in range(sys.maxunicode + 1) if category(chr(point)) in ("Mn", "Me")
)
_MOST_MARKS: Final = 4
UTF8, AS_JSON, OFTEN = 0x01, 0x08, 0xE0
WALL: Final = 1767225700.0


def check(
    data: bytes,
    safe: Callable[[str], str] = shown.safe,
    text: Callable[..., Text] = Text,
    json_lines: Callable[..., Json] = Json,
) -> None:
    """
    Whatever a peer says, a line is one line that acts nowhere, and a JSON line is ASCII and says
    just that.

    A byte of flags, then UTF-8 or code points of 3 bytes each.
    """
    if not data:
        return
    said = _decoded(data)
    made = safe(said)
    require(len(made) <= shown.LONGEST, "no more is shown than the longest text")
    require(safe(made) == made, "what is safe stays as it is")
    event = _event(data[0] >> 1, said)
    if data[0] & AS_JSON:
        _require_fit(made)
        line = json_lines(lambda: WALL).event(event)
        require(line.isascii() and line.isprintable(), "a JSON line is one line of ASCII")
        require(_paired(said) in json.loads(line).values(), "a JSON line tells what was said")
    else:
        _require_fit(text(lambda: WALL).event(event))


def _paired(said: str) -> str:
    # Two surrogates that meet are one character to JSON (RFC 8259 §7), and two code points here.
    return said.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _decoded(data: bytes) -> str:
    if data[0] & UTF8:
        said = data[1:].decode("utf-8", "surrogateescape")
    else:
        groups = range(1, len(data) - 2, 3)
        said = "".join(
            chr(int.from_bytes(data[at : at + 3], "big") % (sys.maxunicode + 1)) for at in groups
        )
    # Rarely, since it takes long: more than is shown.
    return said * 8 if data[0] & OFTEN == OFTEN else said


def _require_fit(line: str) -> None:
    require(line.isprintable(), "nothing that is shown is anything but seen")
    row = 0
    for character in line if not line.isascii() else "":
        row = row + 1 if character in _MARKS else 0
        require(row <= _MOST_MARKS, "marks do not climb over other lines")


def _event(pick: int, said: str) -> PingHeard | PeerAlive | Refused | IdentityMismatch:
    match pick % 4:
        case 0:
            return PingHeard(peer=_ID, name="n", address="a:1", seq=1, text=said, rtt_ms=None)
        case 1:
            return PeerAlive(peer=_ID, name=said, address="a:1", direction="dialed", first=True)
        case 2:
            return Refused(peer=None, address="a:1", code="protocol", reason=said)
        case _:
            return IdentityMismatch(address=said, expected=_ID, found=_ID)

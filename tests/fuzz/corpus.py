"""
The inputs that are kept: few, small, and each of them goes where no smaller one does.
"""

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final, TypeAlias

import gossip

Check: TypeAlias = Callable[[bytes], None]

HERE: Final = Path(__file__).parent
KEPT: Final = HERE / "corpus"
CRASHERS: Final = HERE / "crashers"
MOST_FILES: Final = 96
LONGEST_FILE: Final = 8192
MOST_BYTES: Final = 1 << 20
"""Of all that is kept, for all targets."""

_PROGRAM: Final = str(Path(gossip.__file__).parent)
_REASONS: Final = 24
"""Reasons for a refusal on one line that count as different."""


def read(directory: Path) -> list[bytes]:
    """What lies in a directory; nothing where there is none."""
    return [path.read_bytes() for path in sorted(directory.glob("*")) if path.is_file()]


def save(directory: Path, data: bytes) -> Path:
    """Keep one input under the name that its content gives it."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / sha256(data).hexdigest()[:16]
    path.write_bytes(data)
    return path


def replace(directory: Path, inputs: Iterable[bytes]) -> None:
    """Keep these instead of what is there."""
    directory.mkdir(parents=True, exist_ok=True)
    kept = {save(directory, data) for data in inputs}
    for path in set(directory.glob("*")) - kept:
        path.unlink()


def minimised(check: Check, seeds: Iterable[bytes], inputs: Iterable[bytes]) -> list[bytes]:
    """Of these inputs those that take a way through the program that no shorter one or seed takes."""
    seen: set[object] = set()
    for data in seeds:
        seen |= Tracer(seen).ways(check, data)
    kept: list[bytes] = []
    for data in sorted(set(inputs), key=lambda each: (len(each), each)):
        if len(data) > LONGEST_FILE or len(kept) == MOST_FILES:
            break
        ways = Tracer(seen).ways(check, data)
        if ways - seen:
            seen |= ways
            kept.append(data)
    return kept


class Tracer:
    """Follows the program line by line."""

    def __init__(self, seen: set[object]) -> None:
        self._steps: Counter[object] = Counter()
        self._reasons: set[object] = set()
        self._seen = seen

    def ways(self, check: Check, data: bytes) -> set[object]:
        """Which line came after which, roughly how often, and why something was refused."""
        before = sys.gettrace()
        sys.settrace(self._called)
        try:
            check(data)
        finally:
            sys.settrace(before)
        return self._reasons | {(step, n.bit_length()) for step, n in self._steps.items()}

    def _called(self, frame: FrameType, event: str, told: Any) -> Any:
        code = frame.f_code
        return self._follower(code) if code.co_filename.startswith(_PROGRAM) else None

    def _follower(self, code: CodeType) -> Any:
        last = 0

        def follow(frame: FrameType, event: str, told: Any) -> Any:
            nonlocal last
            if event == "line":
                self._steps[code, last, frame.f_lineno] += 1
                last = frame.f_lineno
            elif event == "exception":
                self._refused((code, frame.f_lineno), str(told[1]))
            return follow

        return follow

    def _refused(self, where: object, reason: str) -> None:
        words = re.sub("[^a-z ]", "", reason)[:48]
        known = sum(1 for way in self._seen if isinstance(way, tuple) and way[:1] == (where,))
        if known < _REASONS:
            self._reasons.add((where, words))

"""
What tests of rows do again and again: nodes that know each other, and a puppet that speaks the extension.
"""

from collections.abc import Coroutine
from typing import Any, TypeVar

from msgspec.structs import replace
from twisted.internet.defer import Deferred

from gossip.trust import rows
from gossip.trust.rows import Brief
from gossip.wire.messages import ROWS, GetRow, Row, Sealed
from tests.street import WALL, House, Line, Puppet, Street, StreetCase, identity

T = TypeVar("T")


class RowCase(StreetCase):
    """A test of rows."""

    def town(self, size: int, **settings: Any) -> tuple[Street, list[House]]:
        """Nodes n0, n1 and so on that all have links, and have been quiet for a while."""
        street = self.street()
        first = street.house("n0", **settings)
        more = [street.house(f"n{i}", join=[first], **settings) for i in range(1, size)]
        houses = [first, *more]
        street.until(lambda: street.is_mesh(houses))
        street.run(12)
        return street, houses

    def result(self, street: Street, looking: Coroutine[Any, Any, T], seconds: float = 3) -> T:
        """What comes of it."""
        answer = Deferred.fromCoroutine(looking)
        street.run(seconds)
        found: T = self.successResultOf(answer)
        return found

    def leave_unheard(self, street: Street, leaver: House, deaf: House) -> None:
        """Somebody leaves, and a node that was cut off from it does not get its last record either."""
        street.cut([deaf], [leaver])
        street.run(2)
        leaver.leave()
        street.run(0.3)
        # The record comes a moment later; here it does not.
        self.patch(deaf.mesh._dissemination, "_learned", lambda *_, **__: None)
        deaf.mesh.book.learn = lambda *_, **__: None  # type: ignore[method-assign]
        street.run(4)

    def speaker(self, street: Street, house: House, name: str = "p") -> Line:
        """A puppet that says that it speaks the extension, and has a link to a house."""
        puppet = street.puppet(name)
        return puppet.dial(house, features=[ROWS])

    def one_way(self, street: Street, here: House, there: House) -> None:
        """Let nothing pass from here to there."""
        street._cut.add((here.host, there.host))


def part(name: str = "p", **changes: Any) -> Sealed:
    """A part of a row by somebody."""
    author = identity(name)
    said: dict[str, Any] = {
        "author": author.id,
        "sign": author.sign,
        "seq": int((WALL + 5) * 1000),
        "network": "default",
        "agent": "puppet/1",
        "show": "brief",
        "part": 1,
        "last": True,
        "entries": [Brief("0" * 16, "u", 1.5, 0.25)],
    }
    return rows.make(**{**said, **changes}).sealed


def answer(
    line: Line, sealed: Sealed | None, *, more: bool = False, ask: int | None = None
) -> None:
    """Answer the last question that a puppet was asked."""
    question: GetRow = line.of(GetRow)[-1]
    row = Row(question.ask if ask is None else ask, more)
    line.say(row if sealed is None else replace(row, sealed=sealed))


__all__ = ["Line", "Puppet", "RowCase", "answer", "part"]

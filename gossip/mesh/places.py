"""
Who is dialed now, and who waits for a place.
"""

from collections.abc import Callable

from gossip.mesh.agenda import Agenda
from gossip.mesh.target import Dialing, Target

AT_ONCE = 16
"""Dials that are begun in one turn of the reactor. The dearest, of eight addresses that are all
forbidden, take half a millisecond each: links are served again after a hundredth of a second."""


class Places:
    """
    Lets so many dial at a time, in the order in which they ask.

    Those never met wait apart, and get half of the places: whoever invents some must not keep us from
    our own. Many dials end as soon as they have begun, and each makes room for the next one. So only
    a few are begun in each turn of the reactor, and between the turns sockets are read, and links say
    what is due.
    """

    def __init__(
        self,
        *,
        most: int,
        agenda: Agenda,
        seconds: Callable[[], float],
        begin: Callable[[Target], None],
        unmet: Callable[[Target], bool],
    ) -> None:
        """`begin` begins a dial, which ends with `leave`; `unmet` tells for whom there is a half."""
        self._most = most
        self._agenda = agenda
        self._seconds = seconds
        self._begin = begin
        self._unmet = unmet
        self._own: dict[Target, None] = {}
        self._hearsay: dict[Target, None] = {}
        self._taken: dict[Target, bool] = {}
        """Who is being dialed, and whether it was never met when that began."""
        self._strangers = 0
        self._begun = 0
        """In this turn."""
        self._filling = False

    def __len__(self) -> int:
        """How many dials are under way."""
        return len(self._taken)

    def __contains__(self, target: Target) -> bool:
        """Whether it waits for a place."""
        return target in self._own or target in self._hearsay

    def ask(self, target: Target) -> None:
        """Begin its dial now, or when its turn comes and it is still queued."""
        (self._hearsay if self._unmet(target) else self._own)[target] = None
        self._fill()

    def drop(self, target: Target) -> None:
        """It does not wait any more."""
        self._own.pop(target, None)
        self._hearsay.pop(target, None)

    def leave(self, target: Target) -> None:
        """Its dial is over."""
        self._strangers -= self._taken.pop(target)
        self._fill()

    def stop(self) -> None:
        """Begin nothing any more."""
        self._own.clear()
        self._hearsay.clear()
        self._agenda.drop(self)

    def tick(self, now: float) -> None:
        """The sockets were read since the last dials were begun."""
        self._begun = 0
        self._fill()

    def _fill(self) -> None:
        if self._filling:
            # A dial that ends at once must not begin the next one on its own stack.
            return
        self._filling = True
        while queue := self._next():
            if self._begun >= AT_ONCE:
                break
            target = next(iter(queue))
            del queue[target]
            self._take(target)
        self._filling = False

    def _take(self, target: Target) -> None:
        if target.state is not Dialing.QUEUED:
            # It was linked, or left, while it waited.
            return
        if not self._begun:
            self._agenda.no_later(self, self._seconds())
        self._begun += 1
        stranger = self._unmet(target)
        self._taken[target] = stranger
        self._strangers += stranger
        self._begin(target)

    def _next(self) -> dict[Target, None] | None:
        if len(self._taken) >= self._most:
            return None
        if self._own:
            return self._own
        return self._hearsay if self._hearsay and self._room_for_strangers() else None

    def _room_for_strangers(self) -> bool:
        return self._strangers < max(1, self._most // 2)

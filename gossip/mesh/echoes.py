"""
Answers to pings for which somebody waits.
"""

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from gossip.mesh.link import Link
from gossip.mesh.status import Conflict, NotLinked

MOST = 1000
"""Who may wait at a time, in all: a person waits for one, a script for one a peer."""


@define(eq=False, repr=False)
class Echoes:
    """See the module."""

    _clock: IReactorTime
    _awaited: dict[tuple[Link, int], Deferred[float]] = field(factory=dict)

    def wait(self, link: Link, seq: int, patience: float) -> Deferred[float]:
        """
        Fires with the round trip of the ping of this number, in seconds.

        It fails with NotLinked where the link is lost before, and with Conflict where no answer comes
        within `patience` seconds, or too many wait already.
        """
        # Whoever waited may be gone before an answer comes.
        answer: Deferred[float] = Deferred(lambda _: self._forget(link, seq))
        if len(self._awaited) >= MOST:
            answer.errback(Conflict(f"{MOST} pings are awaited already; ask again later"))
            return answer
        self._awaited[link, seq] = answer
        alarm = self._clock.callLater(patience, self._late, link, seq, patience)

        def over(result: object) -> object:
            if alarm.active():
                alarm.cancel()
            return result

        answer.addBoth(over)
        return answer

    def heard(self, link: Link, seq: int, seconds: float) -> None:
        """An answer has come."""
        answer = self._awaited.pop((link, seq), None)
        if answer is not None:
            answer.callback(seconds)

    def closed(self, link: Link) -> None:
        """A link is gone."""
        for key in [key for key in self._awaited if key[0] is link]:
            self._awaited.pop(key).errback(NotLinked("the link was lost before an answer came"))

    def _forget(self, link: Link, seq: int) -> None:
        self._awaited.pop((link, seq), None)

    def _late(self, link: Link, seq: int, patience: float) -> None:
        answer = self._awaited.pop((link, seq))
        answer.errback(Conflict(f"no answer came within {patience:g} s"))

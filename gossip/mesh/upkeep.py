"""
What has no time of its own and is looked at once a second.

That is expiry, renewal, our wall clock, our beat, our sleep, our file descriptors.
"""

from collections.abc import Callable

from attrs import define
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from gossip.logs import levels
from gossip.mesh.agenda import Agenda
from gossip.mesh.beat import Beat
from gossip.mesh.book import Book
from gossip.mesh.dialer import Dialer
from gossip.mesh.dissemination import Dissemination
from gossip.mesh.own import OwnRecord
from gossip.mesh.recollection import Recollection
from gossip.mesh.roster import Roster
from gossip.mesh.wall import SLEW, Jump, Wall

UPKEEP = 1.0
"""Seconds between two looks."""

SHORT_GAP = 60.0
"""Seconds before it is told again that there are no descriptors left."""

SLEPT = 1.0
"""Seconds without running after which the network may be another one."""


@define(eq=False, repr=False, kw_only=True)
class Upkeep:
    """See the module."""

    clock: IReactorTime
    agenda: Agenda
    wall: Wall
    slept: Callable[[], float]
    spare: Callable[[], bool]
    beat: Beat
    own: OwnRecord
    book: Book
    dialer: Dialer
    dissemination: Dissemination
    roster: Roster
    recollection: Recollection
    slept_before: float
    short_at: float = float("-inf")
    """When it was told last that there are no descriptors left."""

    _log = Logger(observer=levels)

    def start(self) -> None:
        """Look once a second from now on."""
        self.agenda.set(self, self.clock.seconds() + UPKEEP)

    def tick(self, now: float) -> None:
        """Look."""
        self.agenda.set(self, now + UPKEEP)
        jump = self.wall.look()
        if jump is not None:
            self._jumped(jump)
        wall = self.wall()
        for peer in self.book.expire(wall, self.roster.links.__contains__):
            self.dialer.forget(peer)
        another_time = jump is not None and _another_time(jump)
        if wall >= self.own.renewal_due() or another_time:
            # Where the clock was set back, the time of a renewal would not come for as long.
            self.own.renew(wall)
            self.dissemination.announce()
        if another_time:
            self.recollection.recall_again()
        self.roster.note()
        self.beat.follow(len(self.roster.links))
        slept = self.slept()
        if slept > self.slept_before + SLEPT:
            self.dialer.hasten(now, changed=True)
        self.slept_before = slept
        if now >= self.short_at + SHORT_GAP and not self.spare():
            self.short_at = now
            self._log.warn(
                "this process has no file descriptors left: nobody else can be let in or dialed."
                " Raise LimitNOFILE= of its systemd unit, or what ulimit -n shows"
            )

    def stalled(self, seconds: float, now: float) -> None:
        """This node did not run for so long."""
        if seconds >= SLEPT:
            self.dialer.hasten(now, changed=True)

    def _jumped(self, jump: Jump) -> None:
        if abs(jump.seconds) <= SLEW:
            self._log.warn("the clock of this machine is back where it was: records go by it again")
            return
        if not jump.believed:
            self._log.warn(
                "the clock of this machine is off by {seconds:.0f} s: it jumped, and {disagree} of"
                " {asked} peers do not agree with it. Records go by the time as it was; set the"
                " clock right",
                seconds=jump.seconds,
                disagree=jump.asked - jump.agree,
                asked=jump.asked,
            )
            return
        asked = "{agree} of {asked} peers agree with it" if jump.asked else "there is nobody to ask"
        self._log.warn(
            "the clock of this machine jumped by {seconds:.0f} s, and "
            + asked
            + ": records go by it"
            " from now on",
            seconds=jump.seconds,
            agree=jump.agree,
            asked=jump.asked,
        )


def _another_time(jump: Jump) -> bool:
    return jump.believed and abs(jump.seconds) > SLEW

"""
What is said on links that are up: hello, pings and their answers, heartbeats (PROTOCOL §5).
"""

from collections.abc import Callable, Mapping
from random import Random

from msgspec import UNSET
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from gossip.logs import levels
from gossip.mesh.attempt import Ending
from gossip.mesh.beat import Beat
from gossip.mesh.book import Book
from gossip.mesh.dissemination import Dissemination
from gossip.mesh.echoes import Echoes
from gossip.mesh.link import Link
from gossip.mesh.reconcile import Reconciler
from gossip.mesh.roster import Roster, shown
from gossip.mesh.status import PingHeard, Tell
from gossip.mesh.twins import Signs
from gossip.settings import Settings, agent
from gossip.trust.identity import PeerId, short
from gossip.wire.messages import (
    ROWS,
    Bye,
    GetPeers,
    Heartbeat,
    Hello,
    Message,
    Peers,
    Ping,
    Pong,
)
from gossip.wire.session import Role

SKEW = 5.0
"""Seconds by which a peer's wall clock may differ from ours without a word in the log."""

NEARLY = 0.05
"""Seconds before it is due at which a ping goes out with an answer: what clocks differ by in a period."""


class Talk:
    """See the module."""

    _log = Logger(observer=levels)

    def __init__(
        self,
        *,
        settings: Settings,
        beat: Beat,
        book: Book,
        roster: Roster,
        reconciler: Reconciler,
        dissemination: Dissemination,
        clock: IReactorTime,
        wall: Callable[[], float],
        system: Callable[[], float],
        random: Random,
        tell: Tell,
        answered: Callable[[float], None] = lambda took: None,
    ) -> None:
        """`answered` is told each round trip in seconds, whoever the peer is."""
        self.settings = settings
        """What of them may change while the node runs is read here, each time anew."""
        self.echoes = Echoes(clock)
        self.beat = beat
        self._book = book
        self._roster = roster
        self._reconciler = reconciler
        self._dissemination = dissemination
        self._clock = clock
        self._wall = wall
        self._system = system
        self._random = random
        self._tell = tell
        self._answered = answered
        self._instance = f"{random.getrandbits(64):016x}"
        self._twins = Signs(enough=2)
        self._turned_down = Signs(enough=3)
        self._answers: Mapping[type[Message], Callable[..., None]] = {
            Ping: self._ping_heard,
            Pong: self._pong_heard,
            Heartbeat: self._heartbeat_heard,
            GetPeers: reconciler.asked,
            Peers: dissemination.heard,
            Bye: dissemination.parted,
        }

    def greeting(self, link: Link) -> Hello:
        """Our hello on a link."""
        return Hello(
            network=self.settings.network,
            instance=self._instance,
            record=self._dissemination.greeting(link),
            observed=link.far.host,
            agent=agent(),
            period=self.settings.period,
            heartbeat=self.beat.seconds,
            # As it is, also where we do not believe it: peers report it to people.
            time=self._system(),
            view=self._book.view(),
            features=[ROWS],
        )

    def opened(self, link: Link, hello: Hello) -> None:
        """A link is up: what is said first on it."""
        assert link.peer is not None
        self._dissemination.opened(link, hello)
        self._turned_down.clear(link.peer)
        self._compare_clocks(link.peer, hello)
        # Spread over the period, so that many peers are not pinged in one burst.
        link.ping_next(self._clock.seconds() + self._random.uniform(0, self.settings.period))

    def closed(self, link: Link) -> None:
        """A link is gone."""
        self.echoes.closed(link)
        self._dissemination.closed(link)

    def not_linked(self, link: Link, ending: Ending) -> None:
        """A connection has ended that was no link: perhaps one of ours was one too many."""
        if link.role is not Role.DIALER or link.peer is None or link.peer in self._roster.links:
            return
        if ending.theirs and ending.code == "duplicate":
            now = self._clock.seconds()
            # Once or twice, their half of a link that broke may live longer than ours.
            if self._turned_down.sign(link.peer, now) and self._dissemination.outbid.sign(
                self._book.own.id, now
            ):
                self._log.warn(
                    "{peer} has a link to another process with the key of this node: stop one of"
                    " the two, or give it a key of its own",
                    peer=short(link.peer),
                )

    def twins(self, link: Link) -> None:
        """A process knocks while another one with the same key has the link."""
        assert link.peer is not None
        # Once, it may be the last word of one that was stopped, heard late.
        if self._twins.sign(link.peer, self._clock.seconds()):
            self._log.warn(
                "two processes run with the key of {peer}, one of them at {address}: the one that"
                " has the link keeps it. Stop one of the two, or give it a key of its own",
                peer=short(link.peer),
                address=str(link.far),
            )

    def heard(self, link: Link, message: Message) -> None:
        """A peer said something on a link that is up, or its last word."""
        self._answers[type(message)](link, message)

    def quiet(self, link: Link) -> None:
        """Nothing was sent for one heartbeat: send one, with what we promise where that is new."""
        assert link.session is not None
        promise = self.beat.seconds
        kept = link.session.promised == promise
        link.tell(Heartbeat(self._book.view(), UNSET if kept else promise))

    def ping(self, link: Link) -> int:
        """Make a peer answer; the number of the ping."""
        seq = link.round_trips.ping(self._clock.seconds())
        link.tell(Ping(seq, self.settings.message))
        return seq

    def ping_due(self, link: Link, now: float) -> None:
        """The period is over on a link."""
        self.ping(link)
        # In phase with what was due, also after a stall: else all pings were one burst from then on.
        periods = max(0.0, now - link.ping_at) // self.settings.period + 1
        link.ping_next(link.ping_at + periods * self.settings.period)

    def _compare_clocks(self, peer: PeerId, hello: Hello) -> None:
        skew = hello.time - self._wall()
        if abs(skew) > SKEW:
            self._log.warn(
                "the clock of {peer} differs from ours by {skew:.0f} s; records from a clock that"
                " is a day ahead do not count",
                peer=short(peer),
                skew=skew,
            )

    def _ping_heard(self, link: Link, ping: Ping) -> None:
        link.tell(Pong(ping.seq))
        self._ping_with_answer(link)
        assert link.peer is not None
        entry = self._book.get(link.peer)
        last = link.round_trips.last
        self._tell(
            PingHeard(
                peer=link.peer,
                name=entry.record.name if entry is not None else "",
                address=shown(link, entry) if entry is not None else str(link.far),
                seq=ping.seq,
                text=ping.text,
                rtt_ms=None if last is None else last * 1000,
            )
        )

    def _ping_with_answer(self, link: Link) -> None:
        # Both go out in one write: two ends that ping at the same time say in three what takes four. The
        # first ping of a link is for that, and afterwards one that is nearly due: what is late stays
        # in its phase.
        now, period = self._clock.seconds(), self.settings.period
        first = not link.round_trips.sent and link.period >= period
        if first or 0 <= link.ping_at - now < NEARLY:
            self.ping(link)
            link.ping_next(now + period)

    def _pong_heard(self, link: Link, pong: Pong) -> None:
        took = link.round_trips.pong(pong.seq, self._clock.seconds())
        if took is not None:
            self._answered(took)
            self.echoes.heard(link, pong.seq, took)

    def _heartbeat_heard(self, link: Link, heartbeat: Heartbeat) -> None:
        self._reconciler.view_heard(link, heartbeat.view)

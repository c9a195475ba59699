"""
What is said on links that are up: pings and their answers, heartbeats, records (PROTOCOL §5 to §7).
"""

from collections.abc import Callable, Mapping
from random import Random

from msgspec import UNSET, UnsetType
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from gossip.logs import levels
from gossip.mesh.attempt import Ending
from gossip.mesh.beat import Beat
from gossip.mesh.book import Book, BookFull, PeerState
from gossip.mesh.dialer import Dialer
from gossip.mesh.echoes import Echoes
from gossip.mesh.link import Link
from gossip.mesh.own import OwnRecord
from gossip.mesh.reconcile import Reconciler
from gossip.mesh.roster import Roster, shown
from gossip.mesh.status import PingHeard, Tell
from gossip.mesh.twins import Signs
from gossip.settings import Settings, agent
from gossip.trust.identity import PeerId, short
from gossip.trust.records import Record, RecordForged, RecordRefused
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
    Sealed,
)
from gossip.wire.session import Role

SKEW = 5.0
"""Seconds by which a peer's wall clock may differ from ours without a word in the log."""

FALLBACK = (0.5, 1.0)
"""Seconds within which the other one of two is to dial: at random, so that many do not do so together."""

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
        own: OwnRecord,
        book: Book,
        roster: Roster,
        dialer: Dialer,
        reconciler: Reconciler,
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
        self._own = own
        self._book = book
        self._roster = roster
        self._dialer = dialer
        self._reconciler = reconciler
        self._clock = clock
        self._wall = wall
        self._system = system
        self._random = random
        self._tell = tell
        self._answered = answered
        self._instance = f"{random.getrandbits(64):016x}"
        self._outbid = Signs(enough=1)
        self._twins = Signs(enough=2)
        self._turned_down = Signs(enough=3)
        self._forged: dict[Link, int] = {}
        # Which of our records each hello held that is not answered yet.
        self._greeted: dict[Link, int] = {}
        # On which we learned our first address, until the list of others came.
        self._arrival: Link | None = None
        self._answers: Mapping[type[Message], Callable[..., None]] = {
            Ping: self._ping_heard,
            Pong: self._pong_heard,
            Heartbeat: self._heartbeat_heard,
            GetPeers: self._reconciler.asked,
            Peers: self._peers_heard,
            Bye: self._bye_heard,
        }

    def greeting(self, link: Link) -> Hello:
        """Our hello on a link."""
        self._greeted[link] = self._own.record.seq
        return Hello(
            network=self.settings.network,
            instance=self._instance,
            record=self._own.record.sealed,
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
        """
        A link is up: what is said first on it.

        Our new record before the question for others: of two newcomers at one seed, the one that
        asks last finds the other's address in the answer.
        """
        assert link.peer is not None
        moved = bool(self._own.record.addresses)
        greeted = self._greeted.pop(link)
        if self._own.reported(link.peer, hello.observed, self._wall()):
            self.announce()
            self._arrival = link if not moved and link.role is Role.DIALER else None
            if moved:
                self._dialer.hasten(self._clock.seconds(), changed=True)
        elif greeted != self._own.record.seq:
            # It has changed while the answer to our hello was on its way.
            self._tell_own(link)
        self._reconciler.opened(link, hello.view)
        self._turned_down.clear(link.peer)
        self._compare_clocks(link.peer, hello)
        # Spread over the period, so that many peers are not pinged in one burst.
        link.ping_next(self._clock.seconds() + self._random.uniform(0, self.settings.period))

    def closed(self, link: Link) -> None:
        """A link is gone."""
        self._reconciler.closed(link)
        self._arrival = None if link is self._arrival else self._arrival
        self.echoes.closed(link)
        self._forged.pop(link, None)
        self._greeted.pop(link, None)
        if link.peer is None or self._roster.links.get(link.peer) is not link:
            return
        if self._own.lost(link.peer, self._wall()):
            self.announce()

    def not_linked(self, link: Link, ending: Ending) -> None:
        """A connection has ended that was no link: perhaps one of ours was one too many."""
        if link.role is not Role.DIALER or link.peer is None or link.peer in self._roster.links:
            return
        if ending.theirs and ending.code == "duplicate":
            now = self._clock.seconds()
            # Once or twice, their half of a link that broke may live longer than ours.
            if self._turned_down.sign(link.peer, now) and self._outbid.sign(
                self._own.record.id, now
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

    def announce(self) -> None:
        """Our record is a new one: tell everyone (PROTOCOL §5, `peers` unasked)."""
        self._book.renew_own(self._own.record)
        for link in list(self._roster.links.values()):
            self._tell_own(link)

    def _tell_own(self, link: Link) -> None:
        link.tell(Peers([self._own.record.sealed], more=False))

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

    def _peers_heard(self, link: Link, peers: Peers) -> None:
        learned = False
        for sealed in peers.records:
            learned = self._record_heard(link, sealed) or learned
        if self._forged.get(link, 0) > self.settings.limits.forged_records:
            link.close(Bye("protocol", "peers: too many records that are not what they claim"))
            return
        self._reconciler.answered(link, learned=learned, more=peers.more)
        if link is self._arrival and not peers.more and len(peers.records) > 1:
            # One alone is what a peer says of itself, unasked.
            self._arrival = None

    def _bye_heard(self, link: Link, bye: Bye) -> None:
        # Whoever was not admitted has no word in who is here.
        if link.linked_at is not None and not isinstance(bye.record, UnsetType):
            self._record_heard(link, bye.record)

    def _record_heard(self, link: Link, sealed: Sealed) -> bool:
        """Take a record; whether it makes this book more like another one."""
        dropped, limits = self._book.dropped, self.settings.limits
        try:
            record = self._book.learn(sealed, self._wall(), loopback=link.loopback)
        except RecordForged as error:
            self._forged[link] = self._forged.get(link, 0) + 1
            link.charge(limits.record_cost)
            self._log.info("{link!r} passed on a record: {error}", link=link, error=error)
            return False
        except RecordRefused as error:
            self._log.debug("{link!r} passed on a record: {error}", link=link, error=error)
            # That there is no room turns out last, when it was verified.
            full = isinstance(error, BookFull)
            link.charge(limits.record_cost if full else limits.look_cost)
            return False
        if record is None:
            link.charge(limits.look_cost)
            return False
        link.charge(limits.record_cost)
        self._learned(record, arriving=link is self._arrival)
        # One for which another had to go teaches nothing: two full books would talk for ever.
        return self._book.dropped == dropped

    def _learned(self, record: Record, *, arriving: bool) -> None:
        if record.id == self._own.record.id:
            if self._own.refute(record.seq, self._wall()):
                if self._outbid.sign(record.id, self._clock.seconds()):
                    self._log.warn(
                        "a newer record of this node's own key came from a peer: either the clock"
                        " was set back, or another process runs with the same key; then stop one of"
                        " the two, or give it a key of its own"
                    )
                self.announce()
            return
        entry = self._book.get(record.id)
        if entry is None or record.id in self._roster.links:
            return
        if entry.state is PeerState.LEFT:
            self._roster.left_elsewhere(record.id)
            return
        self._dialer.confirmed(record.id)
        # Newcomers dial: of two that learn of each other at once, the younger one does, and the
        # other only if nothing has come of it. Of two that arrive at one seed without an address, the
        # one that asks last does, whatever its clock says: the other was told no address of it.
        own, placed = self._own.record, bool(record.addresses)
        dials = placed and (arriving or (own.seq, own.id) > (record.seq, record.id))
        delay = 0.0 if dials else self._random.uniform(*FALLBACK)
        self._dialer.want(record.id, delay, placed=placed)

"""
Who becomes a link: from the end of the TLS handshake to both hellos (PROTOCOL §3 and §4).

What is decided here, in this order: who it is, whether there is a link already, whether hello and
record hold, and which of two links stays.
"""

from collections.abc import Callable, Mapping
from typing import Protocol as Interface

from attrs import define
from twisted.internet.interfaces import IReactorTime

from gossip.mesh import pairing
from gossip.mesh.agenda import Agenda
from gossip.mesh.attempt import Ending
from gossip.mesh.book import Book, BookFull
from gossip.mesh.link import Link
from gossip.mesh.pairing import Candidate
from gossip.mesh.twins import Instances
from gossip.settings import Limits
from gossip.trust import records
from gossip.trust.identity import PeerId, short
from gossip.trust.policy import Policy, Refused
from gossip.trust.records import RecordForged, RecordRefused
from gossip.wire.messages import Bye, Hello
from gossip.wire.session import Role

DUPLICATE = "duplicate"


class Admits(Interface):
    """Whom admission tells its decisions."""

    def greeting(self, link: Link) -> Hello:
        """Our hello on a link."""

    def admit(self, link: Link, hello: Hello) -> None:
        """The link is up: it counts from here on."""

    def replace(self, old: Link) -> None:
        """This link of a peer gives way to another, which is admitted next."""

    def probe(self, link: Link) -> None:
        """Make a peer show that the link lives."""

    def twins(self, link: Link) -> None:
        """Another process has a link with the key that this one has too."""

    def mismatched(self, link: Link) -> None:
        """Another peer was found than the one that was dialed."""

    def met_self(self, link: Link) -> None:
        """The dial led to this node."""


@define(eq=False, repr=False)
class _Waiting:
    """A second link, kept unanswered while the first one may prove that it lives."""

    admission: "Admission"
    old: Link
    new: Link
    hello: Hello
    since: float

    def tick(self, now: float) -> None:
        """The old link had its time."""
        self.admission.probed(self)


class Admission:
    """See the module."""

    def __init__(
        self,
        *,
        policy: Policy,
        book: Book,
        links: Mapping[PeerId, Link],
        clock: IReactorTime,
        agenda: Agenda,
        limits: Limits,
        wall: Callable[[], float],
        host: Admits,
    ) -> None:
        self._policy = policy
        self._book = book
        self._links = links
        self._clock = clock
        self._agenda = agenda
        self._limits = limits
        self._wall = wall
        self._host = host
        self._instances = Instances(limits.peers)
        self._dials: dict[PeerId, Link] = {}
        self._waiting: dict[PeerId, _Waiting] = {}

    def met(self, link: Link) -> None:
        """TLS has proved who it is: a dialer now says hello, or goes (PROTOCOL §3.1)."""
        assert link.peer is not None
        peer, expected = link.peer, link.attempt.expected if link.attempt is not None else None
        verdict = self._policy.judge(peer, expected)
        if isinstance(verdict, Refused):
            ending = Ending(verdict.code, verdict.reason)
            if verdict.code == "self" and link.role is Role.DIALER:
                self._host.met_self(link)
            if verdict.code == "identity":
                self._host.mismatched(link)
            link.drop(ending)
        elif link.role is Role.DIALER:
            if peer in self._links or peer in self._dials:
                link.drop(Ending(DUPLICATE, f"there is a link to {short(peer)} already"))
                return
            self._dials[peer] = link
            link.tell(self._host.greeting(link))

    def greeted(self, link: Link, hello: Hello) -> None:
        """Their hello is here: check it, and admit, refuse, or let it wait (PROTOCOL §3.2, §4)."""
        refusal = self._refusal(link, hello)
        if refusal is not None:
            link.close(refusal)
            return
        assert link.peer is not None
        peer = link.peer
        old = self._links.get(peer) or self._dials.get(peer)
        if old is None or old is link:
            self._admit(link, hello)
            return
        # One that is on its way out has nothing to defend.
        back = not old.closing and self._instances.back(peer, hello.instance)
        verdict = pairing.decide(
            Candidate(old.role, old.instance),
            Candidate(link.role, hello.instance, back),
            self._policy.own,
            peer,
        )
        if back and old.instance is not None and old.instance != hello.instance:
            self._host.twins(link)
        if verdict is pairing.Verdict.REPLACE:
            self._give_way(old)
            self._admit(link, hello)
        else:
            self._wait(old, link, hello)

    def heard(self, link: Link) -> None:
        """Something came on an open link: whoever waited for its silence is one too many."""
        waiting = self._waiting.get(link.peer) if link.peer is not None else None
        if waiting is not None and waiting.old is link:
            self._turn_down(waiting)

    def lost(self, link: Link) -> None:
        """A connection is gone: nobody waits for it or with it any more."""
        if link.peer is None:
            return
        if self._dials.get(link.peer) is link:
            del self._dials[link.peer]
        waiting = self._waiting.get(link.peer)
        if waiting is None:
            return
        if waiting.new is link:
            self._forget(waiting)
        elif waiting.old is link:
            self._take_up(waiting)

    def forgive(self, now: float) -> None:
        """This node did not run for a while: a probe gets its time anew."""
        for waiting in self._waiting.values():
            self._agenda.set(waiting, now + self._limits.probe_wait)

    def probed(self, waiting: _Waiting) -> None:
        """The time of a probe is over: silence loses."""
        if waiting.old.heard_since(waiting.since):
            self._turn_down(waiting)
            return
        self._take_up(waiting)

    def _refusal(self, link: Link, hello: Hello) -> Bye | None:
        own = self._book.own
        if hello.network != own.network:
            return Bye("network", f"this is network {own.network!r}, yours is {hello.network!r}")
        try:
            record = records.read(hello.record)
            if record.id != link.peer:
                return Bye("protocol", "hello: record is not of the key that TLS has proved")
            if record.state != "alive":
                return Bye("protocol", "hello: record says that you left")
            self._book.greeted(record, self._wall(), loopback=link.loopback)
        except RecordForged as error:
            return Bye("protocol", f"hello: record: {error}")
        except BookFull as error:
            return Bye("overload", f"no more peers can be held: {error}")
        except RecordRefused as error:
            return Bye("refused", f"your record does not count: {error}")
        return None

    def _admit(self, link: Link, hello: Hello) -> None:
        assert link.peer is not None
        self._dials.pop(link.peer, None)
        self._instances.linked(link.peer, hello.instance)
        waiting = self._waiting.get(link.peer)
        if link.role is Role.ACCEPTOR:
            link.tell(self._host.greeting(link))
        self._host.admit(link, hello)
        if waiting is not None:
            # What waited for a dial of ours: the dial has led to a link.
            self._turn_down(waiting)

    def _give_way(self, old: Link) -> None:
        assert old.peer is not None
        self._dials.pop(old.peer, None)
        self._host.replace(old)
        old.close(Bye(DUPLICATE, "another link to you replaces this one"))

    def _wait(self, old: Link, new: Link, hello: Hello) -> None:
        assert new.peer is not None
        before = self._waiting.get(new.peer)
        if before is not None:
            self._turn_down(before)
        now = self._clock.seconds()
        waiting = self._waiting[new.peer] = _Waiting(self, old, new, hello, now)
        self._agenda.set(waiting, now + self._limits.probe_wait)
        if old.open:
            self._host.probe(old)

    def _take_up(self, waiting: _Waiting) -> None:
        self._forget(waiting)
        if waiting.new.closing:
            return
        # Much may have happened while it waited: a full book may have dropped its record.
        refusal = self._refusal(waiting.new, waiting.hello)
        if refusal is not None:
            waiting.new.close(refusal)
            return
        self._give_way(waiting.old)
        self._admit(waiting.new, waiting.hello)

    def _turn_down(self, waiting: _Waiting) -> None:
        self._forget(waiting)
        waiting.new.close(Bye(DUPLICATE, "there is a link to you already, and it lives"))

    def _forget(self, waiting: _Waiting) -> None:
        assert waiting.new.peer is not None
        self._agenda.drop(waiting)
        self._waiting.pop(waiting.new.peer, None)

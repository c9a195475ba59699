"""
What becomes of peers, and who is told.
"""

from gossip.mesh.attempt import Ending
from gossip.mesh.book import PeerState
from gossip.mesh.status import PeerAlive, PeerDead, PeerLeft, Refused
from gossip.mesh.target import Target
from gossip.settings import Limits, Seed
from gossip.wire.messages import Bye, Heartbeat, Hello, Peers, Sealed
from tests.street import WALL, Puppet, StreetCase, identity, record

VIEW = "0" * 16


class RosterCase(StreetCase):
    """A house with one peer, which is a puppet."""

    def setUp(self) -> None:
        self.town = self.street()
        self.a = self.town.house("a")
        self.p = self.town.puppet("p")

    def meet(self, puppet: Puppet | None = None, **hello: object) -> None:
        """Let a puppet have a link."""
        puppet = puppet or self.p
        puppet.dial(self.a, **hello)
        self.assertIn(puppet.id, self.a.mesh.links)

    def disappear(self) -> None:
        """The puppet's machine is off the net."""
        self.town.gone.add(self.p.host)

    def state(self) -> PeerState | None:
        """What became of the puppet."""
        entry = self.a.mesh.book.get(self.p.id)
        return entry.state if entry is not None else None

    def farewell(self) -> Sealed:
        """The record with which the puppet leaves."""
        return record("p", [str(self.p.address)], at=WALL + 1, state="left").sealed

    def dials(self) -> int:
        """How often the puppet was dialed."""
        return sum(where == self.p.address for _, where in self.town.dials[1:])


class NotedTests(RosterCase):
    """Who is linked is remembered as such."""

    def test_in_turn(self) -> None:
        """Within a minute, and when the node leaves, so that a restart knows when it was so."""
        others = [self.town.puppet(f"q{number}") for number in range(70)]
        for puppet in (self.p, *others):
            self.meet(puppet, heartbeat=60.0)
        known = [self.a.mesh.book.get(puppet.id) for puppet in (self.p, *others)]
        begun = max(entry.last_linked or 0 for entry in known if entry is not None)
        self.town.run(70, 0.25)
        noted = [entry.last_linked or 0 for entry in known if entry is not None]
        self.assertEqual(71, len(noted))
        self.assertGreater(min(noted), begun)
        # Not all of them at once.
        self.assertGreater(len(set(noted)), 30)
        self.a.mesh.leave("enough")
        self.assertEqual(1, len({entry.last_linked for entry in known if entry is not None}))
        self.town.run(3)


class FarewellTests(RosterCase):
    """Which last words are a farewell."""

    def test_farewells(self) -> None:
        """`leaving`, with and without a record, and every unknown code."""
        left = record("p", at=WALL + 1, state="left").sealed
        for i, bye in enumerate(
            (Bye("leaving", "enough", left), Bye("leaving", ""), Bye("odd", ""))
        ):
            self.setUp()
            self.meet()
            self.p.lines[-1].say(bye)
            self.town.run(300, 0.25)
            self.assertEqual(PeerState.LEFT, self.state(), i)
            self.assertEqual((1, 0), (len(self.a.said(PeerLeft)), len(self.a.said(PeerDead))))
            self.assertEqual(0, self.dials())

    def test_no_farewells(self) -> None:
        """After any other the peer is still there, and is dialed."""
        for code in ("duplicate", "network", "refused", "protocol", "timeout", "overload"):
            self.setUp()
            self.meet()
            self.p.lines[-1].say(Bye(code, "because"))
            self.town.run(3)
            self.assertEqual(PeerState.ALIVE, self.state(), code)
            self.assertEqual([], self.a.said(PeerLeft))
            self.assertGreaterEqual(self.dials(), 1)

    def test_heard_from_others_while_the_link_is_silent(self) -> None:
        """One whose farewell came by way of others before its silence was up has left, for good."""
        self.meet(heartbeat=1.0)
        q = self.town.puppet("q")
        self.meet(q)
        self.disappear()
        q.lines[-1].say(Peers([self.farewell()], more=False))
        self.town.run(100, 0.25)
        self.assertEqual(PeerState.LEFT, self.state())
        self.assertEqual((1, 0), (len(self.a.said(PeerLeft)), len(self.a.said(PeerDead))))
        self.assertEqual(0, self.dials())

    def test_heard_from_others_after_the_link_broke(self) -> None:
        """The same when the link broke, and the dial that follows fails."""
        self.meet()
        q = self.town.puppet("q")
        self.meet(q)
        del self.town.houses[self.p.address]
        self.p.lines[-1].transport.abortConnection()  # type: ignore[union-attr]
        q.lines[-1].say(Peers([self.farewell()], more=False))
        self.town.run(60, 0.25)
        self.assertEqual((PeerState.LEFT, 1), (self.state(), len(self.a.said(PeerLeft))))
        self.assertEqual((1, []), (self.dials(), self.a.said(PeerDead)))

    def test_of_one_that_was_never_met(self) -> None:
        """Nobody is told of the farewell of a stranger."""
        q = self.town.puppet("q")
        self.meet(q)
        q.lines[-1].say(Peers([record("p", ["10.9.9.9:1"]).sealed], more=False))
        self.town.run(0.1, 0.01)
        q.lines[-1].say(Peers([record("p", at=WALL + 1, state="left").sealed], more=False))
        self.town.run(60)
        self.assertEqual((PeerState.LEFT, []), (self.state(), self.a.said(PeerLeft)))

    def test_heard_late(self) -> None:
        """One that others know to be back when its farewell comes has left, and is dialed."""
        self.meet()
        q = self.town.puppet("q")
        self.meet(q)
        back = record("p", [str(self.p.address)], at=WALL + 5).sealed
        q.lines[-1].say(Peers([back], more=False))
        self.p.lines[-1].say(Bye("leaving", "", self.farewell()))
        self.town.run(2)
        self.assertEqual((1, 0), (len(self.a.said(PeerLeft)), len(self.a.said(PeerDead))))
        self.assertEqual(1, self.dials())
        self.assertIsNot(PeerState.LEFT, self.state())

    def test_return(self) -> None:
        """One that left is dialed when a newer record says that it is back."""
        self.meet()
        self.p.lines[-1].say(Bye("leaving", ""))
        q = self.town.puppet("q")
        self.meet(q)
        back = record("p", [str(self.p.address)], at=WALL + 5).sealed
        q.lines[-1].say(Peers([back], more=False))
        self.town.run(2)
        self.assertEqual(1, self.dials())

    def test_while_we_leave(self) -> None:
        """A hello that comes during our farewell is not answered, and keeps nobody waiting."""
        line = self.p.call(self.a)
        left = self.a.mesh.leave("enough")
        line.hello()
        self.town.run(1.6)
        self.successResultOf(left)
        self.assertEqual(([], ["leaving"]), (line.of(Hello), [bye.code for bye in line.of(Bye)]))

    def test_leaving_twice(self) -> None:
        """A second request to leave is the first one."""
        self.meet()
        self.assertIs(self.a.mesh.leave("enough"), self.a.mesh.leave("again"))

    def test_leaving_with_silent_peers(self) -> None:
        """Peers that answer nothing are cut when the time for farewells is up."""
        self.meet()
        self.p.call(self.a)
        self.disappear()
        left = self.a.mesh.leave("enough")
        self.town.run(1.6)
        self.successResultOf(left)

    def test_knock_after_we_left(self) -> None:
        """Who connects to a node that has left is cut, and leaves nothing on its clock."""
        self.successResultOf(self.a.mesh.leave("enough"))
        line = self.p.call(self.a)
        self.assertTrue(line.gone)
        self.assertEqual([], self.town.clock.getDelayedCalls())


class DeathTests(RosterCase):
    """Who is dead, when, and what is done about it."""

    def test_silence(self) -> None:
        """Silent for three of the heartbeats that it promised last."""
        self.meet(heartbeat=1.0)
        self.p.lines[-1].say(Heartbeat(VIEW, 0.5))
        self.town.run(1.4)
        self.assertEqual([], self.a.said(PeerDead))
        self.town.run(0.5)
        (dead,) = self.a.said(PeerDead)
        self.assertEqual(
            (self.p.id, "p", str(self.p.address)), (dead.peer, dead.name, dead.address)
        )

    def test_broken_link_to_a_machine_that_is_gone(self) -> None:
        """Where the dial has no answer either, the peer is dead when its silence is up."""
        self.meet(heartbeat=1.0)
        self.disappear()
        next(iter(self.a.mesh.links.values())).transport.lose(OSError("no route"))  # type: ignore[union-attr]
        self.town.run(2.5)
        self.assertEqual((PeerState.ALIVE, []), (self.state(), self.a.said(PeerDead)))
        self.town.run(1)
        self.assertEqual(["the connection broke"], [dead.reason for dead in self.a.said(PeerDead)])

    def test_stall_during_the_wait(self) -> None:
        """A stall of our own postpones the verdict on a broken link."""
        self.meet(heartbeat=1.0)
        self.disappear()
        next(iter(self.a.mesh.links.values())).transport.lose(OSError("no route"))  # type: ignore[union-attr]
        self.town.run(0.5)
        self.town.clock.advance(2)
        self.town.run(1)
        self.assertEqual([], self.a.said(PeerDead))

    def test_broken_rules(self) -> None:
        """One that broke the rules is dead at once, and is dialed after a wait."""
        self.meet()
        self.p.lines[-1].hello()
        self.town.run(3)
        (dead,) = self.a.said(PeerDead)
        self.assertIn("hello", dead.reason)
        self.assertGreaterEqual(self.dials(), 1)

    def test_dial_from_before_the_link_broke(self) -> None:
        """What broke the link may have broken a dial as well, which then says nothing of the peer."""
        self.meet(heartbeat=5.0)
        entry = self.a.mesh.book.get(self.p.id)
        assert entry is not None
        old = Target(print, self.p.id, begun_at=self.town.clock.seconds())
        self.town.run(1)
        self.disappear()
        self.a.mesh.links[self.p.id].abort(Ending("closed", "the connection broke"))
        self.town.run(0.1, 0.01)
        new = Target(print, self.p.id, begun_at=self.town.clock.seconds())
        self.a.mesh.dial_failed(old, Ending("unreachable", "no answer"))
        self.assertEqual(PeerState.ALIVE, self.state())
        self.a.mesh.dial_failed(new, Ending("unreachable", "no answer"))
        self.assertEqual(PeerState.DEAD, self.state())

    def test_dial_from_before_a_stall(self) -> None:
        """A dial that failed while this node did not run says nothing of the peer."""
        self.meet(heartbeat=5.0)
        self.disappear()
        self.a.mesh.links[self.p.id].abort(Ending("closed", "the connection broke"))
        self.town.run(0.1, 0.01)
        old = Target(print, self.p.id, begun_at=self.town.clock.seconds())
        self.town.run(1)
        self.a.mesh._agenda.stalled_at = self.town.clock.seconds()
        new = Target(print, self.p.id, begun_at=self.town.clock.seconds())
        self.a.mesh.dial_failed(old, Ending("timeout", "no answer"))
        self.assertEqual(PeerState.ALIVE, self.state())
        self.a.mesh.dial_failed(new, Ending("timeout", "no answer"))
        self.assertEqual(PeerState.DEAD, self.state())

    def test_duplicate_dial_is_no_death(self) -> None:
        """A second dial that meets the first one says nothing about the peer."""
        self.a.mesh._dialer.dial_seed(Seed(self.p.address))
        self.town.run(0.1, 0.01)
        self.p.lines[-1].hello()
        self.town.run(15)
        self.p.lines[-1].transport.abortConnection()  # type: ignore[union-attr]
        self.town.run(2.5)
        self.assertEqual(([], []), (self.a.said(PeerDead), self.a.said(Refused)))
        self.assertLessEqual(len([line for line in self.p.lines if not line.gone]), 1)

    def test_expired_while_it_was_linked(self) -> None:
        """One whose record ran out is forgotten when its link is silent, and is found anew."""
        self.meet(heartbeat=1.0, record=record("p", [str(self.p.address)], ttl=60).sealed)
        for _ in range(70):
            self.p.lines[-1].say(Heartbeat(VIEW))
            self.town.run(1, 0.05)
        self.assertIn(self.p.id, self.a.mesh.links)
        self.disappear()
        self.town.run(5)
        self.assertEqual(1, len(self.a.said(PeerDead)))
        self.assertIsNone(self.state())
        q = self.town.puppet("q")
        self.meet(q)
        self.town.gone.clear()
        del self.town.houses[self.p.address]
        new = record("p", [str(self.p.address)], at=WALL + 100).sealed
        q.lines[-1].say(Peers([new], more=False))
        self.town.run(30)
        self.assertGreaterEqual(self.dials(), 3)

    def test_expired_one_leaves_its_seed(self) -> None:
        """A seed that led to a peer that was forgotten is dialed again."""
        self.a.mesh._dialer.dial_seed(Seed(self.p.address))
        self.town.run(0.1, 0.01)
        short = record("p", [str(self.p.address)], ttl=60).sealed
        self.p.lines[-1].hello(record=short, heartbeat=30.0)
        self.town.run(100)
        self.assertIsNone(self.state())
        self.assertGreaterEqual(self.dials(), 1)

    def test_expired_without_a_link(self) -> None:
        """One whose record ran out long after its death is forgotten, and not dialed."""
        self.meet(heartbeat=1.0, record=record("p", ["10.1.0.99:1"], ttl=60).sealed)
        self.disappear()
        self.town.run(70)
        self.assertIsNone(self.state())
        self.assertEqual({}, self.a.mesh._dialer._peers)

    def test_hello_that_never_became_a_link(self) -> None:
        """Whose record came with a hello that led to nothing is dialed all the same."""
        names = (f"puppet{i}" for i in range(100))
        p = self.town.puppet(next(name for name in names if identity(name).id > self.a.id))
        self.a.mesh._dialer.dial_seed(Seed(p.address))
        self.town.run(0.1, 0.01)
        waiting = p.dial(self.a)
        self.assertEqual([], waiting.heard)
        for line in (waiting, p.lines[0]):
            line.transport.abortConnection()  # type: ignore[union-attr]
            self.town.run(0.1, 0.01)
        self.assertIn(p.id, self.a.mesh._dialer._peers)

    def test_without_an_address(self) -> None:
        """That there is nothing to dial says nothing about the peer: its silence does."""
        self.meet(heartbeat=1.0, record=record("p").sealed)
        self.p.lines[-1].transport.abortConnection()  # type: ignore[union-attr]
        self.town.run(2.5)
        self.assertEqual([], self.a.said(PeerDead))
        self.town.run(1)
        self.assertEqual(1, len(self.a.said(PeerDead)))


class ReturnTests(RosterCase):
    """Who is alive again."""

    def test_first_and_again(self) -> None:
        """The first time is told apart, and a broken link that is made anew is no event."""
        self.meet(heartbeat=1.0)
        self.p.lines[-1].end()
        self.town.run(0.02, 0.01)
        self.p.dial(self.a, heartbeat=1.0)
        self.town.run(1.3)
        self.assertEqual([True], [e.first for e in self.a.said(PeerAlive)])
        self.disappear()
        self.town.run(10)
        self.town.gone.clear()
        self.p.dial(self.a)
        self.assertEqual([True, False], [e.first for e in self.a.said(PeerAlive)])

    def test_dead_one_that_returns_hastens_the_others(self) -> None:
        """What cut us off from one may have cut us off from all."""
        others = [self.town.puppet(f"q{i}") for i in range(5)]
        for puppet in (self.p, *others):
            self.meet(puppet, heartbeat=1.0)
            self.town.gone.add(puppet.host)
        self.town.run(10)
        for puppet in others:
            # From now on they are machines without a node.
            self.town.gone.discard(puppet.host)
            del self.town.houses[puppet.address]
        self.town.run(600, 0.25)
        before = len(self.town.dials)
        self.town.gone.discard(self.p.host)
        self.p.dial(self.a)
        self.town.run(2.2)
        self.assertEqual(5, len({where for _, where in self.town.dials[before + 1 :]}))

    def test_suspended_machine(self) -> None:
        """After a sleep all that are not linked are dialed soon."""
        self.meet(heartbeat=1.0)
        self.disappear()
        self.town.run(10)
        self.town.gone.clear()
        del self.town.houses[self.p.address]
        self.town.run(600, 0.25)
        quiet = len(self.town.dials)
        while len(self.town.dials) == quiet:
            self.town.run(1)
        self.a.slept += 3600
        self.town.run(4)
        self.assertGreaterEqual(len(self.town.dials), quiet + 2)

    def test_where_it_listens(self) -> None:
        """The address that is shown is the one that it can be dialed at, if its record has it."""
        for addresses, shown in (
            ([f"{self.p.host}:9"], f"{self.p.host}:9"),
            (["nonsense", "10.7.7.7:1", f"{self.p.host}:7"], f"{self.p.host}:7"),
        ):
            self.setUp()
            self.meet(record=record("p", addresses).sealed)
            self.assertEqual(shown, self.a.said(PeerAlive)[0].address)

    def test_full_book_of_the_dead(self) -> None:
        """The dead make room for those who knock."""
        self.a = self.town.house("small", limits=Limits(peers=1))
        self.meet(heartbeat=1.0)
        self.disappear()
        self.town.run(10)
        self.meet(self.town.puppet("q"))
        self.assertIsNone(self.state())
        self.town.gone.clear()

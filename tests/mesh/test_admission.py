"""
Who becomes a link, and which of two stays.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec.structs import replace

from gossip.mesh.status import IdentityMismatch, PeerAlive, PeerDead, Refused
from gossip.settings import Limits, Seed
from gossip.trust import records
from gossip.wire import frames
from gossip.wire.messages import Bye, GetPeers, Heartbeat, Hello, Peers, Ping, Pong
from tests.street import WALL, Line, Puppet, Street, StreetCase, identity, record


def _counted(counts: Counter[str], name: str, work: Callable[..., Any], *args: Any) -> Any:
    counts[name] += 1
    return work(*args)


class AdmissionCase(StreetCase):
    """One house, and a puppet that knocks."""

    def setUp(self) -> None:
        self.town = self.street()
        self.a = self.town.house("a")

    def puppet(self, *, smaller: bool) -> Puppet:
        """A puppet whose id is on one side of the house's."""
        names = (f"puppet{i}" for i in range(100))
        name = next(n for n in names if (identity(n).id < self.a.id) is smaller)
        return self.town.puppet(name)

    def byes(self, line: Line) -> list[str]:
        """The codes of the farewells on a line."""
        return [bye.code for bye in line.of(Bye)]

    def dialed(self, puppet: Puppet) -> Line:
        """Let the house dial a puppet; the line, when its hello is there."""
        self.a.mesh._dialer.dial_seed(Seed(puppet.address))
        self.town.run(0.1, 0.01)
        return puppet.lines[-1]


class HelloTests(AdmissionCase):
    """A hello that does not hold is answered with the reason."""

    def test_good(self) -> None:
        """A good one is answered with ours, and makes a link."""
        p = self.town.puppet("p")
        line = p.dial(self.a)
        self.assertEqual({p.id}, set(self.a.mesh.links))
        self.assertEqual(1, len(line.of(Hello)))
        self.assertEqual(p.host, line.of(Hello)[0].observed)

    def test_read_and_verified_once(self) -> None:
        """The record of a stranger costs one look and one signature, that of a known one one look."""
        for known in (False, True):
            p, said = self.town.puppet(f"p{known}"), Counter[str]()
            if known:
                self.a.mesh.book.learn(p.hello.record, WALL, loopback=False)
            for name in ("read", "verify"):
                self.patch(records, name, partial(_counted, said, name, getattr(records, name)))
            p.dial(self.a)
            self.assertIn(p.id, self.a.mesh.links)
            self.assertEqual({"read": 1} | ({} if known else {"verify": 1}), said)

    def test_bad(self) -> None:
        """Each fault has its code, and none of them leaves a trace in the book."""
        good = record("p")
        forged = replace(good.sealed, signature=record("q").sealed.signature)
        for hello, code in (
            ({"network": "other"}, "network"),
            ({"record": record("q").sealed}, "protocol"),
            ({"record": record("p", state="left").sealed}, "protocol"),
            ({"record": forged}, "protocol"),
            ({"record": replace(good.sealed, body="{}")}, "protocol"),
            ({"record": record("p", network="other").sealed}, "refused"),
            ({"record": record("p", at=WALL - 400_000).sealed}, "refused"),
            ({"record": record("p", at=WALL + 90_000).sealed}, "refused"),
        ):
            p = self.town.puppet("p")
            line = p.dial(self.a, **hello)
            self.assertEqual([code], self.byes(line), hello)
            self.assertEqual(([], {}), (line.of(Hello), self.a.mesh.links))
            self.assertEqual(code, self.a.said(Refused)[-1].code)
        self.assertEqual(0, len(self.a.mesh.book))

    def test_full_book(self) -> None:
        """Where nobody can be forgotten for it, a newcomer is refused; the linked ones stay."""
        small = self.town.house("small", limits=Limits(peers=2))
        first, second, third = (self.town.puppet(name) for name in "pqr")
        first.dial(small)
        second.dial(small)
        self.assertEqual(["overload"], self.byes(third.dial(small)))
        self.assertEqual({first.id, second.id}, set(small.mesh.links))
        second.lines[0].say(Bye("leaving", "enough"))
        self.town.run(1)
        self.assertEqual([], self.byes(third.dial(small)))
        self.assertEqual({first.id, third.id}, set(small.mesh.links))

    def test_itself(self) -> None:
        """One with the node's own key is let go without a word."""
        line = self.town.puppet("a").dial(self.a)
        self.town.run(2)
        self.assertEqual((True, []), (line.gone, line.heard))
        self.assertEqual([], self.a.said(Refused))

    def test_nothing(self) -> None:
        """Who says nothing is told so after ten seconds."""
        line = self.town.puppet("p").call(self.a)
        self.town.run(10.5)
        self.assertEqual(["timeout"], self.byes(line))

    def test_somebody_else(self) -> None:
        """A dial of a particular peer that finds another says nothing to it."""
        p = self.town.puppet("p")
        self.a.mesh._dialer.dial_seed(Seed(p.address, identity("q").id))
        self.town.run(2)
        self.assertEqual([], p.lines[0].heard)
        self.assertTrue(self.a.said(IdentityMismatch))


class DuplicateTests(AdmissionCase):
    """Two nodes keep one link, and a dead one does not block a live one for long."""

    def test_restarted_peer(self) -> None:
        """Another process of the peer takes the place at once."""
        for smaller in (True, False):
            p = self.puppet(smaller=smaller)
            old = p.dial(self.a)
            new = p.dial(self.a, instance="f" * 16)
            self.assertEqual((["duplicate"], []), (self.byes(old), self.byes(new)))
            self.assertEqual(1, len(new.of(Hello)))
            self.town.run(3)
            self.assertIn(p.id, self.a.mesh.links)
        self.assertEqual(([], 2), (self.a.said(PeerDead), len(self.a.said(PeerAlive))))

    def test_same_direction(self) -> None:
        """A peer that dials again has lost the old one."""
        p = self.town.puppet("p")
        old = p.dial(self.a)
        new = p.dial(self.a)
        self.assertEqual((["duplicate"], []), (self.byes(old), self.byes(new)))

    def test_dial_of_the_larger_id_gives_way(self) -> None:
        """Where the peer's id is smaller its dial stays, and ours is told so."""
        p = self.puppet(smaller=True)
        ours = self.dialed(p)
        theirs = p.dial(self.a)
        self.assertEqual((["duplicate"], []), (self.byes(ours), self.byes(theirs)))
        self.assertEqual({p.id}, set(self.a.mesh.links))

    def crossed(self) -> tuple[Puppet, Line, Line]:
        """A link that we dialed and that is to stay, and one that the peer dials."""
        p = self.puppet(smaller=False)
        ours = self.dialed(p)
        ours.hello()
        self.town.run(0.1, 0.01)
        self.assertEqual({p.id}, set(self.a.mesh.links))
        return p, ours, p.dial(self.a)

    def test_old_one_lives(self) -> None:
        """It is pinged at once; when it answers, the new one is one too many."""
        _, ours, theirs = self.crossed()
        self.assertEqual([], theirs.heard)
        ours.say(Pong(ours.of(Ping)[-1].seq))
        self.town.run(0.2, 0.01)
        self.assertEqual((["duplicate"], []), (self.byes(theirs), self.byes(ours)))

    def test_old_one_is_silent(self) -> None:
        """Silent for a second, it is replaced: nobody dies of that."""
        p, ours, theirs = self.crossed()
        self.town.run(0.7)
        self.assertEqual([], theirs.heard)
        self.town.run(0.6)
        self.assertEqual((["duplicate"], 1), (self.byes(ours), len(theirs.of(Hello))))
        self.assertEqual({p.id}, set(self.a.mesh.links))
        self.assertEqual([], self.a.said(PeerDead))

    def test_old_one_has_its_time_anew_after_a_stall(self) -> None:
        """While this node did not run, nobody could show that a link lives."""
        p, ours, theirs = self.crossed()
        self.town.run(0.5)
        self.town.clock.advance(10)
        ours.say(Heartbeat("0" * 16))
        self.town.run(0.5)
        self.assertEqual((["duplicate"], []), (self.byes(theirs), self.byes(ours)))
        self.assertTrue(self.a.mesh.links[p.id].open)

    def test_old_one_is_lost(self) -> None:
        """Lost while the new one waits, it is replaced at once."""
        p, ours, theirs = self.crossed()
        ours.end()
        self.town.run(0.2, 0.01)
        self.assertEqual(1, len(theirs.of(Hello)))
        self.assertEqual({p.id}, set(self.a.mesh.links))

    def test_farewell_is_no_sign_of_life(self) -> None:
        """An old one that ends with a farewell leaves its place to the one that waits."""
        p, ours, theirs = self.crossed()
        ours.say(Bye("overload", "start again"))
        self.town.run(1, 0.01)
        self.assertEqual((1, []), (len(theirs.of(Hello)), self.byes(theirs)))
        self.assertEqual({p.id}, set(self.a.mesh.links))

    def test_old_one_says_what_nobody_knows(self) -> None:
        """A message of an unknown type is a sign of life too, when the probe is over."""
        p, ours, theirs = self.crossed()
        assert ours.transport is not None
        ours.transport.write(frames.serialize(b'{"type":"weather"}'))
        self.town.run(1.3)
        self.assertEqual((["duplicate"], []), (self.byes(theirs), self.byes(ours)))
        self.assertTrue(self.a.mesh.links[p.id].open)

    def test_new_one_is_lost(self) -> None:
        """Gone while it waits, it is forgotten, and the old one stays though it was silent."""
        p, ours, theirs = self.crossed()
        theirs.end()
        self.town.run(2)
        self.assertEqual([], self.byes(ours))
        self.assertEqual({p.id}, set(self.a.mesh.links))

    def test_new_one_breaks_the_rules(self) -> None:
        """One that is on its way out when its time comes does not take the place."""
        p, ours, theirs = self.crossed()
        self.town.run(0.7)
        # It does not read, and so does not answer the close either.
        theirs.transport.pauseProducing()  # type: ignore[union-attr]
        theirs.say(GetPeers())
        self.town.run(0.7, 0.01)
        self.assertEqual([], self.byes(ours))
        self.assertTrue(self.a.mesh.links[p.id].open)

    def test_third_one(self) -> None:
        """Of those that wait the last one counts; another process ends the waiting of all."""
        p, ours, theirs = self.crossed()
        again = p.dial(self.a)
        self.assertEqual((["duplicate"], []), (self.byes(theirs), again.heard))
        restarted = p.dial(self.a, instance="f" * 16)
        self.assertEqual(1, len(restarted.of(Hello)))
        self.assertEqual(["duplicate"] * 2, self.byes(again) + self.byes(ours))

    def test_waiting_for_a_dial(self) -> None:
        """A dial of ours that has said hello counts as a link; the waiting one takes its place."""
        p = self.puppet(smaller=False)
        ours = self.dialed(p)
        theirs = p.dial(self.a)
        self.assertEqual([], theirs.heard)
        self.town.run(1.2)
        self.assertEqual((["duplicate"], 1), (self.byes(ours), len(theirs.of(Hello))))
        self.assertEqual({p.id}, set(self.a.mesh.links))

    def test_second_dial(self) -> None:
        """A dial that leads to a peer to which another one has said hello goes without a word."""
        p = self.puppet(smaller=False)
        first = self.dialed(p)
        second = self.dialed(p)
        self.assertEqual((1, []), (len(first.of(Hello)), second.heard))
        self.assertEqual((False, True), (first.gone, second.gone))

    def test_dial_is_answered_after_all(self) -> None:
        """If the dial is answered in time, the waiting one is one too many."""
        p = self.puppet(smaller=False)
        ours = self.dialed(p)
        theirs = p.dial(self.a)
        ours.hello()
        self.town.run(0.2, 0.01)
        self.assertEqual((["duplicate"], []), (self.byes(theirs), self.byes(ours)))

    def test_dropped_from_a_full_book_while_it_waits(self) -> None:
        """A record that made room for others meanwhile is looked at again, and finds room."""
        small = self.a = self.town.house("small", limits=Limits(peers=3))
        p = self.puppet(smaller=False)
        ours = self.dialed(p)
        theirs = p.dial(small)
        gossip = self.town.puppet("gossip").dial(small)
        gossip.say(Peers([record(f"x{i}").sealed for i in range(9)], more=False))
        self.town.run(0.1, 0.01)
        self.assertIsNone(small.mesh.book.get(p.id))
        self.town.run(1.2)
        self.assertEqual((["duplicate"], 1), (self.byes(ours), len(theirs.of(Hello))))
        self.assertIn(p.id, small.mesh.links)

    def test_network_changed_its_mind_while_it_waits(self) -> None:
        """One whose record has expired and was forgotten meanwhile is refused."""
        p = self.puppet(smaller=False)
        self.dialed(p)
        theirs = p.dial(self.a, record=record(self.name(p), at=WALL - 59.0, ttl=60).sealed)
        self.assertEqual([], theirs.heard)
        self.a.wall_offset = 100
        self.town.run(1.5)
        self.assertEqual((["refused"], {}), (self.byes(theirs), self.a.mesh.links))

    def name(self, puppet: Puppet) -> str:
        """What a puppet is called."""
        return next(n for n in (f"puppet{i}" for i in range(100)) if identity(n).id == puppet.id)

    def test_both_dial_at_once(self) -> None:
        """Whatever the latencies, real nodes that dial each other keep one link."""
        for seed in range(12):
            street = Street(seed, latency=0.002 * (seed + 1))
            a, b = street.house("a"), street.house("b")
            for one, other in ((a, b), (b, a)):
                one.mesh._dialer.dial_seed(Seed(other.address))
                one.mesh._dialer.dial_seed(Seed(other.address, other.id))
            street.until(lambda s=street, h=(a, b): s.is_mesh(h), 5)  # type: ignore[misc]
            street.run(2)
            self.assertEqual([1], list(street.pairs([a, b]).values()))
            self.assertEqual(([], []), (a.said(PeerDead), b.said(PeerDead)))
            self.close(street)

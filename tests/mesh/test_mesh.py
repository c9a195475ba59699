"""
Whole nodes on the street: joining, losing, healing, pairing, leaving.
"""

from collections.abc import Callable
from itertools import combinations
from typing import Any

from gossip.mesh import meter
from gossip.mesh.addresses import Address
from gossip.mesh.status import (
    IdentityMismatch,
    PeerAlive,
    PeerDead,
    PeerLeft,
    PingHeard,
    Refused,
)
from gossip.settings import Seed
from gossip.trust.identity import PeerId
from tests.street import PORT, House, Street, StreetCase


class JoiningTests(StreetCase):
    """However nodes come, they end as one full mesh."""

    def test_newcomer_links_to_everyone(self) -> None:
        """One that knows one member learns of all others from it, and dials them."""
        street = self.street()
        a = street.house("a")
        b = street.house("b", join=[a])
        c = street.house("c", join=[b])
        street.until(lambda: street.is_mesh([a, b, c]), 5)
        d = street.house("d", join=[c])
        street.until(lambda: street.is_mesh([a, b, c, d]), 5)
        self.assertEqual({"a", "b", "c"}, d.linked())

    def test_twenty_at_once_through_one_seed(self) -> None:
        """Nineteen newcomers in the same instant become a mesh, with few dials too many."""
        street = self.street()
        seed = street.house("seed")
        nodes = [seed, *(street.house(f"n{i}", join=[seed]) for i in range(19))]
        street.until(lambda: street.is_mesh(nodes), 20)
        pairs = len(list(combinations(nodes, 2)))
        self.assertLessEqual(len(street.dials), 1.5 * pairs)
        for node in nodes:
            self.assertEqual(19, len(node.said(PeerAlive)))
            self.assertEqual([], node.said(PeerDead))

    def test_twenty_in_a_ring(self) -> None:
        """Each knows only the next one."""
        street = self.street()
        hosts = [f"10.9.0.{i + 1}" for i in range(20)]
        first = street.house("n0", host=hosts[0])
        nodes = [first]
        for i in range(1, 20):
            nodes.append(street.house(f"n{i}", host=hosts[i], join=[nodes[-1]]))
        street.until(lambda: street.is_mesh(nodes), 30)

    def test_second_link_in_the_other_direction_never_counts_twice(self) -> None:
        """Two that dial each other in the same instant end with one link, the same at both ends."""
        for seed in range(20):
            street = self.street(seed)
            a = street.house("a")
            b = street.house("b")
            a.mesh._dialer.dial_seed(Seed(b.address))
            b.mesh._dialer.dial_seed(Seed(a.address))
            street.run(4)
            self.assertTrue(street.is_mesh([a, b]))
            ends = [t for h in (a, b) for t in h.transports if not t.lost]
            self.assertEqual(2, len(ends))
            dialer = next(h for h in (a, b) for link in h.mesh.links.values() if link.attempt)
            self.assertEqual(min(a.id, b.id), dialer.id)
            self.assertEqual(([], []), (a.said(PeerDead), b.said(PeerDead)))

    def test_seed_that_does_not_answer_is_tried_for_ever(self) -> None:
        """One line, and a link when it comes, however late."""
        street = self.street()
        a = street.house("a")
        a.crash()
        b = street.house("b", join=[a.address])
        street.run(300)
        self.assertEqual(["unreachable"], [r.code for r in b.said(Refused)])
        late = street.house("a2", host=a.host)
        street.until(lambda: street.is_mesh([late, b]), 62)

    def test_seed_that_is_the_node_itself(self) -> None:
        """It is said once, and the address is not dialed again."""
        street = self.street()
        a = street.house("a", host="10.7.0.1", join=[Seed(street_address("10.7.0.1"))])
        street.run(120)
        self.assertEqual(["self"], [r.code for r in a.said(Refused)])
        self.assertEqual(1, len(street.dials))

    def test_name_that_resolves_to_several(self) -> None:
        """Addresses of a name are tried in turn; the node's own among them is skipped."""
        street = self.street()
        a = street.house("a", host="10.7.0.1")
        street.names["fleet"] = ["10.7.0.9", "10.7.0.2", "10.7.0.1"]
        b = street.house("b", host="10.7.0.2", join=[Seed(street_address("fleet"))])
        street.until(lambda: street.is_mesh([a, b]), 5)


class LosingTests(StreetCase):
    """Who is gone is known in time, and nobody else."""

    def mesh(self, size: int, **settings: Any) -> tuple[Street, list[House]]:
        """A full mesh that has been quiet for a while."""
        street = self.street()
        first = street.house("n0", **settings)
        nodes = [first, *(street.house(f"n{i}", join=[first], **settings) for i in range(1, size))]
        street.until(lambda: street.is_mesh(nodes), 30)
        street.run(15)
        return street, nodes

    def test_vanished_peer_is_dead_after_three_heartbeats(self) -> None:
        """Not sooner than three of its heartbeats, and not a heartbeat later."""
        street, nodes = self.mesh(5)
        nodes[4].vanish()
        street.run(2.0)
        self.assertEqual([], nodes[0].said(PeerDead))
        street.run(2.0)
        for node in nodes[:4]:
            (dead,) = node.said(PeerDead)
            self.assertEqual(nodes[4].id, dead.peer)
            self.assertGreaterEqual(dead.silent_s, 3.0)
            self.assertLessEqual(dead.silent_s, 4.0)
            self.assertTrue(dead.reason.startswith("silent for 3."))

    def test_crashed_peer_is_dialed_at_once_and_dead_when_that_fails(self) -> None:
        """A closed connection is no verdict; a refused dial after it is."""
        street, nodes = self.mesh(3)
        nodes[2].crash()
        street.run(0.2)
        (dead,) = nodes[0].said(PeerDead)
        self.assertIn("dialed again", dead.reason)
        self.assertLess(dead.silent_s, 1.5)

    def test_broken_connection_is_no_death(self) -> None:
        """Where the peer is still there, the link is made anew and nobody is told."""
        street, nodes = self.mesh(2)
        for transport in list(nodes[1].transports):
            transport.abortConnection()
        street.run(3)
        self.assertTrue(street.is_mesh(nodes))
        for node in nodes:
            self.assertEqual([], node.said(PeerDead))
            self.assertEqual(1, len(node.said(PeerAlive)))

    def test_stalled_node_calls_nobody_dead(self) -> None:
        """A node that did not run for ten seconds blames nobody, and is back at once."""
        street, nodes = self.mesh(3)
        street.clock.advance(10)
        street.run(5)
        for node in nodes:
            self.assertEqual([], node.said(PeerDead))
        self.assertTrue(street.is_mesh(nodes))

    def test_leaving_is_not_dying(self) -> None:
        """A farewell makes the peer left at all others, and nobody dials it."""
        street, nodes = self.mesh(4)
        left = nodes[3].mesh.leave("enough")
        street.run(1)
        self.successResultOf(left)
        street.houses.pop(nodes[3].address)
        before = len(street.dials)
        street.run(120)
        for node in nodes[:3]:
            self.assertEqual([nodes[3].id], [e.peer for e in node.said(PeerLeft)])
            self.assertEqual([], node.said(PeerDead))
        self.assertEqual(before, len(street.dials))

    def test_farewell_heard_from_others(self) -> None:
        """One that was cut off when a peer left learns it from the record, and stops dialing."""
        street, nodes = self.mesh(3)
        street.cut([nodes[0]], nodes[1:])
        street.run(10)
        self.assertEqual(2, len(nodes[0].said(PeerDead)))
        nodes[2].mesh.leave("enough")
        street.run(3)
        street.houses.pop(nodes[2].address)
        street.mend()
        street.until(lambda: street.is_mesh(nodes[:2]), 62)
        street.run(5)
        self.assertEqual([nodes[2].id], [e.peer for e in nodes[0].said(PeerLeft)])

    def test_left_peer_that_returns(self) -> None:
        """The same key at a new start is alive again, at everyone."""
        street, nodes = self.mesh(3)
        nodes[2].mesh.leave("for now")
        street.run(2)
        street.houses.pop(nodes[2].address)
        again = street.house("n2again", key="n2", join=[nodes[0]])
        street.until(lambda: street.is_mesh([*nodes[:2], again]), 10)
        for node in nodes[:2]:
            self.assertEqual(
                [True, False], [e.first for e in node.said(PeerAlive) if e.peer == again.id]
            )

    def test_restarted_peer_replaces_its_old_link(self) -> None:
        """A peer that comes back before its old link was missed has one link, and never died."""
        street, nodes = self.mesh(3)
        nodes[2].vanish()
        again = street.house("n2again", key="n2", host=nodes[2].host, join=[nodes[0]])
        street.until(lambda: street.is_mesh([*nodes[:2], again]), 2.5)
        street.run(5)
        for node in nodes[:2]:
            self.assertEqual([], node.said(PeerDead))
            self.assertEqual(2, len(node.said(PeerAlive)))


class HealingTests(StreetCase):
    """Every split ends as one mesh."""

    def test_split_halves_heal(self) -> None:
        """Two halves, cut for ten minutes and grown meanwhile, are one mesh within the backoff."""
        street = self.street()
        seed = street.house("n0")
        nodes = [seed, *(street.house(f"n{i}", join=[seed]) for i in range(1, 8))]
        street.until(lambda: street.is_mesh(nodes), 20)
        left, right = nodes[:4], nodes[4:]
        street.cut(left, right)
        street.run(600, step=0.25)
        self.assertTrue(street.is_mesh(left))
        fresh_left = street.house("fresh-left", join=[left[1]])
        street.cut([fresh_left], right)
        fresh_right = street.house("fresh-right", join=[right[1]])
        street.cut([*left, fresh_left], [fresh_right])
        street.run(30)
        street.mend()
        everyone = [*nodes, fresh_left, fresh_right]
        took = street.until(lambda: street.is_mesh(everyone), 62)
        self.assertLess(took, 62)

    def test_one_new_pair_joins_two_networks(self) -> None:
        """Two meshes that never met are one after any two of them have."""
        street = self.street()
        a = street.house("a0")
        b = street.house("b0")
        ours = [a, *(street.house(f"a{i}", join=[a]) for i in range(1, 4))]
        theirs = [b, *(street.house(f"b{i}", join=[b]) for i in range(1, 4))]
        street.until(lambda: street.is_mesh(ours) and street.is_mesh(theirs), 20)
        ours[2].mesh._dialer.dial_seed(Seed(theirs[3].address))
        street.until(lambda: street.is_mesh([*ours, *theirs]), 20)

    def test_quiet_mesh_stays_quiet(self) -> None:
        """When all is well nobody dials, and no link is made or lost."""
        street = self.street()
        seed = street.house("n0")
        nodes = [seed, *(street.house(f"n{i}", join=[seed]) for i in range(1, 6))]
        street.until(lambda: street.is_mesh(nodes), 20)
        street.run(5)
        dials = len(street.dials)
        events = [len([e for e in n.events if not isinstance(e, PingHeard)]) for n in nodes]
        street.run(60)
        self.assertEqual(dials, len(street.dials))
        after = [len([e for e in n.events if not isinstance(e, PingHeard)]) for n in nodes]
        self.assertEqual(events, after)

    def test_pings_are_spread_over_the_period(self) -> None:
        """Pings to many peers do not go out in one burst."""
        street = self.street()
        seed = street.house("n0", period=10.0)
        nodes = [seed, *(street.house(f"n{i}", join=[seed], period=10.0) for i in range(1, 12))]
        street.until(lambda: street.is_mesh(nodes), 20)
        street.run(10)
        times = sorted(link.ping_at for link in seed.mesh.links.values())
        self.assertEqual(11, len(times))
        self.assertGreater(times[-1] - times[0], 4)

    def test_pings_stay_spread_after_a_stall(self) -> None:
        """A node that did not run for a while does not ping everyone in one burst from then on."""
        street = self.street()
        seed = street.house("n0", period=5.0)
        nodes = [seed, *(street.house(f"n{i}", join=[seed], period=5.0) for i in range(1, 9))]
        street.until(lambda: street.is_mesh(nodes), 20)
        street.run(10)
        phases = {peer: link.ping_at % 5 for peer, link in seed.mesh.links.items()}
        street.clock.advance(8)
        street.run(1)
        self.assertEqual(
            {peer: round(phase, 6) for peer, phase in phases.items()},
            {peer: round(link.ping_at % 5, 6) for peer, link in seed.mesh.links.items()},
        )


class TrustTests(StreetCase):
    """Who is who is proved."""

    def test_impostor_at_a_known_address(self) -> None:
        """Another key where a peer was is reported once, and the address is left alone."""
        street = self.street()
        a = street.house("a")
        b = street.house("b", join=[a])
        street.until(lambda: street.is_mesh([a, b]), 5)
        street.run(2)
        b.crash()
        impostor = street.house("impostor", host=b.host)
        street.run(120)
        (mismatch,) = a.said(IdentityMismatch)
        self.assertEqual(
            (str(b.address), b.id, impostor.id),
            (mismatch.address, mismatch.expected, mismatch.found),
        )
        self.assertEqual(set(), a.linked())

    def test_pinned_seed(self) -> None:
        """A seed named with an id is that node or none."""
        street = self.street()
        a = street.house("a")
        b = street.house("b", join=[Seed(a.address, PeerId("0" * 64))])
        c = street.house("c", join=[Seed(a.address, a.id)])
        street.run(5)
        self.assertEqual({"a"}, c.linked())
        self.assertEqual(set(), b.linked())
        self.assertTrue(b.said(IdentityMismatch))

    def test_other_network_is_refused_on_both_sides(self) -> None:
        """Different networks never link."""
        street = self.street()
        a = street.house("a", network="red")
        b = street.house("b", network="blue", join=[a])
        street.run(5)
        self.assertEqual({"network"}, {r.code for r in a.said(Refused)})
        self.assertEqual(["network"], [r.code for r in b.said(Refused)])
        self.assertEqual((set(), set()), (a.linked(), b.linked()))


def street_address(host: str) -> Address:
    """The address of a node at a host of the street."""
    return Address(host, PORT)


class MeterTests(StreetCase):
    """The meter below TLS hears who was admitted, and is heard where TLS says too much."""

    def test_told_and_heard(self) -> None:
        """Every connection is watched, each link is admitted, and what is not read ends the link."""
        admitted: list[Any] = []
        watched: dict[Any, Callable[[], None]] = {}
        self.patch(meter, "admitted", admitted.append)
        self.patch(meter, "watch", watched.__setitem__)
        street = self.street()
        a = street.house("a")
        b = street.house("b", join=[a])
        street.until(lambda: street.is_mesh([a, b]), 5)
        link = a.mesh.links[b.id]
        self.assertLessEqual({link.transport, b.mesh.links[a.id].transport}, set(admitted))
        self.assertLessEqual(set(admitted), set(watched))
        watched[link.transport]()
        street.run(0.02, 0.01)
        (dead,) = a.said(PeerDead)
        self.assertEqual("it did not read what TLS itself has to say", dead.reason)
        street.until(lambda: street.is_mesh([a, b]), 30)

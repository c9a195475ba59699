"""
The course of one dial: which addresses are dialed, in what order, and what is made of how it ends.
"""

import errno

from twisted.internet.error import ConnectError

from gossip.mesh.addresses import Address
from gossip.mesh.attempt import Ending
from gossip.mesh.course import HEARSAY_WAIT, RESOLVE_WAIT
from gossip.mesh.routes import LOOKUPS, NOWHERE, OWN_ADDRESSES_KEPT
from gossip.settings import Seed
from tests.mesh.dials import HERE, DialerCase, Idle
from tests.street import identity


class AddressTests(DialerCase):
    """What is dialed of what is said."""

    def test_never_dialed(self) -> None:
        """What could only hurt somebody is not dialed, and that is no sign of death."""
        for i, address in enumerate(
            (
                "127.0.0.1:22",
                "[::1]:22",
                "[::ffff:127.0.0.1]:22",
                "169.254.169.254:80",
                "[fe80::1]:8080",
                "[64:ff9b::a9fe:a9fe]:80",
                "0.0.0.0:80",
                "224.0.0.1:80",
                "255.255.255.255:80",
                "198.51.100.1:0",
                str(HERE),
                "no address",
            )
        ):
            self.dialer.want(self.know(f"p{i}", address))
        self.assertEqual([], self.refuse(100))
        self.assertEqual({NOWHERE}, {ending.code for ending in self.failed})

    def test_loopback_from_loopback(self) -> None:
        """A loopback address that was heard over a loopback link is dialed."""
        self.dialer.want(self.know("p", "127.0.0.1:8080", loopback=True))
        self.time.advance(0)
        self.assertEqual(["127.0.0.1:8080"], self.addresses())

    def test_name_that_leads_to_the_forbidden(self) -> None:
        """Names are judged by what they resolve to."""
        self.roads.names["evil.example"] = ["169.254.169.254", "198.51.100.7"]
        self.dialer.want(self.know("p", "evil.example:80"))
        self.time.advance(0)
        self.assertEqual(["198.51.100.7:80"], self.addresses())

    def test_name_that_is_none(self) -> None:
        """A name without addresses is said to be one."""
        self.roads.names["gone.example"] = []
        self.dialer.want(self.know("p", "gone.example:80"))
        self.time.advance(0)
        self.assertEqual(
            Ending("unreachable", "no address is known for gone.example"), self.failed[0]
        )

    def test_name_that_is_never_resolved(self) -> None:
        """A resolver that does not answer costs its time, and no place for ever."""
        self.roads.silent = True
        self.dialer.want(self.know("p", "slow.example:80"))
        self.time.advance(0)
        self.time.advance(RESOLVE_WAIT - 0.1)
        self.assertEqual([], self.failed)
        self.time.advance(0.2)
        self.assertEqual("unreachable", self.failed[0].code)
        self.roads.silent = False
        self.roads.names["slow.example"] = ["198.51.100.1"]
        self.assertTrue(self.refuse(5))

    def test_all_in_turn(self) -> None:
        """Every address is tried, and the good one comes first the next time."""
        peer = self.know("p", "198.51.100.1:1", "198.51.100.2:2", "198.51.100.3:3")
        self.dialer.want(peer)
        self.time.advance(0)
        self.roads.pending()[0].refuse()
        self.admit(self.roads.pending()[0], peer)
        self.dialer.lost(peer, lived=100, at_once=True)
        self.time.advance(0)
        hosts = [call.address.port for call in self.roads.calls]
        self.assertEqual([1, 2, 2], hosts)

    def test_no_answer(self) -> None:
        """An address that swallows what it gets costs its time; then the next one is tried."""
        self.dialer.want(self.know("p", "198.51.100.1:1", "198.51.100.2:2"))
        self.time.advance(0)
        self.time.advance(4.9)
        self.assertEqual(1, len(self.roads.calls))
        self.time.advance(0.2)
        self.assertEqual(2, len(self.roads.calls))
        self.time.advance(5.1)
        self.assertEqual([Ending("unreachable", "no answer within 5 s")], self.failed)
        self.assertTrue(self.refuse(5))

    def test_hearsay_has_its_time(self) -> None:
        """Addresses of a peer never met are not tried for ever; those of one that was met are."""
        for name, met in (("q", False), ("p", True)):
            said = [f"198.51.100.{i}:{80 + met}" for i in range(1, 7)]
            before = len(self.roads.calls)
            self.dialer.want(self.know(name, *said, met=met))
            while len(self.failed) <= met:
                self.time.advance(self.limits.connect_wait)
            begun = [call.at for call in self.roads.calls[before:]]
            if met:
                self.assertEqual(len(said), len(begun))
            else:
                self.assertLessEqual(begun[-1] - begun[0], HEARSAY_WAIT)
                self.assertLess(len(begun), len(said))
            self.dialer.forget(identity(name).id)

    def test_somebody_else(self) -> None:
        """Where somebody else was found, nobody looks again before a newer record."""
        peer = self.know("p", "198.51.100.1:1")
        self.dialer.want(peer)
        self.time.advance(0)
        self.roads.calls[0].connect().settle(Ending("identity", "expected p, found q"))
        self.assertEqual([], self.refuse(300, 1))
        self.dialer.confirmed(peer)
        self.dialer.confirmed(identity("nobody").id)
        self.assertTrue(self.refuse(62, 1))

    def test_self(self) -> None:
        """Where the node met itself it does not dial again, and it remembers a bounded number."""
        address = Address("198.51.100.1", 1)
        for i in range(2 * OWN_ADDRESSES_KEPT):
            self.routes.met_self(Address("198.51.100.2", i), self.time.seconds())
        self.routes.met_self(address, self.time.seconds())
        self.dialer.want(self.know("p", str(address)))
        self.dialer.dial_seed(Seed(address))
        self.assertEqual([], self.refuse(100))
        self.assertEqual({NOWHERE, "self"}, {ending.code for ending in self.failed})
        self.assertEqual(OWN_ADDRESSES_KEPT, len(self.routes.own))

    def test_hearsay_is_looked_up_sparingly(self) -> None:
        """Invented names do not keep the resolver from those of seeds and friends."""
        for i in range(200):
            peer = self.know(f"q{i}", f"name-{i}.example:8080", met=False)
            self.dialer.want(peer)
        self.time.advance(0)
        asked = len(self.roads.asked)
        self.assertLessEqual(asked, LOOKUPS)
        self.dialer.want(self.know("friend", "friend.example:8080"))
        self.time.advance(0)
        self.assertEqual(asked + 1, len(self.roads.asked))


class VerdictTests(DialerCase):
    """What a dial proves of a peer, and what it does not."""

    def test_want_of_descriptors_is_no_failure_of_theirs(self) -> None:
        """Where this process may not open a socket, nothing is known of the peer."""
        peer = self.know("p", "198.51.100.1:8080")
        self.dialer.want(peer)
        self.time.advance(0)
        self.roads.calls[0].refuse(errno.EMFILE)
        self.assertEqual([NOWHERE], [ending.code for ending in self.failed])
        self.assertIn("too many open files", self.failed[0].reason)

    def test_stall_of_our_own_is_no_failure_of_theirs(self) -> None:
        """A connection that had no time while this node did not run proves nothing."""
        peer = self.know("p", "198.51.100.1:8080")
        self.dialer.want(peer)
        self.time.advance(0)
        self.agenda.set(Idle(), self.time.seconds() + 1)
        self.time.advance(10)
        self.time.advance(0)
        self.assertEqual([NOWHERE], [ending.code for ending in self.failed])

    def test_what_was_found_counts_more_than_what_was_not_dialed(self) -> None:
        """A refusal at one address is told, whatever is not dialed after it."""
        self.dialer.want(self.know("p", "198.51.100.1:8080", "127.0.0.1:8080"))
        self.time.advance(0)
        self.roads.calls[0].refuse()
        self.assertEqual(["unreachable"], [ending.code for ending in self.failed])


class WordsTests(DialerCase):
    """What went wrong is told in the system's words."""

    def test_words(self) -> None:
        """By the number of the error where there is one, else by its own text, else by its name."""
        for i, (error, words) in enumerate(
            (
                (ConnectError(osError=111), "connection refused"),
                (OSError(113, "No route to host"), "no route to host"),
                (OSError("Strange."), "strange"),
                (OSError(), "oserror"),
            )
        ):
            self.dialer.want(self.know(f"p{i}", "198.51.100.1:1"))
            self.time.advance(0)
            self.roads.pending()[-1].answer.errback(error)
            self.assertEqual(Ending("unreachable", words), self.failed[-1])

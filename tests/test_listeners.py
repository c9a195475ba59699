"""
From `--port` and `--listen` to endpoints.
"""

import os
import socket
from typing import Any

from twisted.internet import endpoints, reactor
from twisted.internet.address import IPv4Address
from twisted.internet.endpoints import AdoptedStreamServerEndpoint
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.systemd import ListenFDs
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from gossip.listeners import BACKLOG, CannotListen, Doorstep, Everywhere, Stepped, endpoint
from gossip.trust.credentials import Credentials
from gossip.trust.identity import Identity
from tests.cases import UnitCase


class EndpointTests(UnitCase):
    """What `--listen` names."""

    def listened(self, text: str) -> list[Any]:
        """What the reactor is asked for: port, backlog, interface."""
        memory: Any = MemoryReactorClock()
        made = endpoint(memory, text, 8080)
        verifyObject(IStreamServerEndpoint, made)
        self.successResultOf(made.listen(Factory()))
        return [[port, backlog, where] for port, _, backlog, where in memory.tcpServers]

    def test_addresses(self) -> None:
        """An address alone is listened on at the port of `--port`; with a port, at that one."""
        for text, port, where in (
            ("127.0.0.1", 8080, "127.0.0.1"),
            ("127.0.0.1:9", 9, "127.0.0.1"),
            ("127.0.0.1:0", 0, "127.0.0.1"),
            ("::1", 8080, "::1"),
            ("[::1]", 8080, "::1"),
            ("[::1]:9", 9, "::1"),
        ):
            self.assertEqual([[port, BACKLOG, where]], self.listened(text), text)

    def test_endpoint_strings(self) -> None:
        """What Twisted knows is left to Twisted."""
        self.assertEqual([[9, 50, "127.0.0.1"]], self.listened("tcp:9:interface=127.0.0.1"))
        self.assertEqual([[9, 50, "::"]], self.listened("tcp6:9"))

    def test_neither(self) -> None:
        """What is neither is refused, with what it could be; TLS is not ours to be asked for."""
        for text in ("", "x", "localhost", "localhost:9", "1.2.3", "1.2.3.4:x", "::1:x", "ssl:9"):
            error = self.assertRaises(CannotListen, endpoint, MemoryReactorClock(), text, 8080)
            self.assertIn(f"--listen {text!r} is not an IP address", str(error))
            self.assertIn("systemd:", str(error))

    def test_endpoint_strings_with_mistakes(self) -> None:
        """Whatever Twisted raises becomes one line."""
        for text in (
            *("tcp:", "tcp:x", "tcp:1:bogus=2", "tcp:1:2:3:4:5:6", "tcp:1:backlog=x"),
            *("haproxy:", "haproxy:ssl:1:privateKey=/nonexistent", "haproxy:x:y"),
            *("systemd:", "systemd:domain=INET", "systemd:index=0", "systemd:domain=X:index=x"),
        ):
            error = self.assertRaises(CannotListen, endpoint, MemoryReactorClock(), text, 8080)
            self.assertTrue(str(error).startswith(f"--listen {text!r}: "), str(error))
            self.assertNotIn("\n", str(error))


class _Unwanted(Protocol):
    turned_away = True


class DoorstepTests(UnitCase):
    """Whom TLS is made for."""

    def built(self, inside: type[Protocol]) -> Any:
        """What comes of a connection for which the factory behind TLS built this."""
        secure = Credentials(Identity.generate())
        tls = TLSMemoryBIOFactory(secure, False, Factory.forProtocol(inside), Clock())
        return Doorstep(tls).buildProtocol(IPv4Address("TCP", "192.0.2.1", 9))

    def test_wanted(self) -> None:
        """What is let in gets TLS."""
        self.assertIsInstance(self.built(Protocol).wrappedProtocol, Protocol)

    def test_turned_away(self) -> None:
        """What is turned away gets nothing, and so Twisted closes it."""
        self.assertIsNone(self.built(_Unwanted))

    def test_without_tls(self) -> None:
        """It does not matter whether TLS is there."""
        address = IPv4Address("TCP", "192.0.2.1", 9)
        self.assertIsInstance(
            Doorstep(Factory.forProtocol(Protocol)).buildProtocol(address), Protocol
        )
        self.assertIsNone(Doorstep(Factory.forProtocol(_Unwanted)).buildProtocol(address))

    def test_everywhere(self) -> None:
        """All endpoints have it, but for what speaks for a proxy, which could not bear it."""
        for text in ("127.0.0.1", "::1", "tcp:9", "tcp6:9"):
            self.assertIsInstance(endpoint(MemoryReactorClock(), text, 8080), Stepped)
        self.assertNotIsInstance(endpoint(reactor, "haproxy:tcp:9", 8080), Stepped)


class PassedTests(SynchronousTestCase):
    """Sockets that systemd opened: real ones, since it is the system that knows what they are."""

    def passed(self, opened: socket.socket) -> None:
        """Let a socket be the one that was passed as `gossip`."""
        self.addCleanup(opened.close)
        self.descriptors([opened.fileno()])

    def descriptors(self, descriptors: list[int]) -> None:
        """Let descriptors be those that were passed; Twisted reads them when it is imported."""
        fds = ListenFDs(descriptors, ["gossip"])
        self.patch(endpoints._SystemdParser, "_sddaemon", fds)

    def refusal(self, text: str) -> str:
        """Why an endpoint is refused."""
        return str(self.assertRaises(CannotListen, endpoint, reactor, text, 8080))

    def test_not_passed(self) -> None:
        """Without the socket unit, or with another name, it is said what to do."""
        self.descriptors([])
        for text in ("systemd:domain=INET6:name=gossip", "systemd:domain=INET6:index=0"):
            self.assertIn(
                "systemd passed no such socket; start it by its socket", self.refusal(text)
            )

    def test_right_family(self) -> None:
        """A socket of the family that `domain=` names is taken, and is not closed."""
        opened = socket.create_server(("127.0.0.1", 0))
        self.passed(opened)
        made = endpoint(reactor, "systemd:domain=INET:name=gossip", 8080)
        assert isinstance(made, Stepped)
        inside = made.inside
        assert isinstance(inside, AdoptedStreamServerEndpoint)
        self.assertEqual((opened.fileno(), socket.AF_INET), (inside.fileno, inside.addressFamily))
        os.fstat(opened.fileno())

    def test_wrong_family(self) -> None:
        """Twisted would not notice until peers come; here it is said what to write."""
        self.passed(socket.create_server(("127.0.0.1", 0)))
        self.assertIn("write domain=INET", self.refusal("systemd:domain=INET6:name=gossip"))
        path = socket.socket(socket.AF_UNIX)
        path.bind(f"\0p2p-gossip-{os.getpid()}-{id(self)}")
        path.listen()
        self.passed(path)
        self.assertIn("write domain=UNIX", self.refusal("systemd:domain=INET:index=0"))

    def test_no_such_family(self) -> None:
        """A family that does not exist is a mistake like any other."""
        self.passed(socket.create_server(("127.0.0.1", 0)))
        self.assertIn("AF_INET7", self.refusal("systemd:domain=INET7:name=gossip"))

    def test_not_listening(self) -> None:
        """A connection, or a socket for datagrams, cannot be listened on."""
        self.passed(socket.socket())
        self.assertIn("does not listen", self.refusal("systemd:domain=INET:name=gossip"))
        self.passed(socket.socket(type=socket.SOCK_DGRAM))
        self.assertIn("does not listen", self.refusal("systemd:domain=INET:name=gossip"))

    def test_not_a_socket(self) -> None:
        """A descriptor of something else is refused, and one that is closed."""
        descriptor = os.open("/dev/null", os.O_RDONLY)
        self.descriptors([descriptor])
        self.assertIn("is not a socket", self.refusal("systemd:domain=INET:name=gossip"))
        os.close(descriptor)
        self.assertIn("is not a socket", self.refusal("systemd:domain=INET:name=gossip"))


class EverywhereTests(SynchronousTestCase):
    """All addresses of the machine; real sockets, and a reactor that does not run."""

    def listen(self, port: int = 0) -> Any:
        """Listen, and close in the end."""
        opened = self.successResultOf(
            Everywhere(reactor, port).listen(Factory.forProtocol(Protocol))
        )
        self.addCleanup(opened.stopListening)
        return opened

    def test_both_families(self) -> None:
        """One port takes IPv4 and IPv6."""
        port = self.listen().getHost().port
        for host in ("127.0.0.1", "::1") if socket.has_dualstack_ipv6() else ("127.0.0.1",):
            socket.create_connection((host, port), timeout=30).close()

    def test_without_ipv6(self) -> None:
        """On a machine without IPv6 it is IPv4."""
        self.patch(socket, "has_dualstack_ipv6", lambda: False)
        host = self.listen().getHost()
        self.assertEqual("0.0.0.0", host.host)
        socket.create_connection(("127.0.0.1", host.port), timeout=30).close()

    def test_taken(self) -> None:
        """A port that is taken is a failure, not an exception."""
        port = self.listen().getHost().port
        failed = Everywhere(reactor, port).listen(Factory())
        error = self.failureResultOf(failed, OSError).value
        self.assertEqual("Address already in use", error.strerror)

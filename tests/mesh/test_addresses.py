"""
How addresses are written, and which of those heard from others are never dialed.
"""

from ipaddress import IPv4Network, IPv6Network, ip_address

from hypothesis import given, settings
from hypothesis import strategies as some

from gossip.mesh.addresses import Address, Judge, is_loopback, literal, reachable, unwrap
from tests.cases import UnitCase

quickly = settings(deadline=None, database=None, max_examples=100)

# Addresses of which nobody may be told to dial one, with the reason.
NEVER = {
    "0.0.0.0": "unspecified",
    "0.0.0.1": "unspecified",
    "0.255.255.255": "unspecified",
    "::": "unspecified",
    "::ffff:0.0.0.0": "unspecified",
    "64:ff9b::": "unspecified",
    "2002::": "unspecified",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "::ffff:224.0.0.1": "multicast",
    "64:ff9b::e000:1": "multicast",
    "2002:e000:1::": "multicast",
    "ff02::1": "multicast",
    "ff05::1:3": "multicast",
    "ff0e::1": "multicast",
    "169.254.0.1": "link-local",
    "169.254.169.254": "link-local",
    "169.254.169.253": "link-local",
    "::ffff:169.254.169.254": "link-local",
    "::ffff:a9fe:a9fe": "link-local",
    "64:ff9b::a9fe:a9fe": "link-local",
    "2002:a9fe:a9fe::": "link-local",
    "2002:a9fe:a9fe:1::1": "link-local",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "febf::1": "link-local",
    "fd00:ec2::254": "a metadata service",
    "fd00:ec2::254%1": "a metadata service",
    "fd00:0ec2:0:0:0:0:0:0254": "a metadata service",
    "fd00:ec2::23": "a metadata service",
    "fd20:ce::254": "a metadata service",
    "fd00:c1::a9fe:a9fe": "a metadata service",
    "168.63.129.16": "a metadata service",
    "::ffff:168.63.129.16": "a metadata service",
    "100.100.100.200": "a metadata service",
    "64:ff9b::6464:64c8": "a metadata service",
    "fd00:100::100:200": "a metadata service",
    "fd00:a9fe:a9fe::1": "a metadata service",
    "fd00:42::42": "a metadata service",
    "240.0.0.1": "reserved",
    "255.255.255.254": "reserved",
    "255.255.255.255": "reserved",
    "::ffff:255.255.255.255": "reserved",
    "64:ff9b::ffff:ffff": "reserved",
    "2002:f000:1::": "reserved",
    "::127.0.0.1": "reserved",
    "::2": "reserved",
    "100::1": "reserved",
    "4000::1": "reserved",
}

# This machine's own: only for those who came over such an address themselves.
LOOPBACK = (
    "127.0.0.1",
    "127.0.0.2",
    "127.255.255.255",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::1%lo",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2002:7f00:1::1%1",
)

# Others resolve these before they are judged.
NAMES = (
    "localhost",
    "127.1",
    "0177.0.0.1",
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "127.0.0.01",
    "peer.example",
    "",
)

# Where fleets live.
FINE = (
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "fc00::1",
    "fd12:3456::1",
    "fd00:ec2::253",
    "fd20:ce::253",
    "fd00:42::43",
    "100.100.100.199",
    "168.63.129.17",
    "8.8.8.8",
    "1.1.1.1",
    "169.253.255.255",
    "223.255.255.255",
    "2001:4860:4860::8888",
    "2a00:1450::1",
    "::ffff:10.0.0.1",
    "64:ff9b::808:808",
    "2002:808:808::1",
)


class ParseTests(UnitCase):
    """Addresses as people and records write them."""

    def test_read(self) -> None:
        """Names, IPv4 addresses and bracketed IPv6 addresses are read."""
        for text, host, port in (
            ("peer.example:8080", "peer.example", 8080),
            ("localhost:1", "localhost", 1),
            ("192.0.2.1:65535", "192.0.2.1", 65535),
            ("192.0.2.1:0", "192.0.2.1", 0),
            ("[::1]:80", "::1", 80),
            ("[2001:db8::1]:08080", "2001:db8::1", 8080),
            ("[fe80::1%eth0]:80", "fe80::1%eth0", 80),
            ("[::ffff:127.0.0.1]:80", "::ffff:127.0.0.1", 80),
            ("b\u00fccher.example:80", "b\u00fccher.example", 80),
            ("a" * 252 + ":80", "a" * 252, 80),
        ):
            self.assertEqual(Address(host, port), Address.parse(text))

    def test_not_host_and_port(self) -> None:
        """What is not a host and a port says so, and quotes it safely."""
        for text in (
            "",
            ":",
            ":80",
            "peer.example",
            "192.0.2.1",
            "two words:80",
            "http://peer.example:80",
            "a/b:80",
            "peer\n.example:80",
            "peer\x1b[31m.example:80",
            "peer\x00.example:80",
            "peer\u202e.example:80",
            "peer\ud800.example:80",
            "[fe80::1%\x1b[31m]:80",
            "[fe80::1%a b]:80",
            "a" * 253 + ":80",
            "[fe80::1%" + "a" * 250 + "]:80",
        ):
            error = self.assertRaises(ValueError, Address.parse, text)
            self.assertEqual(f"{text!r} is not host:port", str(error))

    def test_ports(self) -> None:
        """A port is a decimal number from 0 to 65535."""
        for port in (
            *("", "x", "-1", "+80", "65536", "99999", "8080.0", "1e3", "0x50", "8_0", "true"),
            *("\u0668\u0660", "\u00b2", "9" * 200),
        ):
            for host in ("peer.example", "[::1]"):
                error = self.assertRaises(ValueError, Address.parse, f"{host}:{port}")
                self.assertIn("the port is not a number from 0 to 65535", str(error))

    def test_brackets(self) -> None:
        """Only an IPv6 address stands in brackets."""
        for text in ("[192.0.2.1]:80", "[peer.example]:80", "[]:80", "[::1%]:80", "[:::]:80"):
            error = self.assertRaises(ValueError, Address.parse, text)
            self.assertIn("what is in brackets is not an IPv6 address", str(error))

    def test_bare_ipv6(self) -> None:
        """An IPv6 address without brackets, or with half of them, tells how to write it."""
        for text in ("::1:80", "2001:db8::1:80", "[::1:80", "::1]:80", "a[b]:80", "]:80", "[:80"):
            error = self.assertRaises(ValueError, Address.parse, text)
            self.assertIn("write an IPv6 address as [address]:port", str(error))

    def test_endpoint_strings(self) -> None:
        """What looks like the framework's endpoints is not taken for an address."""
        for text in ("tcp:peer.example:80", "tls:a:80", "unix:sock:80", "tcp\\:a:80", "tcp:80:x"):
            self.assertRaises(ValueError, Address.parse, text)

    def test_written_as_read(self) -> None:
        """An address is written in the form in which it is read, IPv6 in brackets."""
        for text in ("peer.example:80", "192.0.2.1:80", "[2001:db8::1]:80"):
            self.assertEqual(text, str(Address.parse(text)))

    @quickly
    @given(some.text(max_size=40))
    def test_anything(self, text: str) -> None:
        """Whatever is read can be written and read again; the rest is refused."""
        try:
            address = Address.parse(text)
        except ValueError:
            return
        self.assertEqual(address, Address.parse(str(address)))

    @quickly
    @given(some.ip_addresses(), some.integers(0, 65535))
    def test_every_literal(self, ip: object, port: int) -> None:
        """Every IP address and port can be written and read."""
        address = Address(str(ip), port)
        self.assertEqual(address, Address.parse(str(address)))


class UnwrapTests(UnitCase):
    """IPv4 addresses inside IPv6 ones."""

    def test_wrapped(self) -> None:
        """Mapped, NAT64 and 6to4 addresses are the IPv4 address in them."""
        for text in ("::ffff:192.0.2.1", "64:ff9b::c000:201", "2002:c000:201::5", "192.0.2.1"):
            self.assertEqual(ip_address("192.0.2.1"), unwrap(ip_address(text)))

    def test_not_wrapped(self) -> None:
        """Neighbours of those ranges, and all others, are themselves."""
        for text in ("64:ff9b::1:c000:201", "2001:db8::1", "2003::1", "::ffff:0:c000:201", "::1"):
            self.assertEqual(ip_address(text), unwrap(ip_address(text)))

    def test_zone(self) -> None:
        """A zone, which means something only where it was written, does not hide an address."""
        self.assertEqual(ip_address("2001:db8::1"), literal("2001:db8::1%eth0"))

    def test_names(self) -> None:
        """A name is no literal address, however much the resolver would see one in it."""
        for text in NAMES:
            self.assertIsNone(literal(text), text)
            self.assertFalse(is_loopback(text))
            self.assertFalse(reachable(text))


class KindTests(UnitCase):
    """What can be said of an address alone."""

    def test_loopback(self) -> None:
        """This machine's own addresses are known in every disguise."""
        for host in LOOPBACK:
            self.assertTrue(is_loopback(host), host)
        for host in (*FINE, *NEVER):
            self.assertFalse(is_loopback(host), host)

    def test_reachable(self) -> None:
        """Somebody could be at private, public and loopback addresses, and at no others."""
        for host in (*FINE, *LOOPBACK):
            self.assertTrue(reachable(host), host)
        for host in NEVER:
            self.assertFalse(reachable(host), host)


class JudgeTests(UnitCase):
    """Which addresses heard from others are dialed."""

    def test_never(self) -> None:
        """No record makes a node dial these, not even one heard over loopback."""
        for loopback in (False, True):
            for host, reason in NEVER.items():
                found = Judge(own=()).objection(Address(host, 8080), loopback=loopback)
                self.assertEqual(reason, found, host)

    def test_loopback(self) -> None:
        """Loopback is dialed only for a record that was heard over loopback."""
        judge = Judge(own=())
        for host in LOOPBACK:
            address = Address(host, 8080)
            reason = judge.objection(address, loopback=False)
            self.assertEqual("loopback, from elsewhere", reason, host)
            self.assertIsNone(judge.objection(address, loopback=True), host)

    def test_names(self) -> None:
        """A name is judged only when it was resolved."""
        for host in NAMES:
            for loopback in (False, True):
                reason = Judge(own=()).objection(Address(host, 8080), loopback=loopback)
                self.assertEqual("not resolved", reason, host)

    def test_fine(self) -> None:
        """Public and private addresses are dialed."""
        for host in FINE:
            self.assertIsNone(Judge(own=()).objection(Address(host, 1), loopback=False), host)

    def test_port_0(self) -> None:
        """Port 0 is nobody's."""
        reason = Judge(own=()).objection(Address("8.8.8.8", 0), loopback=True)
        self.assertEqual("port 0", reason)

    def test_own(self) -> None:
        """The node does not dial itself, in whatever disguise its address comes."""
        judge = Judge(own={Address("192.0.2.1", 8080), Address("2001:db8::1", 8080)})
        for host in (
            "192.0.2.1",
            "::ffff:192.0.2.1",
            "64:ff9b::c000:201",
            "2002:c000:201::",
            "2001:db8::1",
            "2001:DB8:0::1",
            "2001:db8::1%2",
        ):
            reason = judge.objection(Address(host, 8080), loopback=False)
            self.assertEqual("this node's own", reason, host)
            self.assertIsNone(judge.objection(Address(host, 8081), loopback=False), host)

    def test_peer_networks(self) -> None:
        """Where networks are given, only addresses inside one of them are dialed."""
        judge = Judge(own=(), networks=(IPv4Network("10.1.0.0/16"), IPv6Network("fd12::/16")))
        for host in ("10.1.0.1", "::ffff:10.1.255.255", "fd12::1"):
            self.assertIsNone(judge.objection(Address(host, 8080), loopback=False), host)
        for host in ("10.2.0.1", "8.8.8.8", "fd13::1", "::ffff:10.2.0.1"):
            reason = judge.objection(Address(host, 8080), loopback=False)
            self.assertEqual("outside the peer networks", reason, host)

    def test_peer_networks_do_not_widen(self) -> None:
        """A given network does not let in what is never dialed."""
        judge = Judge(own=(), networks=(IPv4Network("0.0.0.0/0"), IPv6Network("::/0")))
        for host, reason in NEVER.items():
            self.assertEqual(reason, judge.objection(Address(host, 8080), loopback=True), host)

    @quickly
    @given(some.ip_addresses(v=4))
    def test_disguises_change_nothing(self, ip: object) -> None:
        """The verdict on an IPv4 address is the same however it is wrapped."""
        judge = Judge(own=())
        number = int(ip_address(str(ip)))
        high, low = number >> 16, number & 0xFFFF
        plain = judge.objection(Address(str(ip), 1), loopback=False)
        for host in (
            f"::ffff:{ip}",
            f"64:ff9b::{high:x}:{low:x}",
            f"2002:{high:x}:{low:x}::1",
        ):
            self.assertEqual(plain, judge.objection(Address(host, 1), loopback=False), host)

"""
Which names of this node a browser may use.
"""

from gossip.control.hosts import Hosts, is_name
from tests.cases import UnitCase

LOCAL = "10.0.0.5"


class HostsTests(UnitCase):
    """What stands in Host."""

    def setUp(self) -> None:
        self.hosts = Hosts(["Mesh.Example.", "192.0.2.7", "2001:db8::7"])

    def test_known(self) -> None:
        """The names that it was given, localhost, loopback, and where the connection arrived."""
        for host in (
            *("localhost", "LOCALHOST:80", "localhost.", "127.0.0.1", "127.9.9.9:1", "[::1]:65535"),
            *(
                "mesh.example",
                "mesh.example:8443",
                "MESH.example.",
                "192.0.2.7:1",
                "[2001:DB8:0::7]",
            ),
            *("10.0.0.5", "10.0.0.5:9000", "[::ffff:10.0.0.5]", "[::ffff:127.0.0.1]"),
        ):
            self.assertTrue(self.hosts.knows(host, LOCAL), host)

    def test_where_the_connection_arrived(self) -> None:
        """A socket for both families shows IPv4 as IPv6, and an address may have a zone."""
        self.assertTrue(self.hosts.knows("10.0.0.5", "::ffff:10.0.0.5"))
        self.assertTrue(self.hosts.knows("[fe80::1]:9", "fe80::1%eth0"))
        self.assertTrue(self.hosts.knows("[2001:db8::1]", "2001:db8::1"))
        self.assertFalse(self.hosts.knows("10.0.0.6", "10.0.0.5"))
        self.assertFalse(self.hosts.knows("10.0.0.5", ""))

    def test_unknown(self) -> None:
        """Names of others, addresses of others, and all other spellings."""
        for host in (
            *("", "evil.example", "localhost.evil.example", "evil.localhost", "mesh.example.evil"),
            *("10.0.0.6", "0.0.0.0", "[::]", "[2001:db8::8]:80", "169.254.169.254"),
            *("127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.", "127.0.0.1.evil"),
            *("localhost:", "localhost:x", "localhost:65536", "localhost:123456", "localhost:-1"),
            *("user@localhost", "user:pw@localhost:80", "localhost@evil.example", "localhost/x"),
            *(
                "localhost, evil.example",
                "localhost evil",
                " localhost",
                "localhost\t",
                "localhost\n",
            ),
            *(
                "::1",
                "[::1",
                "::1]",
                "[localhost]",
                "[127.0.0.1]",
                "[::1]x",
                "[::1%lo]",
                "[]",
                ":80",
            ),
            *(
                "localhost\x00",
                "localh\u00f6st",
                "\u2024localhost",
                "localhost:\u0661",
                "localhost..",
            ),
        ):
            self.assertFalse(self.hosts.knows(host, LOCAL), host)

    def test_names_that_can_be_given(self) -> None:
        """Hosts alone, by name or address."""
        for text in ("mesh.example", "Mesh", "10.0.0.1", "::1", "2001:db8::7", "a_b"):
            self.assertTrue(is_name(text), text)
        for text in (
            "",
            "a:80",
            "a/b",
            "http://a",
            "[::1]",
            "a b",
            "a@b",
            "*",
            "1:2:3",
            "h\u00f6st",
        ):
            self.assertFalse(is_name(text), text)

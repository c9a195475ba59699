"""
The ways to start, address, name and stop a node, as INTERFACE promises them to people and scripts.
"""

import shutil
import socket
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.lived.nodes import LivedCase, NodeProcess, Program


def has_ipv6() -> bool:
    """Whether this machine has an IPv6 loopback."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


class StartingTests(LivedCase):
    """One node, whatever starts it."""

    async def joined_and_stopped(self, program: Program) -> None:
        """Join through it, then end it; it says farewell and ends well."""
        listening = await program.until(lambda event: event["event"] == "listening")
        other = self.node("--connect", f"127.0.0.1:{listening['port']}")
        await other.said("peer_alive", peer=listening["id"])
        program.signal("TERM")
        await other.said("peer_left", peer=listening["id"])
        self.assertEqual(0, await program.ended)

    async def test_the_commands(self) -> None:
        """`twistd` and `p2p-gossip`, as they are installed beside this Python."""
        found = 0
        for name, more in (("twistd", ("-n", "--pidfile=", "p2p-gossip")), ("p2p-gossip", ())):
            command = shutil.which(name, path=str(Path(sys.executable).parent))
            if command is None:
                continue
            found += 1
            options = ("--listen", "127.0.0.1", "--port", "0", "--output", "json")
            await self.joined_and_stopped(self.watched(Program((command, *more, *options))))
        self.assertGreaterEqual(found, 1)

    async def test_a_second_interrupt_stops_at_once(self) -> None:
        """Who cannot wait for farewells interrupts again."""
        node = self.node("--heartbeat", "20")
        await node.listening()
        other = self.node("--heartbeat", "20", "--connect", node.address)
        await other.said("peer_alive", peer=node.id)
        other.signal("STOP")
        node.signal("INT")
        await node.said("stopping", reason="stopped by SIGINT")
        node.signal("INT")
        self.assertIn(await node.ended, (130, 0))

    async def test_signals_that_come_together(self) -> None:
        """However many come at once, it stops once, and nothing is logged."""
        node = self.node()
        await node.listening()
        for name in ("STOP", "TERM", "TERM", "INT", "CONT"):
            node.signal(name)
        self.assertIn(await node.ended, (130, 0))
        self.assertEqual("", node.errors)

    async def test_a_closed_stdout_ends_the_printing_and_not_the_node(self) -> None:
        """After `| head -1` has seen enough, the node is still there for others."""
        node = self.node()
        await node.listening()
        node.process.closeStdout()
        for _ in range(2):
            other = self.node("--connect", node.address)
            await other.said("peer_alive", peer=node.id)
            await other.said("ping", peer=node.id)
        node.signal("TERM")
        self.assertEqual(0, await node.ended)
        self.assertEqual("", node.errors)


class AddressTests(LivedCase):
    """IPv4, IPv6, host names, and everything at once."""

    async def test_a_host_name(self) -> None:
        """A seed may be named."""
        node = self.node()
        await node.listening()
        other = self.node("--connect", f"localhost:{node.port}")
        await other.said("peer_alive", peer=node.id)

    async def test_ipv6(self) -> None:
        """Brackets around an address, and a link over it; peers learn the address."""
        node = self.watched(NodeProcess("--listen", "::1", "--port", "0", "--period", "0.3"))
        listening = await node.listening()
        self.assertEqual([f"[::1]:{node.port}"], listening["addresses"])
        other = self.watched(
            NodeProcess(
                *("--listen", "::1", "--port", "0", "--period", "0.3"),
                *("--connect", f"[::1]:{node.port}"),
            )
        )
        await other.listening()
        await other.said("peer_alive", peer=node.id, address=f"[::1]:{node.port}")
        await node.said("ping", peer=other.id, address=f"[::1]:{other.port}")

    async def test_everywhere_is_both(self) -> None:
        """Without `--listen` a node answers on IPv4 and on IPv6, on one port."""
        node = self.watched(NodeProcess("--port", "0"))
        await node.listening()
        four = self.node("--connect", f"127.0.0.1:{node.port}")
        six = self.node("--connect", f"[::1]:{node.port}")
        await four.said("peer_alive", peer=node.id)
        await six.said("peer_alive", peer=node.id)

    if not has_ipv6():
        test_ipv6.skip = "this machine has no IPv6"  # type: ignore[attr-defined]
        test_everywhere_is_both.skip = "this machine has no IPv6"  # type: ignore[attr-defined]


class KeyTests(LivedCase):
    """Keys of every allowed kind and form, as openssl writes them."""

    KINDS = (
        "genpkey -algorithm ed25519 -out {}",
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {}",
        "ecparam -name secp384r1 -genkey -out {}",
        "genrsa -traditional -out {} 2048",
    )

    if shutil.which("openssl") is None:
        skip = "there is no openssl on this machine to make the keys with"

    def made(self, command: str) -> tuple[str, str, str]:
        """A key, an expired certificate for it, and the peer id that openssl computes."""
        key, certificate = self.mktemp(), self.mktemp()
        self.shell(f"openssl {command.format(key)}")
        self.shell(
            f"openssl req -x509 -new -key {key} -subj '/O=Somebody/CN=else' -days 1 -out {certificate}"
        )
        digest = self.shell(
            f"openssl x509 -in {certificate} -pubkey -noout"
            " | openssl pkey -pubin -outform der | sha256sum"
        )
        return key, certificate, digest.split()[0]

    def shell(self, command: str) -> str:
        """What a command prints."""
        return subprocess.run(
            command, shell=True, check=True, capture_output=True, text=True
        ).stdout

    async def test_every_kind_links_with_every_other(self) -> None:
        """The id is what openssl says, and all of them become one mesh."""
        nodes: list[NodeProcess] = []
        for number, command in enumerate(self.KINDS):
            key, certificate, expected = self.made(command)
            given = ("--cert", certificate) if number % 2 else ()
            join = ("--connect", nodes[0].address) if nodes else ()
            node = self.node("--key", key, *given, *join)
            await node.listening()
            self.assertEqual(expected, node.id)
            nodes.append(node)
        await self.mesh(nodes)


class AuthorityTests(LivedCase):
    """`--ca`: a seed's certificate is for the host that was dialed, or it is no link."""

    def authority(self) -> tuple[Ed25519PrivateKey, x509.Certificate, str]:
        """A CA, and the path of its certificate."""
        key = Ed25519PrivateKey.generate()
        certificate = self.signed(key, "our CA", key, None, "our CA")
        path = self.written(certificate.public_bytes(Encoding.PEM))
        return key, certificate, path

    def signed(
        self,
        key: Ed25519PrivateKey,
        name: str,
        by: Ed25519PrivateKey,
        host: str | None,
        issuer: str,
    ) -> x509.Certificate:
        """A certificate of today."""
        now = datetime.now(timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        )
        if host is not None:
            names = x509.SubjectAlternativeName([x509.DNSName(host)])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(by, None)

    def written(self, data: bytes) -> str:
        """A file with these bytes."""
        path = Path(self.mktemp())
        path.write_bytes(data)
        return str(path)

    async def test_only_the_named_host_is_joined_through(self) -> None:
        """The right certificate for the name links; another name, or no CA behind it, does not."""
        ca_key, _, ca = self.authority()
        key = Ed25519PrivateKey.generate()
        good = self.node(
            *(
                "--key",
                self.written(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())),
            ),
            *(
                "--cert",
                self.written(
                    self.signed(key, "seed", ca_key, "localhost", "our CA").public_bytes(
                        Encoding.PEM
                    )
                ),
            ),
        )
        await good.listening()
        joins = self.node("--ca", ca, "--connect", f"localhost:{good.port}")
        await joins.said("peer_alive", peer=good.id)
        refuses = self.node("--ca", ca, "--connect", good.address)
        refused = await refuses.said("refused", code="tls")
        self.assertEqual("its certificate is not for 127.0.0.1", refused["reason"])
        stranger = self.node()
        await stranger.listening()
        again = self.node("--ca", ca, "--connect", f"localhost:{stranger.port}")
        refused = await again.said("refused", code="tls")
        self.assertIn("the CA does not vouch for it", refused["reason"])
        self.assertEqual((set(), set()), (refuses.alive(), again.alive()))

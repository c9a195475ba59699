"""
Floods below frames: a peer whose TLS never stops talking costs its own connection, and little else.
"""

import os
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from twisted.internet import reactor
from twisted.internet.task import deferLater

from tests.lived import updates
from tests.lived.hostile.keys import Key
from tests.lived.hostile.peers import frame
from tests.lived.nodes import NodeProcess, Program, RoughCase

SECONDS = 8.0
"""For how long each flood goes on."""

HALF_A_CORE = 0.5
MIB = 1 << 20


def cost(node: NodeProcess) -> tuple[float, int]:
    """Seconds of a core that a node has used, and bytes that it holds."""
    stat = Path(f"/proc/{node.process.pid}/stat").read_text().rpartition(")")[2].split()
    ticks, pages = int(stat[11]) + int(stat[12]), int(stat[21])
    return ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE")


class UpdatesTests(RoughCase):
    """Key updates without end."""

    if not Path("/proc/self/stat").exists():
        skip = "there is no /proc: what a node costs cannot be read"
    elif updates.openssl() is None:
        skip = "OpenSSL's shared library (Debian: libssl3) is not there to attack with"

    async def flooded(self, *, linked: bool, mode: str) -> None:
        """Flood a node that has an honest peer, and see what that costs whom."""
        node = self.node("--name", "victim")
        await node.listening()
        honest = self.node("--name", "honest", "--connect", node.address)
        await honest.listening()
        await self.mesh([node, honest])
        key = Key()
        files = [Path(self.mktemp()) for _ in range(3)]
        certificate = x509.load_der_x509_certificate(key.certificate())
        files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
        files[1].write_bytes(key.pem())
        files[2].write_bytes(frame(key.hello()) if linked else b"")
        program = str(Path(updates.__file__))
        words = (str(node.port), *map(str, files), mode, str(SECONDS))
        attacker = self.watched(Program((sys.executable, program, *words)))
        await attacker.until(lambda event: event["event"] == "flooding")
        # The burst that everyone has: what comes after it is to be measured.
        await deferLater(reactor, 2.0)
        (core, memory), pings = cost(node), honest.count("ping")
        await deferLater(reactor, SECONDS - 3.0)
        core_after, memory_after = cost(node)
        self.assertLess((core_after - core) / (SECONDS - 3.0), HALF_A_CORE)
        self.assertLess(memory_after - memory, 2 * MIB)
        # Two a second are sent; a machine that is busy otherwise may still owe some.
        self.assertGreater(honest.count("ping"), pings + 3)
        sent = await attacker.until(lambda event: event["event"] == "flooded")
        # The burst, the rate, and what waits in the kernels of both sides.
        most = (5000 + 1000 * SECONDS if linked else 64 + 20 * SECONDS) + 50_000
        self.assertLess(sent["sent"], most)
        for one, other in ((node, honest), (honest, node)):
            self.assertEqual(0, one.count("peer_dead", peer=other.id))
            self.assertEqual(1, one.count("peer_alive", peer=other.id))
        self.assertEqual(linked, node.count("peer_alive", peer=key.id))

    async def test_stranger(self) -> None:
        """One that has not said hello."""
        await self.flooded(linked=False, mode="quiet")

    async def test_linked(self) -> None:
        """One that has a link."""
        await self.flooded(linked=True, mode="quiet")

    async def test_asking(self) -> None:
        """One that has a link, wants an answer to each update, and reads none."""
        await self.flooded(linked=True, mode="asking")

"""
The `p2p-gossip` command, and the same by twistd, as processes: what is printed, and the status.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from twisted.trial.unittest import SynchronousTestCase

from gossip.trust.identity import Identity
from tests.lived.test_systemd import (
    PATIENCE,
    Running,
    SystemdCase,
    environment,
    free_port,
    shake_hands,
    the_line,
)
from tests.test_starting import BY_TWISTD, COMMAND, ended


def pem(key: ed25519.Ed25519PrivateKey, password: bytes | None = None) -> bytes:
    """A private key as it is written to a file."""
    encryption = NoEncryption() if password is None else BestAvailableEncryption(password)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


class ErrorTests(SynchronousTestCase):
    """What stands in the way is one line on stderr, and a status."""

    def setUp(self) -> None:
        """Keys and certificates that fit, and do not."""
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        one, other = (ed25519.Ed25519PrivateKey.generate() for _ in range(2))
        self.write("key.pem", pem(one))
        self.write("encrypted.pem", pem(one, b"secret"))
        certificate = Identity.from_key(other).certificate
        self.write("other.pem", certificate.public_bytes(Encoding.PEM))
        self.write("nonsense.pem", b"nonsense\x1b[2J\n")

    def write(self, name: str, data: bytes) -> None:
        """Write a file."""
        Path(self.directory, name).write_bytes(data)

    def end(self, *command: str) -> tuple[int, str, str]:
        """Run a command to its end: its status, and what it printed."""
        return ended(*command, directory=self.directory)

    def test_cannot_run(self) -> None:
        """Status 1, and one line that says what is wrong; by twistd too."""
        for arguments, said in (
            (["--key", "absent.pem"], "--key absent.pem cannot be read: No such file or directory"),
            (["--key", "."], "--key . cannot be read: Is a directory"),
            (["--key", "nonsense.pem"], "nonsense.pem: the key is not a private key in PEM"),
            (["--key", "encrypted.pem"], "encrypted.pem: the key is encrypted; decrypt it with: "),
            (["--key", "key.pem", "--cert", "other.pem"], "the certificate is not for this key; "),
            (["--key", "key.pem", "--cert", "key.pem"], "the certificate cannot be used: "),
            (["--ca", "nonsense.pem"], "nonsense.pem: there is no certificate in it; "),
            (["--listen", "nowhere"], "--listen 'nowhere' is not an IP address"),
            (["--listen", "ssl:1"], "--listen 'ssl:1' is not an IP address"),
            (["--listen", "tcp:x"], "--listen 'tcp:x': "),
            (["--listen", "systemd:domain=INET:index=0"], "systemd passed no such socket; "),
        ):
            status, out, errors = self.end(*COMMAND, *arguments)
            self.assertEqual((1, ""), (status, out), errors)
            self.assertRegex(errors, r"\Ap2p-gossip: [^\n]*\n\Z")
            self.assertIn(said, errors)
            status, out, errors = self.end(*BY_TWISTD, *arguments)
            self.assertEqual(1, status)
            self.assertIn(said, the_line(out + errors))

    def test_port_taken(self) -> None:
        """A port that another program has is status 1 and a line with what to do."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            said = (
                "p2p-gossip: cannot listen on {}: Address already in use;"
                " choose another with --port or --listen\n"
            )
            self.assertEqual(
                (1, "", said.format("127.0.0.1")),
                self.end(*COMMAND, "--listen", "127.0.0.1", "--port", port),
            )
            self.assertEqual(
                (1, "", said.format(f"port {port}")), self.end(*COMMAND, "--port", port)
            )
            status, out, errors = self.end(*BY_TWISTD, "--listen", "127.0.0.1", "--port", port)
        self.assertEqual(1, status)
        self.assertTrue(f"{the_line(out + errors)}\n".endswith(said.format("127.0.0.1")))


class RunTests(SystemdCase):
    """A node that runs, whatever its standard streams are."""

    def node(self, *arguments: str, **environ: str) -> Running:
        """A node by the command."""
        return self.run_command(
            [*COMMAND, "--listen", "127.0.0.1", "--port", "0", *arguments], **environ
        )

    def told_to(self, number: int) -> None:
        """Check what a node does when it is told to stop by a signal."""
        node = self.node("--output", "json")
        shake_hands(node.until("listening")["port"])
        node.process.send_signal(number)
        status, out, errors = node.finish()
        self.assertEqual((0, ""), (status, errors))
        self.assertIn(f"stopped by {signal.Signals(number).name}", out)

    def test_stops_on_signals(self) -> None:
        """SIGTERM and SIGINT end it with status 0, and it says why it stops."""
        self.told_to(signal.SIGTERM)
        self.told_to(signal.SIGINT)

    def test_streams_that_nobody_reads(self) -> None:
        """With a stdout that is stuck, full, closed or not there it runs, and ends with status 0."""
        stuck, into = os.pipe()
        self.addCleanup(os.close, stuck)
        os.set_blocking(into, False)
        with self.assertRaises(BlockingIOError):
            while True:
                os.write(into, b"x" * 4096)
        os.set_blocking(into, True)
        out, gone = os.pipe()
        os.close(out)
        full = os.open("/dev/full", os.O_WRONLY)
        for stdout, redirection in ((into, ""), (gone, ""), (full, ""), (full, ">&-")):
            systemd, port = self.systemd(), free_port()
            arguments = f"-m gossip --listen 127.0.0.1 --port {port} {redirection}"
            node = subprocess.Popen(
                ["/bin/sh", "-c", f'exec "$0" {arguments}', sys.executable],
                env=environment(NOTIFY_SOCKET=systemd.name, PYTHONUNBUFFERED=""),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.PIPE,
            )
            self.addCleanup(node.wait)
            self.addCleanup(node.kill)
            systemd.until("READY=1")
            self.assertEqual("p2p-gossip/1", shake_hands(port))
            node.terminate()
            _, errors = node.communicate(timeout=PATIENCE)
            self.assertEqual((0, b""), (node.returncode, errors), redirection)
        for descriptor in (into, gone, full):
            os.close(descriptor)

    def test_log_goes_to_stderr(self) -> None:
        """What the program did is not among what it was started for."""
        node = self.node("--output", "json", P2P_GOSSIP_LOG="loud")
        shake_hands(node.until("listening")["port"])
        status, out, errors = node.terminate()
        self.assertEqual(0, status)
        self.assertTrue(all(line.startswith("{") for line in out.splitlines()))
        self.assertRegex(
            errors,
            r"^\d\d:\d\d:\d\d warn  gossip\.logs: the log level 'loud' is not known, and is ignored\n$",
        )

    def test_no_output(self) -> None:
        """`--output none` prints nothing."""
        systemd = self.systemd()
        port = free_port()
        node = self.node("--output", "none", "--port", str(port), NOTIFY_SOCKET=systemd.name)
        systemd.until("READY=1")
        shake_hands(port)
        self.assertEqual("", node.terminate()[1])

    def test_text_in_a_pipe_is_plain(self) -> None:
        """What is printed to a pipe has no colours."""
        node = self.node()
        assert node.process.stdout is not None
        self.assertRegex(
            node.process.stdout.readline(),
            r'^\d\d:\d\d:\d\d listening on port \d+ as [0-9a-f]{12} \(.*\), network "default"\n$',
        )
        self.assertNotIn("\x1b", node.terminate()[1])

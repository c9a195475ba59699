"""
The units in `deploy/`.
"""

import os
import shlex
import shutil
import subprocess
import tempfile
from configparser import ConfigParser
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from gossip.options import Options
from tests.lived.test_systemd import TWISTD, SystemdCase, shake_hands

DEPLOY = Path(__file__).parent.parent / "deploy"
SERVICE = "p2p-gossip.service"
SOCKET = "p2p-gossip.socket"


def unit(name: str) -> ConfigParser:
    """A unit, parsed; of keys that come twice, the last."""
    path = DEPLOY / name
    if not path.exists():
        raise SkipTest(f"there is no {path}: the tests run apart from the source")
    parsed = ConfigParser(
        interpolation=None, strict=False, delimiters=("=",), comment_prefixes=("#",)
    )
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read(path)
    return parsed


class AnalyzeTests(SynchronousTestCase):
    """What systemd itself says of the units."""

    def analyze(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Let systemd look at copies of the units, whose program exists."""
        tool = shutil.which("systemd-analyze")
        if tool is None:
            raise SkipTest("there is no systemd-analyze")
        command = unit(SERVICE)["Service"]["ExecStart"].split()[0]
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        for name in (SERVICE, SOCKET):
            text = (DEPLOY / name).read_text().replace(command, "/bin/true")
            Path(directory, name).write_text(text)
        return subprocess.run(
            [tool, *arguments],
            cwd=directory,
            env={**os.environ, "SYSTEMD_COLORS": "0", "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def test_verify(self) -> None:
        """Nothing is wrong with them. An unknown key would be told of, but with status 0."""
        done = self.analyze("verify", f"./{SERVICE}", f"./{SOCKET}")
        self.assertEqual((0, "", ""), (done.returncode, done.stdout, done.stderr))

    def test_security(self) -> None:
        """The service is exposed as little as one that needs the network can be: below 2 of 10."""
        done = self.analyze(
            "security", "--offline=true", "--threshold=20", "--no-pager", f"./{SERVICE}"
        )
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)


class UnitTests(SystemdCase):
    """What the units say, held against the program."""

    def test_command(self) -> None:
        """The command line of the unit, with options from its environment, is a node."""
        service = unit(SERVICE)["Service"]
        self.assertEqual("notify", service["Type"])
        name, _, default = service["Environment"].partition("=")
        self.assertEqual(("P2P_GOSSIP_OPTIONS", ""), (name, default))
        self.assertTrue(service["EnvironmentFile"].startswith("-/"))
        program, *rest = service["ExecStart"].split()
        self.assertTrue(program.endswith("/twistd"))
        self.assertIn(f"${name}", rest)
        given = "--listen 127.0.0.1 --port 0 --output json --name 'a node' --tag site=north"
        words: list[str] = []
        state = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, state)
        for word in rest:
            words += shlex.split(given) if word == f"${name}" else [word.replace("%S", state)]
        systemd = self.systemd()
        node = self.run_command(
            [*TWISTD, *words],
            NOTIFY_SOCKET=systemd.name,
            WATCHDOG_USEC=str(int(service["WatchdogSec"].removesuffix("s")) * 1000000),
        )
        self.assertIn("READY=1", systemd.until("READY=1").splitlines())
        listening = node.until("listening")
        self.assertEqual("a node", listening["name"])
        self.assertEqual("p2p-gossip/1", shake_hands(listening["port"]))
        systemd.until("WATCHDOG=1")
        self.assertEqual({node.pid}, {pid for _, _, pid in systemd.told})
        kept = Path(state, service["StateDirectory"])
        self.assertTrue({"key.pem", "gossip.db"} <= {one.name for one in kept.iterdir()})
        self.assertEqual("/bin/kill -HUP $MAINPID", service["ExecReload"])
        self.assertEqual(0, node.terminate()[0])

    def test_port(self) -> None:
        """The socket unit opens the port that a node opens itself."""
        opened = unit(SOCKET)["Socket"]
        self.assertEqual(str(Options()["port"]), opened["ListenStream"])
        self.assertEqual("both", opened["BindIPv6Only"])

    def test_socket_by_its_name(self) -> None:
        """What the comment tells an operator to write is the name that the unit gives."""
        opened = unit(SOCKET)["Socket"]
        listen = f"--listen systemd:domain=INET6:name={opened['FileDescriptorName']}"
        self.assertIn(f"P2P_GOSSIP_OPTIONS={listen}\n", (DEPLOY / SOCKET).read_text())

    def test_memory_that_is_written_and_run(self) -> None:
        """The service may have what pyOpenSSL's callbacks need; without, it would not start."""
        self.assertNotIn("MemoryDenyWriteExecute", unit(SERVICE)["Service"])

"""
The commands as a whole: what is wrong, what is printed, and the status.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from gossip.client.command import NAMES, listing
from gossip.client.commands import COMMANDS
from gossip.client.shell import Shell
from tests.client.stubs import ClientCase, Request, peer, status
from tests.lived.nodes import environment

CODE = "import sys; from gossip.client.command import main; sys.exit(main(sys.argv[1:]))"
PATIENCE = 60


class CommandTests(ClientCase):
    """Command lines."""

    def test_names(self) -> None:
        """All commands are known by their names, and those that are not hidden are listed."""
        self.assertEqual({command.name for command in COMMANDS}, NAMES)
        self.assertIn(("status", "how the node is"), listing())
        self.assertNotIn("_peers", dict(listing()))

    def test_help(self) -> None:
        """Each command says how it is used, with all that it takes, and asks nobody."""
        for command in COMMANDS:
            said = self.told(command.name, "--help")
            self.assertTrue(said.startswith(f"usage: p2p-gossip {command.name} "), said)
            for argument in command.arguments:
                self.assertIn(argument.name if argument.is_option else str(argument.shown), said)
        self.assertEqual([], self.node.asked)

    def test_wrong_usage(self) -> None:
        """What is wrong is one line that says where help is, with status 2."""
        for arguments, expected in (
            (
                ("status", "--bogus"),
                "unrecognized arguments: --bogus; see p2p-gossip status --help",
            ),
            (("status", "\x1b[2J"), "\\x1b[2J; see p2p-gossip status --help"),
            (("ping",), "the following arguments are required: PEER; see p2p-gossip ping --help"),
            (("ping", ""), "PEER: it must not be empty; see"),
            (("status", "--control"), "--control: expected one argument; see"),
            (("status", "--con", "x"), "unrecognized arguments: --con x; see"),
            (("status", "--port", "0"), "--port: '0' is not a whole number from 1 to 65535; see"),
            (("wait", "--peers", "x"), "--peers: 'x' is not a whole number"),
            (("bogus",), "'bogus' is no command; see p2p-gossip --help"),
            ((), "is no command; see p2p-gossip --help"),
        ):
            self.assertIn(expected, self.fails(*arguments, expected=2))

    def test_no_node(self) -> None:
        """Where no node runs, every command that asks one says so in a line, with status 1."""
        self.node.stop()
        needs = {
            "ping": ["x"],
            "connect": ["x"],
            "forget": ["x"],
            "wait": ["--peers", "1", "--timeout", "0"],
        }
        for name in sorted(NAMES - {"id", "completion", "demo", "top", "_peers"}):
            self.assertIn("no node runs at", self.fails(name, *needs.get(name, [])), name)


class ProcessTests(ClientCase):
    """Commands as processes."""

    def start(
        self, *arguments: str, code: str = CODE, stdout: int = subprocess.PIPE
    ) -> "subprocess.Popen[str]":
        """Start a command."""
        # A shell lets what it starts in the background ignore Ctrl-C, and programs inherit that.
        self.addCleanup(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        process: subprocess.Popen[str] = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            env=environment(P2P_GOSSIP_CONTROL=self.path),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_quick(self) -> None:
        """What is asked often does without Twisted, and without what signs and verifies."""
        self.answers("GET", "peers", [(200, [peer()])])
        self.answers("GET", "status", status())
        code = (
            "import sys; from gossip.client.command import main; status = main(sys.argv[1:]);"
            "slow = {'twisted', 'cryptography', 'OpenSSL', 'klein'} & {n.split('.')[0] for n in sys.modules};"
            "sys.exit(repr(slow) if slow else status)"
        )
        for command in ("peers", "status"):
            process = self.start(command, code=code)
            out, errors = process.communicate(timeout=PATIENCE)
            self.assertEqual((0, ""), (process.returncode, errors))
            self.assertIn("node-", out)

    def test_interrupted(self) -> None:
        """Ctrl-C ends it with 130, and without a word."""
        self.answers("GET", "history", [(200, [])])
        self.answers("GET", "events", self.held)
        process = self.start("watch")
        assert process.stdout is not None
        self.assertIn("first", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        self.assertEqual(("", ""), process.communicate(timeout=PATIENCE))
        self.assertEqual(130, process.returncode)

    def held(self, request: Request) -> None:
        """Send one event, and wait until the other end hangs up."""
        request.stream({"time": 1.0, "event": "first"})
        request.connection.settimeout(PATIENCE)
        request.rfile.read(1)

    def test_a_reader_that_goes(self) -> None:
        """`| head` ends it quietly."""
        self.answers("GET", "peers", [(200, [peer()])])
        out, into = os.pipe()
        os.close(out)
        process = self.start("peers", stdout=into)
        os.close(into)
        self.assertEqual("", process.communicate(timeout=PATIENCE)[1])
        self.assertEqual(0, process.returncode)

    def test_a_full_disk(self) -> None:
        """What cannot be printed is said in a line, with status 1."""
        self.answers("GET", "peers", [(200, [peer()])])
        with Path("/dev/full").open("w") as full:
            process = self.start("peers", stdout=full.fileno())
            said = process.communicate(timeout=PATIENCE)[1]
        self.assertEqual(
            (1, "p2p-gossip: cannot print: No space left on device\n"), (process.returncode, said)
        )

    def test_the_process_itself(self) -> None:
        """By default a command runs in the process that it is."""
        self.assertIs(os.environ, Shell.of_process().environ)

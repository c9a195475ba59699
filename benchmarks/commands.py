"""
How long a command takes, from its start to its end, beside what Twisted's reactor takes to be imported.

Run as `python -m benchmarks.commands [ROUNDS]` in the checkout, or, where the program is installed, as
`python benchmarks/commands.py`. It starts a stand-in for a node on a Unix socket, and then, in turns,
`python -c "import twisted.internet.reactor"` and the command. The ratio of the two medians is what
counts: it must be below 2 for a mesh of usual size.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from statistics import median
from threading import Thread
from time import perf_counter

ROUNDS = 21
REACTOR = (sys.executable, "-c", "import twisted.internet.reactor")
COMMAND = (sys.executable, "-m", "gossip", "peers", "--control")
SIZES = (1, 20, 200, 1000)
"""Peers that the stand-in knows."""


def peers(count: int) -> bytes:
    """What a node answers that knows so many."""
    now = 1_700_000_000.0
    return json.dumps(
        [
            {
                "id": f"{number:064x}",
                "name": f"node-{number}",
                "state": "alive",
                "addresses": [f"10.0.0.{number % 256}:8080"],
                "address": f"10.0.0.{number % 256}:8080",
                "rtt_ms": 0.5,
                "first_linked": now,
                "last_linked": now,
                "tags": {"rack": "r1"},
                "seq": 1_700_000_000_000,
                "expires": now,
            }
            for number in range(count)
        ]
    ).encode()


class Answer(BaseHTTPRequestHandler):
    """Answers all questions with the peers."""

    body = b""

    def address_string(self) -> str:
        """Nobody in particular: the other end of a Unix socket has no address."""
        return ""

    def log_request(self, code: object = "", size: object = "") -> None:
        """Log nothing."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)


def seconds(command: Sequence[str]) -> float:
    """How long a process takes to do this."""
    begun = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  # our own
    return perf_counter() - begun


def main(rounds: int) -> None:
    """Print the table."""
    out = sys.stdout
    out.write(f"{'peers':>8}{'reactor ms':>12}{'command ms':>12}{'ratio':>8}\n")
    with tempfile.TemporaryDirectory(prefix="gossip") as directory:
        path = str(Path(directory, "control.sock"))
        with ThreadingUnixStreamServer(path, Answer) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            for size in SIZES:
                Answer.body = peers(size)
                turns = [(seconds(REACTOR), seconds((*COMMAND, path))) for _ in range(rounds)]
                reactor, command = (median(turn) for turn in zip(*turns, strict=True))
                out.write(f"{size:>8}{reactor * 1e3:>12.0f}{command * 1e3:>12.0f}")
                out.write(f"{command / reactor:>8.2f}\n")
                out.flush()
            server.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)

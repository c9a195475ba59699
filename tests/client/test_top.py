"""
`top`: what it draws, and that it gives back the terminal, in a process on a terminal of its own.
"""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from typing import Any

from attrs import evolve
from rich.cells import cell_len

from gossip.client.connection import Node
from gossip.client.feed import Feed
from gossip.client.screen import ENTER, LEAVE, Keys
from gossip.client.top import Top
from tests.client.stubs import NOW, ClientCase, Terminal, alive, link, peer
from tests.lived.nodes import PATIENCE, environment


def bare(line: str) -> str:
    """Without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


def rtt(value: float | None) -> dict[str, Any]:
    """Round trips that are all the same."""
    return {"last": value, "mean": value, "p50": value, "p99": value, "jitter": 0.0}


class DrawnTests(ClientCase):
    """What is on the screen."""

    def setUp(self) -> None:
        """Four peers, of which one is dead."""
        super().setUp()
        ids = [f"{at:x}" * 64 for at in range(4)]
        names = ("d", "c", "b", "a")
        states = ("alive", "alive", "dead", "alive")
        self.known = [peer(id=ids[at], name=names[at], state=states[at]) for at in range(4)]
        self.up = [
            link(peer=ids[0], rtt_ms=rtt(5.0), pings_answered=9, pings_missed=1),
            link(peer=ids[1], rtt_ms=rtt(50.0), pings_answered=10, pings_missed=0),
            link(peer=ids[3], rtt_ms=rtt(None), pings_answered=0, pings_missed=0),
        ]
        self.rows = 24

    def top(self) -> Top:
        """One who looked once."""
        self.answers("GET", "peers", [(200, self.known)])
        self.answers("GET", "links", [(200, self.up)])
        feed = Feed(Node(self.path, lambda: 0.0))
        feed.look()
        feed.trouble = ""
        shell = evolve(self.shell(), out=Terminal(), height=lambda: self.rows)
        return Top(feed, shell, Keys(None))

    def names(self, top: Top) -> list[str]:
        """The names in the table, in their order."""
        return [
            bare(line).split()[1] for line in top.lines() if re.match("(alive|dead)", bare(line))
        ]

    def test_a_row(self) -> None:
        """A peer has its round trips, its losses and a bar; one without a link has none."""
        lines = list(map(bare, self.top().lines()))
        self.assertIn("3 alive, 1 dead", lines[0])
        (row,) = [line for line in lines if "50.00" in line]
        self.assertEqual(["50.00", "50.00", "50.00", "0.0%", "1", "min", "█"], row.split()[-7:])
        (row,) = [line for line in lines if line.startswith("dead")]
        self.assertEqual(["-"] * 5, row.split()[-5:])

    def test_orders(self) -> None:
        """Keys sort; whoever has no figure is last, and `v` turns it all round."""
        top = self.top()
        for key, names in (
            *(("s", "acdb"), ("n", "abcd"), ("r", "cdab"), ("m", "cdab"), ("p", "cdab")),
            *(("l", "dacb"), ("v", "bacd"), ("?", "bacd")),
        ):
            top.press(key)
            self.assertEqual(list(names), self.names(top), key)

    def test_scrolling(self) -> None:
        """Arrows and pages move through many peers, and stop at both ends."""
        self.known = [peer(id=f"{at:064}", name=f"n{at:02}") for at in range(50)]
        self.up = []
        top = self.top()
        self.assertEqual("n00", self.names(top)[0])
        page = len(self.names(top))
        for key, first in (
            *(("down", 1), ("j", 2), ("up", 1), ("k", 0), ("up", 0), ("page down", page - 1)),
            *(("page up", 0), ("end", 50 - page), ("down", 50 - page), ("home", 0)),
        ):
            top.press(key)
            self.assertEqual(f"n{first:02}", self.names(top)[0], key)

    def test_it_fits(self) -> None:
        """No line is too wide and none too many, whatever the names and the size."""
        self.known = [
            peer(id=f"{at:064}", name=name)
            for at, name in enumerate(("x" * 64, "日本語" * 20, "\x1b"))
        ]
        self.up = []
        top = self.top()
        top.feed.lines.extend(["日本語" * 80] * 100)
        top.feed.trouble = "gone " * 99
        for self.width in (20, 40, 80, 200):
            for self.rows in (1, 4, 10, 24, 60):
                lines = list(map(bare, top.lines()))
                self.assertLessEqual(len(lines), self.rows)
                self.assertTrue(all(cell_len(line) <= self.width for line in lines), lines)
                self.assertNotIn("\x1b", "".join(lines))

    def test_events_and_trouble(self) -> None:
        """The newest event is the lowest, and a node that is gone is told of at the top."""
        top = self.top()
        top.feed.lines.extend(f"event {number}" for number in range(100))
        top.feed.trouble = "no node runs there"
        lines = list(map(bare, top.lines()))
        self.assertEqual("event 99", lines[-2])
        self.assertIn("trying again: no node runs there", lines[0])

    def test_no_terminal(self) -> None:
        """In a pipe it says so, and what to use."""
        self.assertIn("p2p-gossip peers", self.fails("top"))


class TerminalTests(ClientCase):
    """The process, on a terminal."""

    def setUp(self) -> None:
        """Start it, and wait until it has drawn."""
        super().setUp()
        self.answers("GET", "peers", [(200, [peer(last_linked=NOW)])])
        self.answers("GET", "links", [(200, [link()])])
        self.answers("GET", "events", [lambda request: request.stream(alive())])
        self.person, terminal = os.openpty()
        self.addCleanup(os.close, self.person)
        self.addCleanup(os.close, terminal)
        self.terminal = terminal
        self.resize(24, 80)
        self.before = termios.tcgetattr(terminal)
        self.said = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gossip", "top", "--control", self.path],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            env=environment(TERM="xterm-256color", COLUMNS="", LINES=""),
        )
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        self.until("node-b")

    def resize(self, rows: int, columns: int) -> None:
        """Make the terminal as large as that."""
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def until(self, text: str) -> str:
        """Wait until it has printed this; what it printed since the last time, up to there."""
        end = time.monotonic() + PATIENCE
        while text not in self.said:
            ready, _, _ = select.select([self.person], [], [], max(end - time.monotonic(), 0))
            self.assertTrue(ready, (text, self.said[-2000:]))
            self.said += os.read(self.person, 65536).decode(errors="replace")
        before, _, self.said = self.said.partition(text)
        return before + text

    def given_back(self, status: int) -> None:
        """It ends with this status, and the terminal is as it was."""
        self.until(LEAVE)
        self.assertEqual(status, self.process.wait(PATIENCE))
        self.assertEqual(self.before, termios.tcgetattr(self.terminal))

    def test_quit(self) -> None:
        """By q."""
        os.write(self.person, b"q")
        self.given_back(0)

    def test_ctrl_c(self) -> None:
        """By SIGINT."""
        self.process.send_signal(signal.SIGINT)
        self.given_back(130)

    def test_terminated(self) -> None:
        """By SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        self.given_back(128 + signal.SIGTERM)

    def test_suspended(self) -> None:
        """By SIGTSTP, for as long as it lasts."""
        self.process.send_signal(signal.SIGTSTP)
        self.until(LEAVE)
        _, how = os.waitpid(self.process.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(how))
        self.assertEqual(self.before, termios.tcgetattr(self.terminal))
        self.process.send_signal(signal.SIGCONT)
        self.until(ENTER)
        self.until("node-b")
        os.write(self.person, b"q")
        self.given_back(0)

    def test_resized(self) -> None:
        """A terminal that gets narrower is drawn anew, with what fits."""
        self.until("q quit")
        self.resize(12, 30)
        self.until("q quit  sort: s state  n name \x1b")
        os.write(self.person, b"q")
        self.given_back(0)

    def test_a_node_that_restarts(self) -> None:
        """It says so, tries again, and goes on."""
        self.node.stop()
        self.until("trying again")
        self.node.start()
        self.until("1 alive")
        os.write(self.person, b"q")
        self.given_back(0)

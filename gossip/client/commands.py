"""
All commands, as a table: what each is for, what it takes, and what carries it out. Pure.

Command lines are parsed by it, shells complete by it, and the man page is made from it.
"""

from argparse import ArgumentTypeError
from collections.abc import Callable
from math import isfinite
from typing import Any, Final

from attrs import frozen

STATES: Final = ("alive", "dead", "unreachable", "left", "unmet")

KINDS: Final = (
    *("listening", "peer_alive", "peer_dead", "peer_left", "refused", "identity_mismatch"),
    *("verdict", "stopping", "suppressed"),
)
"""What happens and is kept: the events of INTERFACE but pings, and how many more there were."""

MOST_ROWS: Final = 10000
"""Of history in one answer."""

LONGEST_WAIT: Final = 86400.0 * 365
"""Seconds. More would not fit into what a socket takes."""


def whole(least: int, most: int) -> Callable[[str], int]:
    """What reads a whole number from `least` to `most`."""

    def read(text: str) -> int:
        # int() takes "1_000" and digits of all scripts.
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
        if not least <= number <= most:
            raise ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return number

    return read


def seconds(text: str) -> float:
    """Read a number of seconds."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not (isfinite(number) and 0 <= number <= LONGEST_WAIT):
        raise ArgumentTypeError(f"{text!r} is not a number of seconds")
    return number


def tag(text: str) -> str:
    """Check that it is key=value."""
    key, equals, _ = text.partition("=")
    if not (key and equals):
        raise ArgumentTypeError(f"{text!r} is not key=value")
    return text


def order(text: str) -> str:
    """Check that it is name, closeness or tag=KEY."""
    if text not in ("name", "closeness") and not (text.startswith("tag=") and len(text) > 4):
        raise ArgumentTypeError(f"{text!r} is not name, closeness or tag=KEY")
    return text


def some(text: str) -> str:
    """Check that it is not empty."""
    if not text:
        raise ArgumentTypeError("it must not be empty")
    return text


@frozen(kw_only=True)
class Argument:
    """One option, or one word that is no option."""

    name: str
    """With its dashes, where it is an option."""
    help: str
    shown: str | None = None
    """What stands for its value; None for a switch."""
    read: Callable[[str], object] = some
    words: tuple[str, ...] = ()
    """All that it may be; empty where it may be anything."""
    repeatable: bool = False
    required: bool = True
    """Of a word that is no option; options are required where this is said."""
    completes: str = ""
    """What a shell offers besides `words`: `peer`, `file` or `directory`."""

    @property
    def is_option(self) -> bool:
        """Whether it has a name on the command line."""
        return self.name.startswith("--")

    @property
    def is_switch(self) -> bool:
        """Whether it has no value."""
        return self.shown is None


def _option(name: str, text: str, shown: str | None = None, **more: Any) -> Argument:
    return Argument(name=name, help=text, shown=shown, required=False, **more)


CONTROL: Final = _option("--control", "Unix socket of the node", "PATH", completes="file")
STATE: Final = _option("--state", "state directory of the node", "DIR", completes="directory")
PORT: Final = _option("--port", "the node of yours that has this port", "N", read=whole(1, 65535))
JSON: Final = _option("--json", "print what the node answers, as JSON")
WHERE: Final = (CONTROL, STATE, PORT)
PEER: Final = Argument(
    name="peer",
    shown="PEER",
    help="name, or the first digits of an id, 4 at least",
    completes="peer",
)


@frozen(kw_only=True)
class Command:
    """One command."""

    name: str
    help: str
    """One line."""
    more: str = ""
    """What else a user must know."""
    arguments: tuple[Argument, ...]
    does: str
    """What carries it out: `module:function`, called with what was asked and a `Shell`."""
    hidden: bool = False
    """For other programs, and not told of."""


COMMANDS: Final = (
    Command(
        name="status",
        help="how the node is",
        arguments=(*WHERE, JSON),
        does="show:status",
    ),
    Command(
        name="peers",
        help="every peer that the node knows, or one",
        more=(
            "Filters of one kind add up, and those of different kinds must all hold. A --state that is"
            " none of these is the state directory of the node; write ./alive for a directory of"
            " that name."
        ),
        arguments=(
            Argument(name="peer", help=PEER.help, shown="PEER", required=False, completes="peer"),
            _option(
                "--state",
                (
                    "only peers that are alive, dead, unreachable (others hear them), left or unmet"
                    " (repeatable); else the state directory"
                ),
                "STATE|DIR",
                repeatable=True,
                completes="directory",
            ),
            _option("--name", "only peers of this name", "NAME"),
            _option(
                "--tag",
                "only peers with this tag (repeatable)",
                "KEY=VALUE",
                read=tag,
                repeatable=True,
            ),
            _option("--watch", "draw anew each second, until Ctrl-C"),
            *(CONTROL, PORT, JSON),
        ),
        does="show:peers",
    ),
    Command(
        name="links",
        help="every link that is up with its round trips and traffic, or one",
        more="On a narrow terminal the table has fewer columns; --json and a pipe have all.",
        arguments=(
            Argument(name="peer", help=PEER.help, shown="PEER", required=False, completes="peer"),
            *(*WHERE, JSON),
        ),
        does="show:links",
    ),
    Command(
        name="watch",
        help="what happens, as it happens",
        more="It goes on when the node restarts, with what happened in between, until Ctrl-C.",
        arguments=(
            _option(
                "--after",
                "first what is kept after this number",
                "NUMBER",
                read=whole(0, 2**63 - 1),
            ),
            *(*WHERE, JSON),
        ),
        does="watch:watch",
    ),
    Command(
        name="history",
        help="what happened, as far as it is kept",
        more="TIME is 90s, 10min, 2h or 3d ago, 2001-02-03, 2001-02-03T04:05:06, or Unix seconds.",
        arguments=(
            _option(
                "--limit",
                "the newest so many [default: 100; all with --since]",
                "NUMBER",
                read=whole(1, 2**31),
            ),
            _option("--since", "only from this time on", "TIME"),
            _option(
                "--event",
                "only events of this kind (repeatable)",
                "KIND",
                words=KINDS,
                repeatable=True,
            ),
            *(*WHERE, JSON),
        ),
        does="history:history",
    ),
    Command(
        name="top",
        help="the peers as they are now, and what happens, on the whole terminal",
        more=(
            "q quits; s, n, r, m, p and l sort by state, name, and the newest, mean and 99th percentile"
            " of the round trips, and by loss; v reverses; arrows and page keys scroll. LATELY has a bar"
            " for each round trip, and an x for a ping without an answer."
        ),
        arguments=WHERE,
        does="top:top",
    ),
    Command(
        name="matrix",
        help="who hears whom in the whole network, and how fast",
        more=(
            "A row tells what one node says of all. It is a map in colours on a terminal, as wide as that,"
            " and a whole table in a pipe. --csv has a line a pair; names that a spreadsheet would carry"
            " out have an apostrophe before them. Others are asked now, which takes two seconds at most."
        ),
        arguments=(
            _option(
                "--sort",
                "name, closeness (near nodes side by side) or tag=KEY [default: name]",
                "ORDER",
                read=order,
            ),
            *WHERE,
            _option("--csv", "print a line a pair, for spreadsheets"),
            JSON,
        ),
        does="matrix:matrix",
    ),
    Command(
        name="why",
        help="what is wrong with the network, or with one peer, and who says so",
        more=(
            "Others are asked now, which takes two seconds at most. Exit status 0 when nothing is wrong,"
            " and 1 when something is; of one peer, nothing is wrong when it is fine or left on purpose."
        ),
        arguments=(
            Argument(name="peer", help=PEER.help, shown="PEER", required=False, completes="peer"),
            *(*WHERE, JSON),
        ),
        does="why:why",
    ),
    Command(
        name="ping",
        help="ping a peer now, and print the round trip",
        arguments=(PEER, *WHERE, JSON),
        does="ask:ping",
    ),
    Command(
        name="connect",
        help="join through an address, tried until the node stops",
        arguments=(
            Argument(name="address", help="host:port or [v6]:port", shown="ADDRESS"),
            *(*WHERE, JSON),
        ),
        does="ask:connect",
    ),
    Command(
        name="forget",
        help="drop all that is known of a peer without a link",
        more="Others that hold its record may tell of it again.",
        arguments=(PEER, *WHERE, JSON),
        does="ask:forget",
    ),
    Command(
        name="leave",
        help="tell all peers that the node stops on purpose, and stop it",
        arguments=(*WHERE, JSON),
        does="ask:leave",
    ),
    Command(
        name="reload",
        help="read the node's configuration file again",
        arguments=(*WHERE, JSON),
        does="ask:reload",
    ),
    Command(
        name="wait",
        help="wait until so many peers are alive",
        more="It waits for the node itself as well. Exit status 1 when the time is up.",
        arguments=(
            Argument(name="--peers", help="at least so many", shown="N", read=whole(0, 2**31)),
            _option("--timeout", "seconds until it gives up [default: never]", "S", read=seconds),
            *(*WHERE, JSON),
        ),
        does="wait:wait",
    ),
    Command(
        name="demo",
        help="a network of real nodes on this machine, and what may happen to one",
        more=(
            "It needs no node. Nodes are started, killed and cut from each other, and what they say of it"
            " is told, until Ctrl-C; nothing is left of them then."
        ),
        arguments=(
            _option("--nodes", "so many, 3 to 24 [default: 8]", "N", read=whole(3, 24)),
            _option("--seconds", "end by itself, and make no pauses", "S", read=seconds),
        ),
        does="demo:demo",
    ),
    Command(
        name="id",
        help="the id and the fingerprint of a key; needs no node",
        more=(
            "The fingerprint is the same hash as the id, in base64: the form in which curl and RFC"
            " 7469 pin a public key."
        ),
        arguments=(
            _option("--state", "state directory, with key.pem in it", "DIR", completes="directory"),
            _option("--key", "PEM file of the private key", "FILE", completes="file"),
            _option("--json", "print it as JSON"),
        ),
        does="identity:show",
    ),
    Command(
        name="completion",
        help="print what makes a shell complete all this",
        more=(
            'bash: eval "$(p2p-gossip completion bash)" in ~/.bashrc. zsh: the same in ~/.zshrc, after'
            " compinit. fish: p2p-gossip completion fish > ~/.config/fish/completions/p2p-gossip.fish"
        ),
        arguments=(
            Argument(
                name="shell", help="bash, zsh or fish", shown="SHELL", words=("bash", "zsh", "fish")
            ),
        ),
        does="scripts:script",
    ),
    Command(
        name="_peers",
        help="what may stand for a peer, for shells",
        arguments=(
            Argument(
                name="words",
                help="the command line so far",
                shown="WORDS",
                read=str,
                repeatable=True,
                required=False,
            ),
        ),
        does="completion:peers",
        hidden=True,
    ),
)

BY_NAME: Final = {command.name: command for command in COMMANDS}

"""
The man page, p2p-gossip(1), made from the tables of commands and options.

Run as `python -m gossip.client.manual > docs/p2p-gossip.1`.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from gossip import __version__
from gossip.client.commands import COMMANDS, Argument, Command
from gossip.client.node_options import node_options
from gossip.options import Options

_WHERE: Final = (
    ("--control PATH", "The socket itself."),
    ("--state DIR", "The socket control.sock in a state directory."),
    ("--port N", "The socket N.sock in $XDG_RUNTIME_DIR/p2p-gossip."),
    ("$P2P_GOSSIP_CONTROL", "The socket itself, where no option says which."),
    ("$XDG_RUNTIME_DIR/p2p-gossip/*.sock", "Your own node, where only one runs."),
    ("/var/lib/p2p-gossip/control.sock", "The node that is a service of the machine."),
)

_CONTROL: Final = (
    "A node answers at the Unix socket of --control, else at control.sock in the directory of --state,"
    " else at $XDG_RUNTIME_DIR/p2p-gossip/PORT.sock; where there is none of these, it cannot be asked."
    " Whoever may open the socket may do everything; its mode is 0600. A command asks the first of"
    " these that there is:"
)

_CONFIGURATION: Final = (
    "A file for --config has the long names of options: TOML where its name ends in .toml, else INI"
    " with the section [p2p-gossip]. What may be said several times is a list in TOML, and a value a"
    " line in INI; tags may be a table or section [tag]. Options on the command line win."
)

_RELOADED: Final = (
    "Read again, log, name, tag, advertise, period and message take effect at once, and no link is"
    " lost; other options wait for a restart. A file that is wrong changes nothing."
)

_SIGNALS: Final = (
    ("SIGTERM, SIGINT", "Tell all peers that the node stops on purpose, and stop it."),
    ("SIGHUP", "Read the file of --config again, as reload does."),
)

_PAGE: Final = (
    "With --http HOST:PORT a node serves a page for browsers there, and the API as far as it changes"
    " nothing. HOST is an address of the machine or localhost. It is answered to localhost, to its"
    " addresses and to each --http-name, and to no other name. An address that is not loopback needs"
    " --http-token, a file whose first line is asked for by the page, and is sent by programs as"
    " Authorization: Bearer. Nothing is encrypted: from elsewhere use ssh -L, or a reverse proxy with"
    " TLS. These options take effect when the node is started."
)

_FILES: Final = (
    ("DIR/key.pem", "The private key of a node with --state DIR, made at its first start."),
    ("DIR/cert.pem", "The certificate for it."),
    ("DIR/gossip.db", "Whom it knew, where they were, and what happened."),
    ("DIR/control.sock", "Where it can be asked."),
    ("DIR/lock", "Which process uses the directory."),
)

_ENVIRONMENT: Final = (
    ("P2P_GOSSIP_CONTROL", "The socket of the node that is asked."),
    ("P2P_GOSSIP_LOG, RUST_LOG", "How much a node logs: off, error, warn, info, debug, trace."),
    ("XDG_RUNTIME_DIR", "Where the sockets of your nodes are."),
    ("NO_COLOR", "Where it is set and not empty, nothing is coloured."),
)

_STATUS: Final = (
    ("0", "Done; a node that was told to stop."),
    ("1", "It cannot be done: no node runs, it refuses, there is no such peer, the time is up."),
    ("1", "After why also: something is wrong with the network, or with the peer."),
    ("2", "The command line is wrong."),
    ("130", "Ended by Ctrl-C."),
)

_EXAMPLES: Final = (
    ("p2p-gossip --state /var/lib/p2p-gossip --connect 10.0.0.1:8080", "Run a node."),
    ("p2p-gossip wait --peers 2 --timeout 60", "Wait until two peers are alive."),
    ("p2p-gossip peers --state dead --json", "Who is dead, for a program."),
    (
        "curl --unix-socket /var/lib/p2p-gossip/control.sock http://localhost/v1/status",
        "The same without this program; GET /v1/openapi.json describes all of it.",
    ),
)


def page() -> str:
    """The man page, in the man macros of roff."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield f'.TH P2P-GOSSIP 1 "" "p2p-gossip {__version__}" "User Commands"'
    yield from _section(
        "NAME", [r"p2p\-gossip \- who is in the network, who is alive, and who can talk to whom"]
    )
    yield from _section("SYNOPSIS", _synopsis())
    yield from _section("DESCRIPTION", [_text(Options.longdesc), ".PP", _text(_ASKED)])
    yield from _section("OPTIONS OF A NODE", _options(node_options()))
    yield from _section("COMMANDS", _commands())
    yield from _section("WHICH NODE IS ASKED", [_text(_CONTROL), *_terms(_WHERE)])
    yield from _section("THE PAGE", [_text(_PAGE)])
    yield from _section("CONFIGURATION FILE", [_text(_CONFIGURATION), ".PP", _text(_RELOADED)])
    yield from _section("SIGNALS", _terms(_SIGNALS))
    yield from _section("FILES", _terms(_FILES))
    yield from _section("EXIT STATUS", _terms(_STATUS))
    yield from _section("ENVIRONMENT", _terms(_ENVIRONMENT))
    yield from _section("EXAMPLES", _examples())
    yield from _section("SEE ALSO", [r"\fBtwistd\fR(1), \fBcurl\fR(1), \fBsystemctl\fR(1)"])


_ASKED: Final = (
    "With a command as its first word, it asks a node that runs, over a Unix socket. Peers are named by"
    " their names or by the first digits of their ids, 4 at least. Tables are coloured and fitted to the"
    " width on a terminal, and plain and whole in a pipe; --json prints what the node answers."
)


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield f".SH {title}"
    yield from lines


def _synopsis() -> Iterator[str]:
    yield r".B p2p\-gossip"
    yield r"[\fIoptions\fR]"
    for command in _shown():
        yield ".br"
        yield rf".B p2p\-gossip {_plain(command.name)}"
        words = [_word(one) for one in command.arguments if not one.is_option or one.required]
        yield " ".join([*words, r"[\fIoptions\fR]"] if _optional(command) else words)


def _commands() -> Iterator[str]:
    for command in _shown():
        yield f".SS {_plain(command.name)}"
        yield _text(_sentence(command.help))
        if command.more:
            yield ".PP"
            yield _text(command.more)
        yield from _options([("", one) for one in command.arguments])


def _options(options: Sequence[tuple[str, Argument]]) -> Iterator[str]:
    for short, one in options:
        yield ".TP"
        names = [name for name in (short, one.name) if name] if one.is_option else []
        bold = ", ".join(rf"\fB{_plain(name)}\fR" for name in names)
        value = "" if one.shown is None else rf"\fI{_plain(one.shown)}\fR"
        yield " ".join(filter(None, (bold, value)))
        yield _text(_sentence(one.help))


def _terms(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, meaning in pairs:
        yield ".TP"
        yield rf"\fB{_plain(term)}\fR"
        yield _text(meaning)


def _examples() -> Iterator[str]:
    for line, meaning in _EXAMPLES:
        yield ".PP"
        yield _text(meaning)
        yield from (".PP", ".RS 4", ".nf", _text(line), ".fi", ".RE")


def _shown() -> list[Command]:
    return [command for command in COMMANDS if not command.hidden]


def _optional(command: Command) -> bool:
    return any(one.is_option and not one.required for one in command.arguments)


def _word(one: Argument) -> str:
    value = rf"\fI{_plain(one.shown or '')}\fR"
    if one.is_option:
        return rf"\fB{_plain(one.name)}\fR {value}"
    return value if one.required else f"[{value}]"


def _sentence(text: str) -> str:
    # "host:port" stays what it is.
    first = text.split(maxsplit=1)[0]
    text = text[0].upper() + text[1:] if first.isalpha() else text
    return f"{text.rstrip('.')}."


def _text(text: str) -> str:
    """A line of text: no request, whatever it begins with."""
    line = _plain(text)
    return rf"\&{line}" if line.startswith((".", "'")) else line


def _plain(text: str) -> str:
    # A bare "-" may be shown as a hyphen, which cannot be copied into a shell.
    return text.replace("\\", r"\e").replace("-", r"\-")


if __name__ == "__main__":
    sys.stdout.write(page())

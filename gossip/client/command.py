"""
One command, from its words to its exit status: 0, 1 where it failed, 2 where it was wrong, 130 by Ctrl-C.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final, NoReturn

from gossip.client.commands import BY_NAME, COMMANDS, Argument, Command
from gossip.client.errors import Failed, Misuse, ReaderGone
from gossip.client.shell import Shell

NAMES: Final = frozenset(BY_NAME)
"""A first word that is one of these is a command; everything else starts a node."""

_INTERRUPTED: Final = 130
"""128 and the number of SIGINT, as shells have it."""


def listing() -> list[tuple[str, str]]:
    """Each command and its line of help, for `p2p-gossip --help`."""
    return [(command.name, command.help) for command in COMMANDS if not command.hidden]


def main(arguments: Sequence[str], shell: Shell | None = None) -> int:
    """Carry out the command whose name is the first of `arguments`; the exit status."""
    shell = shell or Shell.of_process()
    try:
        return run(arguments, shell)
    except Misuse as error:
        name = arguments[0] if arguments and arguments[0] in NAMES else ""
        shell.complain(f"{error}; see p2p-gossip {name} --help".replace("  ", " "))
        return 2
    except Failed as error:
        shell.complain(str(error))
        return 1
    except ReaderGone:
        return 0
    except KeyboardInterrupt:
        return _INTERRUPTED


def run(arguments: Sequence[str], shell: Shell) -> int:
    """The same, with what went wrong as an exception."""
    if not arguments or arguments[0] not in NAMES:
        raise Misuse(f"{' '.join(arguments[:1])!r} is no command")
    command = BY_NAME[arguments[0]]
    parser = parser_of(command)
    try:
        asked = parser.parse_args(list(arguments[1:]))
    except _Helped:
        shell.put(parser.format_help())
        return 0
    # Only what a command needs is loaded: `peers` is asked often, and must be quick.
    module, function = command.does.split(":")
    status = getattr(import_module(f"gossip.client.{module}"), function)(asked, shell)
    return int(status or 0)


class _Helped(Exception):
    """Help was asked for."""


class _Parser(ArgumentParser):
    """Raises what is wrong, instead of printing it and ending the process."""

    def error(self, message: str) -> NoReturn:
        raise Misuse(message.removeprefix("argument "))

    def print_help(self, file: object = None) -> NoReturn:
        raise _Helped


def parser_of(command: Command) -> ArgumentParser:
    """What reads the words after the name of a command."""
    parser = _Parser(
        prog=f"p2p-gossip {command.name}",
        description=f"{command.help[0].upper()}{command.help[1:]}.",
        epilog=command.more.replace("%", "%%") or None,
        allow_abbrev=False,
    )
    for argument in command.arguments:
        _add(parser, argument)
    return parser


def _add(parser: ArgumentParser, argument: Argument) -> None:
    text = argument.help.replace("%", "%%")
    if argument.is_switch:
        parser.add_argument(argument.name, action="store_true", help=text)
        return
    more: dict[str, Any] = {"help": text, "metavar": argument.shown, "type": argument.read}
    if argument.words:
        more["choices"] = argument.words
    if argument.is_option:
        more["required"] = argument.required
        more["action"] = "append" if argument.repeatable else "store"
        if argument.repeatable:
            more["default"] = []
    elif not argument.required:
        more["nargs"] = "*" if argument.repeatable else "?"
    parser.add_argument(argument.name, **more)


__all__ = ["NAMES", "Namespace", "listing", "main", "parser_of", "run"]

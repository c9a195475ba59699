"""
The options that start a node, as a table like that of the commands.
"""

from collections.abc import Iterable
from typing import Any

from twisted.python import usage

from gossip.client.commands import Argument
from gossip.options import Options


def node_options() -> list[tuple[str, Argument]]:
    """Each option with its short form, or "", in the order of their names."""
    options = Options()
    return [
        (_short(options, name), _argument(options, name.rstrip("="), takes=name.endswith("=")))
        for name in sorted(options.longOpt, key=lambda one: one.rstrip("="))
        if name.rstrip("=") in options.docs
    ]


def _argument(options: Options, name: str, *, takes: bool) -> Argument:
    text = str(options.docs[name]).strip()
    default = options.defaults.get(name)
    if default is not None and takes:
        text = f"{text} [default: {default}]"
    action = options.compData.optActions.get(name)
    return Argument(
        name=f"--{name}",
        help=text,
        shown=name.upper() if takes else None,
        required=False,
        words=tuple(_words(action)),
        completes=_completes(action),
    )


def _short(options: Options, name: str) -> str:
    bare = name.rstrip("=")
    others = [one for one, long in options.synonyms.items() if long == bare and len(one) == 1]
    return f"-{others[0]}" if others else ""


def _words(action: Any) -> Iterable[str]:
    # Twisted itself puts them into a line for zsh, and gives them to nobody else.
    return action._items if isinstance(action, usage.CompleteList) else ()  # noqa: SLF001 - told to nobody else


def _completes(action: object) -> str:
    if isinstance(action, usage.CompleteDirs):
        return "directory"
    return "file" if isinstance(action, usage.CompleteFiles) else ""

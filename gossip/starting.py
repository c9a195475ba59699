"""
`p2p-gossip` without a command: its help, its version, what is wrong, or a node.

Only for the last one is a node loaded, which takes as long as all else.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

from twisted.python.usage import UsageError

from gossip.options import Options
from gossip.surfaces.text import safe


class CommandOptions(Options):
    """The options of a node, and a word on what there is besides running one."""

    def getUsage(self, width: int | None = None) -> str:
        """The help."""
        commands = import_module("gossip.client.commands").COMMANDS
        shown = [command for command in commands if not command.hidden]
        most = max(len(command.name) for command in shown)
        lines = [f"  {command.name:{most}}  {command.help}" for command in shown]
        listing = "\n".join(("Commands, which ask a node that runs:", *lines))
        return f"{super().getUsage(width)}\n{listing}\n"


def main(arguments: Sequence[str]) -> int:
    """Do it; the exit status, 0, 1 or 2 (INTERFACE)."""
    options = CommandOptions()
    try:
        options.parseOptions(list(arguments))
    except UsageError as error:
        said = safe(f"{error}; see p2p-gossip --help")
        print(f"p2p-gossip: {said}", file=sys.stderr)
        return 2
    running = import_module("gossip.running")
    status: int = running.run(options.settings(), options.again if options["config"] else None)
    return status

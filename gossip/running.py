"""
`p2p-gossip` without a command: run a node until it is told to stop.
"""

import os
import sys
import time
from collections.abc import Sequence

from twisted.logger import globalLogBeginner
from twisted.python.usage import UsageError

from gossip import logs, node
from gossip.client.commands import COMMANDS
from gossip.options import Options
from gossip.surfaces.logfile import LogLines
from gossip.surfaces.outlet import Outlet
from gossip.surfaces.text import safe


class CommandOptions(Options):
    """The options of a node, and a word on what there is besides running one."""

    def getUsage(self, width: int | None = None) -> str:
        """The help."""
        shown = [command for command in COMMANDS if not command.hidden]
        most = max(len(command.name) for command in shown)
        lines = [f"  {command.name:{most}}  {command.help}" for command in shown]
        listing = "\n".join(("Commands, which ask a node that runs:", *lines))
        return f"{super().getUsage(width)}\n{listing}\n"


def main(arguments: Sequence[str]) -> int:
    """Run it; the exit status, 0, 1 or 2 (INTERFACE)."""
    options = CommandOptions()
    try:
        options.parseOptions(list(arguments))
    except UsageError as error:
        return _fail(2, f"{error}; see p2p-gossip --help")
    settings = options.settings()
    logs.configure(os.environ, settings.log)
    errors = Outlet(sys.stderr)
    lines = LogLines(errors.write, time.monotonic)
    observer = logs.Levels(logs.levels.threshold, lines)
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)
    try:
        node.run(settings, options.again if options["config"] else None)
    except node.CannotRun as error:
        return _fail(1, str(error))
    except KeyboardInterrupt:
        # Before the node was there to take the signal: there is nobody to say farewell to.
        return 0
    finally:
        lines.count()
        errors.flush()
    return 0


def _fail(status: int, message: str) -> int:
    print(f"p2p-gossip: {safe(message)}", file=sys.stderr)
    return status

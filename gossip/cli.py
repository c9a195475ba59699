"""
The `p2p-gossip` command: run a node.
"""

import os
import sys
import time
from collections.abc import Sequence

from twisted.logger import globalLogBeginner
from twisted.python.usage import UsageError

from gossip import logs, node
from gossip.options import Options
from gossip.surfaces.logfile import LogLines
from gossip.surfaces.outlet import Outlet
from gossip.surfaces.text import safe


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status, 0, 1 or 2 (INTERFACE)."""
    options = Options()
    try:
        options.parseOptions(sys.argv[1:] if arguments is None else list(arguments))
    except UsageError as error:
        return _fail(2, f"{error}; see p2p-gossip --help")
    logs.configure(os.environ)
    errors = Outlet(sys.stderr)
    lines = LogLines(errors.write, time.monotonic)
    observer = logs.Levels(logs.levels.threshold, lines)
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)
    try:
        node.run(options.settings())
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

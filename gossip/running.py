"""
Runs a node until it is told to stop, in a process of its own.
"""

import os
import sys
import time

from twisted.logger import globalLogBeginner

from gossip import logs, node
from gossip.settings import Settings
from gossip.surfaces.logfile import LogLines
from gossip.surfaces.outlet import Outlet
from gossip.surfaces.text import safe


def run(settings: Settings, reread: node.Reread | None) -> int:
    """Run it; the exit status, 0 or 1 (INTERFACE)."""
    logs.configure(os.environ, settings.log)
    errors = Outlet(sys.stderr)
    lines = LogLines(errors.write, time.monotonic)
    observer = logs.Levels(logs.levels.threshold, lines)
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)
    try:
        node.run(settings, reread)
    except node.CannotRun as error:
        print(f"p2p-gossip: {safe(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        # Before the node was there to take the signal: there is nobody to say farewell to.
        return 0
    finally:
        lines.count()
        errors.flush()
    return 0

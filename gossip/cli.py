"""
The `p2p-gossip` command: run a node, or ask one that runs.

Which of the two it is, is decided here, so that asking loads no reactor: scripts ask often.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

from gossip.client.commands import BY_NAME


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status, 0, 1, 2 or 130 (INTERFACE)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    asks = arguments and arguments[0] in BY_NAME
    does = import_module("gossip.client.command" if asks else "gossip.running")
    status: int = does.main(arguments)
    return status

"""
The `p2p-gossip` command: run a node, or ask one that runs.

Which of the two it is, is decided here, so that asking loads no reactor: scripts ask often.
"""

import gc
import sys
from collections.abc import Sequence
from importlib import import_module


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status, 0, 1, 2 or 130 (INTERFACE)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if _asks(arguments):
        does = import_module("gossip.client.command")
    else:
        # What is loaded stays: to look for garbage in it takes a thirteenth of the CPU of a start.
        # The node looks again as soon as it listens (`node.settle`).
        gc.disable()
        does = import_module("gossip.starting")
    status: int = does.main(arguments)
    return status


def _asks(arguments: Sequence[str]) -> bool:
    word = arguments[0] if arguments else ""
    # A node takes options only: whoever starts one has no use for the table of commands.
    option = not word or word.startswith("-")
    return not option and word in import_module("gossip.client.commands").BY_NAME

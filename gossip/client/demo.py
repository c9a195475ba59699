"""
`demo`: a network of real nodes on this machine, and a story of what may happen to one.
"""

import webbrowser
from argparse import Namespace
from threading import Thread
from typing import Final

from gossip.client.errors import Failed
from gossip.client.shell import Shell
from gossip.demo.performance import Broken, Performance

NODES: Final = 8
"""Where nobody asks for another number: enough for two sides of which each is a network."""


def demo(asked: Namespace, shell: Shell) -> int:
    """
    Show it; the exit status.

    :raises Failed: it cannot be shown.
    """
    performance = Performance(
        nodes=asked.nodes or NODES,
        seconds=asked.seconds,
        put=shell.line,
        show=lambda address: show(address, shell),
        width=shell.width,
        coloured=shell.coloured,
    )
    try:
        return performance.run()
    except Broken as error:
        raise Failed(str(error)) from None


def show(address: str, shell: Shell) -> None:
    """Open a page in a browser, where a person could see it."""
    display = shell.environ.get("DISPLAY") or shell.environ.get("WAYLAND_DISPLAY")
    if shell.terminal and display:
        # A browser may take seconds to come up, and must not hold up what it shows.
        Thread(target=webbrowser.open, args=(address,), daemon=True).start()

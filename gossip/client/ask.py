"""
`ping`, `connect`, `forget`, `leave` and `reload`: what a node is asked to do.
"""

from argparse import Namespace

from attrs import frozen

from gossip.client import find
from gossip.client.connection import PING_WAIT, Refused, understood
from gossip.client.errors import Failed
from gossip.client.shell import Shell
from gossip.surfaces.text import safe


@frozen
class _Pong:
    peer: str
    rtt_ms: float


@frozen
class _Changes:
    changed: tuple[str, ...]


def ping(asked: Namespace, shell: Shell) -> None:
    """Ping a peer."""
    answer = find.node(asked, shell).ask("POST", "peers", asked.peer, "ping", wait=PING_WAIT)
    if not _as_json(asked, answer, shell):
        pong = understood(answer, _Pong)
        shell.line(f"{safe(pong.peer[:12])} rtt {pong.rtt_ms:.2f} ms")


def connect(asked: Namespace, shell: Shell) -> None:
    """Join through an address."""
    node = find.node(asked, shell)
    answer = node.ask("POST", "connections", body={"address": asked.address})
    if not _as_json(asked, answer, shell):
        shell.line(f"{safe(asked.address)} is dialed now, until the node stops")


def forget(asked: Namespace, shell: Shell) -> None:
    """Forget a peer."""
    answer = find.node(asked, shell).ask("DELETE", "peers", asked.peer)
    if not _as_json(asked, answer, shell):
        shell.line(f"{safe(asked.peer)} is forgotten")


def leave(asked: Namespace, shell: Shell) -> None:
    """Stop the node."""
    answer = find.node(asked, shell).ask("POST", "leave")
    if not _as_json(asked, answer, shell):
        shell.line("the node leaves")


def reload(asked: Namespace, shell: Shell) -> None:
    """Read the configuration again."""
    try:
        answer = find.node(asked, shell).ask("POST", "reload")
    except Refused as error:
        raise Failed(f"nothing was reloaded: {error}") from None
    if not _as_json(asked, answer, shell):
        changed = ", ".join(map(safe, understood(answer, _Changes).changed))
        shell.line(f"changed: {changed}" if changed else "nothing changed")


def _as_json(asked: Namespace, answer: bytes, shell: Shell) -> bool:
    """Where JSON is wanted, print what was answered, if anything was."""
    if asked.json and answer:
        shell.json(understood(answer, object))
    return bool(asked.json)

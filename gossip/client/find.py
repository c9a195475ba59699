"""
Which socket: what was said, or else the only one that there is.
"""

import errno
import os
import socket
import stat
from argparse import Namespace
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from gossip.client.connection import Node
from gossip.client.errors import Failed, Misuse, NotRunning
from gossip.client.shell import Shell

SYSTEM: Final = Path("/var/lib/p2p-gossip/control.sock")
"""Of the node that is a service of the machine."""

_VARIABLE: Final = "P2P_GOSSIP_CONTROL"
_ENDING: Final = ".sock"
_SOCKETS: Final = 1000
"""Looked at in the directory of a user's nodes."""


def node(asked: Namespace, shell: Shell) -> Node:
    """
    The node that is meant by --control, --state or --port, or else by the environment.

    :raises Misuse: two of them are given.
    :raises Failed: there are several.
    :raises NotRunning: there is none.
    """
    return Node(str(path(asked, shell.environ)), shell.now)


def path(asked: Namespace, environ: Mapping[str, str]) -> Path:
    """Its socket; raises as `node` does."""
    given = [name for name in ("control", "state", "port") if getattr(asked, name) is not None]
    if len(given) > 1:
        raise Misuse(f"--{given[0]} and --{given[1]} both say which node it is; give one")
    if asked.control is not None:
        return Path(asked.control)
    if asked.state is not None:
        return Path(asked.state, "control.sock")
    if asked.port is not None:
        return _of_user(environ) / f"{asked.port}{_ENDING}"
    if environ.get(_VARIABLE):
        return Path(environ[_VARIABLE])
    return _only_one(environ)


def _of_user(environ: Mapping[str, str]) -> Path:
    where = environ.get("XDG_RUNTIME_DIR")
    if not where:
        raise Failed("--port needs XDG_RUNTIME_DIR, which is not set here; give --control")
    return Path(where, "p2p-gossip")


def _only_one(environ: Mapping[str, str]) -> Path:
    found = _sockets(_of_user(environ)) if environ.get("XDG_RUNTIME_DIR") else []
    if len(found) > 1:
        # A node that was killed leaves its socket behind.
        found = [one for one in found if _answers(one)] or found[:1]
    if len(found) > 1:
        ports = ", ".join(one.stem for one in found)
        raise Failed(f"several nodes run here, with the ports {ports}; say which one with --port")
    if found:
        return found[0]
    if _is_there(SYSTEM):
        return SYSTEM
    raise NotRunning(
        "no node is found; start one with --state or --control, or say where it is with --control"
    )


def _sockets(directory: Path) -> list[Path]:
    found = []
    with suppress(OSError), os.scandir(directory) as entries:
        for entry, _ in zip(entries, range(_SOCKETS), strict=False):
            if entry.name.endswith(_ENDING) and _is_socket(entry):
                found.append(Path(entry.path))
    return sorted(found, key=lambda one: (len(one.name), one.name))


def _is_socket(entry: "os.DirEntry[str]") -> bool:
    with suppress(OSError):
        return stat.S_ISSOCK(entry.stat().st_mode)
    return False


def _answers(one: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as trial:
        trial.settimeout(1.0)
        # One that may not be used is there all the same.
        return trial.connect_ex(str(one)) not in (errno.ECONNREFUSED, errno.ENOENT)


def _is_there(one: Path) -> bool:
    try:
        one.stat()
    except PermissionError:
        # In a directory that we may not look into: who asks is told so, not that there is none.
        return True
    except OSError:
        return False
    return True

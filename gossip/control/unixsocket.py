"""
A Unix socket that only its owner can open.
"""

import errno
import os
import socket
import stat
from pathlib import Path
from typing import Any, Final

from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.tcp import Port
from twisted.internet.unix import Port as UnixPort
from twisted.python.failure import Failure

MODE: Final = 0o600
BACKLOG: Final = 64
"""Connections that the system holds for us: twice as many as there may be."""

_OTHERS_WRITE: Final = 0o022

_LONGEST: Final = 107
"""Bytes of a path (unix(7))."""


class ControlUnusable(Exception):
    """There can be no socket at this path; the text says why and what to do."""


class PrivatePort(UnixPort):
    """A listening Unix socket with mode 0600, which removes itself and nothing else."""

    def __init__(self, path: str, factory: IProtocolFactory, reactor: Any) -> None:
        super().__init__(os.fsencode(path), factory, BACKLOG, MODE, reactor)
        self._path = path
        self._made: tuple[int, int, int] | None = None

    def createInternetSocket(self) -> socket.socket:
        """A socket whose file will have its mode from the first moment on."""
        opened: socket.socket = super().createInternetSocket()
        # Linux gives the file the mode of the socket; a umask would be the whole process's.
        os.fchmod(opened.fileno(), MODE)
        return opened

    def startListening(self) -> None:
        """Make the file, and listen."""
        super().startListening()
        self._made = _identity(self._path)

    def connectionLost(self, reason: Failure) -> None:
        """Listen no more, and remove the file, unless it is another's by now."""
        if self._made is not None and _identity(self._path) == self._made:
            Path(self._path).unlink()
        # Twisted's own port for Unix sockets removes whatever it finds at the path.
        Port.connectionLost(self, reason)


def listen(path: str, factory: IProtocolFactory, reactor: Any) -> PrivatePort:
    """
    Listen at a path. A socket that nobody answers at is replaced.

    :raises ControlUnusable: somebody answers there, or it cannot be made.
    """
    if len(os.fsencode(path)) > _LONGEST:
        raise ControlUnusable(
            f"the control socket {path!r} cannot be made: a path of a socket has at most"
            f" {_LONGEST} bytes; choose a shorter one with --control"
        )
    try:
        _clear(path)
        port = PrivatePort(path, factory, reactor)
        port.startListening()
    except CannotListenError as error:
        raise _unusable(path, error.socketError) from None
    except OSError as error:
        raise _unusable(path, error) from None
    return port


def private_directory(path: str) -> None:
    """
    Make a directory for a socket with mode 0700, where there is none; its parent must be there.

    :raises ControlUnusable: it cannot be made, or others could put their own socket into it.
    """
    try:
        Path(path).mkdir(0o700)
    except FileExistsError:
        _refuse_others(path)
    except OSError as error:
        raise ControlUnusable(
            f"the directory {path!r} for the control socket cannot be made: {error.strerror};"
            " choose another place with --control"
        ) from None


def _refuse_others(path: str) -> None:
    found = os.lstat(path)
    # In a place for all, such as /tmp, anybody may have made it first.
    if (
        not stat.S_ISDIR(found.st_mode)
        or found.st_uid not in (0, os.geteuid())
        or found.st_mode & _OTHERS_WRITE
    ):
        raise ControlUnusable(
            f"the directory {path!r} for the control socket is another user's, others can write to"
            " it, or it is none: whoever asks this node could be answered by somebody else;"
            " choose another place with --control"
        )


def _clear(path: str) -> None:
    """Remove a socket that a process left behind."""
    found = _identity(path)
    if found is None:
        return
    if not stat.S_ISSOCK(os.lstat(path).st_mode):
        raise ControlUnusable(
            f"{path!r} is there and is no socket, so it is left alone; remove it, or choose"
            " another path with --control"
        )
    if _answers(path):
        raise ControlUnusable(
            f"another program listens on the control socket {path!r}, most likely another node;"
            " stop it, or choose another path with --control"
        )
    if _identity(path) == found:
        Path(path).unlink()


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as tried:
        tried.settimeout(0)
        outcome = tried.connect_ex(path)
    # A full backlog, another kind of socket and one that we may not open are somebody's too.
    return outcome not in (errno.ECONNREFUSED, errno.ENOENT)


def _identity(path: str) -> tuple[int, int, int] | None:
    """Which file this is; with the time at which it was made, since numbers are used again."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns


def _unusable(path: str, error: OSError) -> ControlUnusable:
    return ControlUnusable(
        f"the control socket {path!r} cannot be made: {os.strerror(error.errno or 0)}; see that"
        " its directory is there and can be written to, or choose another path with --control"
    )

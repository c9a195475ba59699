"""
The state directory: who may use it, and what is where in it.

Whoever can write to it can be this node, so it is ours alone to write to. One node at a time has it:
a lock on a file in it says so, which the system takes away from a process that ends, however it ends.
"""

import errno
import fcntl
import os
import stat
from pathlib import Path

from attrs import define, field

_OTHERS_WRITE = 0o022
_STICKY = stat.S_ISVTX
_LONGEST_PID = 20


class StateUnusable(Exception):
    """The state directory, or what is in it, cannot be used; the text says why, and what to do."""


@define(eq=False)
class StateDirectory:
    """One that is ours, and in use by this node alone until it is closed."""

    path: Path
    """The place itself: symbolic links are followed once, when it is opened."""
    _lock: int | None = field(default=None, alias="lock")

    @classmethod
    def open(cls, path: str | Path) -> "StateDirectory":
        """
        Take a directory, which is made with mode 0700 where there is none.

        The one above it must exist: a misspelt path or a disk that is not mounted should not look
        like a new node.

        :raises StateUnusable: it is not a directory, not ours, others can write to it, or another
            node has it.
        """
        try:
            place = _made(Path(path))
            _check(place)
            directory = cls(place, _locked(place))
        except OSError as error:
            raise StateUnusable(
                f"the state directory {path} cannot be used: {error.strerror}; give another"
                " with --state"
            ) from None
        directory.claim()
        return directory

    @property
    def key(self) -> Path:
        """The private key, in PEM."""
        return self.path / "key.pem"

    @property
    def certificate(self) -> Path:
        """The certificate that carries its public half, in PEM."""
        return self.path / "cert.pem"

    @property
    def database(self) -> Path:
        """What is remembered, in SQLite."""
        return self.path / "gossip.db"

    @property
    def control(self) -> Path:
        """The Unix socket at which this node is asked."""
        return self.path / "control.sock"

    def claim(self) -> None:
        """
        Write down the process that has it.

        Once more after a fork: the lock goes along with the child, and what is written does not.
        """
        try:
            # Its own descriptor: one that stays open for writing would keep a file system from being
            # made read-only.
            into = os.open(self.path / "lock", os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                os.ftruncate(into, 0)
                os.write(into, b"%d\n" % os.getpid())
            finally:
                os.close(into)
        except OSError:
            # On a full disk it cannot be written. It is the lock that counts; this is for people.
            return

    def close(self) -> None:
        """Let others have it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _made(path: Path) -> Path:
    try:
        path.mkdir(0o700)
    except FileExistsError:
        pass
    except FileNotFoundError:
        if path.parent.exists():
            raise StateUnusable(
                f"the state directory {path} cannot be made: {path.parent} takes no directories;"
                " choose another place with --state"
            ) from None
        raise StateUnusable(
            f"the state directory {path} cannot be made, since there is no {path.parent};"
            f" make it first: mkdir -p {path.parent}"
        ) from None
    else:
        # The umask may have taken away more than it should.
        path.chmod(0o700)
    return Path(os.path.realpath(path))


def _check(place: Path) -> None:
    """:raises StateUnusable: somebody else could put in it what they like, or replace it."""
    found = place.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise StateUnusable(f"{place} is not a directory; give one with --state")
    if found.st_uid != os.geteuid():
        raise StateUnusable(
            f"the state directory {place} belongs to user {found.st_uid}, and this node runs as user"
            f" {os.geteuid()}: run it as that user, or chown it"
        )
    if found.st_mode & _OTHERS_WRITE:
        raise StateUnusable(
            f"others can write to the state directory {place}, and could replace this node's key:"
            f" chmod go-w {place}"
        )
    for above in place.parents:
        mode = above.stat().st_mode
        if mode & stat.S_IWOTH and not mode & _STICKY:
            raise StateUnusable(
                f"others can write to {above}, and could put another directory in the place of"
                f" {place}: chmod o-w {above}, or give another with --state"
            )


def _locked(place: Path) -> int:
    path = place / "lock"
    # For reading, so that it can be had where the file system is read-only.
    lock = os.open(
        path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600
    )
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        whose = os.read(lock, _LONGEST_PID).strip().decode("ascii", "replace")
        os.close(lock)
        if error.errno != errno.EWOULDBLOCK:
            raise
        by = f"the process {whose}" if whose.isdigit() else "another process"
        raise StateUnusable(
            f"the state directory {place} is in use by {by}: stop that node, or give this one"
            " another with --state"
        ) from None
    return lock

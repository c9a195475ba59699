"""
The node's own key and certificate in its state directory.

They are made at the first start, and never written over: a key that is lost is a node that is lost.
A file appears whole or not at all, also where the machine loses power meanwhile.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

from gossip.memory.directory import StateDirectory, StateUnusable
from gossip.trust.identity import Identity, IdentityUnusable

LONGEST_FILE = 65536
"""Bytes. A key of 4096 bits RSA takes 3,300, a certificate by a talkative authority some more."""

_UNFINISHED = ".new"
_OTHERS_READ = 0o077


def identity(directory: StateDirectory) -> Identity:
    """
    Who this node is: as its files say, which are made where there are none.

    A certificate is made anew for a key that has none. A certificate without its key is an error.

    :raises StateUnusable: a file cannot be read, written or used. None has been changed then.
    """
    for path in (directory.key, directory.certificate):
        with suppress(OSError):
            _unfinished(path).unlink()
    key = _key(directory.key)
    certificate = _read(directory.certificate)
    if key is None and certificate is not None:
        raise StateUnusable(
            f"there is {directory.certificate}, and no {directory.key}: put the key back, or remove"
            " the certificate to begin as a new node"
        )
    own = Identity.generate() if key is None else _of(directory, key, certificate)
    if key is None:
        _write(directory.key, own.key_pem())
    if certificate is None:
        _write(directory.certificate, own.certificate_pem())
    return own


def _of(directory: StateDirectory, key: bytes, certificate: bytes | None) -> Identity:
    try:
        return Identity.from_pem(key, certificate)
    except IdentityUnusable as error:
        raise StateUnusable(
            f"{directory.key} and {directory.certificate}: {error}; put back what was there, or move"
            " both away to begin as a new node"
        ) from None


def _key(path: Path) -> bytes | None:
    text = _read(path)
    if text is not None and path.stat().st_mode & _OTHERS_READ:
        raise StateUnusable(
            f"{path} is open to other users of this machine, who could then pass for this node:"
            f" chmod 600 {path}"
        )
    return text


def _read(path: Path) -> bytes | None:
    """
    What is in a file; None where there is none.

    :raises StateUnusable: it cannot be read, or is nothing that we wrote.
    """
    try:
        # Whatever has the name is not waited for.
        source = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateUnusable(f"{path} cannot be read: {error.strerror}") from None
    try:
        if not stat.S_ISREG(os.fstat(source).st_mode):
            raise StateUnusable(f"{path} is not a file; move it away")
        text = os.read(source, LONGEST_FILE + 1)
    except OSError as error:
        raise StateUnusable(f"{path} cannot be read: {error.strerror}") from None
    finally:
        os.close(source)
    if len(text) > LONGEST_FILE:
        raise StateUnusable(
            f"{path} is longer than {LONGEST_FILE} bytes, and no key or certificate"
        )
    return text


def _write(path: Path, text: bytes) -> None:
    """:raises StateUnusable: it could not be written; there is no such file then."""
    unfinished = _unfinished(path)
    try:
        _whole(unfinished, text)
        unfinished.rename(path)
        _settle(path.parent)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise StateUnusable(
            f"{path} cannot be written: {error.strerror}; make room, or give another directory with"
            " --state"
        ) from None


def _whole(path: Path, text: bytes) -> None:
    into = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(into, "wb") as stream:
        os.fchmod(into, 0o600)
        stream.write(text)
        stream.flush()
        os.fsync(into)


def _settle(directory: Path) -> None:
    """What was renamed is on disk when this returns."""
    place = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def _unfinished(path: Path) -> Path:
    return path.with_name(path.name + _UNFINISHED)

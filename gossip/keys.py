"""
The files of `--key`, `--cert` and `--ca`: who a node is, and who must vouch for others.
"""

from collections.abc import Callable
from pathlib import Path

from twisted.logger import Logger

from gossip.logs import levels
from gossip.settings import Settings
from gossip.trust.credentials import Authority
from gossip.trust.identity import Identity, IdentityUnusable

_log = Logger(observer=levels)


class KeyUnusable(Exception):
    """A file cannot be used; the text says which, and why."""


def identity(settings: Settings) -> Identity:
    """
    Whom the settings say, or somebody new.

    :raises KeyUnusable: a file cannot be read, or is no key, or no certificate for it.
    """
    if settings.key is None:
        return Identity.generate()
    key = _file("--key", settings.key)
    certificate = None
    if settings.certificate is not None:
        certificate = _file("--cert", settings.certificate)
    try:
        found = Identity.from_pem(key, certificate)
    except IdentityUnusable as error:
        raise KeyUnusable(f"{settings.key}: {error}") from None
    warn_if_shared(settings.key)
    return found


def warn_if_shared(path: str) -> None:
    """Say so where others of this machine can read a key."""
    # No refusal: what an orchestrator mounts has the mode that it gave it.
    if Path(path).stat().st_mode & 0o077:
        _log.warn(
            "--key {path} can be read by other users of this machine, who could then pass for this"
            " node: chmod 600 {path}",
            path=path,
        )


def vouch(settings: Settings) -> Callable[..., None] | None:
    """
    What checks the host names of seeds; None where nobody has to vouch for them.

    :raises KeyUnusable: the file of the CA cannot be read, or is none.
    """
    if settings.authority is None:
        return None
    try:
        return Authority.from_pem(_file("--ca", settings.authority)).vouch
    except IdentityUnusable as error:
        raise KeyUnusable(f"{settings.authority}: {error}") from None


def _file(option: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise KeyUnusable(f"{option} {path} cannot be read: {error.strerror}") from None

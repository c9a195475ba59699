"""
The files of `--key`, `--cert`, `--ca` and `--http-token`.

They say who a node is, who must vouch for others, and who may see its page.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from twisted.logger import Logger

from gossip.logs import levels
from gossip.settings import Settings
from gossip.trust.credentials import Authority
from gossip.trust.identity import Identity, IdentityUnusable

SHORTEST_TOKEN: Final = 16
"""Characters: ten guesses and then one in ten seconds from each address find no such token."""

LONGEST_TOKEN: Final = 1024
"""It must fit into a header."""

_SENDABLE: Final = frozenset(range(0x21, 0x7F))

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


def token(settings: Settings) -> str | None:
    """
    What everybody must know who looks at the page; None where nobody has to.

    :raises KeyUnusable: its file cannot be read, or what is in it can be guessed or not be sent.
    """
    path = settings.http_token
    if path is None:
        return None
    first, _, _ = _file("--http-token", path).partition(b"\n")
    found = first.strip()
    if not SHORTEST_TOKEN <= len(found) <= LONGEST_TOKEN or not _SENDABLE.issuperset(found):
        raise KeyUnusable(
            f"--http-token {path}: its first line is not {SHORTEST_TOKEN} to {LONGEST_TOKEN} printable"
            " characters of ASCII without spaces; make one: openssl rand -hex 32"
        )
    if Path(path).stat().st_mode & 0o077:
        _log.warn(
            "--http-token {path} can be read by other users of this machine, who could then see the"
            " page: chmod 600 {path}",
            path=path,
        )
    return found.decode("ascii")


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

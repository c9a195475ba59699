"""
`id`: who a key is.
"""

from argparse import Namespace
from base64 import b64encode
from pathlib import Path
from typing import Final

from gossip.client.errors import Failed, Misuse
from gossip.client.shell import Shell
from gossip.trust.identity import Identity, IdentityUnusable, PeerId

_LONGEST: Final = 1 << 20
"""Bytes of a key file; an RSA key of 4096 bits takes 3,300."""


def show(asked: Namespace, shell: Shell) -> None:
    """Print the id and the fingerprint of a key."""
    if (asked.state is None) == (asked.key is None):
        raise Misuse("say whose id: give one of --state DIR and --key FILE")
    file = Path(asked.key) if asked.key is not None else Path(asked.state, "key.pem")
    peer = identify(file)
    if asked.json:
        shell.json({"id": peer, "fingerprint": fingerprint(peer)})
    else:
        shell.line(f"id           {peer}")
        shell.line(f"fingerprint  {fingerprint(peer)}")


def identify(file: Path) -> PeerId:
    """
    The id of the private key in a PEM file.

    :raises Failed: it cannot be read, or is none that a node may have.
    """
    try:
        with file.open("rb") as opened:
            pem = opened.read(_LONGEST)
        return Identity.from_pem(pem, None).id
    except FileNotFoundError:
        raise Failed(f"there is no {file}; a node makes its key at its first start") from None
    except OSError as error:
        raise Failed(f"cannot read {file}: {error.strerror}") from None
    except IdentityUnusable as error:
        raise Failed(f"{file}: {error}") from None


def fingerprint(peer: PeerId) -> str:
    """An id as others write it: SHA-256 of the public key in base64 (RFC 7469 §2.4)."""
    return f"sha256//{b64encode(bytes.fromhex(peer)).decode()}"

"""
From an identity to TLS connections, and from a TLS connection to its peer's id (PROTOCOL §1).

The only module that knows of OpenSSL. One context serves every link, in both roles: the protocol
has no names, no CA and no resumption in which the roles could differ.
"""

from ipaddress import ip_address
from typing import Any, Final

from attrs import field, frozen
from OpenSSL import SSL, crypto
from service_identity import VerificationError
from service_identity.exceptions import CertificateError
from service_identity.pyopenssl import verify_hostname, verify_ip_address
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
    ISystemHandle,
    ITransport,
)
from zope.interface import implementer

from gossip.trust.identity import Identity, IdentityUnusable, KeyRefused, PeerId, certified_peer

ALPN: Final = b"p2p-gossip/1"

# ssl.h: SSL_MODE_RELEASE_BUFFERS. pyOpenSSL does not name it; an idle link is a third smaller.
_RELEASE_BUFFERS = 0x10
# ssl.h: SSL_OP_NO_RENEGOTIATION, likewise.
_NO_RENEGOTIATION = 1 << 30


@implementer(IOpenSSLClientConnectionCreator, IOpenSSLServerConnectionCreator)
class Credentials:
    """Creates the TLS connections of one identity, for `wrapClientTLS` and `wrapServerTLS`."""

    def __init__(self, identity: Identity) -> None:
        context = SSL.Context(SSL.TLS_METHOD)
        context.set_min_proto_version(SSL.TLS1_3_VERSION)
        context.use_certificate(identity.certificate)
        context.use_privatekey(identity.key)
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _possession_suffices)
        context.set_alpn_protos([ALPN])
        context.set_alpn_select_callback(_select_alpn)
        # A resumed session would skip the proof of possession: who is refused today must not come
        # in with yesterday's ticket.
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_COMPRESSION | _NO_RENEGOTIATION)
        context.set_mode(_RELEASE_BUFFERS)
        self._context = context

    def clientConnectionForTLS(self, protocol: object) -> SSL.Connection:
        """A connection for a dialer."""
        return SSL.Connection(self._context, None)

    def serverConnectionForTLS(self, protocol: object) -> SSL.Connection:
        """A connection for an acceptor."""
        return SSL.Connection(self._context, None)


def _possession_suffices(*_: Any) -> bool:
    """No CA, no names, no dates (PROTOCOL §1): TLS has checked that the peer holds the key."""
    return True


def _select_alpn(connection: SSL.Connection, offered: list[bytes]) -> Any:
    # Without overlap TLS goes on and `peer_of` refuses: then the peer is told nothing but a close.
    return ALPN if ALPN in offered else SSL.NO_OVERLAPPING_PROTOCOLS


def peer_of(transport: ITransport) -> PeerId:
    """
    Who is at the other end of a TLS transport whose handshake has completed.

    :raises KeyRefused: ALPN was not agreed on, or its certificate or key is not allowed.
    """
    connection = _connection(transport)
    if connection.get_alpn_proto_negotiated() != ALPN:
        raise KeyRefused(f"the peer does not speak {ALPN.decode()}")
    # As bytes, and not parsed: a certificate whose dates or extensions are nonsense is as good as any.
    certificate = _der(_x509(connection))
    if any(_der(other) != certificate for other in connection.get_peer_cert_chain() or ()):
        raise KeyRefused("the peer sent a chain of certificates; one is allowed")
    return certified_peer(certificate)


def cipher_of(transport: ITransport) -> str | None:
    """The cipher of a TLS transport whose handshake has completed, by its name in RFC 8446."""
    return _connection(transport).get_cipher_name()


def _connection(transport: ITransport) -> SSL.Connection:
    handle = ISystemHandle(transport).getHandle()
    assert isinstance(handle, SSL.Connection)
    return handle


def _x509(connection: SSL.Connection) -> crypto.X509:
    certificate = connection.get_peer_certificate()
    if certificate is None:
        raise KeyRefused("the peer has no certificate")
    return certificate


def _der(certificate: crypto.X509) -> bytes:
    return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)


@frozen
class Authority:
    """A CA that vouches for the host names of seeds, for those who have a PKI (`--ca`)."""

    _store: crypto.X509Store = field(repr=False)

    @classmethod
    def from_pem(cls, pem: bytes) -> "Authority":
        """
        The CA certificates in a PEM text.

        :raises IdentityUnusable: there is none that can be read.
        """
        store = crypto.X509Store()
        begin = b"-----BEGIN CERTIFICATE-----"
        blocks = [begin + rest for rest in pem.split(begin)[1:]]
        if not blocks:
            raise IdentityUnusable("there is no certificate in it; give the CA's, in PEM")
        try:
            for block in blocks:
                store.add_cert(crypto.load_certificate(crypto.FILETYPE_PEM, block))
        except crypto.Error:
            raise IdentityUnusable("a certificate in it cannot be read") from None
        return cls(store)

    def vouch(self, transport: ITransport, host: str) -> None:
        """
        Check that the CA signed the peer's certificate, for the host that was dialed.

        :raises KeyRefused: it did not, it has expired, or it is for another host.
        """
        connection = _connection(transport)
        try:
            crypto.X509StoreContext(self._store, _x509(connection)).verify_certificate()
        except crypto.X509StoreContextError as error:
            raise KeyRefused(f"the CA does not vouch for it: {error}") from None
        try:
            if _is_address(host):
                verify_ip_address(connection, host)
            else:
                verify_hostname(connection, host)
        except (VerificationError, CertificateError, ValueError):
            raise KeyRefused(f"its certificate is not for {host}") from None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def explanation(error: BaseException) -> str | None:
    """What went wrong in TLS, for people; None where it is not an error of TLS."""
    if not isinstance(error, SSL.Error):
        return None
    queue = error.args[0] if error.args else None
    if isinstance(queue, list) and queue:
        return f"TLS failed: {queue[-1][-1]}"
    return "TLS failed"

"""
TLS as the protocol wants it, between real endpoints in memory.
"""

from collections.abc import Sequence
from datetime import datetime, timezone
from ipaddress import ip_address
from typing import Any

from attrs import field, frozen
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from OpenSSL import SSL, crypto
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IHandshakeListener,
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
    ITransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.test.iosim import FakeTransport, connect
from zope.interface import implementer
from zope.interface.verify import verifyObject

from gossip.trust.credentials import (
    ALPN,
    Authority,
    Credentials,
    cipher_of,
    explanation,
    peer_of,
)
from gossip.trust.identity import Identity, IdentityUnusable, KeyRefused
from tests.cases import UnitCase
from tests.trust import samples

ALICE = Identity.from_pem(samples.ED25519_KEY, None)
BOB = Identity.from_pem(samples.P256_KEY, samples.P256_EXPIRED)


@implementer(IHandshakeListener)
class End(Protocol):
    """One end of a connection, which says `hello` as soon as TLS is up."""

    def __init__(self) -> None:
        self.up = False
        self.heard = b""
        self.broken: BaseException | None = None

    def handshakeCompleted(self) -> None:
        """TLS is up, as far as this end knows."""
        self.up = True
        assert self.transport is not None
        self.transport.write(b"hello")

    def dataReceived(self, data: bytes) -> None:
        """The other end spoke."""
        self.heard += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is gone."""
        self.broken = reason.value

    @property
    def stream(self) -> ITransport:
        """Its transport."""
        assert self.transport is not None
        return self.transport

    @property
    def connection(self) -> SSL.Connection:
        """Its TLS connection."""
        found: SSL.Connection = self.stream.getHandle()  # type: ignore[attr-defined]
        return found


@implementer(IOpenSSLClientConnectionCreator, IOpenSSLServerConnectionCreator)
@frozen(kw_only=True)
class Stranger:
    """Somebody with a TLS of their own making."""

    key: bytes = b""
    """None goes without a certificate."""
    certificate: bytes = b""
    chain: Sequence[bytes] = ()
    """Further certificates in PEM."""
    alpn: Sequence[bytes] = (ALPN,)
    newest: int = SSL.TLS1_3_VERSION
    resumes: bool = False
    """Whether it asks for certificates, and gives tickets to those who show one."""
    context: SSL.Context = field(factory=lambda: SSL.Context(SSL.TLS_METHOD))

    def __attrs_post_init__(self) -> None:
        self.context.set_max_proto_version(self.newest)
        self.context.set_verify(SSL.VERIFY_NONE)
        if self.key:
            self.context.use_privatekey(_key(self.key))
            self.context.use_certificate(_x509(self.certificate))
        for pem in self.chain:
            self.context.add_extra_chain_cert(_x509(pem))
        if self.alpn:
            self.context.set_alpn_protos(list(self.alpn))
            self.context.set_alpn_select_callback(self._select)
        if self.resumes:
            self.context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
            self.context.set_session_id(b"again")

    def _select(self, _: SSL.Connection, offered: list[bytes]) -> Any:
        return next((name for name in offered if name in self.alpn), SSL.NO_OVERLAPPING_PROTOCOLS)

    def clientConnectionForTLS(self, protocol: object) -> SSL.Connection:
        """Dial."""
        return SSL.Connection(self.context, None)

    def serverConnectionForTLS(self, protocol: object) -> SSL.Connection:
        """Accept."""
        return SSL.Connection(self.context, None)


@implementer(IOpenSSLClientConnectionCreator)
@frozen
class Mallory:
    """Dials with a key of P-384, and with the TLS session of somebody else's connection."""

    victim: Stranger
    before: SSL.Connection

    def clientConnectionForTLS(self, protocol: object) -> SSL.Connection:
        """Dial, and try to resume."""
        connection = self.victim.clientConnectionForTLS(protocol)
        connection.use_certificate(_x509(samples.P384_CERTIFICATE))
        connection.use_privatekey(_key(samples.P384_KEY))
        session = self.before.get_session()
        assert session is not None
        connection.set_session(session)
        return connection


def _key(pem: bytes) -> crypto.PKey:
    return crypto.load_privatekey(crypto.FILETYPE_PEM, pem)


def _x509(pem: bytes) -> crypto.X509:
    return crypto.load_certificate(crypto.FILETYPE_PEM, pem)


class Ends(Factory[End]):
    """Makes one end."""

    protocol = End
    noisy = False

    def __init__(self) -> None:
        self.end = End()

    def buildProtocol(self, addr: object) -> End:
        """The end."""
        return self.end


def converse(
    dialer: IOpenSSLClientConnectionCreator, acceptor: IOpenSSLServerConnectionCreator
) -> tuple[End, End]:
    """What becomes of a dialer and an acceptor when all that they say was delivered."""
    clock = Clock()
    ends = Ends(), Ends()
    client = TLSMemoryBIOFactory(dialer, True, ends[0], clock).buildProtocol(None)
    server = TLSMemoryBIOFactory(acceptor, False, ends[1], clock).buildProtocol(None)
    assert client is not None
    assert server is not None
    connect(
        server,
        FakeTransport(server, isServer=True),
        client,
        FakeTransport(client, isServer=False),
        clock=clock,
    )
    return ends[0].end, ends[1].end


class LinkTests(UnitCase):
    """Two nodes that follow the protocol."""

    def test_each_learns_who_the_other_is(self) -> None:
        """TLS comes up, and both ends know the id of the other."""
        dialer, acceptor = converse(Credentials(ALICE), Credentials(BOB))
        self.assertEqual((b"hello", b"hello"), (dialer.heard, acceptor.heard))
        self.assertEqual(BOB.id, peer_of(dialer.stream))
        self.assertEqual(ALICE.id, peer_of(acceptor.stream))

    def test_all_kinds_of_keys_in_both_roles(self) -> None:
        """Every allowed kind of key links with every other, whoever dials."""
        identities = [
            Identity.from_pem(key, certificate)
            for key, certificate in (
                (samples.ED25519_KEY, samples.ED25519_NAMELESS),
                (samples.P256_PARAMETERS_KEY, None),
                (samples.P384_KEY, samples.P384_CERTIFICATE),
                (samples.RSA_PKCS1_KEY, samples.RSA_VERSION_1),
            )
        ]
        for one in identities:
            for other in identities:
                dialer, acceptor = converse(Credentials(one), Credentials(other))
                self.assertEqual((b"hello", b"hello"), (dialer.heard, acceptor.heard))
                self.assertEqual(other.id, peer_of(dialer.stream))
                self.assertEqual(one.id, peer_of(acceptor.stream))

    def test_is_tls_1_3_with_the_protocol_s_name(self) -> None:
        """Both ends agree on TLS 1.3 and on the protocol."""
        for end in converse(Credentials(ALICE), Credentials(BOB)):
            self.assertEqual("TLSv1.3", end.connection.get_protocol_version_name())
            self.assertEqual(b"p2p-gossip/1", end.connection.get_alpn_proto_negotiated())

    def test_cipher(self) -> None:
        """Both ends tell the same one, which is of TLS 1.3."""
        dialer, acceptor = converse(Credentials(ALICE), Credentials(BOB))
        self.assertEqual(cipher_of(dialer.stream), cipher_of(acceptor.stream))
        self.assertTrue((cipher_of(dialer.stream) or "").startswith("TLS_"))

    def test_no_server_name_is_sent(self) -> None:
        """The dialer does not tell the world whom it dials."""
        _, acceptor = converse(Credentials(ALICE), Credentials(BOB))
        self.assertIsNone(acceptor.connection.get_servername())

    def test_one_set_of_credentials_serves_many_links(self) -> None:
        """Links made with one set of credentials do not share anything."""
        alice, bob = Credentials(ALICE), Credentials(BOB)
        one, _ = converse(alice, bob)
        two, _ = converse(bob, alice)
        self.assertEqual((BOB.id, ALICE.id), (peer_of(one.stream), peer_of(two.stream)))

    def test_are_connection_creators(self) -> None:
        """Twisted takes them for both roles."""
        credentials = Credentials(ALICE)
        verifyObject(IOpenSSLClientConnectionCreator, credentials)
        verifyObject(IOpenSSLServerConnectionCreator, credentials)


class StrangerTests(UnitCase):
    """Those who do not follow the protocol."""

    def refusal(self, end: End) -> str:
        """Why the peer at the other end is refused."""
        return str(self.assertRaises(KeyRefused, peer_of, end.stream))

    def assertBroken(self, end: End, text: str) -> None:
        """TLS failed at this end before anything was heard, and people can read why."""
        self.assertEqual(b"", end.heard)
        self.assertIsInstance(end.broken, SSL.Error)
        assert end.broken is not None
        self.assertEqual(text, explanation(end.broken))

    def test_anonymous_dialer(self) -> None:
        """A dialer without a certificate does not get through TLS."""
        dialer, acceptor = converse(Stranger(), Credentials(BOB))
        self.assertFalse(acceptor.up)
        self.assertBroken(acceptor, "TLS failed: peer did not return a certificate")
        self.assertEqual(b"", dialer.heard)

    def test_anonymous_peer_on_a_lax_connection(self) -> None:
        """Where TLS itself asked for no certificate, the peer is refused all the same."""
        lax = Stranger(key=samples.P256_KEY, certificate=samples.P256_CERTIFICATE)
        _, acceptor = converse(Credentials(ALICE), lax)
        self.assertTrue(acceptor.up)
        self.assertEqual("the peer has no certificate", self.refusal(acceptor))

    def test_tls_1_2(self) -> None:
        """Who speaks nothing newer than TLS 1.2 does not get through, in either role."""
        old = Stranger(
            key=samples.P256_KEY,
            certificate=samples.P256_CERTIFICATE,
            newest=SSL.TLS1_2_VERSION,
        )
        dialer, acceptor = converse(old, Credentials(BOB))
        self.assertBroken(acceptor, "TLS failed: unsupported protocol")
        self.assertBroken(dialer, "TLS failed: tlsv1 alert protocol version")
        dialer, acceptor = converse(Credentials(BOB), old)
        self.assertBroken(acceptor, "TLS failed: unsupported protocol")
        self.assertBroken(dialer, "TLS failed: tlsv1 alert protocol version")

    def test_other_protocols(self) -> None:
        """A peer with another ALPN protocol, or none, is refused by whichever end it meets."""
        for alpn in ((b"h2", b"http/1.1"), ()):
            stranger = Stranger(
                key=samples.P256_KEY, certificate=samples.P256_CERTIFICATE, alpn=alpn
            )
            _, acceptor = converse(stranger, Credentials(ALICE))
            dialer, _ = converse(Credentials(ALICE), stranger)
            for end in (acceptor, dialer):
                self.assertTrue(end.up)
                self.assertEqual("the peer does not speak p2p-gossip/1", self.refusal(end))

    def test_the_right_protocol_among_others(self) -> None:
        """A dialer that offers several protocols gets ours."""
        stranger = Stranger(
            key=samples.P256_KEY, certificate=samples.P256_CERTIFICATE, alpn=(b"h2", ALPN)
        )
        _, acceptor = converse(stranger, Credentials(ALICE))
        self.assertEqual(samples.P256_ID, peer_of(acceptor.stream))

    def test_chain_of_certificates(self) -> None:
        """A peer that sends a second certificate is refused, in both roles."""
        stranger = Stranger(
            key=samples.P256_KEY,
            certificate=samples.P256_CERTIFICATE,
            chain=[samples.ED25519_CERTIFICATE],
        )
        _, acceptor = converse(stranger, Credentials(ALICE))
        dialer, _ = converse(Credentials(ALICE), stranger)
        for end in (acceptor, dialer):
            self.assertTrue(end.up)
            self.assertEqual(
                "the peer sent a chain of certificates; one is allowed", self.refusal(end)
            )

    def test_key_in_another_encoding(self) -> None:
        """A key that TLS takes, but that would have a second id, is refused."""
        stranger = Stranger(key=samples.P256_KEY, certificate=samples.P256_COMPRESSED)
        _, acceptor = converse(stranger, Credentials(ALICE))
        dialer, _ = converse(Credentials(ALICE), stranger)
        for end in (acceptor, dialer):
            self.assertTrue(end.up)
            self.assertEqual("the key is not in its canonical encoding", self.refusal(end))

    def test_kind_of_key_that_is_not_allowed(self) -> None:
        """A key that TLS takes and the protocol does not is refused."""
        stranger = Stranger(key=samples.P521_KEY, certificate=samples.P521_CERTIFICATE)
        _, acceptor = converse(stranger, Credentials(ALICE))
        self.assertEqual("the curve secp521r1 is not P-256 or P-384", self.refusal(acceptor))

    def test_exponent_that_costs_much(self) -> None:
        """An RSA key with a large exponent, which TLS takes, is refused in both roles."""
        stranger = Stranger(
            key=samples.RSA_EXPONENT_KEY, certificate=samples.RSA_EXPONENT_CERTIFICATE
        )
        _, acceptor = converse(stranger, Credentials(ALICE))
        dialer, _ = converse(Credentials(ALICE), stranger)
        for end in (acceptor, dialer):
            self.assertTrue(end.up)
            reason = "the exponent of an RSA key is not odd, from 3 to 2147483647"
            self.assertEqual(reason, self.refusal(end))

    def test_certificate_that_only_tls_can_read(self) -> None:
        """Dates that nobody can read keep nobody out: the key is the peer."""
        der = Identity.from_pem(samples.P256_KEY, samples.P256_CERTIFICATE).certificate
        encoded = der.public_bytes(Encoding.DER)
        date = encoded.index(b"\x17\x0d") + 2
        odd = crypto.load_certificate(
            crypto.FILETYPE_ASN1, encoded[:date] + b"9999999999999" + encoded[date + 13 :]
        )
        stranger = Stranger(
            key=samples.P256_KEY, certificate=crypto.dump_certificate(crypto.FILETYPE_PEM, odd)
        )
        dialer, acceptor = converse(stranger, Credentials(ALICE))
        self.assertEqual(samples.P256_ID, peer_of(acceptor.stream))
        self.assertEqual(b"hello", dialer.heard)

    def come_back(self, acceptor: IOpenSSLServerConnectionCreator) -> str:
        """Who the acceptor thinks it is when Mallory comes with the session of Alice's link."""
        alice = Stranger(key=samples.ED25519_KEY, certificate=samples.ED25519_CERTIFICATE)
        before, seen = converse(alice, acceptor)
        self.assertEqual(ALICE.id, peer_of(seen.stream))
        dialer, seen = converse(Mallory(alice, before.connection), acceptor)
        self.assertEqual((b"hello", b"hello"), (dialer.heard, seen.heard))
        return peer_of(seen.stream)

    def test_old_sessions_do_not_open_doors(self) -> None:
        """Who comes back with the session of an earlier link has to prove its key anew."""
        self.assertEqual(samples.P384_ID, self.come_back(Credentials(BOB)))

    def test_old_sessions_open_the_doors_of_others(self) -> None:
        """An ordinary acceptor is fooled: the session that it gave out speaks for whoever has it."""
        ordinary = Stranger(
            key=samples.P256_KEY, certificate=samples.P256_CERTIFICATE, resumes=True
        )
        self.assertEqual(ALICE.id, self.come_back(ordinary))


ROOT_KEY = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
EVER = datetime(9999, 1, 1, tzinfo=timezone.utc)


def name(text: str) -> x509.Name:
    """A name that is no host's."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def authority(key: ed25519.Ed25519PrivateKey = ROOT_KEY, subject: str = "Root") -> bytes:
    """The certificate of a CA, in PEM."""
    since = datetime(2000, 1, 1, tzinfo=timezone.utc)
    builder = x509.CertificateBuilder(
        name(subject), name(subject), key.public_key(), 1, since, EVER
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(key, None).public_bytes(Encoding.PEM)


def issued(
    hosts: Sequence[str],
    *,
    key: ed25519.Ed25519PrivateKey = ROOT_KEY,
    until: datetime = EVER,
    subject: str = "host.example",
) -> bytes:
    """A certificate for Bob's key, by the CA with this key, for hosts."""
    since = datetime(2000, 1, 1, tzinfo=timezone.utc)
    builder = x509.CertificateBuilder(
        name("Root"), name(subject), BOB.key.public_key(), 2, since, until
    )
    names: list[x509.GeneralName] = []
    for host in hosts:
        if host[0].isdigit() or ":" in host:
            names.append(x509.IPAddress(ip_address(host)))
        else:
            names.append(x509.DNSName(host))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, None).public_bytes(Encoding.PEM)


class AuthorityTests(UnitCase):
    """A CA that vouches for the host names of seeds."""

    def seed(self, certificate: bytes) -> ITransport:
        """A transport to a seed that presents this certificate."""
        bob = Credentials(Identity.from_pem(samples.P256_KEY, certificate))
        dialer, _ = converse(Credentials(ALICE), bob)
        self.assertEqual(BOB.id, peer_of(dialer.stream))
        return dialer.stream

    def vouch(self, certificate: bytes, host: str, pem: bytes | None = None) -> str | None:
        """Why the CA does not vouch for a seed; None where it does."""
        found = Authority.from_pem(authority() if pem is None else pem)
        try:
            found.vouch(self.seed(certificate), host)
        except KeyRefused as refusal:
            return str(refusal)
        return None

    def test_right_host(self) -> None:
        """It vouches for the hosts in a certificate that it signed, by name and by address."""
        certificate = issued(["seed.example", "*.site.example", "192.0.2.1", "2001:db8::1"])
        for host in ("seed.example", "a.site.example", "192.0.2.1", "2001:db8::1", "2001:DB8:0::1"):
            self.assertIsNone(self.vouch(certificate, host), host)

    def test_wrong_host(self) -> None:
        """It vouches for no host that is not in the certificate."""
        certificate = issued(["seed.example", "192.0.2.1"])
        for host in ("other.example", "a.seed.example", "192.0.2.2", "2001:db8::1", "host.example"):
            self.assertEqual(
                f"its certificate is not for {host}", self.vouch(certificate, host), host
            )

    def test_names_are_no_addresses(self) -> None:
        """A certificate for names alone is not for addresses, nor the other way round."""
        self.assertEqual(
            "its certificate is not for 192.0.2.1",
            self.vouch(issued(["seed.example"]), "192.0.2.1"),
        )
        self.assertEqual(
            "its certificate is not for seed.example",
            self.vouch(issued(["192.0.2.1"]), "seed.example"),
        )

    def test_no_host_at_all(self) -> None:
        """The subject of a certificate without hosts does not stand in for one."""
        for host in ("host.example", "192.0.2.1"):
            self.assertEqual(f"its certificate is not for {host}", self.vouch(issued([]), host))

    def test_host_that_is_none(self) -> None:
        """What cannot be a host is in no certificate."""
        certificate = issued(["seed.example"])
        self.assertEqual("its certificate is not for a b", self.vouch(certificate, "a b"))

    def test_expired(self) -> None:
        """Here dates count."""
        certificate = issued(["seed.example"], until=datetime(2001, 1, 1, tzinfo=timezone.utc))
        self.assertEqual(
            "the CA does not vouch for it: certificate has expired",
            self.vouch(certificate, "seed.example"),
        )

    def test_another_ca(self) -> None:
        """The signature of a CA that was not given counts for nothing."""
        reason = self.vouch(issued(["seed.example"], key=OTHER_KEY), "seed.example")
        assert reason is not None
        self.assertTrue(reason.startswith("the CA does not vouch for it: "), reason)

    def test_self_signed(self) -> None:
        """A certificate that nobody signed but its subject counts for nothing."""
        reason = self.vouch(samples.P256_CERTIFICATE, "p256.example")
        self.assertEqual("the CA does not vouch for it: self-signed certificate", reason)

    def test_several_cas(self) -> None:
        """Each of several CAs in one text vouches, whatever stands between them."""
        pem = b"# the other\n" + authority(OTHER_KEY, "Other") + b"\n# ours\n" + authority()
        self.assertIsNone(self.vouch(issued(["seed.example"]), "seed.example", pem))

    def test_nobody_there(self) -> None:
        """It does not vouch for a peer without a certificate."""
        lax = Stranger(key=samples.P256_KEY, certificate=samples.P256_CERTIFICATE)
        _, acceptor = converse(Credentials(ALICE), lax)
        vouch = Authority.from_pem(authority()).vouch
        error = self.assertRaises(KeyRefused, vouch, acceptor.stream, "seed.example")
        self.assertEqual("the peer has no certificate", str(error))

    def test_no_certificate_in_the_text(self) -> None:
        """A text without a certificate cannot be a CA's."""
        for text in (b"", b"words", samples.P256_KEY):
            error = self.assertRaises(IdentityUnusable, Authority.from_pem, text)
            self.assertEqual("there is no certificate in it; give the CA's, in PEM", str(error))

    def test_unreadable_certificate_in_the_text(self) -> None:
        """One certificate that cannot be read spoils the text."""
        broken = authority().replace(b"MII", b"???", 1)
        for text in (b"-----BEGIN CERTIFICATE-----\n", authority() + b"\n" + broken[:60]):
            error = self.assertRaises(IdentityUnusable, Authority.from_pem, text)
            self.assertEqual("a certificate in it cannot be read", str(error))


class ExplanationTests(UnitCase):
    """TLS errors in words."""

    def test_last_word(self) -> None:
        """The last error that OpenSSL queued says why."""
        error = SSL.Error([("lib", "", "first"), ("lib", "", "last")])
        self.assertEqual("TLS failed: last", explanation(error))

    def test_nothing_known(self) -> None:
        """An error of TLS without words is still one."""
        for error in (SSL.Error(), SSL.Error([]), SSL.SysCallError(-1, "Unexpected EOF")):
            self.assertEqual("TLS failed", explanation(error))

    def test_not_of_tls(self) -> None:
        """Other errors are not explained here."""
        for error in (ConnectionDone(), ValueError("TLS")):
            self.assertIsNone(explanation(error))

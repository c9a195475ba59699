"""
Which keys and certificates are allowed, and the ids that follow from them.
"""

from base64 import b64decode
from datetime import datetime, timezone
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as some

from gossip.trust.identity import (
    RSA_EXPONENTS,
    Identity,
    IdentityUnusable,
    KeyRefused,
    certified_peer,
    load_public_key,
    peer_id,
    public_der,
    short,
)
from gossip.trust.signing import holds
from tests.cases import UnitCase
from tests.fuzz.der import Element
from tests.trust import samples

quickly = settings(deadline=None, database=None, max_examples=100)


# All encodings of the points of Ed25519 whose order divides 8: of each the canonical ones first.
SMALL_ORDER = (
    "0100000000000000000000000000000000000000000000000000000000000000",  # 1, neutral
    "0100000000000000000000000000000000000000000000000000000000000080",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # 2
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0000000000000000000000000000000000000000000000000000000000000000",  # 4
    "0000000000000000000000000000000000000000000000000000000000000080",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",  # 8
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
)


def rsa_public(exponent: int) -> bytes:
    """An RSA key of 2048 bits with any exponent, also one that no library would make."""
    numbers = (2**2047 + 1, exponent)
    integers = [Element(2, n.to_bytes(n.bit_length() // 8 + 1, "big")) for n in numbers]
    key = Element(3, b"\0" + Element(0x30, b"", integers).encoded())
    kind = Element(0x30, bytes.fromhex("06092a864886f70d0101010500"))
    return Element(0x30, b"", [kind, key]).encoded()


def der(pem: bytes) -> bytes:
    """The DER inside a PEM text."""
    return b64decode(b"".join(pem.splitlines()[1:-1]))


def padded_certificate(length: int) -> bytes:
    """A certificate of exactly so many bytes of DER."""
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "long")])
    now = datetime(2000, 1, 1, tzinfo=timezone.utc)

    def build(padding: int) -> bytes:
        comment = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(padding))
        builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now)
        certificate = builder.add_extension(comment, critical=False).sign(key, None)
        return certificate.public_bytes(Encoding.DER)

    return build(1000 + length - len(build(1000)))


class PeerIdTests(UnitCase):
    """An id is the hash of the key, as openssl and sha256sum see it."""

    def test_ids_of_certificates(self) -> None:
        """Each kind of key that is allowed has the id that openssl and sha256sum give it."""
        for certificate, known in (
            (samples.ED25519_CERTIFICATE, samples.ED25519_ID),
            (samples.P256_CERTIFICATE, samples.P256_ID),
            (samples.P384_CERTIFICATE, samples.P384_ID),
            (samples.RSA_CERTIFICATE, samples.RSA_ID),
        ):
            self.assertEqual(known, certified_peer(der(certificate)))

    def test_only_the_key_counts(self) -> None:
        """Other names, dates long past, no name at all and X.509 version 1 make no other peer."""
        for certificate, known in (
            (samples.ED25519_NAMELESS, samples.ED25519_ID),
            (samples.P256_EXPIRED, samples.P256_ID),
            (samples.RSA_VERSION_1, samples.RSA_ID),
        ):
            self.assertEqual(known, certified_peer(der(certificate)))

    def test_nonsense_for_a_date(self) -> None:
        """A certificate whose dates nobody can read names its peer all the same."""
        certificate = der(samples.ED25519_CERTIFICATE)
        date = certificate.index(b"\x17\x0d") + 2
        odd = certificate[:date] + b"999999999999Z" + certificate[date + 13 :]
        self.assertEqual(samples.ED25519_ID, certified_peer(odd))

    def test_id_is_hexadecimal_sha256(self) -> None:
        """An id is 64 lower-case digits."""
        self.assertEqual(sha256(b"key").hexdigest(), peer_id(b"key"))

    def test_short_form(self) -> None:
        """People are shown the first 12 digits."""
        self.assertEqual("1eed629e15d2", short(samples.ED25519_ID))


class CertifiedPeerRefusalTests(UnitCase):
    """Certificates that nobody may link with."""

    def refused(self, certificate: bytes) -> str:
        """Why a certificate is refused."""
        return str(self.assertRaises(KeyRefused, certified_peer, certificate))

    def test_kinds_of_keys(self) -> None:
        """Keys of kinds that are not allowed are refused, with the reason."""
        for certificate, reason in (
            (samples.P521_CERTIFICATE, "the curve secp521r1 is not P-256 or P-384"),
            (samples.RSA_1024_CERTIFICATE, "an RSA key of 1024 bits is not of 2048 to 4096"),
            (samples.RSA_4104_CERTIFICATE, "an RSA key of 4104 bits is not of 2048 to 4096"),
            (samples.DSA_CERTIFICATE, "the key is not Ed25519, ECDSA or RSA"),
            (samples.X25519_CERTIFICATE, "the key is not Ed25519, ECDSA or RSA"),
        ):
            self.assertEqual(reason, self.refused(der(certificate)))

    def test_other_encodings_of_a_key(self) -> None:
        """An allowed key in another than its one encoding would be a second id, and is refused."""
        for certificate in (samples.P256_COMPRESSED, samples.RSA_PSS_CERTIFICATE):
            reason = self.refused(der(certificate))
            self.assertEqual("the key is not in its canonical encoding", reason)
        # Older versions of `cryptography` do not even read explicit parameters.
        reason = self.refused(der(samples.P256_EXPLICIT))
        unread = "the key cannot be read"
        self.assertIn(reason, ("the key is not in its canonical encoding", unread))

    def test_keys_that_are_no_secret(self) -> None:
        """A certificate with an Ed25519 key for which anybody could sign names nobody."""
        whole = der(samples.ED25519_CERTIFICATE)
        public = Identity.from_pem(samples.ED25519_KEY, None).public
        for encoding in SMALL_ORDER:
            weak = whole.replace(public, public[:-32] + bytes.fromhex(encoding))
            reason = "the Ed25519 key is of small order, so anybody could sign for it"
            self.assertEqual(reason, self.refused(weak))

    def test_longest(self) -> None:
        """A certificate of 4096 bytes is read, one of 4097 is not."""
        longest = padded_certificate(4096)
        self.assertEqual(4096, len(longest))
        key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
        self.assertEqual(peer_id(public_der(key.public_key())), certified_peer(longest))
        self.assertEqual(
            "a certificate of 4097 bytes is longer than 4096",
            self.refused(padded_certificate(4097)),
        )

    def test_cut_short(self) -> None:
        """Whatever is left of a certificate that lost its end, it is refused."""
        whole = der(samples.ED25519_CERTIFICATE)
        for length in range(len(whole)):
            self.assertRaises(KeyRefused, certified_peer, whole[:length])

    def test_unreadable(self) -> None:
        """What is no certificate says so."""
        for garbage in (b"", b"0", b"0\x00", b"0\x02\x30\x00", b"\x30\x84\xff\xff\xff\xff"):
            self.assertEqual("the certificate cannot be read", self.refused(garbage))

    def test_a_key_that_cannot_be_read(self) -> None:
        """A certificate of the right shape with nonsense for a key is refused."""
        whole = der(samples.P256_CERTIFICATE)
        at = whole.index(b"\x03\x42\x00\x04") + 4
        off_the_curve = whole[:at] + bytes(64) + whole[at + 64 :]
        self.assertEqual("the key cannot be read", self.refused(off_the_curve))

    @quickly
    @given(some.binary(max_size=300))
    def test_garbage(self, garbage: bytes) -> None:
        """Nothing but a refusal comes of bytes from a stranger."""
        self.assertRaises(KeyRefused, certified_peer, garbage)

    @quickly
    @given(some.data())
    def test_damaged(self, data: some.DataObject) -> None:
        """A damaged certificate names some peer or is refused; there is no third."""
        pems = [value for value in vars(samples).values() if b"CERTIFICATE" in bytes_of(value)]
        damaged = bytearray(der(data.draw(some.sampled_from(pems))))
        for _ in range(data.draw(some.integers(1, 4))):
            damaged[data.draw(some.integers(0, len(damaged) - 1))] = data.draw(
                some.integers(0, 255)
            )
        try:
            found = certified_peer(bytes(damaged))
        except KeyRefused:
            return
        self.assertRegex(found, r"\A[0-9a-f]{64}\Z")


def bytes_of(value: object) -> bytes:
    """The value where it is bytes, else none."""
    return value if isinstance(value, bytes) else b""


class PublicKeyTests(UnitCase):
    """Public keys as records carry them."""

    def test_read_and_written(self) -> None:
        """A canonical key comes back as it went in."""
        for pem in (samples.ED25519_KEY, samples.P256_KEY, samples.P384_KEY, samples.RSA_KEY):
            public = Identity.from_pem(pem, None).public
            self.assertEqual(public, public_der(load_public_key(public)))

    def test_it_is_loaded_once(self) -> None:
        """The key that TLS has proved comes again in the hello: nobody loads it twice."""
        public = Identity.generate().public
        self.assertIs(load_public_key(public), load_public_key(public))

    def test_trailing_bytes(self) -> None:
        """A key with anything behind it is refused."""
        public = Identity.from_pem(samples.ED25519_KEY, None).public
        for tail in (b"\x00", public):
            self.assertRaises(KeyRefused, load_public_key, public + tail)

    def test_sizes_of_rsa(self) -> None:
        """RSA keys of exactly 2048 and 4096 bits are allowed, one bit off is not."""
        for bits, allowed in ((2047, False), (2048, True), (4096, True), (4097, False)):
            public = public_der(rsa.RSAPublicNumbers(65537, 2 ** (bits - 1) + 1).public_key())
            if allowed:
                load_public_key(public)
            else:
                self.assertRaises(KeyRefused, load_public_key, public)

    def test_exponents_of_rsa(self) -> None:
        """Small odd exponents are allowed; none that costs much, or protects nothing."""
        for exponent in (3, 17, 65537, 2**31 - 1):
            self.assertIn(exponent, RSA_EXPONENTS)
            load_public_key(rsa_public(exponent))
        for exponent in (0, 1, 2, 65536, 2**31, 2**31 + 1, 2**64 + 1, 2**2047 - 1):
            error = self.assertRaises(KeyRefused, load_public_key, rsa_public(exponent))
            reason = "the exponent of an RSA key is not odd, from 3 to 2147483647"
            self.assertIn(str(error), (reason, "the key cannot be read"), exponent)

    def test_points_of_small_order(self) -> None:
        """A signature without a secret holds for each of them in every encoding; all are refused."""
        prefix = Identity.generate().public[:-32]
        signature = (1).to_bytes(32, "little") + bytes(32)
        for encoding in SMALL_ORDER:
            key = ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(encoding))
            self.assertTrue(any(holds(key, signature, bytes([n])) for n in range(64)), encoding)
            error = self.assertRaises(KeyRefused, load_public_key, prefix + bytes.fromhex(encoding))
            reason = "the Ed25519 key is of small order, so anybody could sign for it"
            self.assertEqual(reason, str(error), encoding)

    def test_second_encodings_of_points(self) -> None:
        """An Ed25519 key of which y is not reduced would have a second id, and is refused."""
        prefix = Identity.generate().public[:-32]
        for sign in (0, 1 << 255):
            for y in range(2**255 - 17, 2**255):
                public = prefix + (y | sign).to_bytes(32, "little")
                error = self.assertRaises(KeyRefused, load_public_key, public)
                self.assertEqual("the key is not in its canonical encoding", str(error))

    @quickly
    @given(some.binary(max_size=120))
    def test_garbage(self, garbage: bytes) -> None:
        """What is no key is refused."""
        self.assertRaises(KeyRefused, load_public_key, garbage)


class GeneratedIdentityTests(UnitCase):
    """Identities that a node makes for itself."""

    def test_a_new_one_each_time(self) -> None:
        """Each node that starts without a key is another peer."""
        self.assertNotEqual(Identity.generate().id, Identity.generate().id)

    def test_is_ed25519(self) -> None:
        """The default kind of key is Ed25519."""
        self.assertIsInstance(Identity.generate().key, ed25519.Ed25519PrivateKey)

    def test_certificate_is_its_own(self) -> None:
        """The certificate carries the key, is signed by it, and names the short id."""
        for pem in (samples.ED25519_KEY, samples.P384_KEY, samples.RSA_KEY):
            made = Identity.from_pem(pem, None)
            certificate = made.certificate
            self.assertEqual(made.id, certified_peer(certificate.public_bytes(Encoding.DER)))
            certificate.verify_directly_issued_by(certificate)
            self.assertEqual(f"CN={short(made.id)}", certificate.subject.rfc4514_string())

    def test_certificate_does_not_expire(self) -> None:
        """Whoever looks at its dates finds it valid, on any clock."""
        certificate = Identity.generate().certificate
        self.assertEqual(1970, certificate.not_valid_before_utc.year)
        self.assertEqual(9999, certificate.not_valid_after_utc.year)

    def test_public_is_what_the_id_is_of(self) -> None:
        """The public half in DER hashes to the id."""
        made = Identity.generate()
        self.assertEqual(made.id, sha256(made.public).hexdigest())

    def test_signs(self) -> None:
        """What an identity signs, its public key verifies."""
        made = Identity.from_pem(samples.ED25519_KEY, None)
        public = made.key.public_key()
        assert isinstance(public, ed25519.Ed25519PublicKey)
        public.verify(made.sign(b"words"), b"words")

    def test_is_not_shown(self) -> None:
        """Neither key nor certificate is in the text form, where logs could show it."""
        made = Identity.from_pem(samples.ED25519_KEY, None)
        self.assertEqual(f"Identity(id='{samples.ED25519_ID}')", repr(made))


class PEMIdentityTests(UnitCase):
    """Identities from files."""

    def test_there_and_back(self) -> None:
        """What is written of an identity is that identity, with the certificate that it had."""
        for key in (samples.ED25519_KEY, samples.P256_SEC1_KEY, samples.RSA_PSS_KEY):
            made = Identity.from_pem(key, None)
            again = Identity.from_pem(made.key_pem(), made.certificate_pem())
            self.assertEqual((made.id, made.certificate), (again.id, again.certificate))
            self.assertIn(b"BEGIN PRIVATE KEY", made.key_pem())

    def unusable(self, key: bytes, certificate: bytes | None = None) -> str:
        """Why an identity cannot be used."""
        error = self.assertRaises(IdentityUnusable, Identity.from_pem, key, certificate)
        return str(error)

    def test_all_forms_of_keys(self) -> None:
        """PKCS#8, SEC1, SEC1 with its parameters in front, and PKCS#1 are read."""
        for key, known, kind in (
            (samples.ED25519_KEY, samples.ED25519_ID, ed25519.Ed25519PrivateKey),
            (samples.P256_KEY, samples.P256_ID, ec.EllipticCurvePrivateKey),
            (samples.P256_SEC1_KEY, samples.P256_ID, ec.EllipticCurvePrivateKey),
            (samples.P256_PARAMETERS_KEY, samples.P256_PARAMETERS_ID, ec.EllipticCurvePrivateKey),
            (samples.P384_KEY, samples.P384_ID, ec.EllipticCurvePrivateKey),
            (samples.RSA_KEY, samples.RSA_ID, rsa.RSAPrivateKey),
            (samples.RSA_PKCS1_KEY, samples.RSA_ID, rsa.RSAPrivateKey),
        ):
            made = Identity.from_pem(key, None)
            self.assertEqual(known, made.id)
            self.assertIsInstance(made.key, kind)

    def test_ways_to_write_a_private_key_do_not_matter(self) -> None:
        """However its file writes it, what peers see of a key is canonical."""
        compressed = Identity.from_pem(samples.P256_COMPRESSED_KEY, None)
        self.assertEqual(samples.P256_ID, compressed.id)
        made = Identity.from_pem(samples.RSA_PSS_KEY, None)
        self.assertEqual(made.id, certified_peer(made.certificate.public_bytes(Encoding.DER)))

    def test_a_given_certificate_is_used(self) -> None:
        """The certificate that was given is presented, with whatever names and dates it has."""
        for key, certificate, known in (
            (samples.ED25519_KEY, samples.ED25519_CERTIFICATE, samples.ED25519_ID),
            (samples.P256_SEC1_KEY, samples.P256_EXPIRED, samples.P256_ID),
            (samples.P384_KEY, samples.P384_CERTIFICATE, samples.P384_ID),
            (samples.RSA_PKCS1_KEY, samples.RSA_VERSION_1, samples.RSA_ID),
        ):
            made = Identity.from_pem(key, certificate)
            self.assertEqual(known, made.id)
            self.assertEqual(der(certificate), made.certificate.public_bytes(Encoding.DER))

    def test_encrypted(self) -> None:
        """An encrypted key is refused with the command that decrypts it."""
        for key in (samples.ENCRYPTED_KEY, samples.ENCRYPTED_PKCS1_KEY):
            self.assertEqual(
                "the key is encrypted; decrypt it with: openssl pkey -in KEY -out PLAIN",
                self.unusable(key),
            )

    def test_not_a_key(self) -> None:
        """What is no private key in PEM says so."""
        for text in (b"", b"nonsense", samples.ED25519_CERTIFICATE, der(samples.P256_KEY)):
            self.assertEqual("the key is not a private key in PEM", self.unusable(text))

    def test_other_kinds(self) -> None:
        """Keys that cannot or should not sign for a peer are refused."""
        for key in (samples.DSA_KEY, samples.X25519_KEY):
            self.assertEqual(
                "the key is not Ed25519, ECDSA or RSA; generate one of these", self.unusable(key)
            )

    def test_other_sizes(self) -> None:
        """Keys of allowed kinds but other sizes are refused."""
        for key, reason in (
            (samples.P521_KEY, "the curve secp521r1 is not P-256 or P-384"),
            (samples.RSA_1024_KEY, "an RSA key of 1024 bits is not of 2048 to 4096"),
            (samples.RSA_4104_KEY, "an RSA key of 4104 bits is not of 2048 to 4096"),
            (
                samples.RSA_EXPONENT_KEY,
                "the exponent of an RSA key is not odd, from 3 to 2147483647",
            ),
        ):
            self.assertEqual(f"the key cannot be used: {reason}", self.unusable(key))

    def test_certificate_of_another_key(self) -> None:
        """A key and a certificate that do not fit are refused."""
        self.assertEqual(
            "the certificate is not for this key; give the one that is",
            self.unusable(samples.ED25519_KEY, samples.P256_CERTIFICATE),
        )

    def test_certificate_that_peers_would_refuse(self) -> None:
        """A certificate that no peer would take is refused at home."""
        self.assertEqual(
            "the certificate cannot be used: the key is not in its canonical encoding",
            self.unusable(samples.P256_KEY, samples.P256_COMPRESSED),
        )

    def test_certificate_that_cannot_be_read(self) -> None:
        """What is no certificate is refused as one."""
        for text in (b"", samples.ED25519_KEY):
            reason = self.unusable(samples.ED25519_KEY, text)
            self.assertTrue(reason.startswith("the certificate cannot be used: "), reason)

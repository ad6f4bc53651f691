"""Keys and certificates of one control plane, made anew at each start.

Strict enough for Python's VERIFY_X509_STRICT (RFC 5280): critical basic constraints,
key usage, subject and authority key identifiers. Elliptic curve keys, because they
are made in a millisecond.
"""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALID_FOR = timedelta(days=365)
_CLOCK_TOLERANCE = timedelta(minutes=5)
_SERVER_NAMES: Final = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)
# The loopback address, and the first of --service-cluster-ip-range.
_SERVER_ADDRESSES: Final = ("127.0.0.1", "10.0.0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate and its private key, as files."""

    certificate: Path
    private_key: Path


class Authority:
    """A certificate authority that signs for one control plane and then is forgotten."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("salesforce-token-operator local control plane")
        self._certificate = self._self_signed()
        self.certificate_file = folder / "ca.crt"
        self.certificate_file.write_bytes(_encoded(self._certificate))

    def server(self) -> Pair:
        """Issue the serving certificate of the API server."""
        names: list[x509.GeneralName] = [x509.DNSName(name) for name in _SERVER_NAMES]
        names += [x509.IPAddress(ipaddress.ip_address(each)) for each in _SERVER_ADDRESSES]
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._leaf(_name("kube-apiserver"), key, ExtendedKeyUsageOID.SERVER_AUTH)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return self._write("apiserver", key, builder)

    def client(self, user: str, *groups: str) -> Pair:
        """Issue a client certificate that the API server takes for this user and groups."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._leaf(_name(user, *groups), key, ExtendedKeyUsageOID.CLIENT_AUTH)
        return self._write(user.replace(":", "-"), key, builder)

    def service_account_keys(self) -> Pair:
        """Make the key that signs service account tokens, and the public key that checks them."""
        key = ec.generate_private_key(ec.SECP256R1())
        public = self._folder / "service-account.pub"
        public.write_bytes(
            key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
        return Pair(certificate=public, private_key=self._write_key("service-account", key))

    def _self_signed(self) -> x509.Certificate:
        builder = _builder(self._name, self._name, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        builder = builder.add_extension(_key_usage(sign=False), critical=True)
        return builder.sign(self._key, hashes.SHA256())

    def _leaf(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, purpose: x509.ObjectIdentifier
    ) -> x509.CertificateBuilder:
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            _builder(subject, self._name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(sign=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(issuer, critical=False)
        )

    def _write(
        self, name: str, key: ec.EllipticCurvePrivateKey, builder: x509.CertificateBuilder
    ) -> Pair:
        certificate = self._folder / f"{name}.crt"
        certificate.write_bytes(_encoded(builder.sign(self._key, hashes.SHA256())))
        return Pair(certificate=certificate, private_key=self._write_key(name, key))

    def _write_key(self, name: str, key: ec.EllipticCurvePrivateKey) -> Path:
        path = self._folder / f"{name}.key"
        path.touch(mode=0o600)
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return path


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_TOLERANCE)
        .not_valid_after(now + _VALID_FOR)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, sign: bool) -> x509.KeyUsage:
    """Return the usage of a leaf (it signs) or of an authority (it signs certificates)."""
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not sign,
        crl_sign=not sign,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str, *organizations: str) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in organizations]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _encoded(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)

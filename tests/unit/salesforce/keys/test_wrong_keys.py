import base64
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from support import key_samples as sample
from support.key_material import refusal
from token_operator.domain.failures import (
    KeyInvalidError,
    KeyTooSmallError,
    PassphraseWrongError,
)
from token_operator.domain.sources import KeyFormat
from token_operator.salesforce.keys.forms.der import OCTET_STRING, SEQUENCE, Element
from token_operator.salesforce.keys.forms.private_key import belong_together


def small_key() -> bytes:
    return sample.pkcs8(sample.rsa_key("small", 1024))


def dsa_key() -> bytes:
    key = dsa.generate_private_key(key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def legacy_dsa_key() -> bytes:
    return b"-----BEGIN DSA PRIVATE KEY-----\nMIIB\n-----END DSA PRIVATE KEY-----\n"


def ed25519_key() -> bytes:
    key = ed25519.Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def ec_sec1(encoding: Encoding = Encoding.PEM) -> bytes:
    form = PrivateFormat.TraditionalOpenSSL
    return sample.ec_key().private_bytes(encoding, form, NoEncryption())


def key_from(**changed: int) -> bytes:
    numbers = sample.rsa_key().private_numbers()
    parts = {name: getattr(numbers, name) for name in ("p", "q", "d", "dmp1", "dmq1", "iqmp")}
    parts |= changed
    public = rsa.RSAPublicNumbers(65537, parts["p"] * parts["q"])
    broken = rsa.RSAPrivateNumbers(**parts, public_numbers=public)
    return sample.pkcs8(broken.private_key(unsafe_skip_rsa_key_validation=True))


def with_wrong_exponents() -> bytes:
    numbers = sample.rsa_key().private_numbers()
    return key_from(d=numbers.d + 2, dmp1=numbers.dmp1 + 2)


def with_another(part: str) -> bytes:
    """Return a key of which one part belongs to no key."""
    return key_from(**{part: getattr(sample.rsa_key().private_numbers(), part) + 2})


def with_exponent_of_one_factor(right: str, wrong: str) -> bytes:
    """Return a key whose private exponent is right for one factor, and all the rest with it."""
    numbers = sample.rsa_key().private_numbers()
    d = numbers.d + getattr(numbers, right) - 1
    return key_from(d=d, **{f"dm{wrong}1": d % (getattr(numbers, wrong) - 1)})


def with_wrong_modulus() -> bytes:
    content = bytearray(sample.der_of(sample.pkcs1()))
    content[40] ^= 0xFF
    return bytes(content)


def pem_of(der: bytes, label: str) -> bytes:
    begin, end = f"-----BEGIN {label}-----\n".encode(), f"-----END {label}-----\n".encode()
    return begin + base64.encodebytes(der) + end


def relabelled(pem: bytes, label: str) -> bytes:
    return pem_of(sample.der_of(pem), label)


def real_legacy_dsa_key() -> bytes:
    key = dsa.generate_private_key(key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def multi_prime() -> bytes:
    """Return the beginning of a PKCS#1 key of version 1, which says that there are more factors."""
    return Element(SEQUENCE, b"\x02\x01\x01" + b"\x02\x01\x0f" * 12).encoded()


def wrapped(key: bytes) -> bytes:
    rsa_encryption = bytes.fromhex("300d06092a864886f70d0101010500")
    octets = Element(OCTET_STRING, key).encoded()
    return Element(SEQUENCE, b"\x02\x01\x00" + rsa_encryption + octets).encoded()


WRONG: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "a public key": (sample.public_pem, "a public key", "private key that belongs"),
    "a PKCS#1 public key": (sample.public_pkcs1, "a public key", "private key that belongs"),
    "a public key in DER": (lambda: sample.der_of(sample.public_pem()), "a public key", ""),
    "a PKCS#1 public key in DER": (lambda: sample.der_of(sample.public_pkcs1()), "a public", ""),
    "a certificate": (sample.certificate, "a certificate only", "private key that belongs"),
    "a certificate in DER": (lambda: sample.der_of(sample.certificate()), "a certificate only", ""),
    "certificate and public key": (
        lambda: sample.certificate() + sample.public_pem(),
        "a public key",
        "",
    ),
    "an EC key": (lambda: sample.pkcs8(sample.ec_key()), "an EC key", "openssl req"),
    "an EC key in SEC 1": (ec_sec1, "an EC key", "openssl req"),
    "an EC key in SEC 1 DER": (lambda: ec_sec1(Encoding.DER), "an EC key", "openssl req"),
    "a DSA key": (dsa_key, "a DSA key", "openssl req"),
    "a legacy DSA key": (legacy_dsa_key, "a DSA key", "openssl req"),
    "an Ed25519 key": (ed25519_key, "a key of another kind", "openssl req"),
    "an OpenSSH key": (sample.openssh, "an OpenSSH key", "ssh-keygen"),
    "an OpenSSH public key": (lambda: b"ssh-rsa AAAAB3Nza user@host", "an SSH public key", ""),
    "an SSH2 public key": (lambda: b"---- BEGIN SSH2 PUBLIC KEY ----", "an SSH public key", ""),
    "a PuTTY key": (lambda: b"PuTTY-User-Key-File-3: ssh-rsa\n", "a PuTTY key", "puttygen"),
    "a signing request": (sample.signing_request, "a certificate signing request", ""),
    "a signing request in DER": (
        lambda: sample.der_of(sample.signing_request()),
        "a certificate signing request",
        "",
    ),
    "a JKS": (lambda: b"\xfe\xed\xfe\xed\0\0\0\2", "a Java key store (JKS)", "keytool"),
    "a JCEKS": (lambda: b"\xce\xce\xce\xce\0\0\0\2", "a Java key store (JCEKS)", "keytool"),
    "a JKS in base64": (
        lambda: base64.b64encode(b"\xfe\xed\xfe\xed" + bytes(60)),
        "a Java key store (JKS)",
        "keytool",
    ),
    "a PKCS#12": (sample.key_store, "a PKCS#12 key store", "openssl pkcs12"),
    "a PKCS#12 in base64": (
        lambda: base64.b64encode(sample.key_store()),
        "a PKCS#12 key store",
        "",
    ),
    "a PKCS#7": (lambda: bytes.fromhex("300b06092a864886f70d010702"), "a PKCS#7", ""),
    "JSON": (lambda: b'{"kty": "RSA"}', "a JSON document", "PEM form"),
    "text": (lambda: b"hello", "no recognizable private key", "PEM form"),
    "text in the alphabet of base64": (
        lambda: b"A" * 41,
        "no recognizable private key",
        "PEM form",
    ),
    "binary": (lambda: bytes(range(128, 256)), "no recognizable private key", "PEM form"),
    "UTF-16 without a mark": (
        lambda: sample.pkcs8().decode().encode("utf-16-le"),
        "a text in UTF-16LE without a byte order mark",
        "iconv -f UTF-16LE -t UTF-8",
    ),
    "UTF-16 without a mark, the other way round": (
        lambda: sample.pkcs8().decode().encode("utf-16-be"),
        "a text in UTF-16BE",
        "iconv -f UTF-16BE",
    ),
    "a mark of UTF-16 without its text": (lambda: b"\xff\xfeabc", "no recognizable", "PEM form"),
    "a template": (
        lambda: b"{{ .Values.privateKey }}",
        "a template that was not rendered",
        "Helm, Flux, envsubst",
    ),
    "a template between the lines of PEM": (
        lambda: b"-----BEGIN PRIVATE KEY-----\n${KEY_BODY}\n-----END PRIVATE KEY-----",
        "a template that was not rendered",
        "Helm, Flux, envsubst",
    ),
    "a DSA key of OpenSSL under another label": (
        lambda: relabelled(real_legacy_dsa_key(), "PRIVATE KEY"),
        "a DSA key",
        "openssl req",
    ),
    "an EC key in SEC 1 under the label of PKCS#8": (
        lambda: relabelled(ec_sec1(), "PRIVATE KEY"),
        "an EC key",
        "openssl req",
    ),
    "an EC key in PKCS#8 under the label of SEC 1": (
        lambda: relabelled(sample.pkcs8(sample.ec_key()), "EC PRIVATE KEY"),
        "an EC key",
        "openssl req",
    ),
    "a certificate under the label of a key": (
        lambda: relabelled(sample.certificate(), "RSA PRIVATE KEY"),
        "a certificate only",
        "private key that belongs",
    ),
    "a key of three factors": (
        lambda: pem_of(multi_prime(), "RSA PRIVATE KEY"),
        "an RSA key with more than two factors",
        "openssl req",
    ),
    "a key of three factors in PKCS#8": (
        lambda: pem_of(wrapped(multi_prime()), "PRIVATE KEY"),
        "an RSA key with more than two factors",
        "openssl req",
    ),
    "a key with a cipher that is not read": (
        lambda: sample.encrypted_pkcs1().replace(b"AES-256-CBC", b"CAMELLIA-256-CBC"),
        "a cipher that is not supported",
        "openssl pkcs8 -topk8 -v2 aes-256-cbc",
    ),
    "an unknown PEM": (
        lambda: b"-----BEGIN X-----\nAAAA\n-----END X-----".replace(b"X", b"DH PARAMETERS"),
        "a PEM block that is no private key",
        "PEM form",
    ),
    "two private keys": (lambda: sample.pkcs8() * 2, "2 private keys", "one"),
    "nothing": (lambda: b"", "is empty", ""),
    "white space": (lambda: b" \n", "is empty", ""),
    "too much": (lambda: b"A" * 65_537, "larger than 64 KiB", ""),
    "a cut key": (lambda: sample.pkcs8()[:700], "damaged or truncated", "openssl pkey"),
    "a key with a line lost": (
        lambda: b"\n".join(sample.pkcs8().split(b"\n")[:5] + sample.pkcs8().split(b"\n")[6:]),
        "damaged or truncated",
        "openssl pkey",
    ),
    "a key that is no base64": (
        lambda: b"-----BEGIN PRIVATE KEY-----\n!!!\n-----END PRIVATE KEY-----",
        "damaged or truncated",
        "openssl pkey",
    ),
    "a key whose exponent was changed": (with_wrong_exponents, "damaged", "openssl pkey"),
    "a key whose exponent is right for the second factor only": (
        lambda: with_exponent_of_one_factor("q", "p"),
        "damaged",
        "openssl pkey",
    ),
    "a key whose exponent is right for the first factor only": (
        lambda: with_exponent_of_one_factor("p", "q"),
        "damaged",
        "openssl pkey",
    ),
    "a key with another first factor": (lambda: with_another("p"), "damaged", "openssl pkey"),
    "a key with another second factor": (lambda: with_another("q"), "damaged", "openssl pkey"),
    "a key with another private exponent": (lambda: with_another("d"), "damaged", "openssl pkey"),
    "a key with another first exponent": (lambda: with_another("dmp1"), "damaged", "openssl"),
    "a key with another second exponent": (lambda: with_another("dmq1"), "damaged", "openssl"),
    "a key with another coefficient": (lambda: with_another("iqmp"), "damaged", "openssl pkey"),
    "a key whose modulus was changed": (with_wrong_modulus, "damaged", "openssl pkey"),
    "a very large key": (
        lambda: key_from(p=2**4100 + 1, q=2**4100 + 3),
        "more than 8192",
        "openssl req",
    ),
}


@pytest.mark.parametrize(("form", "words", "remedy"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_thing_is_named_by_its_form(
    form: Callable[[], bytes], words: str, remedy: str
) -> None:
    found = refusal(form(), format=KeyFormat.PEM)

    assert type(found) is KeyInvalidError
    assert words in found.message
    assert "tls.key" in found.message
    assert remedy in found.advice


def test_a_short_key_is_refused() -> None:
    found = refusal(small_key())

    assert isinstance(found, KeyTooSmallError)
    assert "1024" in found.message


def test_a_key_that_the_passphrase_does_not_open_is_refused_with_a_cipher_that_is_read() -> None:
    content = sample.encrypted_pkcs1()
    found = refusal(content, passphrase_entry="tls.key")

    assert isinstance(found, PassphraseWrongError)
    assert "openssl pkcs8 -topk8 -v2 aes-256-cbc" in found.advice


@pytest.mark.parametrize("p", [0, 1, 2])
def test_a_key_with_a_trivial_factor_is_no_key(p: int) -> None:
    numbers = sample.rsa_key().private_numbers()
    broken = rsa.RSAPrivateNumbers(
        p=p,
        q=numbers.q,
        d=numbers.d,
        dmp1=0,
        dmq1=numbers.dmq1,
        iqmp=0,
        public_numbers=rsa.RSAPublicNumbers(65537, p * numbers.q),
    )

    assert not belong_together(broken)

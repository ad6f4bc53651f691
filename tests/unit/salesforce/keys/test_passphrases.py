"""A passphrase is read as people and cert-manager store it."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    pkcs12,
)

from support import key_samples as sample
from support import key_stores as store
from support.key_material import material
from token_operator.domain.failures import PassphraseWrongError
from token_operator.salesforce.keys.loading import load_local_key

Sealed = Callable[[bytes], bytes]


def sealed_pkcs12(passphrase: bytes) -> bytes:
    encryption = BestAvailableEncryption(passphrase)
    return pkcs12.serialize_key_and_certificates(b"sf", sample.rsa_key(), None, None, encryption)


def sealed_pkcs8(passphrase: bytes) -> bytes:
    encryption = BestAvailableEncryption(passphrase)
    return sample.rsa_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def sealed_pkcs1(passphrase: bytes) -> bytes:
    form = PrivateFormat.TraditionalOpenSSL
    return sample.rsa_key().private_bytes(Encoding.PEM, form, BestAvailableEncryption(passphrase))


def sealed_jks(passphrase: bytes) -> bytes:
    text, key = passphrase.decode(), sample.der_of(sample.pkcs8())
    return store.jks(store.jks_key("sf", store.protected(key, text)), passphrase=text)


SEALED = [sealed_pkcs12, sealed_jks, sealed_pkcs8, sealed_pkcs1]


def opens(content: bytes, stored: bytes) -> bool:
    entries = {"tls.key": content, "password": stored}
    key = load_local_key(material(entries, passphrase_entry="password"))
    return key.private_key().private_numbers() == sample.rsa_key().private_numbers()


@pytest.mark.parametrize("sealed", SEALED)
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\r", b"\n\n"])
def test_line_break_at_the_end_is_left_out(sealed: Sealed, end: bytes) -> None:
    assert opens(sealed(b"sesame"), b"sesame" + end)


@pytest.mark.parametrize("sealed", SEALED)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_break_at_the_end_is_part_of_what_was_sealed_with_it(
    sealed: Sealed, end: bytes
) -> None:
    assert opens(sealed(b"sesame" + end), b"sesame" + end)


@pytest.mark.parametrize("sealed", SEALED)
def test_carriage_return_alone_may_belong_to_the_passphrase(sealed: Sealed) -> None:
    assert opens(sealed(b"sesame\r"), b"sesame\r\n")


@pytest.mark.parametrize("sealed", SEALED)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_mark_names_the_encoding(sealed: Sealed, encoding: str) -> None:
    assert opens(sealed("sésame".encode()), "sésame\r\n".encode(encoding))


def test_byte_order_mark_is_part_of_what_was_sealed_with_it() -> None:
    stored = "sesame".encode("utf-8-sig")

    assert opens(sealed_pkcs12(stored), stored)


@pytest.mark.parametrize("sealed", SEALED)
@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ("sesame".encode("utf-16-le"), "the passphrase in UTF-16LE without a byte order mark"),
        ("sesame".encode("utf-16-be"), "UTF-16BE"),
        (b"{{ .Values.passphrase }}", "a template that was not rendered"),
        (b"${PASSPHRASE}\n", "a template that was not rendered"),
        (b"cGFzc3BocmFzZSBvZiB0aGUga2V5\n", "encoded twice"),
    ],
)
def test_fault_that_a_wrong_passphrase_shows_is_named(
    sealed: Sealed, stored: bytes, words: str
) -> None:
    with pytest.raises(PassphraseWrongError) as caught:
        opens(sealed(b"sesame"), stored)

    assert words in caught.value.message
    assert "Entry password of Secret crm-key" in caught.value.message
    assert caught.value.advice
    assert stored.decode() not in caught.value.sentence()


def test_wrong_passphrase_without_such_a_fault_is_wrong() -> None:
    with pytest.raises(PassphraseWrongError, match="does not open"):
        opens(sealed_pkcs12(b"sesame"), b"simsim\n")

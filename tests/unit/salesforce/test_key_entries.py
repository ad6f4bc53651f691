import pytest

from support import key_samples as sample
from support.key_material import load, material
from token_operator.domain.connection import KeyFormat
from token_operator.domain.failures import (
    KeyInvalidError,
    NotSupportedYetError,
    SourceKeyMissingError,
)
from token_operator.salesforce.keys import load_signing_key


def test_a_missing_entry_is_named_with_at_most_eight_of_those_present() -> None:
    entries = {f"entry-{number}": b"x" for number in range(10)}

    with pytest.raises(SourceKeyMissingError) as caught:
        load_signing_key(material(entries))

    assert "Entry tls.key of Secret crm-key" in caught.value.message
    assert "entry-7 and 2 more" in caught.value.message
    assert "entry-8" not in caught.value.message


def test_a_missing_entry_of_an_empty_secret_says_so() -> None:
    with pytest.raises(SourceKeyMissingError, match="no entries"):
        load_signing_key(material({}))


@pytest.mark.parametrize("field", ["private_key_entry", "certificate_entry", "passphrase_entry"])
def test_every_named_entry_must_exist(field: str) -> None:
    with pytest.raises(SourceKeyMissingError, match="Entry nowhere of"):
        load(sample.encrypted_pkcs8() if "pass" in field else sample.pkcs8(), **{field: "nowhere"})


def test_the_named_entry_is_read() -> None:
    found = load_signing_key(
        material({"k": sample.pkcs8(), "tls.key": b"x"}, private_key_entry="k")
    )

    assert found.entry == "k"


@pytest.mark.parametrize(
    ("entries", "source", "words"),
    [
        ({"keystore.p12": b"x"}, {}, "PKCS#12"),
        ({"keystore.jks": b"x"}, {}, "JKS"),
        ({"keystore.jks": b"x"}, {"format": KeyFormat.JKS}, "JKS"),
        ({"tls.key": b"x"}, {"format": KeyFormat.PKCS12}, "PKCS12"),
        ({"sf.jks": b"\xfe\xed\xfe\xed"}, {"private_key_entry": "sf.jks"}, "Java key store"),
    ],
)
def test_a_key_store_is_not_supported_yet(
    entries: dict[str, bytes], source: dict[str, object], words: str
) -> None:
    with pytest.raises(NotSupportedYetError, match=words):
        load_signing_key(material(entries, **source))


def test_a_key_store_where_pem_was_asked_for_is_the_wrong_form() -> None:
    entries = {"sf.p12": sample.key_store()}

    with pytest.raises(KeyInvalidError, match=r"a PKCS#12 key store"):
        load_signing_key(material(entries, private_key_entry="sf.p12", format=KeyFormat.PEM))


def test_format_pem_looks_at_tls_key_only() -> None:
    with pytest.raises(SourceKeyMissingError):
        load_signing_key(material({"keystore.p12": b"x"}, format=KeyFormat.PEM))

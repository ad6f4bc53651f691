import pytest

from support import key_samples as sample
from support.key_material import load, material
from token_operator.domain.failures import (
    KeyInvalidError,
    SourceKeyMissingError,
)
from token_operator.domain.sources import KeyFormat
from token_operator.salesforce.keys.loading import load_local_key


def test_a_missing_entry_is_named_with_at_most_eight_of_those_present() -> None:
    entries = {f"entry-{number}": b"x" for number in range(10)}

    with pytest.raises(SourceKeyMissingError) as caught:
        load_local_key(material(entries))

    assert "Entry tls.key of Secret crm-key" in caught.value.message
    assert "entry-7 and 2 more" in caught.value.message
    assert "entry-8" not in caught.value.message


def test_a_missing_entry_of_an_empty_secret_says_so() -> None:
    with pytest.raises(SourceKeyMissingError, match="no entries"):
        load_local_key(material({}))


@pytest.mark.parametrize("field", ["private_key_entry", "certificate_entry", "passphrase_entry"])
def test_every_named_entry_must_exist(field: str) -> None:
    with pytest.raises(SourceKeyMissingError, match="Entry nowhere of"):
        load(sample.encrypted_pkcs8() if "pass" in field else sample.pkcs8(), **{field: "nowhere"})


def test_the_named_entry_is_read() -> None:
    found = load_local_key(material({"k": sample.pkcs8(), "tls.key": b"x"}, private_key_entry="k"))

    assert found.place.entry == "k"


@pytest.mark.parametrize(
    ("entries", "source", "entry"),
    [
        ({}, {}, "tls.key"),
        ({"tls.key": b"", "keystore.p12": b"x"}, {}, "tls.key"),
        ({"keystore.p12": b"", "keystore.jks": b""}, {}, "keystore.p12"),
        ({"keystore.jks": b""}, {}, "keystore.jks"),
        ({"keystore.p12": b""}, {"format": KeyFormat.JKS}, "keystore.jks"),
        ({"keystore.jks": b""}, {"format": KeyFormat.PKCS12}, "keystore.p12"),
        ({"keystore.jks": b""}, {"format": KeyFormat.PEM}, "tls.key"),
        ({"sf.jks": b""}, {"private_key_entry": "sf.jks"}, "sf.jks"),
    ],
)
def test_the_entry_with_the_key_follows_from_format_and_entries(
    entries: dict[str, bytes], source: dict[str, object], entry: str
) -> None:
    with pytest.raises((KeyInvalidError, SourceKeyMissingError), match=f"Entry {entry} of"):
        load_local_key(material(entries, **source))


@pytest.mark.parametrize("key_format", [KeyFormat.PKCS12, KeyFormat.JKS])
def test_a_key_in_pem_form_where_a_key_store_was_asked_for_is_the_wrong_form(
    key_format: KeyFormat,
) -> None:
    with pytest.raises(KeyInvalidError, match=f"not a key store of format {key_format}"):
        load(sample.pkcs8(), private_key_entry="tls.key", format=key_format)


def test_a_key_store_where_pem_was_asked_for_is_the_wrong_form() -> None:
    entries = {"sf.p12": sample.key_store()}

    with pytest.raises(KeyInvalidError, match=r"a PKCS#12 key store"):
        load_local_key(material(entries, private_key_entry="sf.p12", format=KeyFormat.PEM))


def test_format_pem_looks_at_tls_key_only() -> None:
    with pytest.raises(SourceKeyMissingError):
        load_local_key(material({"keystore.p12": b"x"}, format=KeyFormat.PEM))


def test_unrecognizable_entry_is_no_key_store() -> None:
    expected = "contains no recognizable key store of format PKCS12"

    with pytest.raises(KeyInvalidError, match=expected):
        load_local_key(material({"keystore.p12": b"hello"}, format=KeyFormat.PKCS12))

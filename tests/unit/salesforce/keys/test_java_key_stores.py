"""Key stores that the JDK's keytool made in this very run."""

import traceback
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from support import key_samples as sample
from support.key_material import material
from support.key_stores import PASSPHRASE, STORE_TYPES, JavaStores
from token_operator.domain.failures import (
    CertificateMismatchError,
    FailureError,
    KeyInvalidError,
    KeyTooSmallError,
    PassphraseWrongError,
)
from token_operator.domain.sources import KeyFormat
from token_operator.salesforce.keys.loading import load_local_key
from token_operator.salesforce.keys.local_key import LocalKey


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> JavaStores:
    return JavaStores(tmp_path_factory.mktemp("stores"))


def load(store: Path, passphrase: str = PASSPHRASE, **source: object) -> LocalKey:
    source = {"passphrase_entry": "password", "private_key_entry": "store"} | source
    entries = {"store": store.read_bytes(), "password": f"{passphrase}\n".encode()}
    return load_local_key(material(entries, **source))


def refusal(store: Path, passphrase: str = PASSPHRASE, **source: object) -> FailureError:
    with pytest.raises(FailureError) as caught:
        load(store, passphrase, **source)
    text = "".join(traceback.format_exception(caught.value)) + caught.value.sentence()
    assert passphrase not in text
    assert "Entry store of Secret crm-key" in caught.value.message
    assert caught.value.advice
    return caught.value


@pytest.mark.parametrize("store_type", STORE_TYPES)
@pytest.mark.parametrize("alias", ["one", "two"])
def test_each_key_of_a_store_is_found_by_its_alias(
    java: JavaStores, store_type: str, alias: str
) -> None:
    store = java.store(store_type, "one", "two")
    certificate = java.certificate(store, alias)

    found = load(store, alias=alias)

    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    assert found.private_key().public_key().public_bytes(*form) == (
        certificate.public_key().public_bytes(*form)
    )
    assert found.certificate_not_after == certificate.not_valid_after_utc


@pytest.mark.parametrize("store_type", STORE_TYPES)
def test_an_alias_is_the_same_in_upper_and_lower_case(java: JavaStores, store_type: str) -> None:
    store = java.store(store_type, "one", "two")

    assert load(store, alias="TWO").fingerprint == load(store, alias="two").fingerprint


@pytest.mark.parametrize("store_type", STORE_TYPES)
def test_a_missing_alias_is_refused_with_those_there(java: JavaStores, store_type: str) -> None:
    found = refusal(java.store(store_type, "one", "two"), alias="three")

    assert type(found) is KeyInvalidError
    assert "alias three" in found.message
    assert "one" in found.message
    assert "two" in found.message


@pytest.mark.parametrize("store_type", STORE_TYPES)
def test_of_several_keys_one_must_be_named(java: JavaStores, store_type: str) -> None:
    found = refusal(java.store(store_type, "one", "two"))

    assert type(found) is KeyInvalidError
    assert "2 private keys" in found.message
    assert "alias" in found.advice


@pytest.mark.parametrize("store_type", STORE_TYPES)
@pytest.mark.parametrize("source", [{}, {"alias": "one"}], ids=["alias given", "alias not given"])
def test_a_wrong_passphrase_is_said(
    java: JavaStores, store_type: str, source: dict[str, object]
) -> None:
    store = java.store(store_type, "one")

    assert isinstance(refusal(store, "Mellon or so", **source), PassphraseWrongError)


@pytest.mark.parametrize("store_type", STORE_TYPES)
def test_a_missing_passphrase_is_said(java: JavaStores, store_type: str) -> None:
    found = refusal(java.store(store_type, "one"), passphrase_entry=None)

    assert isinstance(found, PassphraseWrongError)
    assert "there is none" in found.message


@pytest.mark.parametrize("store_type", STORE_TYPES)
@pytest.mark.parametrize(
    ("options", "failure", "words"),
    [
        (("-keyalg", "EC", "-groupname", "secp256r1"), KeyInvalidError, "an EC key"),
        (("-keyalg", "DSA", "-keysize", "2048"), KeyInvalidError, "a DSA key"),
        (("-keyalg", "RSA", "-keysize", "1024"), KeyTooSmallError, "1024"),
    ],
    ids=["EC", "DSA", "short"],
)
def test_a_key_that_salesforce_refuses_is_named_by_its_form(
    java: JavaStores,
    store_type: str,
    options: tuple[str, ...],
    failure: type[FailureError],
    words: str,
) -> None:
    store = java.directory / f"{store_type}{options[1]}{options[3]}"
    java.add(store, "sf", *options, store_type=store_type)

    found = refusal(store)

    assert type(found) is failure
    assert words in found.message


@pytest.mark.parametrize("store_type", STORE_TYPES)
def test_a_certificate_for_a_thousand_years_is_fine(java: JavaStores, store_type: str) -> None:
    store = java.directory / f"{store_type}-long"
    java.add(store, "sf", "-keyalg", "RSA", "-validity", "365000", store_type=store_type)

    found = load(store).certificate_not_after

    assert found is not None
    assert found.year > 3000


@pytest.mark.parametrize("store_type", STORE_TYPES)
def test_a_store_that_was_converted_keeps_its_keys(java: JavaStores, store_type: str) -> None:
    origin = java.store("PKCS12", "one", "two")
    store = java.converted(origin, store_type)

    assert load(store, alias="two").fingerprint == load(origin, alias="two").fingerprint


@pytest.mark.parametrize("store_type", STORE_TYPES)
def test_a_certificate_of_another_key_is_a_mismatch(java: JavaStores, store_type: str) -> None:
    entries = {
        "keystore.p12": java.store(store_type, "one").read_bytes(),
        "password": PASSPHRASE.encode(),
        "tls.crt": sample.certificate(),
    }

    with pytest.raises(CertificateMismatchError):
        load_local_key(material(entries, passphrase_entry="password"))


@pytest.mark.parametrize("store_type", STORE_TYPES)
def test_a_store_of_certificates_only_is_said(java: JavaStores, store_type: str) -> None:
    store, certificate = java.directory / f"{store_type}-trust", java.directory / "trusted.pem"
    certificate.write_bytes(sample.certificate())
    java.keytool(
        *("-importcert", "-noprompt", "-alias", "ca", "-file", str(certificate)),
        *java._store(store, store_type),
        store_type=store_type,
    )

    assert "without a private key" in refusal(store).message


def test_a_trusted_certificate_beside_the_key_does_no_harm(java: JavaStores) -> None:
    certificate = java.directory / "beside.pem"
    certificate.write_bytes(sample.certificate())
    for store_type in STORE_TYPES:
        store = java.converted(java.store("PKCS12", "one"), store_type)
        java.keytool(
            *("-importcert", "-noprompt", "-alias", "ca", "-file", str(certificate)),
            *java._store(store, store_type),
            store_type=store_type,
        )

        assert (
            load(store).certificate_not_after
            == load(java.store("PKCS12", "one")).certificate_not_after
        )


def test_a_key_with_a_passphrase_of_its_own_is_said(java: JavaStores) -> None:
    store = java.directory / "own.jks"
    java.add(store, "sf", "-keyalg", "RSA", "-keypass", "another one", store_type="JKS")

    found = refusal(store)

    assert isinstance(found, PassphraseWrongError)
    assert "keytool -keypasswd" in found.advice


def test_a_jceks_store_is_refused_with_the_way_to_convert_it(java: JavaStores) -> None:
    store = java.directory / "store.jceks"
    java.add(store, "sf", "-keyalg", "RSA", store_type="JCEKS")

    found = refusal(store)

    assert "JCEKS" in found.message
    assert "-deststoretype PKCS12" in found.advice


@pytest.mark.parametrize("entry", ["keystore.p12", "keystore.jks", "tls.key"])
@pytest.mark.parametrize("store_type", STORE_TYPES)
def test_the_content_tells_the_form_whatever_the_entry_is_called(
    java: JavaStores, store_type: str, entry: str
) -> None:
    content = java.store(store_type, "one").read_bytes()

    found = load_local_key(
        material({entry: content, "pw": PASSPHRASE.encode()}, passphrase_entry="pw")
    )

    assert found.place.entry == entry


@pytest.mark.parametrize(
    ("key_format", "store_type", "entry"),
    [
        (KeyFormat.PKCS12, "PKCS12", "keystore.p12"),
        (KeyFormat.JKS, "JKS", "keystore.jks"),
    ],
)
def test_each_format_has_its_default_entry(
    java: JavaStores, key_format: KeyFormat, store_type: str, entry: str
) -> None:
    content = java.store(store_type, "one").read_bytes()
    entries = {"tls.key": b"x", entry: content, "pw": PASSPHRASE.encode()}

    found = load_local_key(material(entries, passphrase_entry="pw", format=key_format))

    assert found.place.entry == entry


def test_another_form_than_the_one_asked_for_is_named(java: JavaStores) -> None:
    found = refusal(java.store("PKCS12", "one"), format=KeyFormat.JKS)

    assert "a PKCS#12 key store, not a key store of format JKS" in found.message

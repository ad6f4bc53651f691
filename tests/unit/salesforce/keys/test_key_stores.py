"""Key stores of openssl, and stores that are damaged or hostile on purpose."""

import base64
import traceback
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

from support import key_samples as sample
from support import key_stores as store
from support.key_material import material
from token_operator.domain.failures import FailureError, KeyInvalidError, PassphraseWrongError
from token_operator.domain.sources import KeyFormat
from token_operator.salesforce.keys.loading import load_local_key
from token_operator.salesforce.keys.local_key import LocalKey
from token_operator.salesforce.keys.stores.common import Opened, StoreRequest, chosen

CERTIFICATE = sample.der_of(sample.certificate())
KEY = store.protected(sample.der_of(sample.pkcs8()))


def load(content: bytes, passphrase: str = store.PASSPHRASE, **source: object) -> LocalKey:
    entries = {"keystore.p12": content, "password": passphrase.encode()}
    return load_local_key(material(entries, passphrase_entry="password", **source))


def refusal(content: bytes, passphrase: str = store.PASSPHRASE) -> FailureError:
    with pytest.raises(FailureError) as caught:
        load(content, passphrase)
    text = "".join(traceback.format_exception(caught.value)) + caught.value.sentence()
    assert not passphrase or passphrase not in text
    return caught.value


OPENSSL = {
    "as it is today": (),
    "legacy ciphers": ("-legacy",),
    "no integrity check": ("-nomac",),
    "nothing enciphered": ("-keypbe", "NONE", "-certpbe", "NONE"),
    "key enciphered only": ("-certpbe", "NONE"),
    "SHA1 and 3DES": ("-legacy", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES"),
    "RC2 with 128 bits": ("-legacy", "-keypbe", "PBE-SHA1-RC2-128", "-certpbe", "PBE-SHA1-RC2-128"),
}


@pytest.mark.parametrize("passphrase", [store.PASSPHRASE, "", "Grüße"], ids=["", "empty", "umlaut"])
@pytest.mark.parametrize("options", OPENSSL.values(), ids=OPENSSL.keys())
def test_a_store_of_openssl_is_opened(
    tmp_path: Path, options: tuple[str, ...], passphrase: str
) -> None:
    found = load(store.openssl_store(tmp_path, *options, passphrase=passphrase), passphrase)

    assert found.private_key().private_numbers() == sample.rsa_key().private_numbers()
    assert found.certificate_not_after == sample.NOT_AFTER


@pytest.mark.parametrize("options", [(), ("-legacy",), ("-nomac",), ("-certpbe", "NONE")])
def test_a_wrong_passphrase_for_a_store_of_openssl_is_said(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    found = refusal(store.openssl_store(tmp_path, *options), "Mellon")

    assert isinstance(found, PassphraseWrongError)
    assert "keytool -importkeystore" in found.advice


def test_an_alias_is_checked_also_where_there_is_one_key(tmp_path: Path) -> None:
    content = store.openssl_store(tmp_path)

    assert load(content, alias="SF").fingerprint == load(content).fingerprint
    with pytest.raises(KeyInvalidError, match="alias other; it has sf"):
        load(content, alias="other")


def test_a_key_without_alias_is_opened_unless_one_is_asked_for() -> None:
    certificate = x509.load_pem_x509_certificate(sample.certificate())
    content = pkcs12.serialize_key_and_certificates(
        None, sample.rsa_key(), certificate, None, NoEncryption()
    )

    assert load(content).certificate_not_after == sample.NOT_AFTER
    with pytest.raises(KeyInvalidError, match="alias sf; it has one without alias"):
        load(content, alias="sf")


def test_a_store_in_base64_is_opened(tmp_path: Path) -> None:
    content = store.openssl_store(tmp_path)

    assert load(base64.encodebytes(content)).fingerprint == load(content).fingerprint


@pytest.mark.parametrize(
    "options", [("-keypbe", "AES-256-CBC", "-certpbe", "NONE"), ("-keypbe", "NONE")]
)
def test_more_rounds_than_tools_use_are_refused_at_once(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    found = refusal(store.openssl_store(tmp_path, *options, "-iter", "2000001", "-nomaciter"))

    assert type(found) is KeyInvalidError
    assert "2000000 rounds" in found.message


def test_the_rounds_of_all_parts_count_together(tmp_path: Path) -> None:
    content = store.openssl_store(tmp_path, "-iter", "1000001", "-nomaciter")

    assert "2000000 rounds" in refusal(content).message


def test_a_key_that_hides_in_the_encrypted_part_is_not_opened() -> None:
    pkcs8 = sample.der_of(sample.pkcs8())

    found = load(store.hidden_key_store(open_key=pkcs8, rounds=2**31 - 1))

    assert found.private_key().private_numbers() == sample.rsa_key().private_numbers()


def test_a_store_with_nothing_but_a_hidden_key_is_refused() -> None:
    content = store.hidden_key_store(open_key=b"", rounds=1000)

    assert "without a private key" in refusal(content).message


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(sample.key_store()[:700], id="cut"),
        pytest.param(b"\x30\x80\x02\x01\x03\x30\x80\x00\x00\x00\x00", id="indefinite length"),
        pytest.param(bytes.fromhex("3005020103 3000"), id="nothing in it"),
        pytest.param(
            bytes.fromhex("3016020103 3011 06092a864886f70d010702 a004 3002 0500"), id="signed"
        ),
        pytest.param(
            bytes.fromhex("3016020103 3011 06092a864886f70d010701 a004 0402 3080"), id="no safe"
        ),
        pytest.param(
            sample.key_store().replace(b"\x02\x01\x00\x02\x82", b"\x02\x01\x07\x02\x82"),
            id="no key",
        ),
    ],
)
def test_a_damaged_pkcs12_store_is_said(content: bytes) -> None:
    found = refusal(content)

    assert type(found) is KeyInvalidError
    assert "damaged, truncated or not in DER form" in found.message


def test_a_part_that_is_not_der_holds_no_key() -> None:
    inner = bytes.fromhex("06092a864886f70d010701 a004 0402 3080")
    safe = b"\x30\x13\x30\x11" + inner
    content = bytes.fromhex("06092a864886f70d010701 a017 0415") + safe
    found = refusal(bytes.fromhex("3029 020103 3024") + content)

    assert "without a private key" in found.message


@pytest.mark.parametrize("version", [1, 2])
def test_both_versions_of_jks_are_read(version: int) -> None:
    found = load(store.jks(store.jks_key("sf", KEY, CERTIFICATE, version=version), version=version))

    assert found.private_key().private_numbers() == sample.rsa_key().private_numbers()
    assert found.certificate_not_after == sample.NOT_AFTER


def test_a_jks_key_without_certificate_has_no_expiry() -> None:
    assert load(store.jks(store.jks_key("sf", KEY))).certificate_not_after is None


DAMAGED_JKS = {
    "cut": store.jks(store.jks_key("sf", KEY, CERTIFICATE))[:900],
    "more behind it": store.jks(store.jks_key("sf", KEY), more=b"x"),
    "an unknown version": store.jks(store.jks_key("sf", KEY), version=3),
    "a secret key": store.jks(b"\0\0\0\3" + store.jks_trusted("sf", CERTIFICATE)[4:]),
    "no key in it": store.jks(store.jks_key("sf", store.protected(b"no key at all" * 3))),
}


@pytest.mark.parametrize("content", DAMAGED_JKS.values(), ids=DAMAGED_JKS.keys())
def test_a_damaged_jks_store_is_said(content: bytes) -> None:
    found = refusal(content)

    assert type(found) is KeyInvalidError
    assert "damaged or truncated" in found.message


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x30\x00", id="no parts"),
        pytest.param(
            store.protected(b"x", header=bytes.fromhex("300e060a2b060104012a021301010500")),
            id="JCE's protector",
        ),
    ],
)
def test_a_key_that_is_protected_in_another_way_is_said(key: bytes) -> None:
    assert "in an unknown way" in refusal(store.jks(store.jks_key("sf", key))).message


def test_a_changed_certificate_breaks_the_integrity() -> None:
    content = bytearray(store.jks(store.jks_key("sf", KEY, CERTIFICATE)))
    content[-40] ^= 1

    found = refusal(bytes(content))

    assert isinstance(found, PassphraseWrongError)
    assert "store the whole file again" in found.advice


def test_a_passphrase_that_is_no_text_does_not_open_a_store() -> None:
    entries = {"keystore.jks": store.jks(store.jks_key("sf", KEY)), "password": b"\xff\xfe"}

    with pytest.raises(PassphraseWrongError):
        load_local_key(material(entries, passphrase_entry="password", format=KeyFormat.JKS))


def test_at_most_eight_aliases_are_listed_and_none_that_could_be_a_secret() -> None:
    aliases = [f"key-{number}" for number in range(6)] + ["", "A" * 60, "key-8", "key-9"]
    request = StoreRequest(place="Entry", alias="x", passphrase=None)

    with pytest.raises(KeyInvalidError) as caught:
        chosen(aliases, request)

    assert "key-5, one without alias, [removed] and 2 more" in caught.value.message
    assert "AAAA" not in caught.value.message


def test_an_exact_alias_goes_before_one_in_another_case() -> None:
    request = StoreRequest(place="Entry", alias="SF", passphrase=None)

    assert chosen(["sf", "SF"], request) == 1


def test_what_holds_secrets_cannot_be_printed() -> None:
    request = StoreRequest(place="Entry", alias="x", passphrase=b"MARKED")
    opened = Opened(private_key="MARKED", certificates=())

    assert "MARKED" not in repr((request, opened))

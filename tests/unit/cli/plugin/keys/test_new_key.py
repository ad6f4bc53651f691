"""New keys, and what an admin is told to do with them."""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest
from cryptography import x509

from token_operator.cli.plugin.keys.instructions import app_name, for_a_new_app, metadata_file
from token_operator.cli.plugin.keys.new_key import make_key, tls_secret
from token_operator.domain.sources import KeySource
from token_operator.salesforce.keys.loading import KeyMaterial, load_local_key

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_made_key_is_one_that_the_operator_reads_and_names_alike() -> None:
    key = make_key(bits=2048, subject="crm-key", now=NOON, days=30)

    entries = {"tls.key": key.private_key, "tls.crt": key.certificate}
    source = KeySource(secret_name="crm-key")
    read = load_local_key(KeyMaterial(secret_name="crm-key", entries=entries, source=source))
    assert read.fingerprint == key.fingerprint
    assert read.certificate_not_after == key.not_after == datetime(2026, 12, 24, 12, tzinfo=UTC)
    assert x509.load_pem_x509_certificate(key.certificate).subject.rfc4514_string() == "CN=crm-key"
    assert b"PRIVATE" not in repr(key).encode()


def test_secret_is_labelled_and_of_type_tls() -> None:
    secret = tls_secret("crm-key", make_key(bits=2048, subject="x", now=NOON, days=1))

    assert secret["type"] == "kubernetes.io/tls"
    assert secret["metadata"]["labels"] == {"salesforce-token.dev/watch": "true"}


@pytest.mark.parametrize(
    ("secret", "app"), [("crm-key", "crm_key"), ("a--b.c", "a_b_c"), ("1crm", "app_1crm")]
)
def test_app_is_named_as_salesforce_allows(secret: str, app: str) -> None:
    assert app_name(secret) == app


def test_metadata_file_is_xml_with_the_certificate() -> None:
    root = ET.fromstring(metadata_file("crm", "-----BEGIN&<\n"))  # noqa: S314 - our own text

    assert root.findtext("{http://soap.sforce.com/2006/04/metadata}certificate") == "-----BEGIN&<"


def test_instructions_lead_through_both_kinds_of_app_to_a_connection() -> None:
    text = for_a_new_app("crm-key", "PEM", shown_as="crm.crt")

    for word in ("Connected App", "External Client App", "crm.crt", "secretName: crm-key"):
        assert word in text
    assert "{" not in text

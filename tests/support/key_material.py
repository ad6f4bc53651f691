"""Source Secrets with key material, and what loading them gives."""

import traceback

import pytest

from support import key_samples as sample
from token_operator.domain.failures import (
    FailureError,
)
from token_operator.domain.sources import KeySource
from token_operator.salesforce.keys.loading import KeyMaterial, load_local_key
from token_operator.salesforce.keys.local_key import LocalKey


def material(entries: dict[str, bytes], **source: object) -> KeyMaterial:
    return KeyMaterial(
        secret_name="crm-key",
        entries=entries,
        source=KeySource(secret_name="crm-key", **source),  # type: ignore[arg-type]  # a builder
    )


def load(content: bytes, **source: object) -> LocalKey:
    entries = {"tls.key": content, "password": sample.PASSPHRASE + b"\n"}
    return load_local_key(material(entries, **source))


def refusal(content: bytes, **source: object) -> FailureError:
    with pytest.raises(FailureError) as caught:
        load(content, **source)
    assert "crm-key" in caught.value.message
    assert caught.value.advice
    text = "".join(traceback.format_exception(caught.value))
    for line in content.decode(errors="ignore").splitlines():
        assert len(line) < 24 or line not in text
    return caught.value

"""Whatever a settings document says: settings, or one sentence that names the member."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fakeorg.keys import key_pair
from token_operator.cli.plugin.errors import NotGoodError
from token_operator.cli.plugin.importing.command import connection_for
from token_operator.cli.plugin.importing.settings_document import (
    SettingsDocument,
    name_from,
    settings_in,
)

GOOD = {
    "Username": "user@acme.com",
    "ClientId": "3MVG9.Example",
    "PrivateKey": key_pair("import").private_key,
    "InstanceUrl": "https://acme-dev-ed.my.salesforce.com",
    "InstanceAPIVersion": "v51.0",
}

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Lone surrogates too, which JSON can spell and UTF-8 has no form for.
texts = st.text(st.characters(exclude_categories=()), max_size=300)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


def read(content: bytes) -> SettingsDocument | NotGoodError:
    """Return what is imported, or the refusal; anything else fails the test."""
    try:
        found = settings_in(content)
    except NotGoodError as refusal:
        return refusal
    # It is sent and shown as UTF-8.
    json.dumps(connection_for(name_from(found.login_url), found), ensure_ascii=False).encode()
    return found


def with_member(name: str, value: object) -> bytes:
    members: Mapping[str, object] = GOOD | {name: value}
    return json.dumps(members).encode()


@pytest.mark.parametrize("name", list(GOOD))
@unhurried
@given(value=values)
@example(value="https://[MyDomainName].my.salesforce.com")
@example(value="https://acme.my.salesforce.com:port")
@example(value="https://[::1")
@example(value="https://user:pass@acme.my.salesforce.com")
@example(value="https://acme.my.salesforce.com\nx")
@example(value="\ud800")
@example(value="-----BEGIN PRIVATE KEY-----\ud800-----END PRIVATE KEY-----")
def test_any_value_of_a_member_is_imported_or_the_member_is_named(name: str, value: object) -> None:
    found = read(with_member(name, value))

    assert isinstance(found, SettingsDocument) or (
        name in found.message and "\n" not in found.message
    )


@unhurried
@given(host=texts)
@example(host="[MyDomainName].my.salesforce.com")
@example(host="\uff41cme.my.salesforce.com")
def test_any_host_of_the_instance_url_is_imported_or_the_member_is_named(host: str) -> None:
    found = read(with_member("InstanceUrl", f"https://{host}"))

    assert isinstance(found, SettingsDocument) or "InstanceUrl" in found.message


@unhurried
@given(content=st.binary(max_size=2_000))
@example(content=b"[" * 100_000)
@example(content=b"1" * 5_000)
@example(content=b'{"Username": ' + b"1" * 5_000 + b"}")
def test_any_bytes_are_a_document_or_are_refused(content: bytes) -> None:
    assert isinstance(read(content), SettingsDocument | NotGoodError)


@unhurried
@given(members=st.dictionaries(st.sampled_from([*GOOD, "More"]) | texts, values, max_size=7))
def test_any_object_is_a_document_or_is_refused(members: dict[str, object]) -> None:
    assert isinstance(read(json.dumps(members).encode()), SettingsDocument | NotGoodError)

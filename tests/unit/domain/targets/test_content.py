"""What a target Secret holds."""

from dataclasses import replace

import pytest

from support.builders import TOKEN_VALUE, a_connection, a_held_token, a_token, an_org_identity
from token_operator.domain.connection import Preset, Target
from token_operator.domain.failures import EntryConflictError, SpecInvalidError
from token_operator.domain.grants import ClientCredentials
from token_operator.domain.sources import EntryRef
from token_operator.domain.targets.content import entries_for, values_of
from token_operator.domain.targets.placeholders import PLACEHOLDERS, fill

VALUES = values_of(a_held_token(), a_connection(), "65.0")


def a_target(*presets: Preset, **data: str) -> Target:
    return Target(secret_name="crm-token", presets=presets, data=tuple(data.items()))


@pytest.mark.parametrize(
    ("template", "content"),
    [
        pytest.param("Bearer ${access_token}", f"Bearer {TOKEN_VALUE}", id="token in text"),
        pytest.param("${instance_host}", "acme.my.salesforce.com", id="host"),
        pytest.param("${issued_at}/${expires_at}", "2026-11-23T12:00:00Z/2026-11-23T13:00:00Z"),
        pytest.param("${scope}", "api id", id="scopes"),
        pytest.param("${community_url}", "", id="not given is empty"),
        pytest.param("$$${api_version}", "$65.0", id="dollar before a placeholder"),
        pytest.param("$${access_token}", "${access_token}", id="escaped placeholder"),
    ],
)
def test_placeholders_are_filled(template: str, content: str) -> None:
    assert fill(template, VALUES) == content


@pytest.mark.parametrize("template", ["$", "costs 5$", "${access_token", "$access_token"])
def test_dollar_sign_that_begins_no_placeholder_is_refused(template: str) -> None:
    with pytest.raises(SpecInvalidError, match="begins no placeholder"):
        fill(template, VALUES)


def test_unknown_placeholder_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SpecInvalidError) as refused:
        fill("${password}", VALUES)

    assert "${password}" in refused.value.message
    assert all(name in refused.value.advice for name in PLACEHOLDERS)


def test_every_placeholder_has_a_value() -> None:
    assert {name: VALUES[name] for name in PLACEHOLDERS}


def test_username_is_that_of_the_spec_else_what_salesforce_answered() -> None:
    held = a_held_token(token=a_token(identity=an_org_identity(username="answered@acme.example")))
    by_secret = ClientCredentials(consumer_secret=EntryRef("crm-app", "secret"))
    connection = a_connection(auth=replace(a_connection().auth, grant=by_secret))

    assert values_of(held, a_connection(), "")["username"] == "integration@acme.example"
    assert values_of(held, connection, "")["username"] == "answered@acme.example"


def test_target_without_presets_and_data_has_the_default_preset() -> None:
    entries = entries_for(a_target(), VALUES)

    assert entries["access_token"] == TOKEN_VALUE
    assert len(entries) == 10


def test_preset_leaves_out_what_salesforce_did_not_give() -> None:
    values = values_of(a_held_token(), a_connection(), "")

    assert "api_version" not in entries_for(a_target(), values)


def test_data_alone_brings_no_preset() -> None:
    assert entries_for(a_target(url="${instance_url}"), VALUES) == {
        "url": "https://acme.my.salesforce.com"
    }


def test_entry_with_different_content_is_a_conflict() -> None:
    same = a_target(Preset.DEFAULT, access_token="${access_token}")
    other = a_target(Preset.DEFAULT, access_token="Bearer ${access_token}")

    assert entries_for(same, VALUES)["access_token"] == TOKEN_VALUE
    with pytest.raises(EntryConflictError):
        entries_for(other, VALUES)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        pytest.param("Bearer ", "'Bearer' without a token", id="placeholder lost"),
        pytest.param(
            "Authorization: Bearer", "'Bearer' without a token", id="header without token"
        ),
        pytest.param("Bearer\t", "'Bearer' without a token", id="a tab"),
        pytest.param("Bearer Bearer ${access_token}", "'Bearer' twice", id="twice"),
        pytest.param("Bearer ${token_type} ${access_token}", "'Bearer' twice", id="token type too"),
        pytest.param("{{ .Values.header }}", "was not rendered", id="Helm"),
    ],
)
def test_data_that_a_tool_left_behind_is_named(template: str, words: str) -> None:
    with pytest.raises(SpecInvalidError, match=words) as refused:
        entries_for(a_target(authorization=template), VALUES)

    assert "Target crm-token: entry authorization of data" in refused.value.message
    assert TOKEN_VALUE not in refused.value.sentence()
    assert refused.value.advice


@pytest.mark.parametrize(
    "template",
    [
        "${token_type} ${access_token}",
        "{{ name }}: ${access_token}",
        "Bearer token",
        "Bearer",
        "TYPE=${token_type}\nBEARER=${access_token}\n",
        "type: ${token_type}\nbearer: ${access_token}\n",
        "{}",
        "$${x}",
    ],
)
def test_data_that_may_be_meant_is_filled(template: str) -> None:
    assert entries_for(a_target(entry=template), VALUES) == {"entry": fill(template, VALUES)}

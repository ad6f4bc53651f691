"""Each preset is what the client it is named after reads."""

import json
import shlex
import subprocess
from dataclasses import replace

import pytest

from support.builders import TOKEN_VALUE, a_connection, a_held_token
from token_operator.domain.connection import Preset, Target
from token_operator.domain.failures import EntryConflictError
from token_operator.domain.targets.content import entries_for, values_of
from token_operator.domain.targets.placeholders import PLACEHOLDERS, Values
from token_operator.domain.targets.presets import PRESET_ENTRIES, preset_entries, quoted

URL = "https://acme.my.salesforce.com"
VALUES = values_of(a_held_token(), a_connection(), "65.0")
WITHOUT_VERSION = values_of(a_held_token(), a_connection(), "")


@pytest.mark.parametrize(
    ("preset", "entries"),
    [
        pytest.param(
            Preset.ENVIRONMENT,
            {
                "SALESFORCE_ACCESS_TOKEN": TOKEN_VALUE,
                "SALESFORCE_INSTANCE_URL": URL,
                "SALESFORCE_API_VERSION": "65.0",
            },
            id="Environment",
        ),
        pytest.param(
            Preset.SALESFORCE_CLI,
            {
                "SF_ACCESS_TOKEN": TOKEN_VALUE,
                "SF_ORG_INSTANCE_URL": URL,
                "SF_INSTANCE_URL": URL,
                "SF_ORG_API_VERSION": "65.0",
            },
            id="SalesforceCLI",
        ),
        pytest.param(
            Preset.SIMPLE_SALESFORCE,
            {
                "session_id": TOKEN_VALUE,
                "instance_url": URL,
                "instance": "acme.my.salesforce.com",
            },
            id="SimpleSalesforce",
        ),
        pytest.param(
            Preset.PUB_SUB,
            {"accesstoken": TOKEN_VALUE, "instanceurl": URL, "tenantid": VALUES["org_id"]},
            id="PubSub",
        ),
        pytest.param(
            Preset.HTTP_HEADER,
            {
                "authorization": f"Bearer {TOKEN_VALUE}",
                "header": f"Authorization: Bearer {TOKEN_VALUE}",
            },
            id="HTTPHeader",
        ),
        pytest.param(
            Preset.DOT_ENV,
            {
                ".env": f"SALESFORCE_ACCESS_TOKEN='{TOKEN_VALUE}'\n"
                f"SALESFORCE_INSTANCE_URL='{URL}'\n"
                "SALESFORCE_API_VERSION='65.0'\n"
            },
            id="DotEnv",
        ),
    ],
)
def test_preset_writes_its_entries(preset: Preset, entries: dict[str, str]) -> None:
    assert preset_entries(preset, VALUES) == entries


def test_jsforce_reads_one_object() -> None:
    (content,) = preset_entries(Preset.JSFORCE, VALUES).values()

    assert json.loads(content) == {
        "accessToken": TOKEN_VALUE,
        "instanceUrl": URL,
        "version": "65.0",
    }


def test_json_has_all_placeholders_that_have_a_value() -> None:
    (content,) = preset_entries(Preset.JSON, VALUES).values()

    assert json.loads(content) == {name: VALUES[name] for name in PLACEHOLDERS if VALUES[name]}
    assert VALUES["community_url"] == ""


@pytest.mark.parametrize("preset", Preset)
def test_value_that_salesforce_did_not_give_is_left_out(preset: Preset) -> None:
    content = json.dumps(preset_entries(preset, WITHOUT_VERSION)).lower()

    assert "version" not in content
    assert all(preset_entries(preset, WITHOUT_VERSION).values())


def test_header_without_a_token_is_left_out() -> None:
    empty = Values(dict.fromkeys(PLACEHOLDERS, ""))

    assert preset_entries(Preset.HTTP_HEADER, empty) == {}


@pytest.mark.parametrize(
    "text", ["00D!AQ.x_y", '$(touch x)`id`"${HOME}', "it's", "a\nb", "\\", "# a  b"]
)
def test_shell_reads_back_what_was_quoted(text: str) -> None:
    assert shlex.split(quoted(text)) == [text]
    printed = subprocess.run(
        ["/bin/sh", "-c", f'a={quoted(text)}\nprintf %s "$a"'], capture_output=True, check=True
    )
    assert printed.stdout.decode() == text


def test_every_preset_is_known() -> None:
    assert set(PRESET_ENTRIES) == set(Preset)


def test_presets_agree_where_they_share_an_entry() -> None:
    target = Target(secret_name="t", presets=tuple(Preset))

    shared = entries_for(target, VALUES)

    assert shared["instance_url"] == URL
    assert len(shared) == 27


def test_data_beside_a_preset_may_not_say_something_else() -> None:
    target = Target(secret_name="t", presets=(Preset.JSFORCE,))

    same = entries_for(replace(target, data=(("b", "2"),)), VALUES)
    assert same["b"] == "2"
    with pytest.raises(EntryConflictError, match=r"salesforce\.json"):
        entries_for(replace(target, data=(("salesforce.json", "{}"),)), VALUES)

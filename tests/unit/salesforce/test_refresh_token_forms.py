"""What is stored in place of a refresh token is recognised by its form."""

import base64
import json

import pytest

from token_operator.salesforce.refresh_token_forms import other_form

TOKEN = "5Aep861TSESvWeug_xvFHRBTTbf_YrTWgEyjBJrfpIx.hVIFkkqVrHYbhrZVIuFFPXCbRTBMYB6UW.J_k7Dxlxq"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param(
            f"force://PlatformCLI::{TOKEN}@acme.my.salesforce.com", "sfdxAuthUrl", id="url"
        ),
        pytest.param(json.dumps({"refresh_token": TOKEN}), "JSON", id="JSON"),
        pytest.param(json.dumps({"refresh_token": TOKEN}, indent=2), "JSON", id="JSON, lines"),
        pytest.param(base64.b64encode(TOKEN.encode()).decode(), "base64", id="base64"),
        pytest.param(base64.encodebytes(TOKEN.encode()).decode(), "base64", id="base64, wrapped"),
        pytest.param("{{ .Values.refreshToken }}", "template", id="template"),
        pytest.param("${REFRESH_TOKEN}", "template", id="variable"),
        pytest.param("<your refresh token>", "placeholder", id="brackets"),
        pytest.param(f"Bearer {TOKEN}", "'Bearer' before the value", id="Bearer"),
        pytest.param("00Dxx0000001gER!AQcAQH0dMHEXAMPLE", "access token", id="access token"),
        pytest.param(f'"{TOKEN}"', "quotation marks", id="quoted"),
        pytest.param(f"refresh_token = {TOKEN}", "blanks", id="assignment"),
        pytest.param(f"{TOKEN}\n{TOKEN}", "several lines", id="two"),
    ],
)
def test_other_form_is_named_and_shows_nothing(text: str, name: str) -> None:
    form = other_form(f" {text}\n")

    assert form is not None
    assert name in form.name
    assert form.remedy.endswith(".")
    assert TOKEN not in f"{form}"


@pytest.mark.parametrize("text", [TOKEN, f"{TOKEN} ", f"{TOKEN}\r\n", "5Aep", "", "QUJDRA=="])
def test_refresh_token_is_taken_for_one(text: str) -> None:
    assert other_form(text) is None

"""What the token endpoint refuses about form, app and signature of a login (1-8, 15, 25, 54)."""

import base64
import json
from datetime import timedelta

import pytest

from fakeorg import Readymade, keys
from fakeorg.caller import GRANT_TYPE, Caller, refusal

INVALID_ASSERTION = (400, "invalid_grant", "invalid assertion")
NOT_SUPPORTED = (400, "unsupported_grant_type", "grant type not supported")


def in_base64(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def test_refusal_is_json_that_nobody_may_store(caller: Caller) -> None:
    answer = caller.log_in(iss="unknown")

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json()) == {"error", "error_description"}


def test_get_on_the_token_endpoint_is_refused(caller: Caller) -> None:
    answer = caller.get("/services/oauth2/token")

    assert refusal(answer) == (400, "invalid_request", "must use HTTP POST")


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({}, id="nothing at all"),
        pytest.param({"assertion": "a.b.c"}, id="no grant type"),
        pytest.param({"grant_type": "password"}, id="an unknown grant type"),
        pytest.param({"grant_type": ""}, id="an empty grant type"),
    ],
)
def test_grant_type_must_be_known(caller: Caller, form: dict[str, str]) -> None:
    assert refusal(caller.post_token(form)) == NOT_SUPPORTED


def test_assertion_must_be_there(caller: Caller) -> None:
    assert refusal(caller.post_token({"grant_type": GRANT_TYPE})) == INVALID_ASSERTION


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("not a JWT", id="not a JWT"),
        pytest.param("a.b", id="two parts"),
        pytest.param("a.b.c.d", id="four parts"),
        pytest.param("!!!.???.c", id="not base64"),
        pytest.param("é.é.é", id="not ASCII"),
        pytest.param(f"{in_base64([])}.{in_base64({})}.c", id="header is a list"),
        pytest.param(f"{in_base64({'alg': 'RS256'})}.{in_base64(7)}.c", id="claims are a number"),
        pytest.param(f"{in_base64({'alg': 'RS256'})}.e30x.c", id="claims are no JSON"),
    ],
)
def test_assertion_must_be_readable(caller: Caller, text: str) -> None:
    assert refusal(caller.present(text)) == INVALID_ASSERTION


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256", "PS256", "RS384", None])
def test_only_rs256_is_read_at_all(caller: Caller, algorithm: str | None) -> None:
    _, body, signature = caller.assertion(iss="unknown").split(".")

    answer = caller.present(f"{in_base64({'alg': algorithm})}.{body}.{signature}")

    assert refusal(answer) == INVALID_ASSERTION


def test_assertion_of_four_parts_is_not_read_although_three_are_good(caller: Caller) -> None:
    assert refusal(caller.present(caller.assertion(iss="unknown") + ".x")) == INVALID_ASSERTION


@pytest.mark.parametrize("iss", ["3MVG9unknown", None, 7])
def test_consumer_key_must_be_known(caller: Caller, iss: object) -> None:
    answer = caller.log_in(iss=iss)

    assert refusal(answer) == (400, "invalid_client_id", "client identifier invalid")


def test_signature_must_be_of_the_certificate(caller: Caller, acme: Readymade) -> None:
    other = keys.key_pair("another").private_key

    assert refusal(caller.present(caller.signed_by(other))) == INVALID_ASSERTION
    acme.org.settings.signature_error = "invalid_client"
    assert refusal(caller.present(caller.signed_by(other))) == (
        400,
        "invalid_client",
        "invalid client credentials",
    )


def test_claims_cannot_be_changed_after_signing(caller: Caller) -> None:
    head, _, signature = caller.assertion().split(".")
    forged = in_base64(caller.claims(sub="ceo@acme.example"))

    assert refusal(caller.present(f"{head}.{forged}.{signature}")) == INVALID_ASSERTION


@pytest.mark.parametrize("change", ["no certificate", "switched off"])
def test_app_must_have_the_flow_enabled(caller: Caller, acme: Readymade, change: str) -> None:
    if change == "no certificate":
        acme.app.change(certificates=())
    else:
        acme.app.change(jwt_enabled=False)

    assert refusal(caller.log_in()) == NOT_SUPPORTED
    acme.org.settings.disabled_grant_error = "invalid_grant"
    assert refusal(caller.log_in()) == INVALID_ASSERTION


def test_scope_parameter_is_refused(caller: Caller) -> None:
    form = {"grant_type": GRANT_TYPE, "assertion": caller.assertion(), "scope": "api"}

    assert refusal(caller.post_token(form)) == (
        400,
        "invalid_request",
        "scope parameter not supported",
    )


def test_expired_certificate_still_verifies(caller: Caller, acme: Readymade) -> None:
    expired = keys.certificate_for(acme.keys.private_key, timedelta(days=-30))
    acme.app.replace_certificate(expired)

    assert caller.log_in().status_code == 200


def test_certificate_may_be_valid_for_a_thousand_years(caller: Caller, acme: Readymade) -> None:
    long_lived = keys.certificate_for(acme.keys.private_key, timedelta(days=365_000))
    acme.app.replace_certificate(long_lived)

    assert caller.log_in().status_code == 200

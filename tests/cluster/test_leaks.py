"""No secret shows in a log, an Event, a status or a metric, whatever goes wrong."""

import json
from collections.abc import Callable

import pytest

from fakeorg import Readymade, faults, keys
from support import key_samples as sample
from support.crd_samples import ABSENT
from support.leaks import Planted, everything_said
from support.operator_process import OperatorProcess
from support.refusals import REFUSALS
from support.stage import Stage
from support.waiting import eventually

pytestmark = pytest.mark.cluster

_MARK = "MARKED.secret-value-0123456789"


@pytest.fixture
def planted(stage: Stage) -> Planted:
    """Plant values in Secrets; the consumer key is one of them, because a reference hides it."""
    planted = Planted()
    planted.private_key("private key", stage.ready.keys.private_key)
    consumer_key = planted.value("consumer key", stage.ready.app.consumer_key)
    planted.value("consumer secret", _MARK)
    stage.give_secret("crm-app", {"key": consumer_key, "secret": _MARK, "user": "x"})
    return planted


def _connect(stage: Stage, **key: str) -> None:
    stage.connect(
        changes={
            "spec.auth.consumerKey": ABSENT,
            "spec.auth.consumerKeyRef": {"name": "crm-app", "key": "key"},
            "spec.auth.consumerSecretRef": {"name": "crm-app", "key": "secret"},
            "spec.auth.jwtBearer.keys[0]": {"secretName": "crm-key"} | key,
            "spec.token": {"verifyInterval": "5s"},
        }
    )


def _nothing_shows(stage: Stage, operator: OperatorProcess, planted: Planted) -> None:
    assert planted.found_in(everything_said(stage, operator, ["crm"])) == []


def test_search_finds_what_is_planted() -> None:
    planted = Planted()
    pem = planted.private_key("private key", keys.key_pair().private_key)
    token = "00D000000000001!AQ.AQ0123456789"

    assert "private key, line 3" in planted.found_in(f"x {pem.splitlines()[4]} y")
    assert len(planted.found_in(f"{{{token}}}")) == 1
    assert planted.found_in("nothing") == []


def test_nothing_shows_in_the_whole_life_of_a_token(
    stage: Stage, operator: OperatorProcess, planted: Planted
) -> None:
    _connect(stage)
    first = planted.value("first token", stage.settled())
    stage.ready.org.kill_sessions()
    eventually(lambda: stage.token() not in ("", first), timeout=15)
    planted.value("second token", stage.token())
    stage.delete_secret("crm-token")
    eventually(stage.token)
    eventually(lambda: "TargetRepaired" in stage.reasons())

    _nothing_shows(stage, operator, planted)


@pytest.mark.parametrize(("happens", "reason", "failure_class"), REFUSALS)
def test_nothing_shows_when_the_first_login_fails(
    request: pytest.FixtureRequest,
    happens: Callable[[Readymade], None],
    reason: str,
    failure_class: str,
) -> None:
    stage: Stage = request.getfixturevalue("stage")
    planted: Planted = request.getfixturevalue("planted")
    happens(stage.ready)
    _connect(stage)
    eventually(lambda: stage.failure().get("reason") == reason or stage.fail())
    assert stage.failure()["class"] == failure_class
    eventually(stage.events)

    _nothing_shows(stage, request.getfixturevalue("operator"), planted)


@pytest.mark.parametrize(
    "description",
    [
        pytest.param("{consumer_key} is not known", id="consumer key"),
        pytest.param("client_id%3D{consumer_key}", id="consumer key in a query"),
        pytest.param("bad assertion eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhYmMifQ.c2ln", id="assertion"),
        pytest.param("session 00D000000000001!AQ.AQ0123456789 is old", id="token"),
    ],
)
def test_secret_that_salesforce_quotes_is_not_passed_on(
    stage: Stage, operator: OperatorProcess, planted: Planted, description: str
) -> None:
    text = description.format(consumer_key=stage.ready.app.consumer_key)
    body = json.dumps({"error": "invalid_thing", "error_description": text})
    stage.ready.org.fail("token", faults.respond(400, body), None)
    _connect(stage)
    eventually(stage.failure)
    eventually(stage.events)

    _nothing_shows(stage, operator, planted)


@pytest.mark.parametrize("endpoint", ["rest", "userinfo", None])
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faults.SERVER_ERROR, id="500"),
        pytest.param(faults.TRUNCATED, id="truncated"),
        pytest.param(faults.RESET, id="reset"),
        pytest.param(faults.redirect(), id="redirect"),
        pytest.param(faults.respond(401, "[" * 500), id="nonsense"),
    ],
)
def test_nothing_shows_when_calls_with_the_token_fail(
    stage: Stage,
    operator: OperatorProcess,
    planted: Planted,
    endpoint: str | None,
    fault: faults.Fault,
) -> None:
    _connect(stage)
    planted.value("token", stage.settled())
    calls = stage.ready.org.calls.total()
    stage.ready.org.fail(endpoint, fault, None)
    stage.ask_to_renew("now")
    eventually(lambda: stage.ready.org.calls.total() > calls + 1, timeout=15)

    _nothing_shows(stage, operator, planted)


@pytest.mark.parametrize(
    ("entries", "key", "reason"),
    [
        pytest.param({"tls.key": sample.pkcs8()[:-40]}, {}, "KeyInvalid", id="cut off"),
        pytest.param({"tls.key": sample.openssh()}, {}, "KeyInvalid", id="OpenSSH"),
        pytest.param({"tls.key": _MARK}, {}, "KeyInvalid", id="not a key"),
        pytest.param({"tls.key": sample.certificate()}, {}, "KeyInvalid", id="certificate only"),
        pytest.param(
            {"tls.key": sample.pkcs8(sample.rsa_key("small", 1024))}, {}, "KeyTooSmall", id="small"
        ),
        pytest.param(
            {"tls.key": sample.encrypted_pkcs8(), "password": _MARK},
            {"passphraseEntry": "password"},
            "PassphraseWrong",
            id="wrong passphrase",
        ),
        pytest.param(
            {
                "tls.key": sample.pkcs8(),
                "tls.crt": sample.certificate(sample.rsa_key("other")),
            },
            {},
            "CertificateMismatch",
            id="certificate of another key",
        ),
    ],
)
def test_nothing_shows_of_a_key_that_cannot_be_used(
    request: pytest.FixtureRequest,
    entries: dict[str, str | bytes],
    key: dict[str, str],
    reason: str,
) -> None:
    stage: Stage = request.getfixturevalue("stage")
    planted: Planted = request.getfixturevalue("planted")
    for name, content in entries.items():
        if isinstance(content, bytes) and b"PRIVATE" in content:
            planted.private_key(name, content.decode())
    stage.set_entries("crm-key", entries)
    _connect(stage, **key)
    stage.refused(reason)
    eventually(stage.events)

    _nothing_shows(stage, request.getfixturevalue("operator"), planted)


def test_nothing_shows_when_a_token_is_for_another_org_or_host(
    stage: Stage, operator: OperatorProcess, planted: Planted
) -> None:
    stage.ready.org.settings.instance_url = "https://elsewhere.example"
    _connect(stage)
    stage.refused("HostNotAllowed")
    for session in stage.ready.org.live_sessions:
        planted.value("token", session.token)

    # The org first: the change of the spec makes the operator log in at once.
    stage.ready.org.settings.instance_url = None
    stage.change({"spec": {"org": {"expectedOrgID": "00D000000000001AAA"}}})
    stage.refused("OrgMismatch")

    _nothing_shows(stage, operator, planted)

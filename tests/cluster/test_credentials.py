"""Every way an org lets the operator in ends with a token in the target."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from fakeorg import faults, keys
from support.crd_samples import ABSENT, Changes
from support.stage import Stage
from support.waiting import eventually

pytestmark = pytest.mark.cluster

SECRET = "a-consumer-secret"
CLIENT_CREDENTIALS: Changes = {
    "spec.auth.jwtBearer": ABSENT,
    "spec.auth.clientCredentials": {},
    "spec.auth.consumerSecretRef": {"name": "crm-app", "key": "secret"},
}
REFRESH_TOKEN: Changes = {
    "spec.auth.jwtBearer": ABSENT,
    "spec.auth.refreshToken": {"refreshTokenRef": {"name": "crm-app", "key": "refresh"}},
    "spec.auth.consumerSecretRef": {"name": "crm-app", "key": "secret"},
}


def two_keys(first: str = "crm-key", second: str = "next-key") -> Changes:
    return {"spec.auth.jwtBearer.keys": [{"secretName": first}, {"secretName": second}]}


# --- Key stores ---


def test_key_of_a_pkcs12_store_logs_in(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(stage.ready.keys.private_key)
    (tmp_path / "crt.pem").write_text(stage.ready.keys.certificate)
    command = "openssl pkcs12 -export -inkey key.pem -in crt.pem -name sf -passout pass:once"
    subprocess.run(
        [*command.split(), "-out", "k.p12"], cwd=tmp_path, check=True, capture_output=True
    )
    store = (tmp_path / "k.p12").read_bytes()
    stage.give_secret("store", {"keystore.p12": store, "password": "once\n"})

    source = {"secretName": "store", "passphraseEntry": "password", "alias": "sf"}
    stage.connect(changes={"spec.auth.jwtBearer.keys": [source]})

    assert stage.ready.org.is_live(stage.settled())
    assert stage.status()["auth"]["activeKey"] == {"secretName": "store", "entry": "keystore.p12"}


def test_wrong_passphrase_of_a_store_is_told(stage: Stage) -> None:
    stage.give_secret("store", {"keystore.p12": b"0\x82\x01\x00", "password": "wrong"})

    source = {"secretName": "store", "passphraseEntry": "password"}
    stage.connect(changes={"spec.auth.jwtBearer.keys": [source]})

    stage.refused("KeyInvalid")
    assert "store" in stage.message("Ready")


# --- Two keys ---


def test_second_key_takes_over_when_the_first_is_refused(stage: Stage) -> None:
    following = keys.key_pair("following")
    stage.give_key(following.private_key, name="next-key")
    stage.connect(changes=two_keys())
    token = stage.settled()
    stage.ready.app.replace_certificate(following.certificate)

    stage.ask_to_renew("1")
    eventually(lambda: "KeySwitched" in stage.reasons())

    assert stage.token() == token
    assert stage.condition("Ready") == "True TokenCurrent"
    assert stage.status()["auth"]["activeKey"]["secretName"] == "next-key"
    (switched,) = (one for one in stage.events() if one["reason"] == "KeySwitched")
    assert "crm-key" in switched["message"]


def test_key_that_works_is_tried_first_after_a_switch(stage: Stage) -> None:
    following = keys.key_pair("following")
    stage.give_key(following.private_key, name="next-key")
    stage.connect(changes=two_keys())
    stage.settled()
    stage.ready.app.replace_certificate(following.certificate)
    stage.ask_to_renew("1")
    eventually(lambda: "KeySwitched" in stage.reasons())
    logins = len(stage.ready.org.logins)

    stage.ask_to_renew("2")
    eventually(lambda: stage.status().get("lastHandledRenewRequest") == "2")

    assert [row.succeeded for row in stage.ready.org.logins[logins:]] == [True]


def test_next_key_that_cannot_be_read_does_not_hold_up_the_first(stage: Stage) -> None:
    stage.give_secret("next-key", {"tls.key": "not a key"})

    stage.connect(changes=two_keys())

    assert stage.ready.org.is_live(stage.settled())
    eventually(lambda: "KeyInvalid" in stage.reasons())


# --- Certificate ---


def test_certificate_that_ends_soon_is_told_once_and_stops_nothing(stage: Stage) -> None:
    pair = keys.key_pair("ends-soon", valid_for=timedelta(days=5))
    stage.ready.app.replace_certificate(pair.certificate)
    stage.give_secret("soon", {"tls.key": pair.private_key, "tls.crt": pair.certificate})

    stage.connect(changes={"spec.auth.jwtBearer.keys": [{"secretName": "soon"}]})
    stage.settled()
    eventually(lambda: "CertificateExpiring" in stage.reasons())
    stage.ask_to_renew("1")
    eventually(lambda: stage.status().get("lastHandledRenewRequest") == "1")

    assert stage.reasons().count("CertificateExpiring") == 1
    assert "less than 7 days" in stage.message("CredentialsValid")
    assert stage.condition("Ready") == "True TokenCurrent"


# --- Client credentials ---


def _allow_client_credentials(stage: Stage) -> None:
    stage.ready.app.change(
        consumer_secret=SECRET,
        client_credentials_enabled=True,
        run_as=stage.ready.user.username,
    )
    stage.give_secret("crm-app", {"secret": f"{SECRET}\n"})


def test_client_credentials_log_in(stage: Stage) -> None:
    _allow_client_credentials(stage)

    stage.connect(changes=CLIENT_CREDENTIALS)

    assert stage.ready.org.is_live(stage.settled())
    assert stage.status()["auth"]["grant"] == "ClientCredentials"


def test_wrong_consumer_secret_is_told_and_healed_when_it_is_right(stage: Stage) -> None:
    _allow_client_credentials(stage)
    stage.set_entries("crm-app", {"secret": "wrong"})
    stage.connect(changes=CLIENT_CREDENTIALS)
    eventually(lambda: stage.failure().get("reason") == "ClientCredentialsInvalid")

    stage.set_entries("crm-app", {"secret": SECRET})

    assert stage.ready.org.is_live(stage.settled_after_a_failure())


def test_introspection_tells_the_lifetime_where_there_is_a_consumer_secret(stage: Stage) -> None:
    stage.ready.org.settings.session_timeout = timedelta(minutes=30)
    _allow_client_credentials(stage)

    stage.connect(changes=CLIENT_CREDENTIALS)
    stage.settled()

    assert stage.status()["token"]["expirySource"] == "Introspection"


# --- Refresh token ---


def _approve(stage: Stage, *, rotation: bool) -> str:
    app = stage.ready.app
    app.change(consumer_secret=SECRET, refresh_token_rotation=rotation)
    refresh_token: str = stage.ready.org.approve(stage.ready.user, app)
    stage.give_secret("crm-app", {"secret": SECRET, "refresh": f"{refresh_token}\n"})
    return refresh_token


def test_refresh_token_logs_in_and_stays_where_it_is(stage: Stage) -> None:
    refresh_token = _approve(stage, rotation=False)

    stage.connect(changes=REFRESH_TOKEN)

    assert stage.ready.org.is_live(stage.settled())
    assert stage.entries("crm-app")["refresh"].strip() == refresh_token


def test_rotated_refresh_token_is_written_back(stage: Stage) -> None:
    refresh_token = _approve(stage, rotation=True)
    stage.connect(changes=REFRESH_TOKEN)
    stage.settled()
    first = stage.entries("crm-app")["refresh"]

    stage.ask_to_renew("1")
    eventually(lambda: stage.status().get("lastHandledRenewRequest") == "1")

    live = [one.refresh_token for one in stage.ready.org.refresh_tokens]
    assert first != refresh_token
    assert stage.entries("crm-app")["refresh"] not in (first, refresh_token)
    assert stage.entries("crm-app")["refresh"] in live
    assert all(row.succeeded for row in stage.ready.org.logins)


def test_used_refresh_token_that_another_writer_puts_back_is_never_sent(stage: Stage) -> None:
    first = _approve(stage, rotation=True)
    stage.connect(changes=REFRESH_TOKEN)
    token = stage.settled()

    stage.overwrite("crm-app", {"refresh": first}, "external-secrets")
    stage.refused("RefreshTokenExpired")
    stage.ask_to_renew("1")
    eventually(lambda: stage.status().get("lastHandledRenewRequest") == "1")

    assert "It was written by external-secrets." in stage.message("Ready")
    assert len(stage.ready.org.logins) == 1
    assert stage.ready.org.is_live(stage.token())
    assert stage.token() == token


def test_own_write_of_a_refresh_token_asks_for_no_login(stage: Stage) -> None:
    _approve(stage, rotation=True)
    stage.connect(changes={**REFRESH_TOKEN, "spec.token.verifyInterval": "5s"})
    stage.settled()
    logins = len(stage.ready.org.logins)
    checks = stage.ready.org.calls["rest"]

    eventually(lambda: stage.ready.org.calls["rest"] >= checks + 2, timeout=20)

    assert len(stage.ready.org.logins) == logins


def test_lost_answer_of_a_rotation_ends_with_a_new_approval(stage: Stage) -> None:
    _approve(stage, rotation=True)
    stage.ready.org.fail("token", faults.ANSWER_LOST, times=1)
    stage.connect(changes=REFRESH_TOKEN)
    stage.refused("RefreshTokenExpired", timeout=40)

    app, user = stage.ready.app, stage.ready.user
    stage.set_entries("crm-app", {"refresh": stage.ready.org.approve(user, app)})

    assert stage.ready.org.is_live(stage.settled_after_a_failure())


# --- Audience ---


def test_my_domain_is_the_audience_where_the_org_takes_no_other(stage: Stage) -> None:
    stage.ready.org.settings.spring26_strict = True

    stage.connect()

    assert stage.ready.org.is_live(stage.settled())

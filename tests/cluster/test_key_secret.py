"""What becomes of a connection when its key Secret changes; the last good token stays."""

import pytest

from fakeorg import keys
from support.crd_samples import ABSENT
from support.stage import WATCHED, Stage
from support.waiting import eventually

pytestmark = pytest.mark.cluster


def test_another_key_keeps_the_last_token_and_may_be_propagation_delay(stage: Stage) -> None:
    stage.connect()
    token = stage.settled()

    stage.set_entries("crm-key", {"tls.key": keys.key_pair("another").private_key})
    eventually(lambda: stage.failure().get("reason") == "SignatureRejected")

    assert stage.failure()["class"] == "Transient"
    assert stage.conditions() == {
        "Ready": "True TokenCurrent",
        "TokenValid": "True Verified",
        "CredentialsValid": "True CredentialsAccepted",
        "TargetsSynced": "True Synced",
        "Reconciling": "True SignatureRejected",
    }
    assert "crm-key" in stage.message("Ready")
    assert stage.token() == token
    assert stage.ready.org.is_live(token)

    stage.set_entries("crm-key", {"tls.key": stage.ready.keys.private_key})
    _healed(stage)
    assert stage.token() == token


def test_garbage_for_a_key_stalls_at_once_and_the_token_stays(stage: Stage) -> None:
    stage.connect()
    token = stage.settled()
    logins = len(stage.ready.org.logins)

    stage.set_entries("crm-key", {"tls.key": "not a key"})
    stage.refused("KeyInvalid")

    assert stage.conditions() == {
        "Ready": "False KeyInvalid",
        "TokenValid": "True Verified",
        "CredentialsValid": "False KeyInvalid",
        "TargetsSynced": "True Synced",
        "Stalled": "True KeyInvalid",
    }
    for kind in ("Ready", "Stalled"):
        assert "crm-key" in stage.message(kind)
        assert "tls.key" in stage.message(kind)
    assert stage.failure()["class"] == "Terminal"
    assert stage.token() == token
    assert len(stage.ready.org.logins) == logins

    stage.set_entries("crm-key", {"tls.key": stage.ready.keys.private_key})
    _healed(stage)
    assert stage.token() == token


def test_missing_secret_stalls_and_heals_when_it_appears(stage: Stage) -> None:
    stage.delete_secret("crm-key")
    stage.connect()
    stage.refused("SourceSecretMissing")
    assert "crm-key" in stage.message("Stalled")
    assert stage.conditions() == {
        "Ready": "False SourceSecretMissing",
        "TokenValid": "Unknown TokenPending",
        "CredentialsValid": "False SourceSecretMissing",
        "TargetsSynced": "False TargetsPending",
        "Stalled": "True SourceSecretMissing",
    }
    assert stage.secret() is None

    stage.give_key()

    assert stage.ready.org.is_live(stage.settled())


def test_missing_entry_stalls_and_heals_when_it_appears(stage: Stage) -> None:
    stage.give_secret("crm-app", {"other": "value"})
    stage.connect(
        changes={
            "spec.auth.consumerKey": ABSENT,
            "spec.auth.consumerKeyRef": {"name": "crm-app", "key": "consumer-key"},
        }
    )
    stage.refused("SourceKeyMissing")
    assert "crm-app" in stage.message("Stalled")
    assert "consumer-key" in stage.message("Stalled")

    stage.set_entries("crm-app", {"consumer-key": stage.ready.app.consumer_key})

    assert stage.ready.org.is_live(stage.settled())


def test_key_secret_that_goes_is_told_and_the_token_stays(stage: Stage) -> None:
    stage.connect()
    token = stage.settled()

    stage.delete_secret("crm-key")
    stage.refused("SourceSecretMissing")

    assert stage.condition("TokenValid") == "True Verified"
    assert stage.token() == token
    stage.give_key()
    _healed(stage)


def test_missing_secret_that_is_mended_by_its_label_heals(stage: Stage) -> None:
    stage.give_secret("later", {"tls.key": "not a key"}, labels={})
    stage.connect(changes={"spec.auth.jwtBearer.keys[0].secretName": "later"})
    stage.refused("KeyInvalid")

    stage.set_entries("later", {"tls.key": stage.ready.keys.private_key})
    stage.change_secret("later", {"metadata": {"labels": WATCHED}})

    assert stage.ready.org.is_live(stage.settled())


def _healed(stage: Stage) -> None:
    def is_healed() -> bool:
        return not stage.failure() and stage.condition("Ready") == "True TokenCurrent"

    eventually(lambda: is_healed() or stage.fail())
    assert "Stalled" not in stage.conditions()
    assert "Reconciling" not in stage.conditions()

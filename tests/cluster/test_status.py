"""The status of a connection tells everything about its token, without the token."""

import base64
import hashlib

import pytest

from support.stage import Stage

pytestmark = pytest.mark.cluster

_DEFAULT_ENTRIES = {
    "access_token",
    "api_version",
    "expires_at",
    "instance_url",
    "issued_at",
    "org_id",
    "scope",
    "token_type",
    "user_id",
    "username",
}


def test_status_tells_token_and_targets(stage: Stage) -> None:
    stage.connect()
    token = stage.settled()

    status = stage.status()
    assert status["observedGeneration"] == 1
    assert "failure" not in status
    assert "lastHandledRenewRequest" not in status

    told = status["token"]
    assert told.keys() == {
        "issuedAt",
        "expiresAt",
        "expirySource",
        "renewalTime",
        "verifiedAt",
        "fingerprint",
        "identity",
        "scopes",
    }
    assert told["expirySource"] == "Configured"
    assert told["fingerprint"] == _fingerprint(token)
    assert "api" in told["scopes"]
    assert told["issuedAt"] <= told["verifiedAt"] < told["renewalTime"] < told["expiresAt"]

    (target,) = status["targets"]
    assert target["secretName"] == "crm-token"
    assert target["fingerprint"] == told["fingerprint"]
    assert target["writtenAt"] >= told["issuedAt"]
    assert set(target["entries"]) == _DEFAULT_ENTRIES


def test_status_tells_the_key_and_certificate_of_a_tls_secret(stage: Stage) -> None:
    pair = {"tls.key": stage.ready.keys.private_key, "tls.crt": stage.ready.keys.certificate}
    source = stage.give_secret("pair", pair, kind="kubernetes.io/tls")
    stage.connect(changes={"spec.auth.jwtBearer.keys[0].secretName": "pair"})
    stage.settled()

    auth = stage.status()["auth"]
    assert auth["grant"] == "JWTBearer"
    assert auth["audience"] == stage.ready.org.login_url
    assert auth["activeKey"] == {"secretName": "pair", "entry": "tls.key"}
    assert auth["keyFingerprint"].startswith("SHA256:")
    assert len(base64.b64decode(auth["keyFingerprint"].removeprefix("SHA256:") + "==")) == 32
    assert auth["certificateNotAfter"] > stage.status()["token"]["expiresAt"]
    assert auth["sourceVersions"] == {"pair": source["metadata"]["resourceVersion"]}


def test_status_tells_what_salesforce_answered_about_org_and_user(stage: Stage) -> None:
    stage.connect()
    stage.settled()

    org, user = stage.ready.org, stage.ready.user
    identity = stage.status()["identity"]
    assert identity.pop("identityURL").endswith(f"/id/{org.org_id}/{user.user_id}")
    assert identity == {
        "instanceURL": org.login_url,
        "orgID": org.org_id,
        "userID": user.user_id,
        "tokenType": "Bearer",
        "apiVersion": "66.0",
    }


def _fingerprint(token: str) -> str:
    return f"sha256:{hashlib.sha256(token.encode()).hexdigest()[:16]}"

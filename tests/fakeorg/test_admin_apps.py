"""The admin API about approvals, secrets and lost answers."""

import json
from collections.abc import Iterator

import httpx
import pytest

from fakeorg import FakeSalesforce, Readymade
from fakeorg.caller import Caller


@pytest.fixture
def admin(fake: FakeSalesforce, acme: Readymade) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=fake.admin_url, trust_env=False) as client:
        yield client


def test_approval_gives_a_refresh_token(
    admin: httpx.Client, caller: Caller, acme: Readymade
) -> None:
    acme.app.change(consumer_secret="s3cret of the app")
    path = "/orgs/acme/apps/integration/approve"
    answer = admin.post(path, json={"username": acme.user.username})
    refresh_token = answer.json()["refresh_token"]

    assert answer.status_code == 201
    assert caller.refresh(refresh_token).status_code == 200
    shown = admin.get("/orgs/acme").json()
    assert shown["refresh_tokens"] == [
        {"username": acme.user.username, "consumer_key": acme.app.consumer_key, "uses": 1}
    ]
    assert refresh_token not in json.dumps(shown)
    assert admin.post(path, json={"username": "nobody"}).status_code == 404


def test_refresh_tokens_can_be_revoked(admin: httpx.Client, acme: Readymade) -> None:
    acme.org.approve(acme.user, acme.app)
    path = "/orgs/acme/revoke-refresh-tokens"

    assert admin.post(path, json={"username": "nobody"}).json() == {"revoked": 0}
    assert admin.post(path).json() == {"revoked": 1}
    assert acme.org.refresh_tokens == []


def test_consumer_secret_can_be_rotated(admin: httpx.Client, acme: Readymade) -> None:
    path = "/orgs/acme/apps/integration/rotate-secret"
    made_up = admin.post(path).json()["consumer_secret"]

    assert acme.app.latest.consumer_secret == made_up
    assert admin.post(path, json={"consumer_secret": "mine"}).json()["consumer_secret"] == "mine"
    assert acme.app.latest.consumer_secret == "mine"
    assert "mine" not in admin.get("/orgs/acme").text


def test_app_can_be_made_ready_for_client_credentials(
    admin: httpx.Client, caller: Caller, acme: Readymade
) -> None:
    fields = {
        "consumer_secret": "s3cret",
        "client_credentials_enabled": True,
        "run_as": acme.user.username,
        "callback_urls": ["http://127.0.0.1:1/back"],
    }
    shown = admin.patch("/orgs/acme/apps/integration", json=fields).json()

    assert shown["run_as"] == acme.user.username
    assert shown["has_secret"] is True
    assert shown["callback_urls"] == ["http://127.0.0.1:1/back"]
    assert caller.log_in_as_app().status_code == 200


def test_answer_can_be_lost_after_the_work(
    admin: httpx.Client, caller: Caller, acme: Readymade
) -> None:
    fault = {"endpoint": "token", "fault": "reset", "after_the_work": True}
    admin.post("/orgs/acme/faults", json=fault)
    with pytest.raises(httpx.TransportError):
        caller.token()

    assert acme.org.successful_logins == 1

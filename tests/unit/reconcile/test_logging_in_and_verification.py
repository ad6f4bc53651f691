"""Calling Salesforce for one connection."""

from collections.abc import Callable
from datetime import timedelta
from typing import Literal

import pytest

from fakeorg import faults, keys, readymade_org
from support.builders import NOON
from support.connected import connected, running
from support.parts import Parts, connection_path, key_of, restarted, secret_path
from token_operator.domain.budget import HARD_LIMIT, SOFT_LIMIT
from token_operator.domain.failures import SalesforceUnavailableError
from token_operator.domain.token import Verifier
from token_operator.reconcile import sessions as module
from token_operator.reconcile.call_admission import Caller
from token_operator.reconcile.deferral import Progress
from token_operator.salesforce.hosts import AllowedHosts, host_of


def as_caller(parts: Parts, name: str = "other") -> Caller:
    return Caller(
        key=key_of(name),
        host=host_of(parts.ready.org.login_url),
        user=(parts.ready.app.consumer_key, parts.ready.user.username),
    )


async def test_login_is_described_in_the_status(parts: Parts) -> None:
    await running(parts)

    auth = parts.status()["auth"]
    assert auth["grant"] == "JWTBearer"
    assert auth["audience"] == parts.ready.org.login_url
    assert auth["activeKey"] == {"secretName": "crm-key", "entry": "tls.key"}


async def test_refused_login_is_told_with_its_reason(parts: Parts) -> None:
    parts.ready.app.unassign(parts.ready.user.username)

    await connected(parts)

    assert parts.condition("Stalled") in ("True UserNotApproved", "True UserNotAssigned") or (
        parts.condition("Reconciling").startswith("True User")
    )
    assert parts.secret() is None


async def test_unapproved_user_is_named_with_the_login_url(parts: Parts) -> None:
    body = '{"error":"invalid_grant","error_description":"user hasn\'t approved this consumer"}'
    parts.ready.org.fail("token", faults.respond(400, body), times=None)

    await connected(parts)

    for text in everything_reported(parts):
        assert f"The username is {parts.ready.user.username}." in text
        assert f"The login URL is {parts.ready.org.login_url}." in text


async def test_refused_value_of_a_secret_is_named_by_its_entry(parts: Parts) -> None:
    parts.give_secret("crm-app", {"user": parts.ready.user.username})
    body = '{"error":"inactive_user"}'
    parts.ready.org.fail("token", faults.respond(400, body), times=None)

    by_reference = {"username": None, "usernameRef": {"name": "crm-app", "key": "user"}}
    await connected(parts, {"auth": {"jwtBearer": by_reference}})

    for text in everything_reported(parts):
        assert "The username is read from entry user of Secret crm-app." in text
        assert parts.ready.user.username not in text


def everything_reported(parts: Parts) -> list[str]:
    """Return the failure as the condition Ready and Events state it."""
    events = [
        one["message"]
        for path, one in parts.server.objects.items()
        if "/events/" in path and one["type"] == "Warning"
    ]
    assert events
    return [parts.message(), *events]


async def test_refused_signature_names_the_key(parts: Parts) -> None:
    parts.ready.app.change(certificates=(keys.key_pair("other").certificate,))

    await connected(parts)

    assert "entry tls.key of Secret crm-key (SHA256:" in parts.message()


async def test_token_of_another_org_is_never_written(parts: Parts) -> None:
    parts.give_key()
    parts.connect(spec={"org": {"expectedOrgID": "00D000000000000"}})

    await parts.settle()

    assert parts.condition("Stalled") == "True OrgMismatch"
    assert parts.secret() is None


async def test_user_who_is_busy_is_waited_for(parts: Parts) -> None:
    parts.give_key()
    parts.connect()
    parts.watch()

    with parts.operator.admission.hold_login_place(as_caller(parts), NOON):
        await parts.run_passes()
        assert parts.logins() == 0
        assert parts.due_in() == 15
    await parts.settle()

    assert parts.condition() == "True TokenCurrent"


async def test_verification_waits_for_its_place(parts: Parts) -> None:
    await running(parts)
    admission, host = parts.operator.admission, host_of(parts.ready.org.login_url)
    callers = [Caller(key=key_of(f"c{number}"), host=host) for number in range(4)]
    parts.advance(minutes=5)

    with (
        admission.hold_verification_place(callers[0]),
        admission.hold_verification_place(callers[1]),
        admission.hold_verification_place(callers[2]),
        admission.hold_verification_place(callers[3]),
    ):
        await parts.run_passes()
        assert parts.due_in() == 15
    await parts.settle()

    held = parts.record().state.held
    assert held is not None
    assert held.verified_at == parts.clock.now()


async def test_used_up_budget_is_told(parts: Parts) -> None:
    for _ in range(HARD_LIMIT):
        parts.operator.admission.count_login(as_caller(parts), parts.clock.now())

    await connected(parts)

    assert parts.logins() == 0
    assert parts.condition() == "False LoginBudgetExhausted"
    parts.advance(hours=1)
    await parts.settle()
    assert parts.condition() == "True TokenCurrent"


async def test_renewal_past_the_soft_limit_waits_quietly(parts: Parts) -> None:
    await running(parts)
    parts.advance(minutes=40)
    for _ in range(SOFT_LIMIT):
        parts.operator.admission.count_login(as_caller(parts), parts.clock.now())

    await parts.settle()
    assert parts.logins() == 1
    assert parts.due_in() == 15
    assert "failure" not in parts.status()

    parts.advance(seconds=15)
    await parts.settle()
    assert parts.logins() == 2


async def test_host_that_fails_for_all_is_left_to_the_one_that_tries(parts: Parts) -> None:
    admission, down = (
        parts.operator.admission,
        SalesforceUnavailableError("Salesforce answered 503."),
    )
    for name in ("a", "b"):
        admission.record_outcome(as_caller(parts, name), down)
    assert admission.admit_login(as_caller(parts, "a"), parts.clock.now()) is None

    await connected(parts)
    assert parts.logins() == 0
    assert parts.condition("Reconciling") == "True SalesforceUnavailable"

    parts.operator.passes.logging_in.retry_recovered(
        admission.record_success(as_caller(parts, "a"))
    )
    await parts.settle()
    assert parts.condition() == "True TokenCurrent"


async def test_token_is_kept_while_its_host_fails_for_all(parts: Parts) -> None:
    token = await running(parts)
    admission, down = (
        parts.operator.admission,
        SalesforceUnavailableError("Salesforce answered 503."),
    )
    for name in ("a", "b"):
        admission.record_outcome(as_caller(parts, name), down)
    parts.advance(minutes=5)
    admission.admit_login(as_caller(parts, "a"), parts.clock.now())

    await parts.settle()

    assert parts.token() == token
    assert parts.condition() == "True TokenCurrent"
    assert parts.condition("Reconciling") == "True SalesforceUnavailable"


async def test_login_is_made_again_in_the_time_of_salesforce(parts: Parts) -> None:
    parts.fake.clock.advance(timedelta(minutes=20))

    await connected(parts)

    assert parts.condition() == "True TokenCurrent"
    assert parts.logins() == 2
    assert parts.server.posted_events().count("ClockSkew") == 1


async def test_verification_that_gets_no_answer_proves_nothing(parts: Parts) -> None:
    token = await running(parts)
    parts.ready.org.fail("rest", faults.UNAVAILABLE, times=1)

    parts.advance(minutes=5)
    await parts.settle()
    assert parts.token() == token
    assert parts.status()["failure"]["reason"] == "SalesforceUnavailable"

    parts.advance(minutes=1)
    await parts.settle()
    assert "failure" not in parts.status()


async def test_token_without_the_scope_api_is_verified_by_userinfo(parts: Parts) -> None:
    parts.ready.app.change(scopes=("id", "refresh_token"))

    await running(parts)

    assert parts.ready.org.calls["userinfo"] == 1
    assert parts.condition("TokenValid") == "True Verified"


async def test_versions_of_orgs_are_remembered_up_to_a_bound(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_VERSIONS", 1)
    versions = parts.operator.passes.sessions._versions
    versions["https://another.my.salesforce.com"] = "60.0"

    await running(parts)

    assert list(versions) == [parts.ready.org.login_url]


async def test_nothing_is_verified_or_revoked_where_nothing_is_held(parts: Parts) -> None:
    parts.connect()
    await parts.settle()
    sessions, record = parts.operator.passes.sessions, parts.record()

    assert await sessions.verify(record, Verifier.LIMITS) is Progress.CONTINUES
    assert await sessions.revoke(record)
    assert sum(parts.ready.org.calls.values()) == 0


async def test_session_that_cannot_be_revoked_is_left(parts: Parts) -> None:
    await running(parts)
    parts.ready.org.fail("revoke", faults.UNAVAILABLE, times=1)
    sessions, record = parts.operator.passes.sessions, parts.record()

    assert not await sessions.revoke(record)
    assert await sessions.revoke(record)
    assert not parts.ready.org.is_live(parts.token())


async def test_session_that_dies_and_is_issued_again_is_revoked_once(parts: Parts) -> None:
    await running(parts)
    parts.ready.org.fail(
        "rest",
        faults.respond(
            401,
            b'[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]',
            {"Content-Type": "application/json"},
        ),
        times=4,
    )

    for _ in range(12):
        parts.advance(seconds=30)
        await parts.settle()
    for _ in range(4):
        parts.advance(minutes=5)
        await parts.settle()

    assert parts.ready.org.calls["revoke"] == 1
    assert parts.condition() == "True TokenCurrent"
    assert parts.ready.org.is_live(parts.token())


async def test_token_that_becomes_alive_again_ends_its_dead_time(parts: Parts) -> None:
    await running(parts)
    parts.ready.org.fail(
        "rest",
        faults.respond(
            401,
            b'[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]',
            {"Content-Type": "application/json"},
        ),
        times=1,
    )

    parts.advance(minutes=5)
    await parts.settle()
    parts.advance(seconds=10)
    await parts.settle()

    parts.advance(seconds=7)
    assert parts.condition() == "True TokenCurrent"
    assert "TokenDied" in parts.server.posted_events()
    (snapshot,) = parts.operator.controllers[0].snapshots()
    assert snapshot.dead_seconds <= 10


def deactivate_user(parts: Parts) -> None:
    parts.ready.user.active = False
    parts.ready.org.kill_sessions()


def remove_app(parts: Parts) -> None:
    parts.ready.org.remove_app(parts.ready.app)
    parts.ready.org.kill_sessions()


def revoke_approval(parts: Parts) -> None:
    parts.ready.app.unassign(parts.ready.user.username)
    parts.ready.org.kill_sessions()


@pytest.mark.parametrize("end", [deactivate_user, remove_app, revoke_approval])
async def test_session_that_ended_with_what_refuses_the_login_is_found_at_once(
    parts: Parts, end: Callable[[Parts], None]
) -> None:
    await running(parts)
    end(parts)

    parts.ask_to_renew("1")
    await parts.settle()

    assert parts.condition("TokenValid") == "False TokenDied"
    assert parts.condition().startswith("False ")
    assert "tokenSafeUntil" not in parts.status()["failure"]


async def test_refusal_is_followed_by_one_verification_and_its_retries_by_none(
    parts: Parts,
) -> None:
    await running(parts, {"token": {"verifyInterval": "0s"}})
    before = parts.ready.org.calls["rest"]
    parts.ready.user.active = False
    parts.ready.org.fail("rest", faults.respond(200, b"{}", {}), times=None)

    parts.ask_to_renew("1")
    await parts.settle()

    assert parts.condition("TokenValid") == "True Verified"
    assert parts.ready.org.calls["rest"] == before + 1

    for _ in range(4):
        parts.advance(minutes=30)
        await parts.settle()
    assert parts.logins() > 3
    assert parts.ready.org.calls["rest"] == before + 1


async def test_token_is_not_called_safe_while_it_cannot_be_verified(parts: Parts) -> None:
    await running(parts)
    verified_at = parts.status()["token"]["verifiedAt"]
    deactivate_user(parts)
    parts.ready.org.fail("rest", faults.UNAVAILABLE, times=None)

    parts.advance(minutes=1)
    parts.ask_to_renew("1")
    await parts.settle()

    assert parts.status()["failure"]["reason"] == "UserInactive"
    assert parts.status()["failure"]["tokenSafeUntil"] == verified_at
    assert parts.condition("TokenValid") == "Unknown Unverified"

    parts.ready.org.clear_faults()
    parts.advance(minutes=1)
    await parts.settle()
    assert parts.condition("TokenValid") == "False TokenDied"


# --- What is special about an org ---


def org_changes(parts: Parts) -> list[str]:
    events = [one for path, one in parts.server.objects.items() if "/events/" in path]
    assert all(one["type"] == "Warning" for one in events if one["reason"] == "OrgChanged")
    return [one["message"] for one in events if one["reason"] == "OrgChanged"]


async def test_refreshed_sandbox_is_announced_once(parts: Parts) -> None:
    await running(parts)
    before = parts.ready.org.org_id
    parts.ready.org.refresh()

    for _ in range(2):
        parts.advance(minutes=5)
        await parts.settle()

    assert parts.condition() == "True TokenCurrent"
    assert parts.status()["identity"]["orgID"] == parts.ready.org.org_id
    (message,) = org_changes(parts)
    assert f"org {parts.ready.org.org_id} (previously {before})" in message


async def test_refresh_of_a_sandbox_is_announced_after_a_restart(parts: Parts) -> None:
    await running(parts)
    parts.ready.org.refresh()
    del parts.server.objects[secret_path("crm-token")]

    async with restarted(parts) as again:
        await again.settle()

        assert again.condition() == "True TokenCurrent"
        assert len(org_changes(again)) == 1


async def test_org_that_the_spec_names_anew_is_no_news(parts: Parts) -> None:
    await running(parts)
    other = readymade_org(parts.fake, "globex")
    parts.give_key(pem=other.keys.private_key)
    parts.operator.intake.hosts = AllowedHosts([host_of(other.org.login_url)])

    parts.change(
        {
            "spec": {
                "org": {"loginURL": other.org.login_url},
                "auth": {
                    "consumerKey": other.app.consumer_key,
                    "jwtBearer": {"username": other.user.username},
                },
            }
        }
    )
    await parts.settle()

    assert org_changes(parts) == []


async def test_org_that_the_spec_names_anew_is_no_news_after_a_restart(parts: Parts) -> None:
    await running(parts)
    status = parts.server.objects[connection_path()]["status"]
    parts.change({"spec": {"org": {"expectedOrgID": "00D000000000001AAA"}}})
    await parts.settle()
    parts.ready.org.refresh()
    parts.change({"spec": {"org": {"expectedOrgID": parts.ready.org.org_id}}, "status": status})
    del parts.server.objects[secret_path("crm-token")]

    async with restarted(parts) as again:
        await again.settle()

        assert again.condition() == "True TokenCurrent"
        assert org_changes(again) == []


async def test_expected_org_refuses_a_refreshed_sandbox(parts: Parts) -> None:
    await running(parts, {"org": {"expectedOrgID": parts.ready.org.org_id}})
    parts.ready.org.refresh()

    parts.advance(minutes=5)
    await parts.settle()

    assert parts.condition("Stalled") == "True OrgMismatch"
    assert org_changes(parts) == []


async def test_app_that_requires_dpop_is_explained(parts: Parts) -> None:
    parts.ready.app.change(dpop_required=True)

    await connected(parts)

    assert parts.condition("Stalled") == "True DPoPRequired"
    assert "allow DPoP but do not require it" in parts.message()
    assert parts.secret() is None


async def test_token_that_needs_a_proof_is_never_published(parts: Parts) -> None:
    parts.ready.org.settings.token_type = "DPoP"

    await connected(parts)

    assert parts.condition("Stalled") == "True DPoPRequired"
    assert parts.secret() is None


@pytest.mark.parametrize("code", ["INVALID_AUTH_HEADER", "INVALID_JWT_FORMAT"])
async def test_token_of_jwt_format_that_the_rest_api_refuses_is_replaced(
    parts: Parts, code: Literal["INVALID_AUTH_HEADER", "INVALID_JWT_FORMAT"]
) -> None:
    parts.ready.app.change(jwt_format=True)
    parts.ready.org.settings.jwt_death = code
    token = await running(parts)
    parts.ready.org.kill_sessions()

    parts.advance(minutes=5)
    await parts.settle()

    assert parts.token() not in ("", token)
    assert parts.condition() == "True TokenCurrent"
    assert "TokenDied" in parts.server.posted_events()


async def test_contained_user_is_met_with_few_logins(parts: Parts) -> None:
    await running(parts)
    parts.ready.org.contain(parts.ready.user)
    before = parts.logins()

    for _ in range(59):
        parts.advance(minutes=1)
        await parts.settle()

    assert parts.condition("Stalled") == "True UserInactive"
    assert "containment" in parts.message("Stalled")
    assert parts.logins() - before == 3


@pytest.mark.parametrize(("minutes", "is_short"), [(1, True), (4.9, True), (5, False)])
async def test_life_that_is_too_short_for_a_mounted_secret_is_reported(
    parts: Parts, minutes: float, *, is_short: bool
) -> None:
    parts.ready.app.change(jwt_format=True, jwt_lifetime=timedelta(minutes=minutes))

    await running(parts)

    assert parts.condition("TokenValid") == "True Verified"
    assert ("under 5 min" in parts.message("TokenValid")) is is_short


async def test_token_that_is_issued_again_near_its_end_is_not_called_short(parts: Parts) -> None:
    parts.ready.app.change(jwt_format=True, jwt_lifetime=timedelta(hours=1))
    parts.ready.org.settings.jwt_issued_again = True
    await running(parts)
    parts.advance(minutes=57)
    del parts.server.objects[secret_path("crm-token")]

    async with restarted(parts) as again:
        await again.settle()

        assert again.condition("TokenValid") == "True Verified"
        assert "under 5 min" not in again.message("TokenValid")

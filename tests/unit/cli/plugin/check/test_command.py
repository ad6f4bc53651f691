"""`check` goes every step, and explains what it meets."""

import json
from datetime import timedelta
from typing import Any

import pytest

from fakeorg import faults, keys
from support.crd_samples import a_minimal_connection, changed
from token_operator.cli.plugin.check import command
from token_operator.cli.plugin.check.command import STEPS
from token_operator.cli.plugin.check.examination import Mark, StepResult
from token_operator.cluster.resources import connection_from
from token_operator.domain.targets.secret import Owner

SCOPE = (
    "refresh_token scope is required and the connected app should be installed and preauthorized"
)
# The errors of the token endpoint: the reference, section 2. Those of other grants and of the
# device flow should not come here, and mean the same if they do.
REFUSALS = [
    ("invalid_grant", "user hasn't approved this consumer", "UserNotApproved"),
    ("invalid_app_access", "user is not admin approved to access this app", "UserNotAssigned"),
    ("app_not_found", "External client app is not installed in this org", "AppNotFound"),
    ("invalid_request", SCOPE, "ScopeMissing"),
    ("invalid_grant", "audience is invalid", "AudienceInvalid"),
    ("invalid_grant", "Audience validation failed", "AudienceInvalid"),
    ("invalid_grant", "expired authorization code", "ClockSkew"),
    ("invalid_grant", "invalid assertion", "SignatureRejected"),
    ("invalid_client", "invalid client credentials", "SignatureRejected"),
    ("invalid_client_id", "client identifier invalid", "ConsumerKeyUnknown"),
    ("invalid_client_credentials", "", "ClientCredentialsInvalid"),
    ("invalid_grant", "authentication failure", "AuthenticationFailed"),
    ("invalid_grant", "inactive user", "UserInactive"),
    ("inactive_user", "user is inactive", "UserInactive"),
    ("inactive_org", "inactive organization", "OrgInactive"),
    ("invalid_grant", "organization is locked, closed, or suspended", "OrgInactive"),
    ("invalid_grant", "ip restricted", "IPRestricted"),
    ("invalid_grant", "invalid login hours", "LoginHoursRestricted"),
    ("invalid_grant", "login rate exceeded", "LoginRateExceeded"),
    ("rate_limit_exceeded", "number of logins exceeded", "LoginRateExceeded"),
    ("invalid_grant", "Maximum Logins Exceeded", "RunAsUserMissing"),
    ("invalid_grant", "expired access/refresh token", "RefreshTokenExpired"),
    ("invalid_grant", "token request is already being processed", "SalesforceUnavailable"),
    ("unknown_error", "retry your request", "SalesforceUnavailable"),
    ("server_error", "", "SalesforceUnavailable"),
    ("temporarily_unavailable", "", "SalesforceUnavailable"),
    ("invalid_grant", "no client credentials user enabled", "RunAsUserMissing"),
    ("invalid_grant", "request not supported on this domain", "WrongDomain"),
    ("invalid_grant", "no valid scopes defined", "ScopeMissing"),
    ("invalid_request", "scope parameter not supported", "AuthenticationFailed"),
    ("unauthorized_client", "client credentials flow not enabled", "GrantDisabled"),
    ("unsupported_grant_type", "grant type not supported", "GrantDisabled"),
    ("invalid_scope", "the requested scope is not allowed", "ScopeMissing"),
    ("redirect_uri_mismatch", "redirect_uri must match configuration", "AuthenticationFailed"),
    ("invalid_grant", "invalid authorization code", "AuthenticationFailed"),
    ("invalid_grant", "invalid code verifier", "AuthenticationFailed"),
    ("invalid_grant", "missing required code challenge", "AuthenticationFailed"),
    ("authorization_pending", "", "SalesforceUnavailable"),
    ("slow_down", "", "SalesforceUnavailable"),
    ("expired_token", "", "SalesforceUnavailable"),
    ("OAUTH_APP_BLOCKED", "this app is blocked by admin", "AppBlocked"),
    (
        "OAUTH_APP_ACCESS_DENIED",
        "user is not admin approved to access this app",
        "UserNotAssigned",
    ),
    (
        "OAUTH_EC_APP_NOT_FOUND",
        "External client app is not installed in this org",
        "AppNotFound",
    ),
    ("invalid_request", "must use HTTP POST", "AuthenticationFailed"),
    ("invalid_request", "https required", "AuthenticationFailed"),
    ("invalid_request", "missing required parameter: assertion", "AuthenticationFailed"),
    ("new_error", "that nobody knows", "AuthenticationFailed"),
]


def by_step(told: list[StepResult]) -> dict[str, StepResult]:
    """Return the last finding of each step."""
    return {one.step: one for one in told}


async def test_good_connection_has_a_good_mark_at_every_step(checking: Any) -> None:
    told = await checking.told()

    assert [one.step for one in told] == [step.name for step in STEPS]
    assert {one.finding.mark for one in told} == {Mark.GOOD}
    assert "2048 bits, SHA256:" in by_step(told)["key"].finding.message
    assert checking.ready.org.org_id in by_step(told)["org"].finding.message


@pytest.mark.parametrize(("error", "description", "reason"), REFUSALS)
async def test_every_refusal_is_explained_with_reason_and_remedy(
    checking: Any, error: str, description: str, reason: str
) -> None:
    body = json.dumps({"error": error, "error_description": description})
    checking.ready.org.fail("token", faults.respond(400, body), times=None)

    told = by_step(await checking.told())

    finding = told["login"].finding
    assert (finding.mark, finding.reason) == (Mark.BAD, reason)
    assert finding.remedy
    assert {told[step].finding.mark for step in ("org", "API version", "verification")} == {
        Mark.NOT_DONE
    }
    # What does not need the login is looked at all the same.
    assert told["target"].finding.mark is Mark.GOOD


async def test_forbidden_login_host_stops_the_login_but_not_the_look_at_the_key(
    checking: Any,
) -> None:
    checking.allowed = False

    told = by_step(await checking.told())

    assert told["login host"].finding.reason == "HostNotAllowed"
    assert told["key"].finding.mark is Mark.GOOD
    assert told["login"].finding.message == 'Skipped: fix "login host" first.'
    assert checking.ready.org.calls.total() == 0


@pytest.mark.parametrize(
    ("entries", "step", "reason"),
    [
        pytest.param(None, "sources", "SourceSecretMissing", id="no Secret"),
        pytest.param({"other": "x"}, "key", "SourceKeyMissing", id="no entry"),
        pytest.param({"tls.key": "nonsense"}, "key", "KeyInvalid", id="no key"),
    ],
)
async def test_missing_key_material_is_told_at_its_step(
    checking: Any, entries: dict[str, str] | None, step: str, reason: str
) -> None:
    checking.cluster.secrets.clear()
    if entries is not None:
        checking.cluster.put("crm-key", entries)

    told = by_step(await checking.told())

    assert told[step].finding.reason == reason
    assert told["login"].finding.mark is Mark.NOT_DONE


async def test_expired_certificate_only_warns(checking: Any) -> None:
    pair = keys.key_pair("expired", valid_for=timedelta(days=-1))
    checking.ready.app.replace_certificate(pair.certificate)
    checking.cluster.put("crm-key", {"tls.key": pair.private_key, "tls.crt": pair.certificate})

    told = by_step(await checking.told())

    assert told["key"].finding.mark is Mark.WARNING
    assert "has expired" in told["key"].finding.message
    assert told["verification"].finding.mark is Mark.GOOD


async def test_certificate_that_cannot_be_read_only_warns(checking: Any) -> None:
    pair = checking.ready.keys
    checking.cluster.put("crm-key", {"tls.key": pair.private_key, "tls.crt": "to follow"})

    told = by_step(await checking.told())

    assert told["key"].finding.mark is Mark.WARNING
    assert "Entry tls.crt of Secret crm-key holds no certificate" in told["key"].finding.message
    assert told["verification"].finding.mark is Mark.GOOD


@pytest.mark.parametrize("unusable", [0, 1], ids=["the first", "the second"])
async def test_login_is_made_with_the_key_that_can_be_used(checking: Any, unusable: int) -> None:
    sources = [{"secretName": "crm-key"}, {"secretName": "next-key"}]
    checking.changes["spec.auth.jwtBearer.keys"] = sources
    names = [source["secretName"] for source in sources]
    checking.cluster.put(names[unusable], {"tls.key": "nonsense"})
    checking.cluster.put(names[1 - unusable], {"tls.key": checking.ready.keys.private_key})

    told = await checking.told()

    findings = [one.finding for one in told if one.step == "key"]
    warnings = [found for found in findings if found.mark is Mark.WARNING]
    assert [(found.mark, found.reason) for found in warnings] == [(Mark.WARNING, "KeyInvalid")]
    assert names[unusable] in warnings[0].message
    assert names[1 - unusable] in by_step(told)["login"].finding.message
    assert by_step(told)["verification"].finding.mark is Mark.GOOD


async def test_clock_that_is_off_is_a_warning_while_logins_work(checking: Any) -> None:
    checking.fake.clock.advance(timedelta(minutes=2))
    try:
        told = by_step(await checking.told())
    finally:
        checking.fake.clock.reset()

    assert told["clock"].finding.reason == "ClockSkew"
    assert "1m" in told["clock"].finding.message or "2m" in told["clock"].finding.message
    assert told["verification"].finding.mark is Mark.GOOD


async def test_other_org_than_expected_is_refused(checking: Any) -> None:
    checking.changes["spec.org.expectedOrgID"] = "00Dxx0000001gERAAY"

    told = by_step(await checking.told())

    assert told["org"].finding.reason == "OrgMismatch"


async def test_api_version_that_the_org_does_not_have_is_refused(checking: Any) -> None:
    checking.changes["spec.org.apiVersion"] = "99.0"

    told = by_step(await checking.told())

    assert told["API version"].finding.reason == "SpecInvalid"
    assert told["verification"].finding.mark is Mark.NOT_DONE


async def test_second_key_is_tried_where_the_first_is_refused(checking: Any) -> None:
    stranger = keys.key_pair("stranger")
    checking.cluster.put("old-key", {"tls.key": stranger.private_key})
    both = [{"secretName": "old-key"}, {"secretName": "crm-key"}]
    checking.changes["spec.auth.jwtBearer.keys"] = both

    told = await checking.told()

    login = [one.finding for one in told if one.step == "login"]
    assert [finding.mark for finding in login] == [Mark.WARNING, Mark.GOOD]
    assert "Secret old-key" in login[0].message
    assert "Secret crm-key" in login[1].message


async def test_key_that_cannot_be_used_is_a_warning_where_another_logs_in(checking: Any) -> None:
    checking.cluster.put("old-key", {"tls.key": "no key at all"})
    both = [{"secretName": "old-key"}, {"secretName": "crm-key"}]
    checking.changes["spec.auth.jwtBearer.keys"] = both

    told = await checking.told()

    key = [one.finding for one in told if one.step == "key"]
    assert [(finding.mark, finding.reason) for finding in key] == [
        (Mark.WARNING, "KeyInvalid"),
        (Mark.GOOD, ""),
    ]
    assert all(one.finding.mark is not Mark.BAD for one in told)
    assert checking.ready.org.calls["token"] == 1


async def test_every_refused_key_is_reported_where_none_logs_in(checking: Any) -> None:
    for name in ("old-key", "new-key"):
        checking.cluster.put(name, {"tls.key": keys.key_pair(name).private_key})
    both = [{"secretName": "old-key"}, {"secretName": "new-key"}]
    checking.changes["spec.auth.jwtBearer.keys"] = both

    told = await checking.told()

    login = [one.finding for one in told if one.step == "login"]
    assert sorted(finding.mark for finding in login) == [Mark.BAD, Mark.WARNING]
    assert {name for name in ("old-key", "new-key") for one in login if name in one.message} == {
        "old-key",
        "new-key",
    }


@pytest.mark.parametrize(
    ("meta", "reason"),
    [
        pytest.param({}, "TargetNotOwned", id="somebody's"),
        pytest.param(
            {
                "controller": Owner(
                    kind="SalesforceConnection", group="salesforce-token.dev", name="b", uid="x"
                )
            },
            "TargetConflict",
            id="another connection's",
        ),
    ],
)
async def test_target_of_somebody_else_is_told(
    checking: Any, meta: dict[str, Any], reason: str
) -> None:
    checking.cluster.put("crm-token", {}, **meta)

    told = by_step(await checking.told())

    assert told["target"].finding.reason == reason
    assert told["verification"].finding.mark is Mark.GOOD


@pytest.mark.parametrize(
    ("policy", "changes", "reason"),
    [
        pytest.param("Adopt", {"type": "kubernetes.io/tls"}, "TargetConflict", id="other type"),
        pytest.param("Adopt", {"is_immutable": True}, "TargetImmutable", id="immutable"),
        pytest.param("Merge", {"is_immutable": True}, "TargetImmutable", id="merged, immutable"),
    ],
)
async def test_target_is_judged_as_the_operator_judges_it(
    checking: Any, policy: str, changes: dict[str, Any], reason: str
) -> None:
    checking.cluster.put("crm-token", {})
    checking.cluster.change("crm-token", **changes)
    checking.changes["spec.targets[0].creationPolicy"] = policy

    finding = by_step(await checking.told())["target"].finding

    assert (finding.mark, finding.reason) == (Mark.BAD, reason)


@pytest.mark.parametrize("policy", ["Adopt", "Merge"])
async def test_target_that_is_free_is_good(checking: Any, policy: str) -> None:
    checking.cluster.put("crm-token", {})
    checking.changes["spec.targets[0].creationPolicy"] = policy

    assert by_step(await checking.told())["target"].finding.mark is Mark.GOOD


@pytest.mark.parametrize("policy", ["Adopt", "Merge"])
async def test_source_of_another_connection_is_no_target(checking: Any, policy: str) -> None:
    changes = {
        "metadata.name": "erp",
        "spec.auth.jwtBearer.keys[0].secretName": "crm-token",
    }
    checking.others = (connection_from(changed(checking.connection(), changes)),)
    checking.cluster.put("crm-token", {})
    checking.changes["spec.targets[0].creationPolicy"] = policy

    finding = by_step(await checking.told())["target"].finding

    assert (finding.mark, finding.reason) == (Mark.BAD, "TargetConflict")
    assert "is a source of connection erp" in finding.message


async def test_unreachable_host_is_told_before_the_login(checking: Any) -> None:
    checking.ready.org.fail(None, faults.RESET, times=None)

    told = by_step(await checking.told())

    assert told["clock"].finding.reason == "NetworkError"
    assert told["login"].finding.mark is Mark.NOT_DONE


async def test_nothing_secret_is_told(checking: Any) -> None:
    checking.cluster.put("crm-app", {"user": checking.ready.user.username})
    checking.changes["spec.auth.jwtBearer.username"] = None
    checking.changes["spec.auth.jwtBearer.usernameRef"] = {"name": "crm-app", "key": "user"}

    told = await checking.told()

    text = json.dumps([one.document() for one in told])
    assert by_step(told)["verification"].finding.mark is Mark.GOOD
    assert checking.ready.user.username not in text
    assert all(session.token not in text for session in checking.ready.org.live_sessions)


async def test_refused_value_of_a_secret_is_named_by_its_entry(checking: Any) -> None:
    checking.cluster.put("crm-app", {"user": checking.ready.user.username})
    checking.changes["spec.auth.jwtBearer.username"] = None
    checking.changes["spec.auth.jwtBearer.usernameRef"] = {"name": "crm-app", "key": "user"}
    body = '{"error":"inactive_user"}'
    checking.ready.org.fail("token", faults.respond(400, body), times=None)

    finding = by_step(await checking.told())["login"].finding

    assert finding.reason == "UserInactive"
    assert "The username is read from entry user of Secret crm-app." in finding.message
    assert checking.ready.user.username not in finding.message


def by_refs(**refs: str) -> dict[str, Any]:
    """Return references to entries of the Secret crm-app."""
    return {name: {"name": "crm-app", "key": entry} for name, entry in refs.items()}


async def test_client_credentials_are_tried(checking: Any) -> None:
    app, username = checking.ready.app, checking.ready.user.username
    app.change(consumer_secret="s3cret", client_credentials_enabled=True, run_as=username)
    checking.cluster.put("crm-app", {"secret": "s3cret\n"})
    checking.changes["spec.auth"] = {
        "consumerKey": app.consumer_key,
        "clientCredentials": {},
        **by_refs(consumerSecretRef="secret"),
    }

    told = by_step(await checking.told())

    assert told["login"].finding.message == "Client credentials: accepted."
    assert told["verification"].finding.mark is Mark.GOOD
    assert "s3cret" not in json.dumps([one.document() for one in told.values()])


async def test_refresh_token_is_not_used_up_by_a_check(checking: Any) -> None:
    checking.cluster.put("crm-app", {"token": "5Aep"})
    checking.reported_by_operator = "RefreshTokenExpired: It is expired"
    checking.changes["spec.auth"] = {
        "consumerKey": checking.ready.app.consumer_key,
        "refreshToken": by_refs(refreshTokenRef="token"),
    }

    told = by_step(await checking.told())

    assert told["login"].finding.mark is Mark.NOT_DONE
    assert (
        "The operator reports: RefreshTokenExpired: It is expired." in told["login"].finding.message
    )
    assert checking.ready.org.calls["token"] == 0


@pytest.mark.parametrize("content", ["", "two\nlines", "x" * 5000, "tab\there"])
async def test_value_that_is_not_one_line_is_told_without_it(checking: Any, content: str) -> None:
    checking.cluster.put("crm-app", {"user": content})
    checking.changes["spec.auth.jwtBearer.username"] = None
    checking.changes |= {
        f"spec.auth.jwtBearer.{name}": ref for name, ref in by_refs(usernameRef="user").items()
    }

    finding = by_step(await checking.told())["sources"].finding

    assert finding.reason == "SourceKeyMissing"
    assert "Secret crm-app, entry user" in finding.message
    assert not content or content not in finding.message


class _Cluster:
    async def connections(self) -> list[dict[str, Any]]:
        good, later = a_minimal_connection(), a_minimal_connection()
        good["metadata"] |= {"namespace": "shop", "name": "good", "uid": "1"}
        later["metadata"] |= {"namespace": "shop", "name": "later", "uid": "2"}
        later["spec"]["targets"][0]["presets"] = ["OfALaterVersion"]
        return [later, good]


async def test_connection_of_a_later_version_is_passed_over() -> None:
    others = await command._others(_Cluster(), "crm")  # type: ignore[arg-type] # as far as it is asked

    assert [one.key.name for one in others] == ["good"]


async def test_life_that_is_too_short_for_a_mounted_secret_is_a_warning(checking: Any) -> None:
    checking.ready.app.change(jwt_format=True, jwt_lifetime=timedelta(minutes=1))

    findings = [one.finding for one in await checking.told() if one.step == "login"]

    assert [one.mark for one in findings] == [Mark.GOOD, Mark.WARNING]
    assert "under 5 min" in findings[1].message

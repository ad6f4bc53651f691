"""Finding the token again after a restart, without a login."""

import pytest

from support.connected import running
from support.fake_api import merge
from support.parts import Parts, connection_path, encoded, restarted, secret_path
from token_operator.domain.targets.labels import FINGERPRINT, ISSUED_AT
from token_operator.domain.token import fingerprint_of


async def rest(parts: Parts) -> None:
    """Let all first passes come."""
    await parts.settle()
    parts.advance(seconds=5)
    await parts.settle()


async def test_restart_costs_no_login_and_no_write(parts: Parts) -> None:
    token = await running(parts)

    async with restarted(parts) as again:
        await rest(again)

        assert again.record().state.held is not None
        assert again.token() == token
        assert again.logins() == 1
        assert again.server.count() == {"GET secrets": 1}
        assert again.condition() == "True TokenCurrent"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"authorization": "Bearer ${access_token}"}, id="header"),
        pytest.param({"f": '{"t": "${access_token}", "u": "${instance_url}"}'}, id="JSON"),
    ],
)
async def test_token_is_found_inside_a_larger_text(parts: Parts, data: dict[str, str]) -> None:
    await running(parts, {"targets": [{"secretName": "crm-token", "data": data}]})

    async with restarted(parts) as again:
        await rest(again)

        assert again.logins() == 1
        assert again.record().state.held is not None


async def test_token_of_jwt_format_is_found(parts: Parts) -> None:
    parts.ready.app.change(jwt_format=True)
    token = await running(parts)
    assert token.startswith("eyJ")

    async with restarted(parts) as again:
        await rest(again)

        assert again.logins() == 1
        held = again.record().state.held
        assert held is not None
        assert held.token.fixed_expiry is not None


async def test_newest_of_several_targets_wins_and_reaches_the_others(parts: Parts) -> None:
    targets = [{"secretName": "crm-token"}, {"secretName": "other-token"}]
    token = await running(parts, {"targets": targets})
    old = token[:-4] + "0000"
    parts.change_secret(
        "other-token",
        {
            "metadata": {
                "annotations": {
                    FINGERPRINT: fingerprint_of(old),
                    ISSUED_AT: "2026-11-23T10:00:00Z",
                }
            },
            "data": encoded({"access_token": old}),
        },
    )

    async with restarted(parts) as again:
        await rest(again)

        assert again.token("other-token") == token
        assert again.logins() == 1


async def test_token_without_a_status_is_taken_from_the_default_entries(parts: Parts) -> None:
    token = await running(parts)
    stored = parts.server.objects[connection_path()]
    parts.server.objects[connection_path()] = merge(stored, {"status": None})

    async with restarted(parts) as again:
        await rest(again)

        held = again.record().state.held
        assert held is not None
        assert held.token.value == token
        assert again.logins() == 1
        assert again.condition() == "True TokenCurrent"


async def test_edited_token_is_not_taken_and_not_sent_anywhere(parts: Parts) -> None:
    await running(parts)
    planted = "00Dxx0000001gER!PlantedPlantedPlanted"
    parts.change_secret("crm-token", {"data": encoded({"access_token": planted})})

    async with restarted(parts) as again:
        await rest(again)

        assert again.token() != planted
        assert again.ready.org.is_live(again.token())


@pytest.mark.parametrize("url", ["https://evil.example", "http://acme.my.salesforce.com", ""])
async def test_planted_secret_does_not_send_the_token_elsewhere(parts: Parts, url: str) -> None:
    await running(parts)
    stored = parts.server.objects[connection_path()]
    parts.server.objects[connection_path()] = merge(stored, {"status": None})
    parts.change_secret("crm-token", {"data": encoded({"instance_url": url})})

    async with restarted(parts) as again:
        await rest(again)

        held = again.record().state.held
        assert held is not None
        assert held.token.instance_url == parts.ready.org.login_url
        assert again.logins() == 2


async def test_secret_of_somebody_else_is_not_looked_into(parts: Parts) -> None:
    await running(parts)
    owner = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "x",
        "uid": "u",
        "controller": True,
    }
    parts.change_secret("crm-token", {"metadata": {"ownerReferences": [owner]}})

    async with restarted(parts) as again:
        await rest(again)

        assert again.condition("Stalled") == "True TargetNotOwned"


async def test_target_that_is_gone_or_may_not_be_read_leads_to_a_login(parts: Parts) -> None:
    targets = [{"secretName": "crm-token"}, {"secretName": "other-token"}]
    await running(parts, {"targets": targets})
    del parts.server.objects[secret_path("crm-token")]
    parts.server.fail(403, method="GET", part="other-token")

    async with restarted(parts) as again:
        await rest(again)

        assert again.logins() == 2
        assert again.condition() == "True TokenCurrent"
        assert "TargetRepaired" in again.server.posted_events()


async def test_api_server_that_fails_lets_the_token_be_looked_for_later(parts: Parts) -> None:
    await running(parts)
    parts.server.fail(503, method="GET", part="crm-token")

    async with restarted(parts) as again:
        again.watch()
        again.advance(seconds=5)
        await again.run_passes()
        assert again.record().state.is_cold

        again.advance(seconds=1)
        await again.settle()
        assert again.logins() == 1


async def test_change_of_the_spec_while_nobody_watched_is_acted_on(parts: Parts) -> None:
    other = parts.ready.org.add_user("other@acme.example")
    parts.ready.app.assign(other.username)
    await running(parts)
    parts.change({"spec": {"auth": {"jwtBearer": {"username": other.username}}}})

    async with restarted(parts) as again:
        await rest(again)

        session = again.ready.org.session_of(again.token())
        assert session is not None
        assert session.username == other.username


async def test_changed_labels_of_a_target_are_written_after_a_restart(parts: Parts) -> None:
    await running(parts)
    parts.change({"spec": {"targets": [{"secretName": "crm-token", "labels": {"team": "crm"}}]}})

    async with restarted(parts) as again:
        await rest(again)

        secret = again.secret()
        assert secret is not None
        assert secret["metadata"]["labels"]["team"] == "crm"
        assert again.logins() == 1


async def test_key_that_changed_while_nobody_watched_is_proven(parts: Parts) -> None:
    await running(parts)
    parts.change_secret("crm-key", {"data": encoded({"tls.key": "nonsense"})})

    async with restarted(parts) as again:
        await rest(again)

        assert again.condition("Stalled") == "True KeyInvalid"
        assert again.token()


async def test_token_that_the_status_does_not_know_yet_needs_no_login(parts: Parts) -> None:
    targets = [{"secretName": "crm-token", "presets": ["HTTPHeader"]}]
    await running(parts, {"targets": targets})
    before = parts.server.objects[connection_path()]["status"]
    parts.ready.org.kill_sessions()
    parts.advance(minutes=5)
    await parts.settle()
    stored = parts.server.objects[connection_path()]
    parts.server.objects[connection_path()] = {**stored, "status": before}

    async with restarted(parts) as again:
        await rest(again)

        assert again.logins() == 2
        assert again.condition() == "True TokenCurrent"


async def test_expiry_that_a_token_claims_is_known_without_a_status(parts: Parts) -> None:
    parts.ready.app.change(jwt_format=True)
    await running(parts)
    stored = parts.server.objects[connection_path()]
    expires_at = stored["status"]["token"]["expiresAt"]
    parts.server.objects[connection_path()] = merge(stored, {"status": None})

    async with restarted(parts) as again:
        await rest(again)

        assert again.logins() == 1
        assert again.status()["token"]["expiresAt"] == expires_at
        assert again.status()["token"]["expirySource"] == "TokenClaim"


async def test_renewal_that_was_asked_for_meanwhile_tells_of_no_write(parts: Parts) -> None:
    token = await running(parts)
    parts.advance(minutes=1)
    parts.ask_to_renew("1")
    before = parts.server.posted_events()

    async with restarted(parts) as again:
        await rest(again)

        assert again.logins() == 2
        assert again.token() == token
        assert again.server.posted_events() == before

"""The session through which kopf watches."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from support.fake_api import SECRETS, FakeApi, configuration_for
from support.parts import WATCHED, secret_path
from token_operator.runtime.watching import WatchSession, watch_name

CONNECTIONS = "/apis/salesforce-token.dev/v1alpha1/salesforceconnections"


class Opened(list[str]):
    """The names of the watches that were opened."""


@pytest.fixture
def opened() -> Opened:
    return Opened()


@pytest_asyncio.fixture
async def session(server: FakeApi, opened: Opened) -> AsyncIterator[WatchSession]:
    configuration = configuration_for(server)
    configuration.api_key = {"BearerToken": "MARKEDsecret"}
    configuration.api_key_prefix = {"BearerToken": "Bearer"}
    yield WatchSession(
        configuration=configuration,
        user_agent="salesforce-token-operator/1.2.3",
        watch_opened=opened.append,
    )


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v1/secrets", "secrets"),
        (SECRETS.format("shop"), "secrets/shop"),
        (CONNECTIONS, "salesforceconnections"),
    ],
)
def test_watch_is_named_by_resource_and_namespace(path: str, name: str) -> None:
    assert watch_name(path) == name


async def test_empty_list_of_metadata_is_never_null(server: FakeApi, session: WatchSession) -> None:
    async with session.open().aiohttp_session as client:
        async with client.get(f"{server.url}/api/v1/secrets") as answer:
            assert (await answer.json())["items"] == []
        server.put(secret_path("crm-key"), {"metadata": {"labels": WATCHED}})
        async with client.get(f"{server.url}/api/v1/secrets") as answer:
            assert len((await answer.json())["items"]) == 1
        server.fail(200, body=b"[1]")
        async with client.get(f"{server.url}/api/v1/secrets") as answer:
            assert await answer.json(content_type=None) == [1]


async def test_secrets_are_asked_for_metadata_only(server: FakeApi, session: WatchSession) -> None:
    async with session.open().aiohttp_session as client:
        for query in ("", "?watch=true"):
            async with client.get(f"{server.url}/api/v1/secrets{query}"):
                pass
        async with client.get(f"{server.url}{CONNECTIONS}"):
            pass

    kinds = [one.headers["Accept"] for one in server.requests]
    assert "as=PartialObjectMetadataList;" in kinds[0]
    assert "as=PartialObjectMetadata;" in kinds[1]
    assert "PartialObjectMetadata" not in kinds[2]


async def test_health_is_told_of_watches_that_were_opened(
    server: FakeApi, session: WatchSession, opened: Opened
) -> None:
    async with session.open().aiohttp_session as client:
        server.fail(403, part="secrets")
        for path in ("/api/v1/secrets?watch=true", f"{CONNECTIONS}?watch=true", CONNECTIONS):
            async with client.get(f"{server.url}{path}"):
                pass

    assert opened == ["salesforceconnections"]


async def test_requests_carry_the_present_credentials(
    server: FakeApi, session: WatchSession
) -> None:
    async with session.open().aiohttp_session as client:
        async with client.get(f"{server.url}{CONNECTIONS}"):
            pass
        session.configuration.api_key = {}
        async with client.get(f"{server.url}{CONNECTIONS}"):
            pass

    assert server.requests[0].headers["Authorization"] == "Bearer MARKEDsecret"
    assert "Authorization" not in server.requests[1].headers
    assert server.requests[0].headers["User-Agent"] == "salesforce-token-operator/1.2.3"


async def test_certificates_are_verified_unless_the_kubeconfig_says_otherwise(
    session: WatchSession, tmp_path: Path
) -> None:
    assert session._tls().check_hostname

    session.configuration.verify_ssl = False

    assert not session._tls().check_hostname

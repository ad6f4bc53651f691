"""Connections: status and finalizers are written, nothing else."""

import pytest

from support.builders import a_connection
from support.fake_api import CONNECTIONS, FakeApi
from support.parts import connection_path
from token_operator.cluster import paths
from token_operator.cluster.api import Api, ConflictError, ForbiddenError, NotFoundError
from token_operator.cluster.connections import (
    check_api,
    uids_of,
    write_finalizers,
    write_status,
)
from token_operator.domain.kinds import SALESFORCE_CONNECTION

CRM = connection_path()


def test_collection_is_of_one_namespace_or_of_all() -> None:
    assert paths.resources(SALESFORCE_CONNECTION, "shop") == CONNECTIONS.format("shop")
    assert (
        paths.resources(SALESFORCE_CONNECTION, None)
        == "/apis/salesforce-token.dev/v1alpha1/salesforceconnections"
    )


async def test_api_is_checked_by_one_small_list(api: Api, server: FakeApi) -> None:
    await check_api(api, SALESFORCE_CONNECTION, None)

    assert server.requests[0].query == {"limit": "1"}


@pytest.mark.parametrize(("status", "kind"), [(404, NotFoundError), (403, ForbiddenError)])
async def test_api_that_cannot_be_used_says_why(
    api: Api, server: FakeApi, status: int, kind: type[Exception]
) -> None:
    server.fail(status)

    with pytest.raises(kind):
        await check_api(api, SALESFORCE_CONNECTION, "shop")


async def test_uids_of_all_connections_are_listed(api: Api, server: FakeApi) -> None:
    uids = {server.put(connection_path(name), {})["metadata"]["uid"] for name in "abc"}
    server.page = 2

    assert await uids_of(api, SALESFORCE_CONNECTION, None) == uids


async def test_status_alone_is_written(api: Api, server: FakeApi) -> None:
    connection = a_connection()
    server.put(CRM, {"metadata": {"uid": connection.uid}, "spec": {"a": 1}})

    answer = await write_status(api, connection, {"observedGeneration": 4})

    assert server.requests[0].path == f"{CRM}/status"
    assert server.objects[CRM]["status"]["observedGeneration"] == 4
    assert server.objects[CRM]["spec"] == {"a": 1}
    assert answer == server.objects[CRM]


async def test_status_of_another_connection_of_that_name_is_left(api: Api, server: FakeApi) -> None:
    server.put(CRM, {})

    with pytest.raises(ConflictError):
        await write_status(api, a_connection(), {})


async def test_status_of_a_connection_that_is_gone_says_so(api: Api) -> None:
    with pytest.raises(NotFoundError):
        await write_status(api, a_connection(), {})


async def test_finalizers_are_written_upon_the_version_that_was_seen(
    api: Api, server: FakeApi
) -> None:
    connection = a_connection()
    stored = server.put(CRM, {"metadata": {"uid": connection.uid}})
    version = stored["metadata"]["resourceVersion"]

    await write_finalizers(api, connection, ("a", "b"), version)

    assert server.objects[CRM]["metadata"]["finalizers"] == ["a", "b"]
    with pytest.raises(ConflictError):
        await write_finalizers(api, connection, (), version)

"""Secrets: what is read of them, and what is sent."""

from typing import Any

import pytest

from support.builders import MARK
from support.fake_api import SECRETS, FakeApi
from support.parts import WATCHED, encoded, secret_path
from token_operator.cluster.api import Api, ConflictError, NotFoundError
from token_operator.cluster.secrets import (
    create_secret,
    delete_secret,
    meta_from,
    patch_secret,
    read_secret,
    strip_secret,
    watched_secrets,
    write_entry,
)
from token_operator.domain.connection import ConnectionKey
from token_operator.domain.targets.secret import DesiredSecret, Owner, Secret

TARGET = secret_path("crm-token")
OURS = {
    "app.kubernetes.io/managed-by": "salesforce-token-operator",
    "salesforce-token.dev/connection": "crm",
    "salesforce-token.dev/watch": "true",
}


def desired(**changes: Any) -> DesiredSecret:
    plain: dict[str, Any] = {
        "key": ConnectionKey("shop", "crm-token"),
        "entries": {"access_token": MARK},
        "labels": {"team": "crm"},
        "annotations": {"salesforce-token.dev/fingerprint": "sha256:1"},
        "owners": ({"kind": "SalesforceConnection", "uid": "u-1"},),
    }
    return DesiredSecret(**(plain | changes))


async def read(api: Api) -> Secret:
    secret = await read_secret(api, "shop", "crm-token")
    assert secret is not None
    return secret


def test_metadata_keep_only_what_is_ours() -> None:
    meta = meta_from(
        {
            "metadata": {
                "name": "crm-token",
                "uid": "u-1",
                "resourceVersion": "7",
                "labels": {"team": "crm", **OURS},
                "annotations": {"note": "x", "salesforce-token.dev/fingerprint": "sha256:1"},
                "deletionTimestamp": "2026-11-23T12:00:00Z",
            }
        }
    )

    assert meta.labels == OURS
    assert meta.annotations == {"salesforce-token.dev/fingerprint": "sha256:1"}
    assert meta.is_being_deleted
    assert (meta.uid, meta.resource_version) == ("u-1", "7")


def test_controller_is_found_among_the_owners() -> None:
    owner = {"kind": "SalesforceConnection", "name": "crm", "uid": "u-1"}
    owners = [
        {**owner, "apiVersion": "v1", "uid": "u-0"},
        {**owner, "apiVersion": "salesforce-token.dev/v1alpha1", "controller": True},
    ]

    meta = meta_from({"metadata": {"name": "crm-token", "ownerReferences": owners}})

    assert meta.controller == Owner(
        kind="SalesforceConnection", group="salesforce-token.dev", name="crm", uid="u-1"
    )


def test_owner_that_does_not_control_is_no_controller() -> None:
    owners = [{"apiVersion": "v1", "kind": "Pod", "name": "crm", "uid": "u-0"}]

    assert meta_from({"metadata": {"name": "x", "ownerReferences": owners}}).controller is None


async def test_secret_is_read_with_its_content(api: Api, server: FakeApi) -> None:
    data = encoded({"tls.key": b"\x00\xff"}) | {"empty": None, "odd": "x"}
    server.put(TARGET, {"data": data, "immutable": True})

    secret = await read(api)

    assert secret.entries == {"tls.key": b"\x00\xff", "empty": b"", "odd": b""}
    assert secret.is_immutable


async def test_secret_without_data_has_no_entries(api: Api, server: FakeApi) -> None:
    server.put(TARGET, {"data": None})

    assert (await read(api)).entries == {}


async def test_secret_that_is_not_there_is_none(api: Api) -> None:
    assert await read_secret(api, "shop", "crm-token") is None


async def test_content_is_never_printed(api: Api, server: FakeApi) -> None:
    server.put(TARGET, {"data": encoded({"access_token": MARK})})

    assert MARK not in repr(await read(api))
    assert MARK not in repr(desired())


async def test_new_target_has_labels_annotations_owner_and_content(
    api: Api, server: FakeApi
) -> None:
    meta = await create_secret(api, desired())

    stored = server.objects[TARGET]
    assert stored["type"] == "Opaque"
    assert stored["data"] == encoded({"access_token": MARK})
    assert stored["metadata"]["labels"] == {"team": "crm"}
    assert stored["metadata"]["ownerReferences"] == [{"kind": "SalesforceConnection", "uid": "u-1"}]
    assert meta.resource_version == stored["metadata"]["resourceVersion"]


async def test_name_that_is_taken_is_a_conflict(api: Api, server: FakeApi) -> None:
    server.put(TARGET, {})

    with pytest.raises(ConflictError):
        await create_secret(api, desired())


async def test_patch_removes_dropped_entries_and_keeps_foreign_ones(
    api: Api, server: FakeApi
) -> None:
    server.put(TARGET, {"data": encoded({"old": "1", "foreign": "2", "access_token": "3"})})
    seen = (await read(api)).meta

    await patch_secret(api, desired(dropped=("old", "access_token")), seen)

    assert server.objects[TARGET]["data"] == encoded({"foreign": "2", "access_token": MARK})
    assert server.requests[-1].body["data"]["old"] is None
    assert server.requests[-1].headers["Content-Type"] == "application/merge-patch+json"


async def test_patch_leaves_owners_alone_where_none_are_told(api: Api, server: FakeApi) -> None:
    server.put(TARGET, {})

    await patch_secret(api, desired(owners=None), (await read(api)).meta)

    assert "ownerReferences" not in server.requests[-1].body["metadata"]


async def test_patch_upon_another_version_is_a_conflict(api: Api, server: FakeApi) -> None:
    server.put(TARGET, {})
    seen = (await read(api)).meta
    server.put(TARGET, {"metadata": {"uid": seen.uid}})

    with pytest.raises(ConflictError):
        await patch_secret(api, desired(), seen)


async def test_our_labels_are_taken_off_and_others_stay(api: Api, server: FakeApi) -> None:
    server.put(TARGET, {"metadata": {"labels": {"team": "crm", **OURS}}})

    await strip_secret(api, "shop", (await read(api)).meta)

    assert server.objects[TARGET]["metadata"]["labels"] == {"team": "crm"}


async def test_deletion_is_for_the_secret_that_was_seen(api: Api, server: FakeApi) -> None:
    server.put(TARGET, {})
    seen = (await read(api)).meta

    await delete_secret(api, "shop", seen)

    assert TARGET not in server.objects
    assert server.requests[-1].body["preconditions"] == {
        "uid": seen.uid,
        "resourceVersion": seen.resource_version,
    }


async def test_deletion_of_another_secret_of_that_name_is_a_conflict(
    api: Api, server: FakeApi
) -> None:
    server.put(TARGET, {})
    seen = (await read(api)).meta
    server.put(TARGET, {})

    with pytest.raises(ConflictError):
        await delete_secret(api, "shop", seen)
    assert TARGET in server.objects


async def test_deletion_of_what_is_gone_says_so(api: Api, server: FakeApi) -> None:
    server.put(TARGET, {})
    seen = (await read(api)).meta
    del server.objects[TARGET]

    with pytest.raises(NotFoundError):
        await delete_secret(api, "shop", seen)


async def test_watched_secrets_are_listed_page_by_page_without_content(
    api: Api, server: FakeApi
) -> None:
    server.page = 2
    for number in range(5):
        path = f"{SECRETS.format(f'ns{number}')}/key"
        server.put(path, {"metadata": {"labels": WATCHED}, "data": encoded({"a": MARK})})
    server.put(secret_path("unlabelled"), {})

    found = [where async for where, _ in watched_secrets(api, None)]

    assert found == ["ns0", "ns1", "ns2", "ns3", "ns4"]
    assert len(server.requests) == 3
    assert "PartialObjectMetadataList" in server.requests[0].headers["Accept"]


async def test_watched_secrets_of_one_namespace_are_listed(api: Api, server: FakeApi) -> None:
    server.put(secret_path("crm-key"), {"metadata": {"labels": WATCHED}})
    server.put(f"{SECRETS.format('other')}/key", {"metadata": {"labels": WATCHED}})

    found = [(where, meta.name) async for where, meta in watched_secrets(api, "shop")]

    assert found == [("shop", "crm-key")]


async def test_empty_list_is_empty(api: Api) -> None:
    assert [one async for one in watched_secrets(api, None)] == []


async def test_one_entry_is_written_upon_the_secret_that_was_seen(
    api: Api, server: FakeApi
) -> None:
    server.put(TARGET, {"data": encoded({"refresh-token": "1", "foreign": "2"})})
    seen = (await read(api)).meta

    await write_entry(api, "shop", seen, "refresh-token", MARK)

    assert server.objects[TARGET]["data"] == encoded({"refresh-token": MARK, "foreign": "2"})
    with pytest.raises(ConflictError):
        await write_entry(api, "shop", seen, "refresh-token", "3")

"""How kopf is set up."""

from typing import Any, cast

import kopf

from support.clock import SettableClock
from token_operator.domain.kinds import SALESFORCE_CONNECTION, Kind
from token_operator.handlers.registry import configure_kopf, watch_kind
from token_operator.reconcile.controller import Controller
from token_operator.reconcile.queue import KeyedQueue


def a_controller(kind: Kind, seen: list[str]) -> Controller[str]:
    queue = KeyedQueue[str](SettableClock())

    async def reconcile(_key: str) -> None:
        """Do nothing."""

    return Controller(
        kind=kind,
        queue=queue,
        reconcile=reconcile,
        seen=lambda raw: seen.append(f"seen {raw['name']}"),
        gone=lambda raw: seen.append(f"gone {raw['name']}"),
        uids=dict,
        forget_and_clean_up=seen.remove,
        requeue_all=seen.clear,
        snapshots=tuple,
    )


def test_kopf_keeps_nothing_of_an_object() -> None:
    settings = kopf.OperatorSettings()
    configure_kopf(settings)
    storage = settings.persistence.diffbase_storage
    body = kopf.Body({"metadata": {"name": "crm", "labels": {"a": "b"}}, "spec": {"a": 1}})
    patch = kopf.Patch()

    storage.store(body=body, patch=patch, essence=storage.build(body=body))

    assert storage.build(body=body) == {}
    assert storage.fetch(body=body) is None
    assert not patch


def test_each_kind_feeds_the_controller_that_reconciles_it() -> None:
    seen: list[str] = []
    kinds = [SALESFORCE_CONNECTION, Kind(name="Other", plural="others", version="v1")]
    registry = kopf.OperatorRegistry()

    for kind in kinds:
        watch_kind(registry, a_controller(kind, seen))

    watched = {
        handler.selector.plural or handler.selector.any_name
        for handler in registry._watching.get_all_handlers()
        if handler.selector is not None
    }
    assert watched == {"salesforceconnections", "others"}


async def test_deleted_resource_is_reported_as_gone() -> None:
    seen: list[str] = []
    registry = kopf.OperatorRegistry()
    watch_kind(registry, a_controller(SALESFORCE_CONNECTION, seen))
    (handler,) = registry._watching.get_all_handlers()

    for kind in ("ADDED", "MODIFIED", "DELETED"):
        await cast("Any", handler.fn)(event={"type": kind, "object": {"name": "crm"}})

    assert seen == ["seen crm", "seen crm", "gone crm"]

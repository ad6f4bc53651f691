"""How kopf is set up."""

import kopf

from token_operator.handlers.registry import configure_kopf


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

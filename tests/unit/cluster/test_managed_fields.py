"""Who wrote what of a Secret."""

from typing import Any

import pytest

from token_operator.cluster.managed_fields import managers_from
from token_operator.domain.targets.secret import FieldManager


def written(fields: dict[str, Any] | None, *, operation: str = "Apply") -> dict[str, Any]:
    one: dict[str, Any] = {"manager": "helm", "operation": operation, "fieldsType": "FieldsV1"}
    return {"metadata": {"managedFields": [one | ({} if fields is None else {"fieldsV1": fields})]}}


@pytest.mark.parametrize(
    ("raw", "is_apply", "entries"),
    [
        pytest.param(
            written({"f:data": {".": {}, "f:a": {}, "f:.env": {}}, "f:type": {}}),
            True,
            {"a", ".env"},
            id="applied entries",
        ),
        pytest.param(
            written({"f:data": {"f:a": {}}}, operation="Update"), False, {"a"}, id="other"
        ),
        pytest.param(written({"f:metadata": {}}), True, set(), id="no entries"),
        pytest.param(written(None), True, set(), id="no fields"),
    ],
)
def test_field_manager_has_the_entries_that_it_wrote(
    raw: dict[str, Any], is_apply: bool, entries: set[str]
) -> None:
    wanted = FieldManager(name="helm", is_apply=is_apply, entries=frozenset(entries))

    assert managers_from(raw) == (wanted,)


def test_field_manager_has_the_labels_and_annotations_that_it_wrote() -> None:
    fields: dict[str, Any] = {
        "f:metadata": {
            "f:labels": {".": {}, "f:app.kubernetes.io/name": {}, "f:team": {}},
            "f:annotations": {"f:what": {}},
        }
    }

    (manager,) = managers_from(written(fields))

    assert manager.labels == {"app.kubernetes.io/name", "team"}
    assert manager.annotations == {"what"}
    assert manager.entries == frozenset()


def test_secret_without_managed_fields_has_no_managers() -> None:
    assert managers_from({"metadata": {}}) == ()

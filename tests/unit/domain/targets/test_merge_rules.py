"""Whose the entries of a Secret are that several write."""

import pytest

from support.builders import a_connection
from token_operator.domain.failures import TargetConflictError
from token_operator.domain.targets.merge_rules import (
    Merging,
    applied_by,
    manager_name,
    other_connections,
    refuse_if_contested,
    written_as_target,
)
from token_operator.domain.targets.secret import FieldManager

CONNECTION = a_connection()
OURS = "salesforce-token-operator-crm"


def a_manager(name: str, *entries: str, is_apply: bool = True) -> FieldManager:
    return FieldManager(name=name, is_apply=is_apply, entries=frozenset(entries))


def a_merging(*managers: FieldManager, present: bytes | None = None) -> Merging:
    return Merging(
        secret_name="app",
        wanted={"token": b"new"},
        present={} if present is None else {"token": present},
        managers=managers,
    )


def test_each_connection_has_a_field_manager_of_its_own() -> None:
    assert manager_name(CONNECTION) == OURS


def test_entries_are_told_apart_by_who_wrote_them() -> None:
    managers = (
        a_manager(OURS, "a"),
        a_manager(OURS, "b", is_apply=False),
        a_manager("salesforce-token-operator", "c", is_apply=False),
        a_manager("salesforce-token-operator-erp", "d"),
        a_manager("salesforce-token-operator-empty"),
        a_manager("kubectl", "e"),
    )

    assert applied_by(managers, CONNECTION) == {"a"}
    assert written_as_target(managers) == {"c"}
    assert other_connections(managers, CONNECTION) == {"erp": {"d"}}


@pytest.mark.parametrize(
    "merging",
    [
        pytest.param(a_merging(), id="not there"),
        pytest.param(a_merging(a_manager("kubectl", "password"), present=None), id="beside others"),
        pytest.param(a_merging(a_manager(OURS, "token"), present=b"old"), id="ours"),
        pytest.param(a_merging(a_manager("kubectl", "token"), present=b"new"), id="same content"),
        pytest.param(
            a_merging(
                a_manager("salesforce-token-operator", "token", is_apply=False), present=b"old"
            ),
            id="ours as a whole target",
        ),
        pytest.param(
            a_merging(a_manager("salesforce-token-operator-erp", "url")), id="another's other entry"
        ),
    ],
)
def test_entry_that_nobody_else_has_may_be_merged(merging: Merging) -> None:
    refuse_if_contested(merging, CONNECTION)


@pytest.mark.parametrize(
    ("merging", "told"),
    [
        pytest.param(
            a_merging(a_manager("kubectl-edit", "token", is_apply=False), present=b"old"),
            "written by kubectl-edit",
            id="edited",
        ),
        pytest.param(
            a_merging(a_manager(OURS, "token"), a_manager("helm", "token"), present=b"old"),
            "written by helm",
            id="shared",
        ),
        pytest.param(a_merging(present=b"old"), "was there before", id="of nobody"),
        pytest.param(
            a_merging(a_manager("salesforce-token-operator-erp", "token"), present=b"new"),
            "written by connection erp",
            id="of another connection, the same content",
        ),
    ],
)
def test_entry_of_somebody_else_is_refused_and_they_are_named(merging: Merging, told: str) -> None:
    with pytest.raises(TargetConflictError, match=f"token of Secret app .*{told}|{told}"):
        refuse_if_contested(merging, CONNECTION)

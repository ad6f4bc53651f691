"""Whose a Secret is."""

import pytest

from support.builders import UID, a_connection
from token_operator.domain.kinds import GROUP, SALESFORCE_CONNECTION
from token_operator.domain.targets.labels import CONNECTION_LABEL, MANAGED_BY, MANAGER
from token_operator.domain.targets.ownership import Ownership, owner_name, ownership_of
from token_operator.domain.targets.secret import Owner, SecretMeta


def a_secret(
    *, controller: Owner | None = None, connection: str = "", manager: str = MANAGER
) -> SecretMeta:
    labels = {MANAGED_BY: manager, CONNECTION_LABEL: connection} if connection else {}
    return SecretMeta(
        name="crm-token", uid="s", resource_version="1", labels=labels, controller=controller
    )


def an_owner(
    *,
    uid: str = UID,
    name: str = "crm",
    kind: str = SALESFORCE_CONNECTION.name,
    group: str = GROUP,
) -> Owner:
    return Owner(kind=kind, group=group, name=name, uid=uid)


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        pytest.param(a_secret(controller=an_owner()), Ownership.OURS, id="our uid"),
        pytest.param(a_secret(controller=an_owner(uid="old")), Ownership.OURS, id="our name"),
        pytest.param(
            a_secret(controller=an_owner(uid="x", name="erp")),
            Ownership.ANOTHER_CONNECTION,
            id="another connection",
        ),
        pytest.param(
            a_secret(controller=an_owner(uid="x", kind="Deployment", group="apps")),
            Ownership.SOMEBODY_ELSE,
            id="another kind",
        ),
        pytest.param(
            a_secret(controller=an_owner(uid="x", group="example.org")),
            Ownership.SOMEBODY_ELSE,
            id="our kind in another group",
        ),
        pytest.param(a_secret(connection="crm"), Ownership.OURS, id="our labels, no controller"),
        pytest.param(
            a_secret(connection="erp"), Ownership.ANOTHER_CONNECTION, id="labels of another"
        ),
        pytest.param(
            a_secret(connection="crm", manager="helm"), Ownership.SOMEBODY_ELSE, id="not managed"
        ),
        pytest.param(a_secret(), Ownership.SOMEBODY_ELSE, id="bare"),
    ],
)
def test_secret_belongs_to(secret: SecretMeta, expected: Ownership) -> None:
    assert ownership_of(secret, a_connection()) is expected


def test_owner_is_named_by_controller_or_label() -> None:
    assert owner_name(a_secret(controller=an_owner(name="erp"))) == "erp"
    assert owner_name(a_secret(connection="erp")) == "erp"

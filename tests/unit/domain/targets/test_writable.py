"""Which Secrets may be written."""

from typing import Any

import pytest

from support.builders import UID, a_connection
from support.parts import key_of
from token_operator.domain.connection import CreationPolicy, Target
from token_operator.domain.failures import FailureError
from token_operator.domain.kinds import GROUP, SALESFORCE_CONNECTION
from token_operator.domain.targets.secret import FieldManager, Owner, Secret, SecretMeta
from token_operator.domain.targets.writable import refuse_unless_writable

OURS = Owner(kind=SALESFORCE_CONNECTION.name, group=GROUP, name="crm", uid=UID)
ANOTHER = Owner(kind=SALESFORCE_CONNECTION.name, group=GROUP, name="erp", uid="u-2")
A_DEPLOYMENT = Owner(kind="Deployment", group="apps", name="billing", uid="u-3")
BY_ANOTHER = FieldManager(
    name="salesforce-token-operator-erp", is_apply=True, entries=frozenset({"erp"})
)


def a_secret(controller: Owner | None = None, **changes: Any) -> Secret:
    meta = SecretMeta(name="crm-token", uid="s", resource_version="1", controller=controller)
    return Secret(meta=meta, entries={}, **changes)


def refusal(
    secret: Secret, policy: CreationPolicy = CreationPolicy.CREATE, *, has_readers: bool = False
) -> str:
    """Return the reason and message of a refusal; empty where the Secret may be written."""
    target = Target(secret_name="crm-token", creation_policy=policy)
    readers = [key_of("reader")] if has_readers else []
    try:
        refuse_unless_writable(secret, target, a_connection(), readers)
    except FailureError as failure:
        return f"{failure.reason}: {failure.sentence()}"
    return ""


@pytest.mark.parametrize("policy", CreationPolicy)
def test_our_own_may_be_written_even_if_somebody_reads_it(policy: CreationPolicy) -> None:
    assert refusal(a_secret(OURS), policy, has_readers=True) == ""


@pytest.mark.parametrize(
    ("secret", "policy", "expected"),
    [
        pytest.param(a_secret(), CreationPolicy.CREATE, "TargetNotOwned: ", id="Create"),
        pytest.param(a_secret(), CreationPolicy.ADOPT, "", id="Adopt"),
        pytest.param(a_secret(), CreationPolicy.MERGE, "", id="Merge"),
        pytest.param(
            a_secret(A_DEPLOYMENT), CreationPolicy.MERGE, "", id="Merge into a controlled one"
        ),
        pytest.param(
            a_secret(A_DEPLOYMENT), CreationPolicy.ADOPT, "TargetNotOwned: ", id="controlled"
        ),
        pytest.param(
            a_secret(ANOTHER), CreationPolicy.ADOPT, "TargetConflict: ", id="another connection's"
        ),
        pytest.param(
            a_secret(type="kubernetes.io/tls"),
            CreationPolicy.ADOPT,
            "TargetConflict: ",
            id="another type",
        ),
        pytest.param(
            a_secret(managers=(BY_ANOTHER,)),
            CreationPolicy.ADOPT,
            "TargetConflict: Connection erp",
            id="another merges into it",
        ),
    ],
)
def test_secret_of_another_owner_is_written_as_the_policy_allows(
    secret: Secret, policy: CreationPolicy, expected: str
) -> None:
    found = refusal(secret, policy)

    assert found.startswith(expected)
    assert bool(found) is bool(expected)


def test_source_of_a_connection_is_no_target() -> None:
    found = refusal(a_secret(), CreationPolicy.MERGE, has_readers=True)

    assert found.startswith("TargetConflict: Secret crm-token is a source of connection reader.")


@pytest.mark.parametrize(
    ("controller", "remedy"),
    [(OURS, "the operator creates it again"), (None, "Name another target.")],
    ids=["ours", "theirs"],
)
def test_immutable_secret_is_refused(controller: Owner | None, remedy: str) -> None:
    found = refusal(a_secret(controller, is_immutable=True), CreationPolicy.MERGE)

    assert found.startswith("TargetImmutable: ")
    assert remedy in found

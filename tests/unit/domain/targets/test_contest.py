"""Who undoes the repairs of a target, as far as the API server records it."""

from dataclasses import replace
from typing import Any

import pytest

from support.builders import NOON, a_connection, seen
from token_operator.domain.connection import Target
from token_operator.domain.failures import TargetContestedError
from token_operator.domain.targets.actions import (
    Apply,
    BackOff,
    Create,
    HandBack,
    Patch,
    Read,
    RefuseTarget,
    is_repair,
)
from token_operator.domain.targets.contest import undone_by, within_limits
from token_operator.domain.targets.desired import plan_for
from token_operator.domain.targets.known_target import KnownTarget
from token_operator.domain.targets.labels import EXPIRES_AT, FINGERPRINT, MANAGED_BY, MANAGER
from token_operator.domain.targets.observation import Absence, TargetObservation
from token_operator.domain.targets.plan import Plan
from token_operator.domain.targets.repairs import Repairs
from token_operator.domain.targets.secret import FieldManager, Secret, SecretMeta

CONNECTION = a_connection()
META = SecretMeta(name="crm-token", uid="1", resource_version="7")
TARGET = Target(secret_name="crm-token")


def a_plan() -> Plan:
    plan = plan_for(TARGET, KnownTarget(), seen())
    assert plan is not None
    return plan


PLAN = a_plan()
USED_UP = KnownTarget(digest=PLAN.digest, repairs=Repairs(3, NOON, NOON))
REPAIR = Patch(PLAN, META, is_repair=True)
FAILURE = TargetContestedError("Secret crm-token is changed again after each repair.")


def manager(name: str, **fields: Any) -> FieldManager:
    return replace(FieldManager(name=name, is_apply=False, entries=frozenset()), **fields)


def a_secret(*managers: FieldManager, **changes: Any) -> Secret:
    plain = Secret(
        meta=META,
        entries=PLAN.content,
        labels=PLAN.desired.labels,
        annotations=PLAN.desired.annotations,
        managers=managers,
    )
    return replace(plain, **changes)


def observed(**changes: Any) -> TargetObservation:
    plain = TargetObservation(
        now=NOON,
        connection=CONNECTION,
        name="crm-token",
        is_in_spec=True,
        plan=PLAN,
        known=USED_UP,
        secret=a_secret(),
    )
    return replace(plain, **changes)


ENTRY = frozenset({"access_token"})
OURS = manager(MANAGER, entries=ENTRY, annotations=frozenset({FINGERPRINT, EXPIRES_AT}))


@pytest.mark.parametrize(
    ("secret", "who"),
    [
        pytest.param(
            a_secret(OURS, manager("argocd", entries=ENTRY)),
            ", by field manager argocd",
            id="entry",
        ),
        pytest.param(
            a_secret(manager("helm", labels=frozenset({MANAGED_BY}))),
            ", by field manager helm",
            id="label",
        ),
        pytest.param(
            a_secret(manager("kubectl-edit", annotations=frozenset({FINGERPRINT}))),
            ", by field manager kubectl-edit",
            id="annotation",
        ),
        pytest.param(
            a_secret(*(manager(name, entries=ENTRY) for name in "dcba")),
            ", by field manager a, b, c",
            id="three names at most",
        ),
        pytest.param(
            a_secret(OURS, entries={"access_token": b"another"}),
            ", by another instance of this operator",
            id="entry of another instance",
        ),
        pytest.param(
            a_secret(OURS, annotations={FINGERPRINT: "another"}),
            ", by another instance of this operator",
            id="annotation of another instance",
        ),
        pytest.param(
            a_secret(OURS, labels={}, annotations={**PLAN.desired.annotations, EXPIRES_AT: "x"}),
            "; the API server does not record by whom",
            id="labels removed",
        ),
        pytest.param(
            a_secret(OURS, manager("notes", labels=frozenset({"team"}))),
            "; the API server does not record by whom (other field managers of the Secret: notes)",
            id="removed beside another writer",
        ),
        pytest.param(
            a_secret(manager("", entries=ENTRY)),
            "; the API server does not record by whom",
            id="manager without a name",
        ),
    ],
)
def test_writer_is_named_where_the_api_server_records_one(secret: Secret, who: str) -> None:
    assert undone_by(secret, PLAN, CONNECTION) == who


def test_fourth_repair_is_postponed_and_names_what_happens() -> None:
    action = within_limits(observed(), REPAIR)

    assert isinstance(action, BackOff)
    assert (action.until - NOON).total_seconds() == 30
    assert "is changed again after each repair" in action.failure.message


def test_deletion_is_named_as_one() -> None:
    action = within_limits(observed(secret=Absence.NOT_FOUND), Create(PLAN, is_repair=True))

    assert isinstance(action, BackOff)
    assert "is deleted again after each repair" in action.failure.message


def test_target_is_read_before_its_repair_is_postponed() -> None:
    action = within_limits(observed(secret=Absence.NOT_READ), Create(PLAN, is_repair=True))

    assert action == Read()


@pytest.mark.parametrize(
    ("observation", "action"),
    [
        pytest.param(observed(), RefuseTarget(FAILURE), id="not a write"),
        pytest.param(observed(), Patch(PLAN, META), id="not a repair"),
        pytest.param(
            observed(known=replace(USED_UP, digest=b"older")), REPAIR, id="repair with a new token"
        ),
        pytest.param(
            observed(known=replace(USED_UP, repairs=Repairs(2, NOON, NOON))), REPAIR, id="third"
        ),
        pytest.param(
            observed(known=replace(USED_UP, failure=FAILURE)), REPAIR, id="after its wait"
        ),
    ],
)
def test_nothing_else_is_postponed(observation: TargetObservation, action: Any) -> None:
    assert within_limits(observation, action) == action


@pytest.mark.parametrize(
    ("action", "is_one"),
    [
        (Apply(PLAN, META, is_repair=True), True),
        (HandBack(Apply(PLAN, META, is_repair=True)), True),
        (HandBack(Apply(PLAN, META)), False),
        (Create(PLAN), False),
    ],
)
def test_every_kind_of_write_may_be_a_repair(action: Any, *, is_one: bool) -> None:
    assert is_repair(action, PLAN.digest) is is_one

"""The decision about one target: one row for each check."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from support.builders import NOON, SECOND, a_connection, seen
from token_operator.domain.connection import CreationPolicy, DeletionPolicy, Target
from token_operator.domain.failures import EntryConflictError
from token_operator.domain.targets.actions import (
    Apply,
    Confirm,
    Create,
    Delete,
    EndRefusal,
    Forget,
    HandBack,
    Keep,
    Patch,
    Read,
    RefuseTarget,
    Strip,
    TakeOut,
)
from token_operator.domain.targets.decision import decide_target, is_work
from token_operator.domain.targets.desired import plan_for
from token_operator.domain.targets.known_target import KnownTarget, Settled
from token_operator.domain.targets.known_targets import KnownTargets
from token_operator.domain.targets.labels import CONNECTION_LABEL, MANAGED_BY, MANAGER
from token_operator.domain.targets.merge_rules import manager_name
from token_operator.domain.targets.observation import Absence, TargetObservation
from token_operator.domain.targets.plan import Plan
from token_operator.domain.targets.secret import FieldManager, Owner, Secret, SecretMeta

TARGET = Target(secret_name="crm-token")
MERGED = replace(TARGET, creation_policy=CreationPolicy.MERGE)
CONNECTION = a_connection()
OURS = {MANAGED_BY: MANAGER, CONNECTION_LABEL: "crm"}
OWNER = Owner(
    kind="SalesforceConnection", group="salesforce-token.dev", name="crm", uid=CONNECTION.uid
)
FAILURE = EntryConflictError("Two presets clash.")


def a_plan(target: Target = TARGET) -> Plan:
    plan = plan_for(target, KnownTarget(), seen())
    assert plan is not None
    return plan


def a_meta(**changes: Any) -> SecretMeta:
    return replace(SecretMeta(name="crm-token", uid="1", resource_version="7"), **changes)


def a_secret(meta: SecretMeta | None = None, **changes: Any) -> Secret:
    return replace(Secret(meta=meta or a_meta(), entries={}), **changes)


def our_meta() -> SecretMeta:
    return a_meta(labels=OURS, controller=OWNER)


def as_planned() -> Secret:
    desired = a_plan().desired
    return a_secret(
        our_meta(),
        entries=a_plan().content,
        labels=desired.labels,
        annotations=desired.annotations,
    )


def written(target: Target = TARGET, **changes: Any) -> KnownTarget:
    targets = KnownTargets()
    settled = Settled(plan=a_plan(target), meta=our_meta(), at=NOON, is_write=True)
    targets.settle("crm-token", settled)
    return replace(targets.of("crm-token"), **changes)


def target_seen(target: Target = TARGET, **changes: Any) -> TargetObservation:
    plain = TargetObservation(
        now=NOON,
        connection=CONNECTION,
        name="crm-token",
        is_in_spec=True,
        plan=a_plan(target),
        known=KnownTarget(),
    )
    return replace(plain, **changes)


def former(secret: Secret | Absence, **known: Any) -> TargetObservation:
    return target_seen(is_in_spec=False, plan=None, secret=secret, known=written(**known))


def applied(*entries: str) -> FieldManager:
    name = manager_name(CONNECTION)
    return FieldManager(name=name, is_apply=True, entries=frozenset(entries))


NO_ENTRIES = replace(a_plan(), desired=replace(a_plan().desired, entries={}))


@pytest.mark.parametrize(
    ("observation", "action"),
    [
        pytest.param(target_seen(known=KnownTarget(look_again_at=NOON + SECOND)), Keep, id="later"),
        pytest.param(
            target_seen(content_problem=FAILURE, plan=None), RefuseTarget, id="impossible content"
        ),
        pytest.param(target_seen(plan=None), Keep, id="nothing to write"),
        pytest.param(target_seen(known=written()), Keep, id="as it was written"),
        pytest.param(target_seen(known=written(failure=FAILURE)), EndRefusal, id="not refused now"),
        pytest.param(
            target_seen(known=written(reread_at=NOON), is_watched=True), Read, id="to be read again"
        ),
        pytest.param(target_seen(MERGED), Read, id="several writers"),
        pytest.param(target_seen(known=written(digest=b"")), Patch, id="version known"),
        pytest.param(target_seen(is_watched=True), Read, id="watched"),
        pytest.param(target_seen(known=KnownTarget(found=a_secret())), Read, id="found"),
        pytest.param(target_seen(plan=NO_ENTRIES), Read, id="content to go"),
        pytest.param(target_seen(), Create, id="new"),
        pytest.param(
            target_seen(plan=NO_ENTRIES, secret=Absence.NOT_FOUND), Confirm, id="rightly absent"
        ),
        pytest.param(
            target_seen(MERGED, secret=Absence.NOT_FOUND), RefuseTarget, id="merge into none"
        ),
        pytest.param(target_seen(secret=Absence.NOT_FOUND), Create, id="gone"),
        pytest.param(target_seen(secret=a_secret()), RefuseTarget, id="not ours"),
        pytest.param(target_seen(secret=as_planned()), Confirm, id="as desired"),
        pytest.param(
            target_seen(MERGED, secret=a_secret(entries={"access_token": b"theirs"})),
            RefuseTarget,
            id="contested entry",
        ),
        pytest.param(
            target_seen(
                MERGED,
                secret=a_secret(
                    entries=a_plan(MERGED).content, managers=(applied(*a_plan(MERGED).content),)
                ),
            ),
            Confirm,
            id="merged",
        ),
        pytest.param(target_seen(MERGED, secret=a_secret()), Apply, id="to be merged"),
        pytest.param(target_seen(MERGED, secret=a_secret(our_meta())), HandBack, id="was ours"),
        pytest.param(target_seen(secret=a_secret(our_meta())), Patch, id="differs"),
        pytest.param(former(Absence.NOT_READ), Read, id="former, unread"),
        pytest.param(former(Absence.NOT_FOUND), Forget, id="former, gone"),
        pytest.param(
            former(
                a_secret(managers=(applied("x"),)), merged_deletion_policy=DeletionPolicy.DELETE
            ),
            TakeOut,
            id="former, merged",
        ),
        pytest.param(
            former(a_secret(), merged_deletion_policy=DeletionPolicy.DELETE),
            Forget,
            id="former, nothing merged",
        ),
        pytest.param(former(a_secret()), Forget, id="former, not ours"),
        pytest.param(former(a_secret(a_meta(labels=OURS))), Strip, id="former, retained"),
        pytest.param(
            former(a_secret(our_meta(), entries={"theirs": b"1"})), Strip, id="former, shared"
        ),
        pytest.param(former(a_secret(our_meta())), Delete, id="former, ours alone"),
    ],
)
def test_action_on_a_target(observation: TargetObservation, action: type) -> None:
    assert type(decide_target(observation)) is action
    assert is_work(observation) is (action is not Keep)


def test_edited_target_is_repaired() -> None:
    edited = target_seen(known=written(is_stale=True), secret=a_secret(our_meta()))

    action = decide_target(edited)

    assert isinstance(action, Patch)
    assert action.is_repair


def instants(known: KnownTarget) -> tuple[datetime | None, datetime | None]:
    return known.look_again_at, known.reread_at


def test_confirmed_target_keeps_the_instant_of_its_write() -> None:
    targets = KnownTargets()
    settled = Settled(plan=a_plan(), meta=our_meta(), at=NOON, is_write=True)
    targets.settle("crm-token", settled)

    targets.settle("crm-token", replace(settled, at=NOON + SECOND, is_write=False))

    assert targets.of("crm-token").written_at == NOON
    assert targets.all_fingerprints() == {a_plan().fingerprint}


def test_target_that_was_changed_concurrently_is_read_again() -> None:
    targets = KnownTargets()

    targets.conflict("crm-token", NOON + SECOND)

    assert targets.of("crm-token").is_stale
    assert targets.of("crm-token").is_put_off(NOON)


def test_content_that_is_known_does_not_print() -> None:
    known = KnownTarget(found=a_secret(entries={"x": b"MARKEDsecret"}))

    assert "MARKED" not in repr(target_seen(secret=a_secret(entries={"x": b"MARKEDsecret"})))
    assert "MARKED" not in repr(known)
    assert "MARKED" not in repr(a_plan())


def test_refusal_ends_where_nothing_refused_is_wanted() -> None:
    targets = KnownTargets()
    targets.record_refusal("crm-token", FAILURE, NOON)
    assert targets.failure(CONNECTION) is FAILURE
    assert targets.is_any_put_off(CONNECTION)

    targets.end_refusal("crm-token")

    assert targets.failure(CONNECTION) is None
    assert not targets.is_any_put_off(CONNECTION)

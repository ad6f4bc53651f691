"""What an operator that ran before has left on a target."""

from typing import Any

import pytest

from support.parts import Parts, restarted
from token_operator.cluster.secrets import Secret
from token_operator.domain.connection import Target
from token_operator.domain.merging import FieldManager
from token_operator.domain.ownership import EXPIRES_AT, MANAGER, SecretMeta
from token_operator.reconcile.leftovers import Marks, marks_of

TEAM = {"labels": {"team": "crm"}, "annotations": {"what": "crm"}}
FOREIGN = {"labels": {"theirs": "1"}, "annotations": {"note": "theirs"}}


def a_manager(
    name: str, *names: str, is_apply: bool = False, annotations: tuple[str, ...] = ()
) -> FieldManager:
    return FieldManager(
        name=name,
        is_apply=is_apply,
        entries=frozenset(),
        labels=frozenset(names),
        annotations=frozenset(annotations),
    )


def a_secret(*managers: FieldManager) -> Secret:
    meta = SecretMeta(name="crm-token", uid="1", resource_version="1")
    return Secret(meta=meta, entries={}, managers=managers)


def test_what_the_spec_asked_for_is_known_while_the_operator_runs() -> None:
    target = Target(secret_name="crm-token", labels=(("team", "crm"),), annotations=(("a", "b"),))

    wanted = Marks(labels=frozenset({"team"}), annotations=frozenset({"a"}))
    assert marks_of(a_secret(a_manager(MANAGER, "other")), target) == wanted


@pytest.mark.parametrize(
    ("managers", "labels"),
    [
        pytest.param([a_manager(MANAGER, "team")], {"team"}, id="written by the operator"),
        pytest.param([a_manager("kubectl", "team")], set(), id="written by somebody else"),
        pytest.param(
            [a_manager(MANAGER, "team", "ours"), a_manager("helm", "team", is_apply=True)],
            {"ours"},
            id="written by both",
        ),
        pytest.param(
            [a_manager(MANAGER, "team", is_apply=True)], set(), id="applied under its name"
        ),
        pytest.param([], set(), id="nobody is remembered"),
    ],
)
def test_label_is_left_over_if_the_operator_alone_wrote_it(
    managers: list[FieldManager], labels: set[str]
) -> None:
    assert marks_of(a_secret(*managers), None).labels == labels


def test_annotations_of_the_operator_itself_are_no_leftovers() -> None:
    manager = a_manager(MANAGER, annotations=("what", EXPIRES_AT))

    assert marks_of(a_secret(manager), None).annotations == {"what"}


def remember(parts: Parts, manager: str, marks: dict[str, dict[str, str]]) -> None:
    """Let the API server remember who wrote labels and annotations of the target."""
    secret = parts.secret()
    assert secret is not None
    fields: dict[str, Any] = {
        f"f:{part}": {f"f:{name}": {} for name in marks[part]} for part in marks
    }
    one = {"manager": manager, "operation": "Update", "fieldsV1": {"f:metadata": fields}}
    known = secret["metadata"].get("managedFields", [])
    parts.change_secret("crm-token", {"metadata": {**marks, "managedFields": [*known, one]}})


async def connected(parts: Parts, **target: Any) -> None:
    parts.give_key()
    parts.connect(spec={"targets": [{"secretName": "crm-token", **TEAM, **target}]})
    await parts.settle()
    remember(parts, MANAGER, TEAM)
    remember(parts, "kubectl", FOREIGN)
    await parts.settle()


@pytest.mark.parametrize("policy", ["Create", "Adopt"])
async def test_marks_that_the_spec_dropped_meanwhile_go_and_foreign_ones_stay(
    parts: Parts, policy: str
) -> None:
    await connected(parts, creationPolicy=policy)
    target = {"secretName": "crm-token", "creationPolicy": policy}
    parts.change({"spec": {"targets": [target]}})

    async with restarted(parts) as again:
        await again.settle()

        secret = again.secret()
        assert secret is not None
        labels, notes = secret["metadata"]["labels"], secret["metadata"]["annotations"]
        assert "team" not in labels
        assert "what" not in notes
        assert labels["theirs"] == "1"
        assert notes["note"] == "theirs"
        assert EXPIRES_AT in notes


async def test_nothing_is_written_after_a_restart_where_nothing_is_left_over(parts: Parts) -> None:
    await connected(parts)

    async with restarted(parts) as again:
        await again.settle()
        again.advance(seconds=5)
        await again.settle()

        assert again.server.count() == {"GET secrets": 1}


async def test_target_that_is_given_up_meanwhile_loses_its_marks_and_keeps_foreign_ones(
    parts: Parts,
) -> None:
    await connected(parts)
    parts.change_secret("crm-token", {"data": {"theirs": "MQ=="}})
    await parts.settle()
    parts.change({"spec": {"targets": [{"secretName": "renamed"}]}})

    async with restarted(parts) as again:
        await again.settle()

        secret = again.secret()
        assert secret is not None
        assert secret["metadata"]["labels"] == FOREIGN["labels"]
        assert secret["metadata"]["annotations"] == FOREIGN["annotations"]
        assert again.entries() == {"theirs": "1"}
        assert again.token("renamed")

"""What the operator has written to a target, by what is known of it or by its field managers."""

import pytest

from token_operator.domain.connection import Target
from token_operator.domain.targets.known_target import KnownTarget
from token_operator.domain.targets.labels import EXPIRES_AT, MANAGER
from token_operator.domain.targets.removals import Traces, traces_of
from token_operator.domain.targets.secret import FieldManager, Secret, SecretMeta


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
    known = KnownTarget(asked=target, entries=("access_token",))

    wanted = Traces(
        entries=frozenset({"access_token"}),
        labels=frozenset({"team"}),
        annotations=frozenset({"a"}),
    )
    assert traces_of(a_secret(a_manager(MANAGER, "other")), known) == wanted


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
    assert traces_of(a_secret(*managers), KnownTarget()).labels == labels


def test_annotations_of_the_operator_itself_are_no_leftovers() -> None:
    manager = a_manager(MANAGER, annotations=("what", EXPIRES_AT))

    assert traces_of(a_secret(manager), KnownTarget()).annotations == {"what"}

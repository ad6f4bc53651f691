"""The API of the operator, held against a real API server."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

import cluster
from support import crd_schema
from support.api_server import ApiServer
from support.crd_bounds import CONTRACT, sides_of
from support.crd_laws import LAWS, Law
from support.crd_samples import (
    A_STATUS,
    ABSENT,
    Changes,
    a_connection,
    a_minimal_connection,
    changed,
    value_at,
)
from support.crd_schema import Bound
from support.kubectl import Kubectl

pytestmark = pytest.mark.cluster

_BOUNDS = list(crd_schema.bounds())
_SPEC_BOUNDS = [bound for bound in _BOUNDS if not bound.path.startswith("status")]
_STATUS_BOUNDS = [bound for bound in _BOUNDS if bound.path.startswith("status")]


def _cases(side: str) -> list[Any]:
    return [
        pytest.param(law, changes, id=f"{law.field or 'metadata.name'} {law.says[:40]} {number}")
        for law in LAWS
        for number, changes in enumerate(getattr(law, side))
    ]


@pytest.fixture(scope="module")
def api_server(
    control_plane: cluster.ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiServer]:
    server = ApiServer(control_plane.kubeconfig, tmp_path_factory.mktemp("api-server"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def stored(kubectl: Kubectl) -> Iterator[str]:
    kubectl.create(a_minimal_connection("stored"), "default")
    yield "stored"
    kubectl("delete", "salesforceconnection", "stored")


@pytest.mark.parametrize(("law", "changes"), _cases("bad"))
def test_rule_refuses_and_names_the_field_and_what_would_be_right(
    api_server: ApiServer, law: Law, changes: Changes
) -> None:
    answer = api_server.ask_create(a_connection(changes))

    # The API server writes no field for a rule of the whole resource.
    assert answer.refuses(law.field or "<nil>", law.says), answer


@pytest.mark.parametrize(("law", "changes"), _cases("good"))
def test_rule_accepts(api_server: ApiServer, law: Law, changes: Changes) -> None:
    answer = api_server.ask_create(a_connection(changes))

    assert answer.accepted, answer


def test_every_rule_has_a_good_and_a_bad_resource() -> None:
    tried = {(law.field, law.says) for law in LAWS if law.good and law.bad}

    assert tried == set(crd_schema.rules())


def test_no_rule_is_a_bare_pattern() -> None:
    assert [path for path, each in crd_schema.fields() if "pattern" in each] == []


@pytest.mark.parametrize("bound", _SPEC_BOUNDS, ids=str)
def test_bound_of_the_spec_lets_through_what_it_should_and_names_the_field(
    api_server: ApiServer, bound: Bound
) -> None:
    sides = sides_of(bound)

    accepted = [api_server.ask_create(a_connection({bound.path: good})) for good in sides.good]
    refused = api_server.ask_create(a_connection({bound.path: sides.bad}))

    assert [answer for answer in accepted if not answer.accepted] == []
    assert _names(refused.refusals, bound, sides.says), refused


@pytest.mark.parametrize("bound", _STATUS_BOUNDS, ids=str)
def test_bound_of_the_status_lets_through_what_it_should_and_names_the_field(
    api_server: ApiServer, stored: str, bound: Bound
) -> None:
    sides = sides_of(bound)

    def ask(value: object) -> Any:
        status = changed({"status": A_STATUS}, {bound.path: value})["status"]
        return api_server.ask_status(status, stored, "default")

    assert [answer for answer in map(ask, sides.good) if not answer.accepted] == []
    assert _names(ask(sides.bad).refusals, bound, sides.says)


@pytest.mark.parametrize(("path", "keyword", "limit"), CONTRACT)
def test_bound_is_the_one_that_users_rely_on(path: str, keyword: str, limit: object) -> None:
    assert Bound(path, keyword, limit) in _BOUNDS


def _names(refusals: frozenset[tuple[str, str]], bound: Bound, says: str) -> bool:
    # A duplicate is reported at the item.
    field = bound.path + "[1]" if bound.keyword == "unique" else bound.path
    return any(where == field and says in message for where, message in refusals)


def test_connection_that_uses_every_field_is_stored_as_it_was_written(
    api_server: ApiServer,
) -> None:
    wanted = a_connection({"spec.auth.jwtBearer.keys[0].alias": "sf"})

    assert api_server.ask_create(wanted).resource["spec"] == wanted["spec"]


def test_defaults_make_a_minimal_connection_complete(api_server: ApiServer) -> None:
    answer = api_server.ask_create(a_minimal_connection())

    assert answer.resource["spec"] == {
        "suspend": False,
        "org": {"loginURL": "https://login.salesforce.com"},
        "auth": {
            "consumerKey": "3MVG9",
            "jwtBearer": {
                "username": "u@acme.example",
                "keys": [{"secretName": "crm-key", "format": "Auto"}],
            },
        },
        "token": {
            "lifetime": "1h",
            "renewAtPercent": 60,
            "verifyInterval": "5m",
            "expiredPolicy": "Keep",
            "revokeOnDelete": False,
        },
        "targets": [
            {
                "secretName": "crm-token",
                "type": "Opaque",
                "creationPolicy": "Create",
                "deletionPolicy": "Delete",
            }
        ],
    }


# A status cannot be given when a connection is created: see below.
_DEFAULTS = [
    each for each in crd_schema.defaults() if each[1] != {} and not each[0].startswith("status")
]


@pytest.mark.parametrize(
    ("path", "default"),
    [pytest.param(*each, id=each[0]) for each in _DEFAULTS],
)
def test_default_takes_the_place_of_an_absent_field(
    api_server: ApiServer, path: str, default: object
) -> None:
    answer = api_server.ask_create(a_connection({path: ABSENT}))

    assert value_at(answer.resource, path) == default


@pytest.mark.parametrize("field", ["spec.org.instanceURL", "spec.targets[0].namespace", "spec.x"])
def test_unknown_field_is_refused_by_name(api_server: ApiServer, field: str) -> None:
    answer = api_server.ask_create(a_connection({field: "x"}))

    assert not answer.accepted
    assert f'unknown field "{field}"' in answer.resource["message"]


def test_every_field_has_a_description() -> None:
    # The API server refuses a definition that says anything about metadata.
    without = [path for path, each in crd_schema.fields() if "description" not in each]

    assert without == ["metadata"]


def test_connections_are_selected_by_login_url_and_by_suspend(
    kubectl: Kubectl, namespace: str
) -> None:
    kubectl.create(a_minimal_connection("one"), namespace)
    paused = changed(a_minimal_connection("two"), {"spec.suspend": True})
    kubectl.create(changed(paused, {"spec.org": {"loginURL": "https://a.example"}}), namespace)

    def selected(selector: str) -> list[str]:
        wanted = ("get", "sfconn", "-n", namespace, "-o", "name", "--field-selector", selector)
        return [line.split("/")[1] for line in kubectl(*wanted).stdout.splitlines()]

    assert selected("spec.suspend=false") == ["one"]
    assert selected("spec.suspend=true") == ["two"]
    assert selected("spec.org.loginURL=https://a.example") == ["two"]


def test_printer_columns_show_the_life_of_the_token(kubectl: Kubectl, namespace: str) -> None:
    kubectl.create(a_minimal_connection(), namespace)
    patch = json.dumps({"status": A_STATUS})
    write = ("patch", "sfconn", "crm", "--subresource=status", "--type=merge", "-p", patch)
    kubectl(*write, "-n", namespace)

    narrow = kubectl("get", "salesforce", "-n", namespace).stdout.splitlines()
    wide = kubectl("get", "sfconn", "-n", namespace, "-o", "wide").stdout.splitlines()

    assert narrow[0].split() == ["NAME", "READY", "REASON", "ORG", "EXPIRES", "RENEWS", "AGE"]
    assert narrow[1].split()[:6] == [
        "crm",
        "True",
        "TokenCurrent",
        "https://acme.my.salesforce.com",
        "2026-11-23T13:00:00Z",
        "2026-11-23T12:34:12Z",
    ]
    assert wide[0].split()[7:] == ["USERNAME", "GRANT", "KEY", "EXPIRES"]
    assert wide[1].split()[7:] == [
        "integration@acme.example",
        "JWTBearer",
        "2027-11-23T12:00:00Z",
    ]


def test_status_is_written_at_its_subresource_only(kubectl: Kubectl, namespace: str) -> None:
    kubectl.create(a_minimal_connection() | {"status": A_STATUS}, namespace)

    shown = kubectl("get", "sfconn", "crm", "-n", namespace, "-o", "json").stdout

    assert json.loads(shown)["status"] == {"observedGeneration": -1}

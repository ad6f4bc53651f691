"""A connection is applied, and its target holds a token that works."""

import base64
import json
import ssl
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from simple_salesforce.api import Salesforce

import cluster
from fakeorg import FakeSalesforce, Readymade
from support import key_samples as sample
from support.crd_samples import ABSENT
from support.kubectl import Kubectl
from support.operator_process import OperatorProcess
from support.stage import GROUP, Stage
from support.waiting import eventually
from token_operator.domain.life import whole_second
from token_operator.domain.targets.placeholders import PLACEHOLDERS

pytestmark = pytest.mark.cluster


def test_applied_connection_has_a_token_in_its_target(kubectl: Kubectl, stage: Stage) -> None:
    document = json.dumps(stage.a_connection())
    kubectl("apply", "--namespace", stage.namespace, "-f", "-", input=document)

    token = stage.settled()

    assert stage.ready.org.is_live(token)
    assert stage.ready.org.successful_logins == 1


def test_target_holds_all_entries_of_the_default_preset(stage: Stage) -> None:
    stage.connect()
    stage.settled()

    entries, org = stage.entries(), stage.ready.org
    issued_at = datetime.fromisoformat(entries.pop("issued_at"))
    expires_at = datetime.fromisoformat(entries.pop("expires_at"))
    assert (expires_at - issued_at).total_seconds() == pytest.approx(3600, abs=5)
    assert entries.pop("access_token").startswith(org.org_id[:15] + "!")
    assert entries == {
        "api_version": "66.0",
        "instance_url": org.login_url,
        "org_id": org.org_id,
        "scope": " ".join(stage.status()["token"]["scopes"]),
        "token_type": "Bearer",
        "user_id": stage.ready.user.user_id,
        "username": stage.ready.user.username,
    }


def test_target_is_labelled_annotated_and_owned(stage: Stage) -> None:
    stage.connect()
    stage.settled()

    connection, target = stage.connection(), stage.secret()
    assert target is not None
    status = connection["status"]["token"]
    assert target["type"] == "Opaque"
    assert target["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "salesforce-token-operator",
        f"{GROUP}/connection": "crm",
        f"{GROUP}/watch": "true",
    }
    assert target["metadata"]["annotations"] == {
        f"{GROUP}/expires-at": stage.entries()["expires_at"],
        f"{GROUP}/issued-at": status["issuedAt"],
        f"{GROUP}/fingerprint": status["fingerprint"],
        f"{GROUP}/identity": status["identity"],
    }
    assert target["metadata"]["ownerReferences"] == [
        {
            "apiVersion": f"{GROUP}/v1alpha1",
            "kind": "SalesforceConnection",
            "name": "crm",
            "uid": connection["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": False,
        }
    ]


def test_good_connection_has_exactly_these_conditions_and_one_event(stage: Stage) -> None:
    stage.connect()
    stage.settled()

    assert stage.conditions() == {
        "Ready": "True TokenCurrent",
        "TokenValid": "True Verified",
        "CredentialsValid": "True CredentialsAccepted",
        "TargetsSynced": "True Synced",
    }
    assert {one["observedGeneration"] for one in stage.status()["conditions"]} == {1}
    (event,) = eventually(stage.events)
    assert event["reason"] == "TokenMinted"
    assert event["type"] == "Normal"
    assert event["involvedObject"]["uid"] == stage.connection()["metadata"]["uid"]


def test_token_works_for_clients_that_we_did_not_write(
    stage: Stage, fake: FakeSalesforce, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.connect()
    stage.settled()
    entries = stage.entries()

    # simple-salesforce takes its authorities from the environment alone.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(fake.ca_file))
    client = Salesforce(
        instance_url=entries["instance_url"],
        session_id=entries["access_token"],
        version=entries["api_version"],
    )
    assert client.query("SELECT Id FROM Account")["done"]
    client.session.close()
    with httpx.Client(verify=_trust(fake), trust_env=False) as http:
        answer = http.get(
            f"{entries['instance_url']}/services/data/v{entries['api_version']}/limits",
            headers={"Authorization": f"{entries['token_type']} {entries['access_token']}"},
        )
    assert answer.status_code == 200


def test_my_domain_is_reached_through_https_proxy_and_the_api_server_without(
    control_plane: cluster.ControlPlane,
    fake: FakeSalesforce,
    orgs: Iterator[Readymade],
    make_stage: Callable[[Readymade], Stage],
    operator_log: Path,
) -> None:
    stage = make_stage(next(orgs))
    stage.give_key()
    stage.login_url = stage.ready.org.my_domain_url
    stage.connect()

    with OperatorProcess(
        operator_log,
        f"--namespace={stage.namespace}",
        f"--ca-file={fake.ca_file}",
        kubeconfig=control_plane.kubeconfig,
        variables={"HTTPS_PROXY": fake.proxy_url, "NO_PROXY": "127.0.0.1,localhost"},
    ) as operator:
        token = stage.settled()
        operator.stop()

    assert stage.ready.org.is_live(token)
    assert stage.entries()["instance_url"] == stage.ready.org.my_domain_url
    assert {host.rpartition(":")[0] or host for host in fake.proxy.connections} == {
        stage.ready.org.my_domain
    }


@pytest.mark.parametrize(
    ("entries", "key"),
    [
        pytest.param({"tls.key": sample.pkcs8()}, {}, id="PKCS#8"),
        pytest.param({"tls.key": sample.pkcs1()}, {}, id="PKCS#1"),
        pytest.param(
            {"server.pem": sample.encrypted_pkcs8(), "password": sample.PASSPHRASE + b"\n"},
            {"privateKeyEntry": "server.pem", "passphraseEntry": "password"},
            id="encrypted with a passphrase in another entry",
        ),
        pytest.param({"tls.key": base64.b64encode(sample.pkcs8())}, {}, id="base64 of the PEM"),
        pytest.param(
            {"tls.key": sample.pkcs8().replace(b"\n", b"\\n")}, {}, id="line ends written as \\n"
        ),
        pytest.param(
            {"tls.key": sample.pkcs8().replace(b"\n", b"\r\n")}, {}, id="line ends of Windows"
        ),
        pytest.param(
            {"tls.key": sample.certificate() + sample.pkcs8()}, {}, id="certificate and key"
        ),
    ],
)
def test_key_works_in_every_form_that_people_bring(
    stage: Stage, entries: dict[str, bytes], key: dict[str, str]
) -> None:
    stage.ready.app.change(certificates=(sample.certificate().decode(),))
    stage.give_secret("brought", entries)
    stage.connect(changes={"spec.auth.jwtBearer.keys[0]": {"secretName": "brought"} | key})

    assert stage.ready.org.is_live(stage.settled())


def test_consumer_key_and_username_come_from_entries_without_their_trailing_newline(
    stage: Stage,
) -> None:
    user = stage.ready.user.username
    stage.give_secret(
        "crm-app", {"key": stage.ready.app.consumer_key + "\n", "user": user + "\r\n"}
    )
    stage.connect(
        changes={
            "spec.auth.consumerKey": ABSENT,
            "spec.auth.consumerKeyRef": {"name": "crm-app", "key": "key"},
            "spec.auth.jwtBearer.username": ABSENT,
            "spec.auth.jwtBearer.usernameRef": {"name": "crm-app", "key": "user"},
        }
    )

    assert stage.ready.org.is_live(stage.settled())
    assert set(stage.status()["auth"]["sourceVersions"]) == {"crm-app", "crm-key"}


def test_data_shows_every_placeholder_and_no_preset_of_its_own(stage: Stage) -> None:
    org, app, user = stage.ready.org, stage.ready.app, stage.ready.user
    org.settings.issued_at_in_answer = True
    user.site = org.add_site("customers")
    app.change(scopes=("api", "sfap_api", "refresh_token"))
    data = {name: f"[${{{name}}}] costs $$5" for name in PLACEHOLDERS}
    stage.connect(changes={"spec.targets[0].data": data, "spec.token": {"lifetime": "2h"}})
    stage.settled()

    entries = stage.entries()
    shown = {name: entries[name].removeprefix("[").removesuffix("] costs $5") for name in entries}
    (session,) = org.live_sessions
    issued_at = datetime.fromisoformat(shown.pop("issued_at"))
    expires_at = datetime.fromisoformat(shown.pop("expires_at"))
    assert issued_at == whole_second(session.opened_at)
    assert (expires_at - issued_at).total_seconds() == pytest.approx(7200, abs=5)
    assert shown == {
        "access_token": session.token,
        "api_instance_url": "https://api.salesforce.com",
        "api_version": "66.0",
        "community_url": user.site.url,
        "identity_url": f"{org.login_url}/id/{org.org_id}/{user.user_id}",
        "instance_host": f"127.0.0.1:{org.port}",
        "instance_url": org.login_url,
        "login_url": org.login_url,
        "org_id": org.org_id,
        "scope": " ".join(session.scopes),
        "token_type": "Bearer",
        "user_id": user.user_id,
        "username": user.username,
    }


def _trust(fake: FakeSalesforce) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=fake.ca_file)

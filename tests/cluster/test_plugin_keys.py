"""`keygen`, `rotate-key` and `import`: what they write, and what an admin is told."""

import base64
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

import cluster
from fakeorg.keys import key_pair
from support.crd_samples import a_minimal_connection
from support.kubectl import Kubectl
from support.plugin import Plugin
from support.stage import Stage

pytestmark = pytest.mark.cluster


@pytest.fixture
def plugin(control_plane: cluster.ControlPlane) -> Plugin:
    return Plugin(control_plane.kubectl, control_plane.kubeconfig)


def entries_of(
    kubectl: Kubectl, namespace: str, name: str
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a Secret and its entries."""
    raw = json.loads(kubectl("get", "secret", name, "-n", namespace, "-o", "json").stdout)
    return raw, {key: base64.b64decode(value).decode() for key, value in raw["data"].items()}


# --- keygen ---


def test_made_key_and_certificate_belong_together_in_a_labelled_secret(
    plugin: Plugin, kubectl: Kubectl, namespace: str
) -> None:
    told = plugin.good("keygen", "crm-key", "--days", "90", namespace=namespace)

    raw, entries = entries_of(kubectl, namespace, "crm-key")
    assert raw["type"] == "kubernetes.io/tls"
    assert raw["metadata"]["labels"] == {"salesforce-token.dev/watch": "true"}
    key = load_pem_private_key(entries["tls.key"].encode(), None)
    certificate = x509.load_pem_x509_certificate(entries["tls.crt"].encode())
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert certificate.public_key().public_bytes(*spki) == key.public_key().public_bytes(*spki)
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days == 90
    assert entries["tls.crt"] in told
    assert "PRIVATE KEY" not in told
    assert len(entries["tls.crt"]) < 4096


def test_instructions_hold_the_metadata_file_with_the_certificate(
    plugin: Plugin, kubectl: Kubectl, namespace: str
) -> None:
    told = plugin.good("keygen", "crm-key", namespace=namespace)

    xml = re.search(r" *<\?xml.*</ExtlClntAppGlobalOauthSettings>", told, re.DOTALL)
    assert xml
    root = ET.fromstring(xml[0].strip())  # noqa: S314 - our own text
    space = "{http://soap.sforce.com/2006/04/metadata}"
    held = root.findtext(f"{space}certificate") or ""
    certificate = entries_of(kubectl, namespace, "crm-key")[1]["tls.crt"]
    assert held.split() == certificate.split()
    assert root.findtext(f"{space}externalClientApplication") == "crm_key"


def test_certificate_goes_to_a_file_that_did_not_exist(
    plugin: Plugin, namespace: str, tmp_path: Path
) -> None:
    file = tmp_path / "crm.crt"

    told = plugin.good("keygen", "a", "--certificate-file", str(file), namespace=namespace)

    x509.load_pem_x509_certificate(file.read_bytes())
    assert f"Wrote the certificate to {file}." in told
    done = plugin("keygen", "b", "--certificate-file", str(file), namespace=namespace)
    assert done.returncode == 2
    assert "exists and is not overwritten" in done.stderr


def test_existing_secret_is_left_as_it_is(plugin: Plugin, kubectl: Kubectl, namespace: str) -> None:
    plugin.good("keygen", "crm-key", namespace=namespace)
    before = entries_of(kubectl, namespace, "crm-key")

    line = plugin.refused("keygen", "crm-key", namespace=namespace)

    assert "Secret crm-key exists" in line
    assert entries_of(kubectl, namespace, "crm-key") == before


def test_newcomer_gets_from_keygen_to_ready_with_what_is_printed(
    plugin: Plugin, kubectl: Kubectl, stage: Stage
) -> None:
    told = plugin.good("keygen", "my-key", namespace=stage.namespace)

    # The admin uploads the certificate that was printed ...
    certificate = re.search(r"-----BEGIN CERT.*?-----END CERTIFICATE-----\n", told, re.DOTALL)
    assert certificate
    stage.ready.app.replace_certificate(certificate[0])
    # ... and the newcomer fills the values in <> into the connection that was printed.
    text = told[told.index("apiVersion: salesforce-token.dev") :]
    text = text[: text.index("and look at it")].replace("\n    ", "\n")
    for hole, value in {
        "https://<My Domain>.my.salesforce.com": stage.ready.org.login_url,
        "<consumer key of the app>": stage.ready.app.consumer_key,
        "<username of the integration user>": stage.ready.user.username,
    }.items():
        assert hole in text
        text = text.replace(hole, value)
    kubectl("apply", "-n", stage.namespace, "-f", "-", input=text)

    assert stage.ready.org.is_live(stage.settled())
    assert yaml.safe_load(text)["metadata"]["name"] == "crm"


# --- rotate-key ---


def test_next_key_is_added_behind_the_present_one(
    plugin: Plugin, kubectl: Kubectl, namespace: str
) -> None:
    kubectl.create(a_minimal_connection(), namespace)

    told = plugin.good("rotate-key", "crm", namespace=namespace)

    old, new = _keys(kubectl, namespace)
    assert old["secretName"] == "crm-key"
    assert re.fullmatch(r"crm-key-\d{8}-\d{6}", new["secretName"])
    assert entries_of(kubectl, namespace, new["secretName"])[1]["tls.crt"] in told
    assert "rotate-key crm --finish" in told
    line = plugin.refused("rotate-key", "crm", namespace=namespace)
    assert f"has a next key already (Secret {new['secretName']})" in line


def test_rotation_ends_when_the_next_key_is_active_and_not_before(
    plugin: Plugin, kubectl: Kubectl, namespace: str
) -> None:
    kubectl.create(a_minimal_connection(), namespace)
    assert "no rotation to finish" in plugin.refused(
        "rotate-key", "crm", "--finish", namespace=namespace
    )
    plugin.good("rotate-key", "crm", namespace=namespace)
    _, new = _keys(kubectl, namespace)

    line = plugin.refused("rotate-key", "crm", "--finish", namespace=namespace)
    assert "does not yet accept the next key" in line

    active = {"grant": "JWTBearer", "activeKey": {**new, "entry": "tls.key"}}
    change = json.dumps({"status": {"auth": active}})
    kubectl("patch", "sfconn", "crm", "-n", namespace, "--subresource=status",
            "--type=merge", "-p", change)  # fmt: skip
    told = plugin.good("rotate-key", "crm", "--finish", namespace=namespace)

    assert _keys(kubectl, namespace) == [new]
    assert f"kubectl delete secret -n {namespace} crm-key" in told


def _keys(kubectl: Kubectl, namespace: str) -> list[dict[str, str]]:
    raw = json.loads(kubectl("get", "sfconn", "crm", "-n", namespace, "-o", "json").stdout)
    keys: list[dict[str, str]] = raw["spec"]["auth"]["jwtBearer"]["keys"]
    return [{"secretName": key["secretName"]} for key in keys]


# --- import ---


def a_document(stage_or_url: str, **changes: object) -> str:
    """Return a settings document."""
    members = {
        "Username": "user@acme.com",
        "ClientId": "3MVG9.Example",
        "PrivateKey": key_pair("import").private_key,
        "InstanceUrl": stage_or_url,
        "InstanceAPIVersion": "v51.0",
    }
    return json.dumps(members | changes, indent=2)


def test_document_becomes_a_secret_and_a_connection(
    plugin: Plugin, kubectl: Kubectl, namespace: str, tmp_path: Path
) -> None:
    file = tmp_path / "settings.json"
    file.write_text(a_document("https://acme-dev-ed.my.salesforce.com"))

    told = plugin.good("import", str(file), namespace=namespace)

    raw, entries = entries_of(kubectl, namespace, "acme-dev-ed-key")
    assert raw["metadata"]["labels"] == {"salesforce-token.dev/watch": "true"}
    assert entries == {"tls.key": key_pair("import").private_key}
    made = json.loads(kubectl("get", "sfconn", "acme-dev-ed", "-n", namespace, "-o", "json").stdout)
    assert made["spec"]["org"] == {
        "loginURL": "https://acme-dev-ed.my.salesforce.com",
        "apiVersion": "51.0",
    }
    assert made["spec"]["auth"]["jwtBearer"]["username"] == "user@acme.com"
    assert "Made SalesforceConnection acme-dev-ed" in told
    assert "PRIVATE KEY" not in told


def test_imported_connection_gets_ready(plugin: Plugin, stage: Stage) -> None:
    document = a_document(
        stage.ready.org.login_url,
        Username=stage.ready.user.username,
        ClientId=stage.ready.app.consumer_key,
        PrivateKey=stage.ready.keys.private_key,
    )

    plugin.good("import", "-", "--name", "mine", namespace=stage.namespace, input=document)

    assert stage.ready.org.is_live(stage.settled("mine"))
    assert stage.entries("mine-token")["api_version"] == "51.0"


@pytest.mark.parametrize(
    ("document", "refusal"),
    [
        pytest.param(
            a_document("https://a.my.salesforce.com").replace('.Example"', ".Example"),
            "not valid JSON at line 3, column 30: a text has no closing quote on that line",
            id="a missing quote",
        ),
        pytest.param(
            a_document("https://a.my.salesforce.com", ClientId="not a key!"),
            "must be a consumer key as Salesforce shows it",
            id="what the API server refuses",
        ),
    ],
)
def test_bad_document_writes_nothing(
    plugin: Plugin, kubectl: Kubectl, namespace: str, document: str, refusal: str
) -> None:
    for dry_run in ([], ["--dry-run"]):
        line = plugin.refused("import", "-", *dry_run, namespace=namespace, input=document)
        assert refusal in line
    assert _everything(kubectl, namespace) == ""


def test_dry_run_tells_what_would_be_made_and_makes_nothing(
    plugin: Plugin, kubectl: Kubectl, namespace: str
) -> None:
    document = a_document("https://a.my.salesforce.com")

    told = plugin.good("import", "-", "--dry-run", namespace=namespace, input=document)

    assert "Would make Secret a-key" in told
    assert _everything(kubectl, namespace) == ""


def _everything(kubectl: Kubectl, namespace: str) -> str:
    return kubectl("get", "secrets,sfconn", "-n", namespace, "-o", "name").stdout


# --- renew, where no operator runs ---


def test_renewal_is_asked_for_by_a_new_value(
    plugin: Plugin, namespace: str, kubectl: Kubectl
) -> None:
    connection = a_minimal_connection()
    kubectl.create(connection, namespace)

    done = plugin("renew", "crm", namespace=namespace)

    assert done.stdout == "Requested a renewal of crm; use --wait to wait for it.\n"
    raw = json.loads(kubectl("get", "sfconn", "crm", "-n", namespace, "-o", "json").stdout)
    asked = raw["metadata"]["annotations"]["salesforce-token.dev/renew-requested-at"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ-[0-9a-f]{8}", asked)

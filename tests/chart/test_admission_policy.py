"""The policy of the chart limits what connections may say, and not what the operator does."""

import json
from collections.abc import Callable, Iterator

import pytest

from support.crd_samples import Changes, changed
from support.helm import CHART, Helm, of_kind
from support.kubectl import Kubectl
from support.waiting import eventually

pytestmark = pytest.mark.cluster

_KINDS = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
_CONNECTION = {
    "apiVersion": "salesforce-token.dev/v1alpha1",
    "kind": "SalesforceConnection",
    "metadata": {"name": "crm"},
    "spec": {
        "org": {"loginURL": "https://test.salesforce.com"},
        "auth": {
            "consumerKey": "3MVG9example",
            "jwtBearer": {
                "username": "integration@acme.example",
                "keys": [{"secretName": "crm-key"}],
            },
        },
        "targets": [{"secretName": "crm-token"}],
    },
}
Answer = Callable[[Changes], str]


@pytest.fixture
def old_connection(kubectl: Kubectl, namespace: str) -> None:
    """Create a connection that the policy, which comes later, would refuse."""
    kubectl.create(_CONNECTION, namespace)


@pytest.fixture
def answer(helm: Helm, kubectl: Kubectl, namespace: str, old_connection: None) -> Iterator[Answer]:
    """Install the policy for one namespace; tell how the API server answers to a connection."""
    settings = (
        "scope=namespaces",
        f"namespaces={{{namespace}}}",
        "admissionPolicy.enabled=true",
        r"admissionPolicy.loginHosts={login.salesforce.com,*.my.salesforce.com}",
        "admissionPolicy.targetNames=[a-z-]+-token",
    )
    resources = helm.render(namespace, *(f"--set={one}" for one in settings))
    policy = [one for kind in _KINDS for one in of_kind(resources, kind)]
    document = json.dumps({"apiVersion": "v1", "kind": "List", "items": policy})
    kubectl("create", "-f", "-", input=document)

    def ask(changes: Changes) -> str:
        resource = changed(_CONNECTION, {"metadata.name": "new", **changes})
        command = ("create", "--dry-run=server", "--namespace", namespace, "-f", "-")
        return kubectl(*command, input=json.dumps(resource), check=False).stderr

    # A policy acts some moments after it was made.
    eventually(lambda: "not allowed" in ask({}))
    yield ask
    kubectl("delete", "-f", "-", input=document)


def test_policy_limits_hosts_and_target_names(answer: Answer) -> None:
    def at(url: str) -> str:
        return answer({"spec.org.loginURL": url})

    told = "logging in at test.salesforce.com is not allowed here; allowed: login.salesforce.com, *"
    assert told in at("https://test.salesforce.com")
    assert at("https://login.salesforce.com") == ""
    assert at("https://acme.my.salesforce.com") == ""
    assert "not allowed" in at("https://my.salesforce.com")
    assert "not allowed" in at("https://login.salesforce.com.evil.example")
    assert "not allowed" in at("https://evil.example/.my.salesforce.com")
    told = answer(
        {
            "spec.org.loginURL": "https://login.salesforce.com",
            "spec.targets[0].secretName": "token-of-crm",
        }
    )
    assert "the name of a target must match [a-z-]+-token." in told


@pytest.mark.usefixtures("answer")
def test_connection_from_before_the_policy_is_left_alone(kubectl: Kubectl, namespace: str) -> None:
    finalizer = {"metadata": {"finalizers": ["salesforce-token.dev/revoke"]}}
    for patch in (finalizer, {"metadata": {"finalizers": None}}):
        document = json.dumps(patch)
        kubectl("patch", "sfconn", "crm", "-n", namespace, "--type=merge", f"--patch={document}")
    suspended = kubectl(
        "patch",
        "sfconn",
        "crm",
        f"--namespace={namespace}",
        "--type=merge",
        '--patch={"spec":{"suspend":true}}',
        check=False,
    )

    assert "is not allowed here" in suspended.stderr


def test_policy_of_listed_namespaces_acts_in_them_alone(
    helm: Helm,
) -> None:
    resources = helm.render(
        "there",
        "--set=scope=namespaces,namespaces={shop},admissionPolicy.enabled=true",
        "--set=admissionPolicy.targetNames=a",
    )
    (binding,) = of_kind(resources, _KINDS[1])

    (expression,) = binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
    assert expression["values"] == ["shop"]


def test_chart_states_no_policy_unless_asked(helm: Helm) -> None:
    resources = helm.render("there", "--values", CHART / "ci" / "default-values.yaml")

    assert not any(of_kind(resources, kind) for kind in _KINDS)

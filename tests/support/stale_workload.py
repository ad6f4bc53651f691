"""A workload that cannot read a Secret again: it has it in its environment, and by subPath."""

import json
from dataclasses import dataclass, field

from support.kubectl import Kubectl
from support.restricted import Resource, pod_spec

NAME = "billing"
_LABELS = {"app": NAME}
_SCRIPT = """\
# Stays a little, so that what it wrote can be read.
trap 'sleep 3; exit 0' TERM
query() {
  curl --silent --show-error --fail --max-time 10 --cacert /authorities/ca.crt --header "$1" \\
    --get --data-urlencode 'q=SELECT Id FROM Account' \\
    "$SALESFORCE_INSTANCE_URL/services/data/v$SALESFORCE_API_VERSION/query" 2>&1
}
while :; do
  for header in "Authorization: Bearer $SALESFORCE_ACCESS_TOKEN" "$(cat /token/header)"; do
    token=$(printf %s "${header##* }" | sha256sum | cut -c 1-16)
    if answer=$(query "$header"); then echo "answered $token"; else echo "failed $token $answer"; fi
  done
  sleep 0.5
done
"""


@dataclass(slots=True)
class StaleWorkload:
    """A Deployment under the restricted standard, and the queries that its pods made."""

    kubectl: Kubectl
    namespace: str
    # What each pod wrote until it was last looked at: a pod takes it with it.
    written: dict[str, list[str]] = field(default_factory=dict)

    def start(self, *, image: str, proxy: str, authorities: str) -> None:
        """Create the Deployment and what it trusts."""
        config = {"ca.crt": authorities}
        metadata = {"name": "org-authorities"}
        resource = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": config}
        self.kubectl.create(resource, self.namespace)
        self.kubectl.create(_deployment(image, proxy), self.namespace)

    def tokens(self) -> set[str]:
        """Return the fingerprints of the tokens that the pods of now were answered with."""
        now = self._look()
        answered = [line for line in now if line.startswith("answered ")]
        return {line.split()[1] for line in answered}

    def failures(self) -> list[str]:
        """Return the queries of all pods so far that were not answered."""
        self._look()
        lines = [line for each in self.written.values() for line in each]
        return [line for line in lines if not line.startswith("answered ")]

    def _look(self) -> list[str]:
        found = self._kubectl("get", "pods", f"--selector=app={NAME}", "--output=json")
        now: list[str] = []
        for pod in json.loads(found)["items"]:
            name = str(pod["metadata"]["name"])
            lines = self._kubectl("logs", name).splitlines()
            self.written[name] = max(lines, self.written.get(name, []), key=len)
            if "deletionTimestamp" not in pod["metadata"]:
                now += lines
        return now

    def _kubectl(self, *arguments: str) -> str:
        # A pod may be gone before it is asked for its log.
        return self.kubectl(*arguments, f"--namespace={self.namespace}", check=False).stdout


def _deployment(image: str, proxy: str) -> Resource:
    mounts = [
        {"name": "token", "mountPath": "/token/header", "subPath": "header", "readOnly": True},
        {"name": "authorities", "mountPath": "/authorities", "readOnly": True},
    ]
    volumes = [
        {"name": "token", "secret": {"secretName": "crm-token", "defaultMode": 0o440}},
        {"name": "authorities", "configMap": {"name": "org-authorities"}},
    ]
    spec = pod_spec(
        image, _SCRIPT, environment={"HTTPS_PROXY": proxy}, mounts=mounts, volumes=volumes
    )
    spec["containers"][0]["envFrom"] = [{"secretRef": {"name": "crm-token"}}]
    template = {"metadata": {"labels": _LABELS}, "spec": spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME},
        "spec": {"selector": {"matchLabels": _LABELS}, "template": template},
    }

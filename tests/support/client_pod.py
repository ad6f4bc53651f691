"""A pod that uses a token as a user's workload does: it reads the mounted Secret and queries."""

from dataclasses import dataclass

from support.kubectl import Kubectl
from support.restricted import Resource, pod_spec

_NAME = "client"
# curl reads the header and the address anew each time, as the kubelet writes them anew.
_SCRIPT = """\
trap 'exit 0' TERM
while :; do
  token=$(sha256sum < /token/access_token | cut -c 1-16)
  url="$(cat /token/instance_url)/services/data/v$(cat /token/api_version)/query"
  if answer=$(curl --silent --show-error --fail --max-time 10 --cacert /authorities/ca.crt \\
      --header @/token/header --get --data-urlencode 'q=SELECT Id FROM Account' "$url" 2>&1)
  then echo "answered $token"
  else echo "failed $token $answer"
  fi
  sleep 0.5
done
"""


@dataclass(frozen=True, slots=True)
class ClientPod:
    """A running pod under the restricted standard, and the queries that it made."""

    kubectl: Kubectl
    namespace: str

    def start(self, *, image: str, proxy: str, authorities: str) -> None:
        """Create the pod and what it trusts."""
        entries = {"ca.crt": authorities}
        metadata = {"name": "org-authorities"}
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": entries}
        self.kubectl.create(config, self.namespace)
        self.kubectl.create(_pod(image, proxy), self.namespace)

    def tokens(self) -> list[str]:
        """Return the fingerprint of each token that a query was answered with, in order."""
        used = [line.split()[1] for line in self._lines() if line.startswith("answered ")]
        return list(dict.fromkeys(used))

    def answers(self) -> int:
        """Return how many queries were answered."""
        return sum(line.startswith("answered ") for line in self._lines())

    def failures(self) -> list[str]:
        """Return the queries that were not answered."""
        return [line for line in self._lines() if not line.startswith("answered ")]

    def _lines(self) -> list[str]:
        return self.kubectl("logs", "--namespace", self.namespace, _NAME).stdout.splitlines()


def _pod(image: str, proxy: str) -> Resource:
    mounts = [
        {"name": "token", "mountPath": "/token", "readOnly": True},
        {"name": "authorities", "mountPath": "/authorities", "readOnly": True},
    ]
    volumes = [
        {"name": "token", "secret": {"secretName": "crm-token", "defaultMode": 0o440}},
        {"name": "authorities", "configMap": {"name": "org-authorities"}},
    ]
    spec = pod_spec(
        image, _SCRIPT, environment={"HTTPS_PROXY": proxy}, mounts=mounts, volumes=volumes
    )
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": _NAME}, "spec": spec}

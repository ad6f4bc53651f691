"""The operator as Helm installed it, and its pods on a real node."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import node
from support.helm import CHART, FULL_NAME, RELEASE, RELEASED, Helm, HelmError
from support.kubectl import Kubectl

REPOSITORY = "localhost/salesforce-token-operator"
# Two images, so that an upgrade has where to go.
VERSIONS = ("0.1.0", "0.1.0-next")
# What is upgraded from. There is one release so far, so the image of both is the same code.
FIRST_CHART = RELEASED / "0.1.0" / CHART.name
# Seconds that a fact may take to come true on a real node: the token is renewed every twelve, the
# lease is free after fifteen, the kubelet has its turn within ten.
PATIENCE = 90
_HELM_PATIENCE = "--timeout=120s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release of the chart in a namespace of its own."""

    helm: Helm
    kubectl: Kubectl
    worker: node.Node
    namespace: str
    proxy: str

    def apply(self, command: str, tag: str, *, chart: Path = CHART) -> None:
        """Install or upgrade to a chart and an image, and wait until all replicas are ready."""
        values = {
            "image.repository": REPOSITORY,
            "image.tag": tag,
            "image.pullPolicy": "Never",
            "proxy.https": self.proxy,
            "caBundle.configMapName": "org-authorities",
            "restartWorkloads": "true",
        }
        settings = [f"--set={name}={value}" for name, value in values.items()]
        place = f"--namespace={self.namespace}"
        try:
            self.helm(command, RELEASE, chart, place, "--wait", _HELM_PATIENCE, *settings)
        except HelmError as error:
            seen = self.kubectl("get", "pods,events", place, "--output=wide").stdout
            raise HelmError(f"{error}\n{seen}") from error

    def test(self) -> str:
        """Run the chart's own test in a pod and return what helm and the pod said."""
        return self.helm("test", RELEASE, f"--namespace={self.namespace}", "--logs")

    def uninstall(self) -> list[str]:
        """Uninstall, and return which of the release's resources are still there."""
        place = f"--namespace={self.namespace}"
        manifest = self.helm("get", "manifest", RELEASE, place)
        self.helm("uninstall", RELEASE, place, "--wait", _HELM_PATIENCE)
        looked_for = ("get", place, "--filename=-", "--ignore-not-found", "--output=name")
        return self.kubectl(*looked_for, input=manifest).stdout.split()

    def pods(self) -> list[dict[str, Any]]:
        """Return the operator's pods that are not about to end."""
        found = self._get("pods", "--selector=app.kubernetes.io/component=operator")["items"]
        return [one for one in found if "deletionTimestamp" not in one["metadata"]]

    def policy(self) -> dict[str, Any]:
        """Return the spec of the NetworkPolicy."""
        spec: dict[str, Any] = self._get("networkpolicy", FULL_NAME)["spec"]
        return spec

    def leader(self) -> str:
        """Return the name of the pod that holds the lease."""
        holder = str(self._get("lease", FULL_NAME)["spec"].get("holderIdentity") or "")
        return next((name for name in map(_name, self.pods()) if holder.startswith(name)), "")

    def pod(self, name: str) -> dict[str, Any]:
        """Return one pod."""
        return next(one for one in self.pods() if _name(one) == name)

    def restarts(self, name: str) -> int:
        """Return how often the node has started the operator's container of a pod again."""
        return int(self.pod(name)["status"]["containerStatuses"][0]["restartCount"])

    def is_ready(self, name: str) -> bool:
        """Say whether the operator's container of a pod is ready."""
        return bool(self.pod(name)["status"]["containerStatuses"][0]["ready"])

    def delete_at_once(self, name: str) -> None:
        """Kill a pod without any time to say farewell."""
        place = f"--namespace={self.namespace}"
        self.kubectl("delete", "pod", name, place, "--grace-period=0", "--force")

    def signal(self, name: str, signal: str) -> None:
        """Signal the operator's process of a pod behind the back of everybody but the node."""
        identity = self.pod(name)["status"]["containerStatuses"][0]["containerID"]
        self.worker.signal(identity.removeprefix("containerd://"), signal)

    def execute(self, name: str, *command: str) -> str:
        """Run a program in a pod; return what it wrote, or why it could not run."""
        place = f"--namespace={self.namespace}"
        done = self.kubectl("exec", name, place, "--", *command, check=False)
        return done.stdout + done.stderr

    def _get(self, *what: str) -> dict[str, Any]:
        place = f"--namespace={self.namespace}"
        found: dict[str, Any] = json.loads(self.kubectl("get", place, *what, "-o=json").stdout)
        return found


def _name(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["name"])

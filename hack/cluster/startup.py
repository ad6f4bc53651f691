"""Bringing the servers up, in order, until each does its work."""

import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cluster import commands
from cluster.binaries import Binaries
from cluster.certificates import Authority, Pair
from cluster.children import Child, start_child
from cluster.errors import ClusterError
from cluster.kubeconfig import write_kubeconfig
from cluster.readiness import Probe, wait_until
from cluster.state import Folder

# Seconds. Nothing of a control plane is kept, so nobody waits for a slow farewell.
_GRACE: Final = 3.0
_DEFAULT_ACCOUNT: Final = "/api/v1/namespaces/default/serviceaccounts/default"
_KUBECTL_PATIENCE: Final = "--timeout=30s"
_TRIES: Final = 50
_TRY_PAUSE: Final = 0.1
# Who asked for what, once it is answered; no bodies.
_AUDIT_POLICY: Final = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


class Startup:
    """The servers of one control plane, in the order in which they need each other."""

    def __init__(self, folder: Folder, binaries: Binaries, *, audit: bool = False) -> None:
        self.children: list[Child] = []
        self._audit = audit
        self._folder = folder
        folder.logs.mkdir()
        self._binaries = binaries
        self._ports = commands.free_ports()
        self._authority = Authority(folder.certificates)
        self._accounts = self._authority.service_account_keys()
        self._administrator = self._authority.client("administrator", "system:masters")
        self.url = commands.api_server_url(self._ports)

    def run(self, crds: Sequence[Path]) -> None:
        """Start all servers; leave none behind if one fails (ClusterError)."""
        try:
            self._start_etcd()
            self._start_api_server()
            for path in crds:
                self._establish(path)
            self._start_controller_manager()
        except BaseException:
            stop_all(self.children)
            raise

    def _start_etcd(self) -> None:
        self._start("etcd", commands.etcd_command(self._binaries, self._ports, self._folder.data))
        probe = Probe(f"http://127.0.0.1:{self._ports.etcd}")
        self._wait(probe, "/health", "etcd to be healthy")

    def _start_api_server(self) -> None:
        command = commands.api_server_command(
            self._binaries,
            self._ports,
            authority=self._authority.certificate_file,
            serving=self._authority.server(),
            accounts=self._accounts,
        )
        if self._audit:
            command += self._audit_flags()
        self._start("kube-apiserver", command)
        self._kubeconfig(self._folder.kubeconfig, self._administrator)
        self._wait(self._administrator_probe(), "/readyz", "kube-apiserver to be ready")

    def _audit_flags(self) -> list[str]:
        policy = self._folder.logs / "audit-policy.json"
        policy.write_text(json.dumps(_AUDIT_POLICY))
        return commands.audit_flags(policy, self._folder.audit_log)

    def _start_controller_manager(self) -> None:
        path = self._folder.certificates / "kube-controller-manager.kubeconfig"
        command = commands.controller_manager_command(
            self._binaries,
            kubeconfig=self._kubeconfig(
                path, self._authority.client("system:kube-controller-manager")
            ),
            authority=self._authority.certificate_file,
            accounts=self._accounts,
        )
        self._start("kube-controller-manager", command)
        what = "kube-controller-manager to make the default service account"
        self._wait(self._administrator_probe(), _DEFAULT_ACCOUNT, what)

    def _establish(self, crds: Path) -> None:
        self._kubectl("create", "-f", str(crds))
        wait = ("wait", "--for=condition=Established", "-f", str(crds), _KUBECTL_PATIENCE)
        # Right after the create there are no conditions yet, which kubectl calls an error.
        for _ in range(_TRIES):
            answer = self._try_kubectl(*wait)
            if "accessor error" not in answer.stderr:
                break
            time.sleep(_TRY_PAUSE)
        self._kubectl(*wait)

    def _try_kubectl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        kubeconfig = f"--kubeconfig={self._folder.kubeconfig}"
        return subprocess.run(
            [self._binaries.kubectl, kubeconfig, *arguments],
            capture_output=True,
            text=True,
            check=False,
        )

    def _kubectl(self, *arguments: str) -> None:
        answer = self._try_kubectl(*arguments)
        if answer.returncode != 0:
            raise ClusterError(
                f"kubectl {' '.join(arguments)} failed:\n{answer.stderr}",
                remedy="Mend the definition that it names, and start the control plane again.",
            )

    def _administrator_probe(self) -> Probe:
        authority = self._authority.certificate_file
        return Probe(self.url, authority=authority, user=self._administrator)

    def _kubeconfig(self, path: Path, user: Pair) -> Path:
        authority = self._authority.certificate_file
        return write_kubeconfig(path, url=self.url, authority=authority, user=user)

    def _start(self, name: str, command: list[str]) -> None:
        self.children.append(start_child(name, command, self._folder.logs / f"{name}.log"))

    def _wait(self, probe: Probe, path: str, what: str) -> None:
        wait_until(lambda: probe.answers(path), what, self.children)


def stop_all(children: list[Child]) -> None:
    """Stop servers, the last started first, and forget them."""
    while children:
        children.pop().stop(_GRACE)

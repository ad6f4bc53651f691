"""What the steps of the demo look at and touch, with kubectl and curl."""

import json
from typing import Any, Final

from demo.running import Look, StepFailedError
from demo.stage import Stage
from demo.target import fingerprint as fingerprint_in
from demo.target import shortened

CONNECTION: Final = "crm"
TARGET: Final = "crm-token"
KEY: Final = "crm-key"
# On standard input, so that no list of processes shows the token.
_HEADER: Final = (
    f"kubectl get secret {TARGET} "
    "-o go-template='Authorization: Bearer {{.data.access_token | base64decode}}'"
)


class View:
    """The connection, its Secrets and the org, as somebody in a terminal sees them."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def apply_key(self, name: str) -> None:
        """Apply the key Secret with one of the two keys."""
        shown, folder = self._stage.shown, self._stage.folder
        self._stage.shell.show(
            f"kubectl create secret tls {KEY} --cert={shown(folder / f'{name}.crt')} "
            f"--key={shown(folder / f'{name}.key')} --dry-run=client -o yaml | kubectl apply -f -"
        )

    def organization(self) -> str:
        """Ask the org who it is, with the token from the target."""
        org = self._stage.org
        answer = self._stage.shell.show(
            f"{_HEADER} | curl -sS -f -m 10 -x {org.proxy} "
            f"--cacert {self._stage.shown(org.ca_file)} -H @- "
            "https://acme.my.salesforce.com/services/oauth2/userinfo",
            shown=shortened,
        )
        return str(json.loads(answer)["organization_id"])

    def status(self) -> dict[str, Any]:
        """Return the status of the connection."""
        read = self._stage.shell.ask(f"kubectl get sfconn {CONNECTION} -o jsonpath='{{.status}}'")
        status: dict[str, Any] = json.loads(read or "{}")
        return status

    def logins(self) -> int:
        """Return how many logins the org has seen."""
        return len(json.loads(self._stage.shell.ask(f"curl -sS {self._stage.org.admin}/history")))

    def show_events(self) -> None:
        """Show the Events of the connection."""
        self._stage.shell.show(
            f"kubectl get events --field-selector involvedObject.name={CONNECTION} "
            "--sort-by=.metadata.creationTimestamp "
            "-o custom-columns=REASON:.reason,MESSAGE:.message"
        )

    def fingerprint(self) -> str:
        """Return the fingerprint of the token in the target, empty if there is none."""
        return fingerprint_in(self._stage.shell.try_to(f"kubectl get secret {TARGET} -o json"))

    def other_than(self, before: str) -> Look:
        """Look whether the target holds another token than *before*."""
        now = self.fingerprint()
        return Look(now not in ("", before), f"fingerprint {now or 'missing'}")

    def readiness(self, ask: str) -> Look:
        """Look whether the operator says that it is ready."""
        if self._stage.operator_has_ended():
            raise StepFailedError(expected="the operator to run", seen="it ended by itself")
        code = self._stage.shell.try_to(ask)
        return Look(code == "200", f"/readyz answers {code or 'nothing'}")

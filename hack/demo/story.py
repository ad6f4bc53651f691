"""What the demo shows, step by step, with kubectl and curl as a user would."""

import json
import time
from typing import Final

import yaml

from demo.running import Look, Step, StepFailedError, wait_until
from demo.stage import CHECKOUT, SESSION_TIMEOUT, Stage
from demo.target import entries_shown
from demo.terminal import Terminal
from demo.view import CONNECTION, KEY, TARGET, View

EXAMPLE: Final = "examples/my-domain.yaml"
VERIFY_INTERVAL: Final = 5
# Seconds: one verification interval, one login, and a loaded machine.
_HEALED: Final = 20.0
_SOON: Final = 15.0
_PAUSE: Final = 3.0

# The example, for a session timeout that a demo can wait for.
_SHORT: Final = json.dumps(
    {
        "spec": {
            "token": {
                "lifetime": f"{SESSION_TIMEOUT // 60}m",
                "verifyInterval": f"{VERIFY_INTERVAL}s",
            }
        }
    },
    separators=(",", ":"),
)


class Story:
    """The steps of the demo, on one stage."""

    def __init__(self, stage: Stage, terminal: Terminal) -> None:
        self._stage = stage
        self._view = View(stage)
        self._terminal = terminal

    def steps(self) -> list[Step]:
        """Return the steps in order."""
        return [
            Step("A Kubernetes control plane starts", self.start_cluster),
            Step("A fake Salesforce org starts", self.start_org),
            Step("The API is applied", self.apply_crd),
            Step("The operator starts outside the cluster", self.start_operator),
            Step("A key and a connection are applied; it becomes Ready", self.become_ready),
            Step("The target holds the token", self.show_target),
            Step("The org accepts the token", self.use_token),
            Step("A renewal is asked for", self.renew),
            Step("The org kills the session; it is healed", self.heal_killed_session),
            Step("A wrong key is refused, with its remedy", self.refuse_wrong_key),
            Step("The right key is back; it is healed", self.heal_wrong_key),
        ]

    def start_cluster(self) -> str:
        """Start the control plane and ask its version."""
        url = self._stage.start_cluster()
        version = json.loads(self._stage.shell.ask("kubectl version -o json"))
        return f"Kubernetes {version['serverVersion']['gitVersion']} answers at {url}"

    def start_org(self) -> str:
        """Start the fake org with the consumer key of the example."""
        example = yaml.safe_load((CHECKOUT / EXAMPLE).read_text())
        self._stage.write_keys()
        self._stage.start_org(example["spec"]["auth"]["consumerKey"])
        return (
            f"acme.my.salesforce.com answers behind the proxy {self._stage.org.proxy}; "
            f"its sessions end after {SESSION_TIMEOUT} s without a call"
        )

    def apply_crd(self) -> str:
        """Apply the definition of SalesforceConnection."""
        self._stage.shell.show("kubectl apply -f crds/")
        name = "salesforceconnections.salesforce-token.dev"
        wait = f"kubectl wait --for=condition=Established --timeout=5s crd/{name}"

        def look() -> Look:
            # Right after the apply there are no conditions yet, which kubectl calls an error.
            seen = self._stage.shell.try_to(wait)
            return Look(is_good=bool(seen), seen=seen or "not established")

        wait_until(look, "the CRD to be established", seconds=20)
        return f"established: {name}"

    def start_operator(self) -> str:
        """Start the operator and wait until it says that it is ready."""
        self._stage.start_operator()
        ask = f"curl -sS -m 5 -o /dev/null -w '%{{http_code}}' {self._stage.operator_url}/readyz"
        wait_until(lambda: self._view.readiness(ask), "the operator to be ready", seconds=30)
        self._stage.shell.show(f"curl -sS -m 5 {self._stage.operator_url}/readyz")
        return "the operator is ready"

    def become_ready(self) -> str:
        """Apply key Secret and connection, and watch the connection become ready."""
        shell = self._stage.shell
        self._view.apply_key("right")
        shell.show(f"kubectl label secret {KEY} salesforce-token.dev/watch=true")
        log = self._stage.folder / "watch.log"
        with log.open("wb") as output:
            watch = shell.start("kubectl get sfconn -w", output)
        try:
            began = time.monotonic()
            shell.show(
                f"kubectl patch --local -f {EXAMPLE} --type=merge -p '{_SHORT}' -o yaml "
                "| kubectl apply -f -"
            )
            wait_until(lambda: _ready_in(log.read_text()), "a line with READY True", seconds=_SOON)
            took = time.monotonic() - began
        finally:
            watch.terminate()
            watch.wait()
        self._terminal.output(log.read_text())
        return f"READY True after {took:.1f} s"

    def show_target(self) -> str:
        """Show the entries of the target, with the token redacted."""
        command = (
            f"kubectl get secret {TARGET} -o go-template='{{{{range $k, $v := .data}}}}{{{{$k}}}}: "
            '{{$v | base64decode}}{{"\\n"}}{{end}}\''
        )
        shown = entries_shown(self._stage.shell.show(command, shown=entries_shown))
        missing = {"access_token", "instance_url", "expires_at"} - {
            line.partition(":")[0] for line in shown.splitlines()
        }
        if missing:
            raise StepFailedError(expected=f"entries {sorted(missing)}", seen=shown)
        return f"{len(shown.splitlines())} entries, the token among them"

    def use_token(self) -> str:
        """Call the REST API of the org with the token from the target."""
        organization = self._view.organization()
        return f"the org answers 200 and says who it is: {organization}"

    def renew(self) -> str:
        """Ask for a renewal and wait for it."""
        shell, before, logins = self._stage.shell, self._view.status(), self._view.logins()
        self._terminal.say(f"A pause of {_PAUSE:.0f} s, so that the instants differ ...")
        time.sleep(_PAUSE)
        value = str(time.time_ns())
        shell.show(
            f"kubectl annotate --overwrite sfconn {CONNECTION} "
            f"salesforce-token.dev/renew-requested-at={value}"
        )
        wait_until(
            lambda: _look(self._view.status().get("lastHandledRenewRequest"), value),
            f"status.lastHandledRenewRequest {value}",
            seconds=_SOON,
        )
        shell.show(f"kubectl get sfconn {CONNECTION}")
        made = self._view.logins() - logins
        if made < 1:
            raise StepFailedError(expected="one more login", seen=f"{made} more")
        old, new = before["token"]["expiresAt"], self._view.status()["token"]["expiresAt"]
        if new <= old:
            raise StepFailedError(expected=f"an expiry after {old}", seen=str(new))
        return (
            f"one more login; expires {new}, before {old}. The org answered with the same token, "
            "as Salesforce does while a session lives"
        )

    def heal_killed_session(self) -> str:
        """End the session in the org and wait for another token in the target."""
        shell, before = self._stage.shell, self._view.fingerprint()
        began = time.monotonic()
        shell.show(f"curl -sS -m 5 -X POST {self._stage.org.admin}/orgs/acme/kill-sessions")
        wait_until(
            lambda: self._view.other_than(before), "another token in the target", seconds=_HEALED
        )
        took = time.monotonic() - began
        self._view.show_events()
        self._view.organization()
        return f"another token is in the target after {took:.1f} s, and the org accepts it"

    def refuse_wrong_key(self) -> str:
        """Replace the key by one that the app does not know."""
        self._view.apply_key("wrong")
        wait_until(
            lambda: _look(
                self._view.status().get("failure", {}).get("reason"), "SignatureRejected"
            ),
            "status.failure.reason SignatureRejected",
            seconds=_HEALED,
        )
        shell = self._stage.shell
        shell.show(f"kubectl get sfconn {CONNECTION}")
        message = shell.show(
            f"kubectl get sfconn {CONNECTION} "
            "-o jsonpath='{.status.conditions[?(@.type==\"Ready\")].message}'"
        )
        if "Upload the certificate" not in message:
            raise StepFailedError(expected="the remedy in the message", seen=message)
        self._view.show_events()
        self._view.organization()
        return "SignatureRejected with what to do; the last good token stays and still works"

    def heal_wrong_key(self) -> str:
        """Put the right key back and wait until nothing is wrong any more."""
        began = time.monotonic()
        self._view.apply_key("right")
        wait_until(
            lambda: _look(self._view.status().get("failure"), None),
            "no status.failure",
            seconds=_HEALED,
        )
        took = time.monotonic() - began
        self._stage.shell.show(f"kubectl get sfconn {CONNECTION}")
        return f"nothing is wrong any more after {took:.1f} s"


def _look(seen: object, expected: object) -> Look:
    return Look(seen == expected, json.dumps(seen))


def _ready_in(lines: str) -> Look:
    """Judge what `kubectl get sfconn -w` has printed; READY is the second column."""
    is_ready = any(line.split()[1:2] == ["True"] for line in lines.splitlines())
    return Look(is_ready, lines.strip() or "nothing printed yet")

"""One test's stage: an org and a namespace of its own, and what stands in them."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fakeorg import Readymade
from support.api_client import ApiClient, Resource
from support.crd_samples import Changes, changed
from support.requests_seen import RequestsSeen
from support.waiting import eventually

GROUP = "salesforce-token.dev"
WATCHED = {f"{GROUP}/watch": "true"}
RENEW = f"{GROUP}/renew-requested-at"
FINGERPRINT = f"{GROUP}/fingerprint"
# What the design says is two seconds may take thirty where tests run side by side.
PATIENCE = 30.0


@dataclass(slots=True)
class Stage:
    """Arranges resources in one namespace, and tells what the operator makes of them."""

    api: ApiClient
    namespace: str
    ready: Readymade
    requests: RequestsSeen
    login_url: str = field(default="")

    # --- Arranging ---

    def give_key(self, content: str | None = None, *, name: str = "crm-key") -> None:
        """Store a private key, the one of the app unless another is given, labelled."""
        self.give_secret(name, {"tls.key": content or self.ready.keys.private_key})

    def give_secret(
        self,
        name: str,
        entries: Mapping[str, str | bytes],
        *,
        labels: Mapping[str, str] | None = None,
        kind: str = "Opaque",
    ) -> Resource:
        """Store a Secret, labelled for the operator unless other labels are given."""
        metadata = {"name": name, "labels": dict(WATCHED if labels is None else labels)}
        secret = {"type": kind, "metadata": metadata, "data": encoded(entries)}
        return self.api.create(self._path("secrets"), secret)

    def change_secret(self, name: str, change: Mapping[str, Any]) -> Resource:
        """Merge a change into a Secret."""
        return self.api.patch(self._path("secrets", name), change)

    def set_entries(self, name: str, entries: Mapping[str, str | bytes]) -> None:
        """Write entries of a Secret anew."""
        self.change_secret(name, {"data": encoded(entries)})

    def overwrite(self, name: str, entries: Mapping[str, str], manager: str) -> None:
        """Write entries of a Secret as another field manager does that takes them over."""
        resource = {"apiVersion": "v1", "kind": "Secret", "data": encoded(entries)}
        self.api.apply(f"{self._path('secrets', name)}?fieldManager={manager}&force=true", resource)

    def delete_secret(self, name: str) -> None:
        """Delete a Secret."""
        self.api.delete(self._path("secrets", name))

    def connect(self, name: str = "crm", *, changes: Changes | None = None) -> None:
        """Create a connection to the org, with these changes."""
        self.api.create(self._path(f"{GROUP}/connections"), self.a_connection(name, changes))

    def a_connection(self, name: str = "crm", changes: Changes | None = None) -> Resource:
        """Return a connection to the org, with these changes (paths as the API server says)."""
        keys = [{"secretName": "crm-key"}]
        user = self.ready.user.username
        resource = {
            "apiVersion": f"{GROUP}/v1alpha1",
            "kind": "SalesforceConnection",
            "metadata": {"name": name},
            "spec": {
                "org": {"loginURL": self.login_url or self.ready.org.login_url},
                "auth": {
                    "consumerKey": self.ready.app.consumer_key,
                    "jwtBearer": {"username": user, "keys": keys},
                },
                "token": {},
                "targets": [{"secretName": f"{name}-token"}],
            },
        }
        return changed(resource, changes or {})

    def change(self, change: Mapping[str, Any], name: str = "crm") -> None:
        """Merge a change into a connection."""
        self.api.patch(self._path(f"{GROUP}/connections", name), change)

    def ask_to_renew(self, value: str, name: str = "crm") -> None:
        """Set the annotation that asks for a renewal."""
        self.change({"metadata": {"annotations": {RENEW: value}}}, name)

    def disconnect(self, name: str = "crm") -> None:
        """Delete a connection."""
        self.api.delete(self._path(f"{GROUP}/connections", name))

    # --- Looking ---

    def connection(self, name: str = "crm") -> Resource:
        """Return a connection that is there."""
        found = self.connection_if_any(name)
        assert found is not None, f"There is no connection {name}."
        return found

    def connection_if_any(self, name: str = "crm") -> Resource | None:
        """Return a connection."""
        return self.api.get(self._path(f"{GROUP}/connections", name))

    def status(self, name: str = "crm") -> dict[str, Any]:
        """Return the status of a connection, empty before the first one."""
        status: dict[str, Any] = self.connection(name).get("status") or {}
        return status

    def failure(self, name: str = "crm") -> dict[str, Any]:
        """Return the failure that the status tells, empty if none."""
        failure: dict[str, Any] = self.status(name).get("failure") or {}
        return failure

    def conditions(self, name: str = "crm") -> dict[str, str]:
        """Return the conditions as `status reason`, by type."""
        found = self.status(name).get("conditions") or ()
        return {one["type"]: f"{one['status']} {one['reason']}" for one in found}

    def condition(self, kind: str, name: str = "crm") -> str:
        """Return one condition as `status reason`, empty if there is none."""
        return self.conditions(name).get(kind, "")

    def message(self, kind: str, name: str = "crm") -> str:
        """Return the message of one condition."""
        found = self.status(name).get("conditions") or ()
        return next((one["message"] for one in found if one["type"] == kind), "")

    def secret(self, name: str = "crm-token") -> Resource | None:
        """Return a Secret."""
        return self.api.get(self._path("secrets", name))

    def entries(self, name: str = "crm-token") -> dict[str, str]:
        """Return the entries of a Secret as text, none if it is not there."""
        secret = self.secret(name) or {}
        return {
            entry: base64.b64decode(value).decode()
            for entry, value in (secret.get("data") or {}).items()
        }

    def token(self, name: str = "crm-token") -> str:
        """Return the access token in a target, empty if there is none."""
        return self.entries(name).get("access_token", "")

    def events(self, name: str = "crm") -> list[Resource]:
        """Return the Events about a connection, oldest first."""
        found = (self.api.get(self._path("events")) or {}).get("items") or ()
        about = [one for one in found if one["involvedObject"]["name"] == name]
        return sorted(about, key=lambda one: int(one["metadata"]["resourceVersion"]))

    def reasons(self, name: str = "crm") -> list[str]:
        """Return the reasons of the Events about a connection, oldest first."""
        return [one["reason"] for one in self.events(name)]

    # --- Waiting ---

    def settled(self, name: str = "crm") -> str:
        """Wait until a connection is Ready and return the token in its target."""
        eventually(
            lambda: self.condition("Ready", name) == "True TokenCurrent" or self.fail(name),
            timeout=PATIENCE,
        )
        return self.token(f"{name}-token")

    def settled_after_a_failure(self, name: str = "crm") -> str:
        """Wait until a connection that failed is Ready and return the token in its target."""
        eventually(
            lambda: self.condition("Ready", name) == "True TokenCurrent" and not self.failure(name),
            timeout=2 * PATIENCE,
        )
        return self.token(f"{name}-token")

    def refused(self, reason: str, name: str = "crm", *, timeout: float = PATIENCE) -> None:
        """Wait until a connection is stalled with this reason."""
        eventually(
            lambda: self.condition("Stalled", name) == f"True {reason}" or self.fail(name),
            timeout=timeout,
        )

    def fail(self, name: str = "crm") -> bool:
        """Fail with what a connection says about itself."""
        raise AssertionError({"conditions": self.conditions(name), "failure": self.failure(name)})

    def _path(self, kind: str, name: str = "") -> str:
        root = "/api/v1"
        if kind == f"{GROUP}/connections":
            root, kind = f"/apis/{GROUP}/v1alpha1", "salesforceconnections"
        path = f"{root}/namespaces/{self.namespace}/{kind}"
        return f"{path}/{name}" if name else path


def encoded(entries: Mapping[str, str | bytes]) -> dict[str, str]:
    """Return entries as the API writes them."""
    return {
        name: base64.b64encode(value.encode() if isinstance(value, str) else value).decode()
        for name, value in entries.items()
    }

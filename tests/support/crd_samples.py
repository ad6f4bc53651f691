"""Connections that use every field, and a way to change one of them in one place."""

import copy
import re
from collections.abc import Mapping
from typing import Any, Final

Changes = Mapping[str, object]


class Absent:
    """Stands for a field that is taken away."""


ABSENT: Final = Absent()
NOON: Final = "2026-11-23T12:00:00Z"

_EVERYTHING_ELSE: Final = {
    "suspend": False,
    "org": {
        "loginURL": "https://acme.my.salesforce.com",
        "audience": "https://login.salesforce.com",
        "expectedOrgID": "00Dxx0000001gERAAY",
        "apiVersion": "65.0",
    },
    "token": {
        "lifetime": "1h",
        "renewAtPercent": 60,
        "verifyInterval": "5m",
        "expiredPolicy": "Keep",
        "revokeOnDelete": False,
    },
    "targets": [
        {
            "secretName": "crm-token",
            "type": "Opaque",
            "labels": {"x": "y"},
            "annotations": {"x": "y"},
            "creationPolicy": "Create",
            "deletionPolicy": "Delete",
            "presets": ["Default"],
            "data": {"x": "Bearer ${access_token}"},
        }
    ],
    "restartWorkloads": [{"kind": "Deployment", "name": "billing"}],
}
_KEY: Final = {
    "secretName": "crm-key",
    "privateKeyEntry": "tls.key",
    "certificateEntry": "tls.crt",
    "passphraseEntry": "password",
    "format": "Auto",
}
_REF: Final = {"name": "crm-app", "key": "entry"}
_JWT: Final = {
    "consumerKey": "3MVG9",
    "consumerSecretRef": _REF,
    "jwtBearer": {"username": "integration@acme.example", "keys": [_KEY]},
}
_JWT_BY_REFS: Final = {
    "consumerKeyRef": _REF,
    "consumerSecretRef": _REF,
    "jwtBearer": {"usernameRef": _REF, "keys": [_KEY]},
}
_CLIENT_CREDENTIALS: Final = {
    "consumerKey": "3MVG9",
    "consumerSecretRef": _REF,
    "clientCredentials": {},
}
_REFRESH_TOKEN: Final = {"consumerKey": "3MVG9", "refreshToken": {"refreshTokenRef": _REF}}

A_STATUS: Final[dict[str, Any]] = {
    "observedGeneration": 3,
    "conditions": [
        {
            "type": "Ready",
            "status": "True",
            "reason": "TokenCurrent",
            "message": "The targets hold a working token.",
            "observedGeneration": 3,
            "lastTransitionTime": NOON,
        }
    ],
    "token": {
        "issuedAt": "2026-11-23T12:00:00Z",
        "expiresAt": "2026-11-23T13:00:00Z",
        "renewalTime": "2026-11-23T12:34:12Z",
        "verifiedAt": "2026-11-23T12:05:00Z",
        "expirySource": "Configured",
        "fingerprint": "sha256:9f2c41d0c3a1b2e4",
        "identity": "sha256:77aa01c2d3e4f506",
        "scopes": ["api", "id"],
    },
    "identity": {
        "instanceURL": "https://acme.my.salesforce.com",
        "username": "integration@acme.example",
    },
    "auth": {
        "grant": "JWTBearer",
        "activeKey": {"secretName": "crm-key", "entry": "tls.key"},
        "certificateNotAfter": "2027-11-23T12:00:00Z",
        "sourceVersions": {"crm-key": "7"},
    },
    "failure": {
        "class": "Transient",
        "reason": "SalesforceUnavailable",
        "count": 2,
        "since": NOON,
        "nextAttemptTime": NOON,
        "tokenSafeUntil": NOON,
    },
    "targets": [{"secretName": "crm-token", "writtenAt": NOON, "entries": ["access_token"]}],
    "lastHandledRenewRequest": "1763892000",
}


def a_minimal_connection(name: str = "crm") -> dict[str, Any]:
    """Return a connection with only what is required."""
    return _connection(name, {"targets": [{"secretName": "crm-token"}], "auth": _minimal_auth()})


def a_connection(changes: Changes | None = None) -> dict[str, Any]:
    """Return a connection that uses the fields the changes speak of, with these changes.

    A change is a path, as the API server writes it, and a value; ABSENT takes the field away.
    """
    changes = changes or {}
    auth = copy.deepcopy(_auth_for(" ".join(changes)))
    resource = _connection("crm", copy.deepcopy(_EVERYTHING_ELSE) | {"auth": auth})
    return changed(resource, changes)


def value_at(resource: dict[str, Any], path: str) -> Any:
    """Return what stands at a path."""
    place: Any = resource
    for step in _steps(path):
        place = place[step]
    return place


def changed(resource: dict[str, Any], changes: Changes) -> dict[str, Any]:
    """Return a copy of a resource with these changes."""
    result = copy.deepcopy(resource)
    for path, value in changes.items():
        _put(result, path, value)
    return result


def _minimal_auth() -> dict[str, Any]:
    keys = [{"secretName": "crm-key"}]
    return {"consumerKey": "3MVG9", "jwtBearer": {"username": "u@acme.example", "keys": keys}}


def _connection(name: str, spec: Mapping[str, object]) -> dict[str, Any]:
    return {
        "apiVersion": "salesforce-token.dev/v1alpha1",
        "kind": "SalesforceConnection",
        "metadata": {"name": name},
        "spec": dict(spec),
    }


def _auth_for(paths: str) -> dict[str, Any]:
    if "refreshToken" in paths:
        return _REFRESH_TOKEN
    if "clientCredentials" in paths:
        return _CLIENT_CREDENTIALS
    return _JWT_BY_REFS if "usernameRef" in paths or "consumerKeyRef" in paths else _JWT


def _put(resource: dict[str, Any], path: str, value: object) -> None:
    *way, last = _steps(path)
    place: Any = resource
    for step in way:
        place = place[step]
    if isinstance(value, Absent):
        del place[last]
    else:
        place[last] = value


def _steps(path: str) -> list[str | int]:
    return [int(each) if each.isdigit() else each for each in re.findall(r"[^.\[\]]+", path)]

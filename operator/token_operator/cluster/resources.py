"""Raw SalesforceConnections to domain values: the border.

Inside there are no raw dicts; what the schema guarantees is settled here.
"""

from collections.abc import Mapping
from typing import Any, Final

from token_operator.cluster.durations import duration, instant
from token_operator.domain.connection import (
    Auth,
    Connection,
    ConnectionKey,
    CreationPolicy,
    DeletionPolicy,
    ExpiredPolicy,
    Org,
    Preset,
    Target,
    TokenSettings,
    Workload,
)
from token_operator.domain.grants import ClientCredentials, Grant, JWTBearer, RefreshToken
from token_operator.domain.kinds import GROUP
from token_operator.domain.sources import EntryRef, KeyFormat, KeySource, Value

RENEW_REQUEST: Final = f"{GROUP}/renew-requested-at"
Raw = Mapping[str, Any]


def key_of(raw: Raw) -> ConnectionKey:
    """Return namespace and name of a raw resource."""
    metadata = raw["metadata"]
    return ConnectionKey(metadata["namespace"], metadata["name"])


def connection_from(raw: Raw) -> Connection:
    """Return what a raw SalesforceConnection asks for.

    Raise KeyError, TypeError or ValueError where it is not as the schema says.
    """
    metadata, spec = raw["metadata"], raw["spec"]
    return Connection(
        key=key_of(raw),
        uid=metadata["uid"],
        generation=metadata.get("generation", 0),
        suspend=spec.get("suspend", False),
        org=_org(spec.get("org") or {}),
        auth=_auth(spec["auth"]),
        token=_token_settings(spec.get("token") or {}),
        targets=tuple(_target(one) for one in spec["targets"]),
        restart_workloads=tuple(
            Workload(kind=one["kind"], name=one["name"])
            for one in spec.get("restartWorkloads") or ()
        ),
        renew_request=(metadata.get("annotations") or {}).get(RENEW_REQUEST, ""),
        deletion_requested_at=instant(metadata.get("deletionTimestamp")),
        finalizers=tuple(metadata.get("finalizers") or ()),
    )


def _org(raw: Raw) -> Org:
    return Org(
        login_url=raw.get("loginURL", Org().login_url),
        audience=raw.get("audience"),
        expected_org_id=raw.get("expectedOrgID"),
        api_version=raw.get("apiVersion"),
    )


def _auth(raw: Raw) -> Auth:
    return Auth(consumer_key=_value(raw, "consumerKey"), grant=_grant(raw))


def _grant(raw: Raw) -> Grant:
    consumer_secret = _ref(raw.get("consumerSecretRef"))
    if "clientCredentials" in raw:
        return ClientCredentials(consumer_secret=_required(raw, "consumerSecretRef"))
    if "refreshToken" in raw:
        refresh_token = _required(raw["refreshToken"], "refreshTokenRef")
        return RefreshToken(refresh_token=refresh_token, consumer_secret=consumer_secret)
    jwt_bearer = raw["jwtBearer"]
    return JWTBearer(
        username=_value(jwt_bearer, "username"),
        keys=tuple(_key_source(one) for one in jwt_bearer["keys"]),
        consumer_secret=consumer_secret,
    )


def _value(raw: Raw, name: str) -> Value:
    """Return the text in the field *name*, or what the field *name* and "Ref" refers to."""
    ref = _ref(raw.get(f"{name}Ref"))
    return str(raw[name]) if ref is None else ref


def _ref(raw: Raw | None) -> EntryRef | None:
    return None if raw is None else EntryRef(raw["name"], raw["key"])


def _required(raw: Raw, name: str) -> EntryRef:
    return EntryRef(raw[name]["name"], raw[name]["key"])


def _key_source(raw: Raw) -> KeySource:
    return KeySource(
        secret_name=raw["secretName"],
        private_key_entry=raw.get("privateKeyEntry"),
        certificate_entry=raw.get("certificateEntry"),
        passphrase_entry=raw.get("passphraseEntry"),
        alias=raw.get("alias"),
        format=KeyFormat(raw.get("format", KeyFormat.AUTO)),
    )


def _token_settings(raw: Raw) -> TokenSettings:
    default = TokenSettings()
    lifetime, interval = raw.get("lifetime"), raw.get("verifyInterval")
    return TokenSettings(
        lifetime=duration(lifetime) if lifetime else default.lifetime,
        renew_at_percent=raw.get("renewAtPercent", default.renew_at_percent),
        verify_interval=duration(interval) if interval else default.verify_interval,
        expired_policy=ExpiredPolicy(raw.get("expiredPolicy", default.expired_policy)),
        revoke_on_delete=raw.get("revokeOnDelete", default.revoke_on_delete),
    )


def _target(raw: Raw) -> Target:
    return Target(
        secret_name=raw["secretName"],
        labels=tuple(sorted((raw.get("labels") or {}).items())),
        annotations=tuple(sorted((raw.get("annotations") or {}).items())),
        creation_policy=CreationPolicy(raw.get("creationPolicy", CreationPolicy.CREATE)),
        deletion_policy=DeletionPolicy(raw.get("deletionPolicy", DeletionPolicy.DELETE)),
        presets=tuple(Preset(one) for one in raw.get("presets") or ()),
        data=tuple(sorted((raw.get("data") or {}).items())),
    )

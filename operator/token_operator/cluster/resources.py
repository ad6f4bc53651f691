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
    EntryRef,
    ExpiredPolicy,
    Grant,
    KeyFormat,
    KeySource,
    Org,
    Preset,
    Target,
    TokenSettings,
    Workload,
)
from token_operator.domain.kinds import GROUP

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
    jwt_bearer = raw.get("jwtBearer") or {}
    return Auth(
        grant=_grant(raw),
        consumer_key=raw.get("consumerKey"),
        consumer_key_ref=_ref(raw.get("consumerKeyRef")),
        consumer_secret_ref=_ref(raw.get("consumerSecretRef")),
        username=jwt_bearer.get("username"),
        username_ref=_ref(jwt_bearer.get("usernameRef")),
        keys=tuple(_key_source(one) for one in jwt_bearer.get("keys") or ()),
        refresh_token_ref=_ref((raw.get("refreshToken") or {}).get("refreshTokenRef")),
    )


def _grant(raw: Raw) -> Grant:
    if "clientCredentials" in raw:
        return Grant.CLIENT_CREDENTIALS
    return Grant.REFRESH_TOKEN if "refreshToken" in raw else Grant.JWT_BEARER


def _ref(raw: Raw | None) -> EntryRef | None:
    return None if raw is None else EntryRef(raw["name"], raw["key"])


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

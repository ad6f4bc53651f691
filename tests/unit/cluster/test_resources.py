"""Raw connections to domain values: every field of the CRD."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.fake_api import merge
from token_operator.cluster.resources import connection_from
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
from token_operator.domain.grants import ClientCredentials, JWTBearer, RefreshToken
from token_operator.domain.sources import EntryRef, KeyFormat, KeySource

PLAIN: dict[str, Any] = {
    "metadata": {"namespace": "shop", "name": "crm", "uid": "u-1"},
    "spec": {
        "auth": {
            "consumerKey": "3MVG9",
            "jwtBearer": {"username": "integration@acme", "keys": [{"secretName": "crm-key"}]},
        },
        "targets": [{"secretName": "crm-token"}],
    },
}
AS_READ = Connection(
    key=ConnectionKey("shop", "crm"),
    uid="u-1",
    generation=0,
    auth=Auth(
        consumer_key="3MVG9",
        grant=JWTBearer(username="integration@acme", keys=(KeySource(secret_name="crm-key"),)),
    ),
    targets=(Target(secret_name="crm-token"),),
)


def test_what_is_absent_has_the_default_of_the_schema() -> None:
    assert connection_from(PLAIN) == AS_READ


@pytest.mark.parametrize(
    ("spec", "changes"),
    [
        pytest.param({"suspend": True}, {"suspend": True}, id="suspend"),
        pytest.param(
            {
                "org": {
                    "loginURL": "https://acme.my.salesforce.com",
                    "audience": "https://login.salesforce.com",
                    "expectedOrgID": "00Dxx0000001gER",
                    "apiVersion": "65.0",
                }
            },
            {
                "org": Org(
                    login_url="https://acme.my.salesforce.com",
                    audience="https://login.salesforce.com",
                    expected_org_id="00Dxx0000001gER",
                    api_version="65.0",
                )
            },
            id="org",
        ),
        pytest.param(
            {
                "token": {
                    "lifetime": "2h",
                    "renewAtPercent": 50,
                    "verifyInterval": "0s",
                    "expiredPolicy": "Remove",
                    "revokeOnDelete": True,
                }
            },
            {
                "token": TokenSettings(
                    lifetime=timedelta(hours=2),
                    renew_at_percent=50,
                    verify_interval=timedelta(),
                    expired_policy=ExpiredPolicy.REMOVE,
                    revoke_on_delete=True,
                )
            },
            id="token",
        ),
        pytest.param(
            {
                "targets": [
                    {
                        "secretName": "crm-token",
                        "type": "Opaque",
                        "labels": {"b": "2", "a": "1"},
                        "annotations": {"note": "x"},
                        "creationPolicy": "Adopt",
                        "deletionPolicy": "Retain",
                        "presets": ["Default", "JSForce"],
                        "data": {"authorization": "Bearer ${access_token}"},
                    }
                ]
            },
            {
                "targets": (
                    Target(
                        secret_name="crm-token",
                        labels=(("a", "1"), ("b", "2")),
                        annotations=(("note", "x"),),
                        creation_policy=CreationPolicy.ADOPT,
                        deletion_policy=DeletionPolicy.RETAIN,
                        presets=(Preset.DEFAULT, Preset.JSFORCE),
                        data=(("authorization", "Bearer ${access_token}"),),
                    ),
                )
            },
            id="targets",
        ),
        pytest.param(
            {"restartWorkloads": [{"kind": "Deployment", "name": "billing"}]},
            {"restart_workloads": (Workload(kind="Deployment", name="billing"),)},
            id="restartWorkloads",
        ),
        pytest.param(
            {
                "auth": {
                    "consumerKey": None,
                    "consumerKeyRef": {"name": "app", "key": "key"},
                    "consumerSecretRef": {"name": "app", "key": "secret"},
                    "jwtBearer": {
                        "username": None,
                        "usernameRef": {"name": "app", "key": "user"},
                        "keys": [
                            {
                                "secretName": "k",
                                "privateKeyEntry": "a",
                                "certificateEntry": "b",
                                "passphraseEntry": "c",
                                "alias": "d",
                                "format": "PEM",
                            }
                        ],
                    },
                }
            },
            {
                "auth": Auth(
                    consumer_key=EntryRef("app", "key"),
                    grant=JWTBearer(
                        consumer_secret=EntryRef("app", "secret"),
                        username=EntryRef("app", "user"),
                        keys=(
                            KeySource(
                                secret_name="k",
                                private_key_entry="a",
                                certificate_entry="b",
                                passphrase_entry="c",
                                alias="d",
                                format=KeyFormat.PEM,
                            ),
                        ),
                    ),
                )
            },
            id="auth by references",
        ),
        pytest.param(
            {
                "auth": {
                    "jwtBearer": None,
                    "clientCredentials": {},
                    "consumerSecretRef": {"name": "app", "key": "secret"},
                }
            },
            {
                "auth": Auth(
                    consumer_key="3MVG9",
                    grant=ClientCredentials(consumer_secret=EntryRef("app", "secret")),
                )
            },
            id="client credentials",
        ),
        pytest.param(
            {
                "auth": {
                    "jwtBearer": None,
                    "refreshToken": {"refreshTokenRef": {"name": "app", "key": "refresh"}},
                }
            },
            {
                "auth": Auth(
                    consumer_key="3MVG9",
                    grant=RefreshToken(refresh_token=EntryRef("app", "refresh")),
                )
            },
            id="refresh token",
        ),
    ],
)
def test_every_field_of_the_spec_is_read(spec: dict[str, Any], changes: dict[str, Any]) -> None:
    assert connection_from(merge(PLAIN, {"spec": spec})) == replace(AS_READ, **changes)


def test_metadata_tell_generation_renew_request_deletion_and_finalizers() -> None:
    metadata = {
        "generation": 3,
        "annotations": {"salesforce-token.dev/renew-requested-at": "7"},
        "deletionTimestamp": "2026-11-23T12:00:00Z",
        "finalizers": ["salesforce-token.dev/revoke"],
    }

    connection = connection_from(merge(PLAIN, {"metadata": metadata}))

    assert connection.generation == 3
    assert connection.renew_request == "7"
    assert connection.deletion_requested_at == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert connection.finalizers == ("salesforce-token.dev/revoke",)


@pytest.mark.parametrize(
    "patch",
    [
        pytest.param({"spec": {"auth": None}}, id="no auth"),
        pytest.param({"spec": {"targets": None}}, id="no targets"),
        pytest.param({"spec": {"token": {"lifetime": "1 hour"}}}, id="no duration"),
        pytest.param({"spec": {"token": {"expiredPolicy": "Burn"}}}, id="unknown word"),
        pytest.param({"spec": {"targets": ["crm-token"]}}, id="other type"),
    ],
)
def test_what_is_not_as_the_schema_says_is_an_error(patch: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        connection_from(merge(PLAIN, patch))

"""Arrange by builders: each gives a complete, unremarkable value; a test names what matters."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from token_operator.domain.connection import Auth, Connection, ConnectionKey, Target, TokenSettings
from token_operator.domain.failures import FailureClass, SalesforceUnavailableError
from token_operator.domain.grants import JWTBearer
from token_operator.domain.life import HeldToken
from token_operator.domain.observation import Observation
from token_operator.domain.org_identity import OrgIdentity
from token_operator.domain.sources import KeySource
from token_operator.domain.state import FailureRecord, State
from token_operator.domain.token import AccessToken

NOON: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)

# A value that must never be shown; tests search outputs for MARK.
MARK: Final = "MARKEDsecret"
TOKEN_VALUE: Final = f"00Dxx0000001gER!{MARK}.first"
OTHER_TOKEN_VALUE: Final = f"00Dxx0000001gER!{MARK}.second"
IDENTITY: Final = "sha256:77aa01c2d3e4f506"
OTHER_IDENTITY: Final = "sha256:0123456789abcdef"
KEY_FINGERPRINT: Final = "SHA256:3q2+7w"
BASIS: Final = "generation 1"
UID: Final = "3f0e4c1a-0000-4000-8000-000000000001"


def a_connection(**changes: Any) -> Connection:
    """Return a connection by JWT bearer with one target, changed as told."""
    plain = Connection(
        key=ConnectionKey("shop", "crm"),
        uid=UID,
        generation=1,
        auth=Auth(
            consumer_key="3MVG9consumer",
            grant=JWTBearer(
                username="integration@acme.example", keys=(KeySource(secret_name="crm-key"),)
            ),
        ),
        targets=(Target(secret_name="crm-token"),),
    )
    return replace(plain, **changes)


def token_settings(**changes: Any) -> TokenSettings:
    """Return the default settings of a token's life, changed as told."""
    return replace(TokenSettings(), **changes)


def an_org_identity(**changes: Any) -> OrgIdentity:
    """Return what an org says of itself and of the integration user, changed as told."""
    plain = OrgIdentity(
        instance_url="https://acme.my.salesforce.com",
        identity_url="https://login.salesforce.com/id/00Dxx0000001gERAAY/005xx000001SwiUAAS",
        org_id="00Dxx0000001gERAAY",
        user_id="005xx000001SwiUAAS",
        username="integration@acme.example",
    )
    return replace(plain, **changes)


def a_token(value: str = TOKEN_VALUE, **changes: Any) -> AccessToken:
    """Return an opaque token with the scope api, changed as told."""
    plain = AccessToken(
        value=value,
        identity=an_org_identity(),
        scopes=("api", "id"),
    )
    return replace(plain, **changes)


def a_held_token(*, at: datetime = NOON, **changes: Any) -> HeldToken:
    """Return a token that was issued and proven alive *at* an instant, changed as told."""
    plain = HeldToken(
        token=a_token(),
        identity_hash=IDENTITY,
        issued_at=at,
        login_at=at,
        proof_at=at,
        verified_at=at,
        is_proven=True,
        limits_at=at,
    )
    return replace(plain, **changes)


def a_failure_record(**changes: Any) -> FailureRecord:
    """Return a transient failure that happened at noon and is tried again 10 s later."""
    plain = FailureRecord(
        kind=SalesforceUnavailableError,
        failure_class=FailureClass.TRANSIENT,
        message="Salesforce answered 503.",
        count=1,
        since=NOON,
        next_attempt=NOON + timedelta(seconds=10),
        basis=BASIS,
    )
    return replace(plain, **changes)


def a_state(**changes: Any) -> State:
    """Return the state of a connection that holds a proven token, changed as told."""
    plain = State(held=a_held_token(), basis=BASIS, proven_credential_mark=KEY_FINGERPRINT)
    return replace(plain, **changes)


def seen(**changes: Any) -> Observation:
    """Return what is seen at noon of a connection that is in good order, changed as told.

    ``held=`` and ``settings=`` reach into the state and the connection.
    """
    connection = changes.pop("connection", None) or a_connection()
    state = changes.pop("state", None) or a_state()
    if "held" in changes:
        state = replace(state, held=changes.pop("held"))
    if "settings" in changes:
        connection = replace(connection, token=changes.pop("settings"))
    plain = Observation(
        now=NOON,
        connection=connection,
        state=state,
        identity_hash=IDENTITY,
        key_fingerprint=KEY_FINGERPRINT,
    )
    return replace(plain, **changes)

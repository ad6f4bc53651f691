"""JWT-format access tokens and the key that signs them."""

import base64
import secrets
from datetime import datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from fakeorg import keys
from fakeorg.model.app import AppState
from fakeorg.model.org import Org
from fakeorg.model.session import Session, SessionKey


def jwt_token(org: Org, app: AppState, key: SessionKey, now: datetime) -> str:
    """Return a new JWT-format access token of fixed lifetime."""
    claims: dict[str, object] = {
        "iss": org.my_domain_url,
        "aud": [org.my_domain_url],
        "sub": f"uid:{org.users[key.username].user_id}",
        "client_id": app.consumer_key,
        "scp": " ".join(key.scopes),
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int((now + app.jwt_lifetime).timestamp()),
        "jti": secrets.token_hex(12),
    }
    return _signed(org, claims)


def data_cloud_token(org: Org, session: Session, lifetime: timedelta) -> str:
    """Return a Data Cloud access token for the user of a session."""
    now = int(org.clock.now().timestamp())
    claims: dict[str, object] = {
        "iss": org.my_domain_url,
        "aud": f"api.a360.salesforce.com/{org.org_id}",
        "sub": org.users[session.username].user_id,
        "scp": " ".join(s for s in session.scopes if s.startswith("cdp_")),
        "iat": now,
        "exp": now + int(lifetime.total_seconds()),
        "jti": secrets.token_hex(12),
    }
    return _signed(org, claims)


def key_id(org: Org) -> str:
    """Return the `kid` of the org's signing key."""
    return f"{org.org_id}.1"


def published_key(org: Org) -> dict[str, str]:
    """Return the public half as a JSON Web Key."""
    numbers = _signing_key(org).public_key().public_numbers()
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": key_id(org),
        "n": _base64url(numbers.n),
        "e": _base64url(numbers.e),
    }


def granted_scopes(app: AppState) -> tuple[str, ...]:
    """Return the scopes of a token: those of the app, but for the refresh token's."""
    return tuple(s for s in app.scopes if s not in ("refresh_token", "offline_access"))


def _signed(org: Org, claims: dict[str, object]) -> str:
    headers = {"kid": key_id(org), "tnk": f"core/prod/{org.org_id}"}
    return jwt.encode(claims, _signing_key(org), algorithm="RS256", headers=headers)


def _signing_key(org: Org) -> RSAPrivateKey:
    return keys.parsed(keys.key_pair(f"the token signing key of {org.name}").private_key)


def _base64url(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

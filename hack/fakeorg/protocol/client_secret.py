"""How an app proves who it is: consumer key and secret in the form or a Basic header."""

import base64
import binascii
import hmac
from urllib.parse import unquote

from fakeorg.model.app import AppState
from fakeorg.model.exchange import Call
from fakeorg.protocol import refusals
from fakeorg.protocol.refusals import RefusedError


def credentials(call: Call) -> tuple[str, str]:
    """Return consumer key and secret, from the Basic header or the form."""
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return call.parameter("client_id") or "", call.parameter("client_secret") or ""
    try:
        text = base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    key, _, secret = text.partition(":")
    return unquote(key), unquote(secret)


def is_the_secret(secret: str, app: AppState) -> bool:
    """Return whether this is the consumer secret of an app; one without a secret has none."""
    expected = app.consumer_secret
    return expected is not None and hmac.compare_digest(expected.encode(), secret.encode())


def authenticate(call: Call, app: AppState, *, required: bool) -> None:
    """Raise RefusedError unless the secret is right, or is missing and not required."""
    secret = credentials(call)[1]
    if not secret and not required:
        return
    if not is_the_secret(secret, app):
        raise RefusedError(refusals.CREDENTIALS_INVALID)

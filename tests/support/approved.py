"""An app that a user has approved, and a connection by its refresh token."""

from typing import Any, Final

from support.parts import Parts

SECRET: Final = "a-consumer-secret"
CONSUMER_SECRET: Final = {"consumerSecretRef": {"name": "crm-app", "key": "secret"}}


def refresh_token_spec(parts: Parts, *, rotation: bool = True) -> dict[str, Any]:
    """Arrange an approved app and return the spec of a connection that uses it."""
    app = parts.ready.app
    app.change(consumer_secret=SECRET, refresh_token_rotation=rotation)
    given = parts.ready.org.approve(parts.ready.user, app)
    parts.give_secret("crm-app", {"secret": SECRET, "refresh": given})
    ref = {"name": "crm-app", "key": "refresh"}
    return {
        "auth": {
            **CONSUMER_SECRET,
            "jwtBearer": None,
            "refreshToken": {"refreshTokenRef": ref},
        }
    }


def stored_refresh_token(parts: Parts) -> str:
    """Return the refresh token in the source Secret."""
    return parts.entries("crm-app")["refresh"]


def live_refresh_tokens(parts: Parts) -> list[str]:
    """Return the refresh tokens that the org accepts."""
    return [one.refresh_token for one in parts.ready.org.refresh_tokens]

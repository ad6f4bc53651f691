"""The one-time approval of an app by a person with a browser (RFC 6749, section 4.1; RFC 7636)."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote, urlencode

from token_operator.salesforce.grants import Approval, AuthorizationCodeRequest, exchange_code
from token_operator.salesforce.redirect_errors import approval_error
from token_operator.salesforce.refusals import LoginContext

__all__ = [
    "Approval",
    "AuthorizationCodeRequest",
    "AuthorizeRequest",
    "Pkce",
    "authorize_url",
    "code_in",
    "exchange_code",
    "pkce_from",
]

_AUTHORIZE_PATH: Final = "/services/oauth2/authorize"
# RFC 7636, section 4.1: 43 to 128 characters, and 256 bits of entropy.
_LEAST_ENTROPY: Final = 32
_MOST_ENTROPY: Final = 96
_LONGEST_CODE: Final = 4096
# What Salesforce shows in the browser where it does not return to the app.
_SHOWN_ERROR: Final = re.compile(
    r"(?:error=)?(?P<code>[A-Za-z]+_[A-Za-z_]+)(?::\s*|&error_description=)(?P<description>.{3,500})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pkce:
    """The proof that who brings the code is who asked for it."""

    verifier: str = field(repr=False)
    challenge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeRequest:
    """What a person is asked to approve; without scopes the app's own count."""

    login_url: str
    consumer_key: str
    redirect_uri: str
    challenge: str
    # Returned with the code; shows that the answer belongs to this request.
    state: str = field(repr=False)
    scopes: tuple[str, ...] = ()


def pkce_from(entropy: bytes) -> Pkce:
    """Return verifier and challenge (S256) made of *entropy*, 32 to 96 random bytes."""
    if not _LEAST_ENTROPY <= len(entropy) <= _MOST_ENTROPY:
        raise ValueError(f"{len(entropy)} bytes of entropy are not 32 to 96")
    verifier = _base64url(entropy)
    return Pkce(verifier=verifier, challenge=_base64url(hashlib.sha256(verifier.encode()).digest()))


def authorize_url(request: AuthorizeRequest) -> str:
    """Return the URL to open in a browser; it holds nothing secret but the state."""
    query = {
        "response_type": "code",
        "client_id": request.consumer_key,
        "redirect_uri": request.redirect_uri,
        "code_challenge": request.challenge,
        "code_challenge_method": "S256",
        "state": request.state,
    }
    if request.scopes:
        query["scope"] = " ".join(request.scopes)
    return f"{request.login_url.rstrip('/')}{_AUTHORIZE_PATH}?{urlencode(query, quote_via=quote)}"


def code_in(pasted: str, *, state: str, context: LoginContext) -> str:
    """Return the code in a redirect URL (or its path and query), or the bare code itself.

    Either may be percent-encoded once more by whatever it was copied from. Raises ValueError
    with a text for the person who pasted it, the failure of a refusal that the URL reports or
    that was copied from the page in its place. A URL
    of another state is ignored, whatever it contains (RFC 6749, section 10.12).
    """
    text = pasted.strip().strip("\"'<>")
    if text[:10].lower().startswith(("http%3a", "https%3a")):
        text = unquote(text)
    shown = _SHOWN_ERROR.fullmatch(text)
    if shown is not None:
        description = unquote(shown["description"].replace("+", " "))
        raise approval_error(shown["code"], description, context)
    # A code ends in "==", or "%3D%3D" as it stands in a URL.
    if "?" not in text and "code=" not in text:
        return _checked(unquote(text))
    answered = _query(text)
    if not hmac.compare_digest(answered.get("state", "").encode(), state.encode()):
        raise ValueError(
            "The URL is not the answer to this approval (its state is another one): open the "
            "URL that was printed last, and paste what the browser ends at."
        )
    if "error" in answered:
        description = answered.get("error_description", "").replace("+", " ")
        raise approval_error(answered["error"], description, context)
    return _checked(answered.get("code", ""))


def _query(text: str) -> dict[str, str]:
    """Return the query of a URL, each value decoded once; a plus stays, codes may hold it."""
    query = text.rpartition("?")[2].partition("#")[0]
    pairs = (pair.partition("=") for pair in query.split("&"))
    return {name: unquote(value) for name, _, value in pairs}


def _checked(code: str) -> str:
    if not code or len(code) > _LONGEST_CODE or not all("!" <= c <= "~" for c in code):
        raise ValueError(
            "There is no code in this text: paste the whole URL that the browser ends at after "
            "the approval; it holds 'code='."
        )
    return code


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

"""A caller for tests and demos: signs assertions, logs in, asks the REST API."""

import json
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

import httpx
import jwt

from fakeorg import keys
from fakeorg.browser import Page
from fakeorg.fake import FakeSalesforce
from fakeorg.model.session import Session
from fakeorg.readymade import Readymade

GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Caller:
    """Speaks to one readymade org; by port as its My Domain, or to any host by the proxy."""

    def __init__(self, fake: FakeSalesforce, ready: Readymade, *, by_proxy: bool = False) -> None:
        self._fake = fake
        self._ready = ready
        context = ssl.create_default_context(cafile=str(fake.ca_file))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        self.base = ready.org.my_domain_url if by_proxy else ready.org.login_url
        self.http = httpx.Client(
            verify=context,
            proxy=fake.proxy_url if by_proxy else None,
            trust_env=False,
            timeout=10,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.close()

    def claims(self, **changes: object) -> dict[str, object]:
        """Return good claims with changes; a change to None takes a claim out."""
        good: dict[str, object] = {
            "iss": self._ready.app.consumer_key,
            "sub": self._ready.user.username,
            "aud": self._ready.org.login_host_url,
            "exp": int(self._fake.clock.now().timestamp()) + 180,
        }
        return {name: v for name, v in (good | changes).items() if v is not None}

    def assertion(self, **changes: object) -> str:
        """Return an assertion signed with the app's private key."""
        return self.signed_by(self._ready.keys.private_key, **changes)

    def signed_by(self, private_key: str, /, **changes: object) -> str:
        """Return an assertion signed with any private key (PEM)."""
        content = json.dumps(self.claims(**changes)).encode()
        return jwt.PyJWS().encode(content, keys.parsed(private_key), algorithm="RS256")

    def post_token(self, form: Mapping[str, str], base: str | None = None) -> httpx.Response:
        """Post any form to the token endpoint."""
        return self.http.post(f"{base or self.base}/services/oauth2/token", data=dict(form))

    def present(self, assertion: str, base: str | None = None) -> httpx.Response:
        """Post an assertion to the token endpoint."""
        return self.post_token({"grant_type": GRANT_TYPE, "assertion": assertion}, base)

    def log_in(self, **changes: object) -> httpx.Response:
        """Log in with good claims and changes to them."""
        return self.present(self.assertion(**changes))

    def token(self) -> str:
        """Log in and return the access token."""
        answer = self.log_in()
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def log_in_as_app(self, base: str | None = None, **changes: str | None) -> httpx.Response:
        """Log in with the client credentials grant; a change to None takes a field out."""
        form = self._authenticated(grant_type="client_credentials", **changes)
        return self.post_token(form, base)

    def refresh(
        self, refresh_token: str, base: str | None = None, **changes: str | None
    ) -> httpx.Response:
        """Get an access token for a refresh token; a change to None takes a field out."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, **changes}
        return self.post_token(self._authenticated(**form), base)

    def exchange_code(self, code: str, base: str | None = None, **changes: str) -> httpx.Response:
        """Exchange an authorization code for tokens."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._ready.app.latest.callback_urls[0],
            **changes,
        }
        return self.post_token(self._authenticated(**form), base)

    def open_approval_page(self, base: str | None = None, **changes: str | None) -> Page:
        """Open the approval page of the app as a browser does."""
        good: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self._ready.app.consumer_key,
            "redirect_uri": self._ready.app.latest.callback_urls[0],
        }
        query = {name: v for name, v in (good | changes).items() if v is not None}
        url = f"{base or self.base}/services/oauth2/authorize"
        return Page(self.http, self.http.get(url, params=query))

    def _authenticated(self, **form: str | None) -> dict[str, str]:
        app = self._ready.app.latest
        credentials = {"client_id": app.consumer_key, "client_secret": app.consumer_secret}
        return {name: v for name, v in (credentials | form).items() if v is not None}

    def session(self, token: str) -> Session:
        """Return the live session of a token, which must have one."""
        session = self._ready.org.session_of(token)
        if session is None:
            message = "the token is dead"
            raise AssertionError(message)
        return session

    def get(self, path: str, token: str | None = None, base: str | None = None) -> httpx.Response:
        """Get a path of the org, with a token."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.http.get((base or self.base) + path, headers=headers)

    def limits(self, token: str) -> httpx.Response:
        """Ask for the REST limits, as a verifier does."""
        return self.get("/services/data/v66.0/limits", token)

    def userinfo(self, token: str | None = None) -> httpx.Response:
        """Ask who the token's user is."""
        return self.get("/services/oauth2/userinfo", token)

    def revoke(self, token: str) -> httpx.Response:
        """Revoke a token."""
        return self.http.post(f"{self.base}/services/oauth2/revoke", data={"token": token})


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    """Return status, error and description of an OAuth refusal."""
    content: dict[str, Any] = answer.json()
    return answer.status_code, content["error"], content["error_description"]

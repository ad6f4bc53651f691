"""One request to Salesforce and its answer, with every bound that a foreign host needs."""

import asyncio
import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from types import MappingProxyType
from typing import Final

import httpx

from token_operator.clock import Clock
from token_operator.domain.failures import (
    AnswerInvalidError,
    FailureError,
    LoginRateExceededError,
    RequestRateExceededError,
    SalesforceUnavailableError,
)
from token_operator.proxies import NO_PROXIES, Proxies
from token_operator.salesforce.clock_offset import ClockOffset
from token_operator.salesforce.hosts import host_of
from token_operator.salesforce.network_errors import failure_from
from token_operator.salesforce.pools import Pools
from token_operator.salesforce.routing import BY_PROXY, Routing

CONNECT_TIMEOUT: Final = timedelta(seconds=5)
# From the first packet to the last byte of the answer.
TOTAL_TIMEOUT: Final = timedelta(seconds=15)
LARGEST_ANSWER: Final = 1024 * 1024
LONGEST_RETRY_AFTER: Final = timedelta(minutes=15)
TOKEN_PATH: Final = "/services/oauth2/token"  # noqa: S105 - a path, not a secret
_CONNECTIONS: Final = 64
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_HTTP_DATE: Final = "%a, %d %b %Y %H:%M:%S GMT"
_REDIRECT: Final = "{host} answered with a redirect{destination}, which is not followed."
# Host and port of an absolute URL that has no user information.
_ABSOLUTE: Final = re.compile(
    r"https?://([A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?)(?=[/?#]|$)", re.IGNORECASE
)
# Shorter parts of a value are words that hosts have too.
_SHORTEST_ECHO: Final = 6
_LOCATION: Final = "token_operator.location"
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a host answered; ``date`` is its own clock (1 s steps), ``received_at`` ours."""

    status: int
    headers: httpx.Headers = field(repr=False, default_factory=httpx.Headers)
    body: bytes = field(repr=False)
    host: str
    # Where a redirect leads; it may be no URL.
    location: str = field(repr=False, default="")
    date: datetime | None = None
    received_at: datetime


class ServerFaultError(SalesforceUnavailableError):
    """A server error after which nobody knows what became of the request."""


def make_http_client(
    ca_file: Path | None, user_agent: str, proxies: Proxies = NO_PROXIES
) -> httpx.AsyncClient:
    """Return a client that trusts the system's authorities and those in *ca_file*.

    Raises OSError or ssl.SSLError for a file that cannot be read.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    total = TOTAL_TIMEOUT.total_seconds()
    limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)

    def make_pools(url: str | None) -> Pools:
        proxy = (
            None
            if url is None
            else httpx.Proxy(url, ssl_context=context if url.startswith("https:") else None)
        )
        return Pools(
            lambda: httpx.AsyncHTTPTransport(
                verify=context, limits=limits, trust_env=False, proxy=proxy
            )
        )

    return httpx.AsyncClient(
        transport=Routing(proxies, make_pools),
        # No variable and no .netrc decides where a request goes and what it carries.
        trust_env=False,
        event_hooks={"response": [_take_location]},
        follow_redirects=False,
        timeout=httpx.Timeout(total, connect=CONNECT_TIMEOUT.total_seconds()),
        # A cookie of one connection must not travel with the requests of another.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        # A compressed answer could unfold beyond every bound.
        headers={"User-Agent": user_agent, "Accept-Encoding": "identity"},
    )


async def _take_location(response: httpx.Response) -> None:
    """Take the Location header out, which httpx parses although no redirect is to be followed."""
    response.extensions[_LOCATION] = response.headers.pop("Location", "")


class Transport:
    """The way to Salesforce: one client, and the clock offsets that its answers show."""

    def __init__(
        self, client: httpx.AsyncClient, clock: Clock, *, total_timeout: timedelta = TOTAL_TIMEOUT
    ) -> None:
        self._client = client
        self._clock = clock
        self._total = total_timeout.total_seconds()
        self.offsets = ClockOffset(clock.wall_distance)

    @property
    def user_agent(self) -> str:
        """How the operator names itself, ``<product>/<version>``."""
        return self._client.headers["User-Agent"]

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer to one request, of status 2xx or 4xx.

        Secrets go into *headers* and *form*, never into *url*, which is logged. Raises
        NetworkError, TLSError, AnswerInvalidError (redirect, too large), SalesforceUnavailableError
        (5xx), LoginRateExceededError (429 at the token endpoint) or RequestRateExceededError
        (429 elsewhere).
        """
        # Raised here, outside of any except clause, as the errors of httpx hold the request.
        outcome = await self._exchange(
            self._client.build_request(method, url, headers=dict(headers), data=form), host_of(url)
        )
        if isinstance(outcome, FailureError):
            raise outcome
        if outcome.date is not None:
            self.offsets.note(outcome.host, outcome.date, outcome.received_at)
        sent = (form or {}).values()
        refusal = _refusal_by_status(outcome, sent, is_login=url.endswith(TOKEN_PATH))
        if refusal is not None:
            raise refusal
        return outcome

    async def _exchange(self, request: httpx.Request, host: str) -> Answer | FailureError:
        try:
            async with asyncio.timeout(self._total):
                response = await self._client.send(request, stream=True)
                try:
                    return await self._read(response, host)
                finally:
                    await response.aclose()
        except (httpx.HTTPError, OSError) as error:
            by_proxy = bool(request.extensions.get(BY_PROXY))
            return failure_from(error, host, by_proxy=by_proxy)

    async def _read(self, response: httpx.Response, host: str) -> Answer | FailureError:
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            return AnswerInvalidError(f"{host} sent a compressed response that was not requested.")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > LARGEST_ANSWER:
                return AnswerInvalidError(f"{host} answered with more than 1 MiB.")
        return Answer(
            status=response.status_code,
            headers=response.headers,
            body=bytes(body),
            host=host,
            location=response.extensions.get(_LOCATION, ""),
            date=_http_date(response.headers.get("Date", "")),
            received_at=self._clock.now(),
        )


def _refusal_by_status(
    answer: Answer, sent: Iterable[str], *, is_login: bool
) -> FailureError | None:
    status, host = answer.status, answer.host
    wait = retry_after_of(answer)
    if status == 429:
        limit = LoginRateExceededError if is_login else RequestRateExceededError
        return limit(f"{host} answered with status 429.", retry_after=wait)
    if status >= 500:
        # 503 refuses the request; any other leaves open what was done with it.
        failure = SalesforceUnavailableError if status == 503 else ServerFaultError
        return failure(f"{host} answered with status {status}.", retry_after=wait)
    if status in range(300, 400):
        destination = _destination(answer, sent)
        return AnswerInvalidError(_REDIRECT.format(host=host, destination=destination))
    return None


def _destination(answer: Answer, sent: Iterable[str]) -> str:
    """Return the host of a redirect; the rest of its URL may hold a secret.

    A host that repeats a part of what was *sent* is not shown either.
    """
    found = _ABSOLUTE.match(answer.location)
    host = found[1].lower() if found is not None else ""
    echoed = [
        part
        for part in re.split(r"[.:]", host)
        if len(part) >= _SHORTEST_ECHO
        for value in sent
        if part in value.lower() or part[::-1] in value.lower()
    ]
    return f" to {host}" if host and host != answer.host and not echoed else ""


def retry_after_of(answer: Answer) -> timedelta | None:
    """Return what Retry-After asks for, at most 15 min; None where it is absent or unreadable."""
    text = answer.headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(text):
        return min(timedelta(seconds=int(text)), LONGEST_RETRY_AFTER)
    until = _http_date(text)
    if until is None:
        return None
    wait = until - (answer.date or answer.received_at)
    return min(max(wait, timedelta()), LONGEST_RETRY_AFTER)


def _http_date(text: str) -> datetime | None:
    """Return the instant that *text* (RFC 9110, section 5.6.7) states."""
    try:
        return datetime.strptime(text, _HTTP_DATE).replace(tzinfo=UTC)
    except ValueError:
        return None

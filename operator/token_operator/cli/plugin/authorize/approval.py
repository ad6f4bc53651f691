"""The one-time approval in a browser: from the authorize URL to the code."""

import asyncio
import secrets
import sys
import webbrowser
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Final

import click

from token_operator.cli.plugin.authorize.loopback import Page, is_loopback, listening
from token_operator.cli.plugin.errors import NotGoodError
from token_operator.domain.failures import FailureError
from token_operator.salesforce.authorization import (
    AuthorizeRequest,
    Pkce,
    authorize_url,
    code_in,
    pkce_from,
)
from token_operator.salesforce.refusals import HIDDEN_CONSUMER_KEY, LoginContext

_ENTROPY: Final = 32
_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One approval that is asked for."""

    context: LoginContext
    url: str = field(repr=False)
    callback_url: str
    pkce: Pkce = field(repr=False)
    state: str = field(repr=False)

    def code_in(self, pasted: str) -> str:
        """Return the code in a redirect URL; raise FailureError where Salesforce refused."""
        return code_in(pasted, state=self.state, context=self.context)


def asking(context: LoginContext, *, consumer_key: str, callback_url: str) -> Asking:
    """Return a new approval to ask for, with a secret of its own (PKCE, RFC 7636)."""
    pkce, state = pkce_from(secrets.token_bytes(_ENTROPY)), secrets.token_urlsafe(_ENTROPY)
    request = AuthorizeRequest(
        login_url=context.login_url,
        consumer_key=consumer_key,
        redirect_uri=callback_url,
        challenge=pkce.challenge,
        state=state,
    )
    url = authorize_url(request)
    return Asking(context=context, url=url, callback_url=callback_url, pkce=pkce, state=state)


async def code_by_browser(asked: Asking, patience: timedelta) -> str:
    """Open a browser and return the code that it comes back with.

    Where there is no browser, the redirect URL is read from standard input. Raise FailureError
    where Salesforce refused, NotGoodError where nothing came in time.
    """
    if not is_loopback(asked.callback_url):
        return code_by_paste(asked)
    outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with listening(asked.callback_url, lambda url: _judged(asked, url, outcome)):
        # What was read through a reference is shown only where there is no other way.
        if asked.context.shown_consumer_key != HIDDEN_CONSUMER_KEY:
            click.echo(f"If no browser opens, open this URL:\n\n  {asked.url}\n")
        click.echo(f"Waiting for the approval at {asked.callback_url} ...")
        if not await asyncio.to_thread(webbrowser.open, asked.url):
            return code_by_paste(asked)
        try:
            async with asyncio.timeout(patience.total_seconds()):
                return await outcome
        except TimeoutError:
            raise NotGoodError(
                "Timed out: no approval arrived. If the browser is on another machine, use "
                "--no-browser."
            ) from None


def _judged(asked: Asking, url: str, outcome: asyncio.Future[str]) -> Page:
    """Record what *url* brought, and return what the browser shows."""
    try:
        code = asked.code_in(url)
    except ValueError as error:
        # Anybody can send a browser here: what is not ours ends nothing.
        return Page(HTTPStatus.BAD_REQUEST, "Not a response to this approval", str(error))
    except FailureError as failure:
        if not outcome.done():
            outcome.set_exception(failure)
        return Page(HTTPStatus.OK, f"Not approved: {failure.reason}", failure.sentence())
    if not outcome.done():
        outcome.set_result(code)
    # Whether the code is good is known after its exchange only.
    return Page(HTTPStatus.OK, "Approval received", "The terminal shows whether it works.")


def code_by_paste(asked: Asking) -> str:
    """Print the URL and return the code in what is pasted: the redirect URL, or the code alone."""
    click.echo(
        f"Open this in a browser, log in as the integration user and allow the access:\n\n"
        f"  {asked.url}\n\n"
        f"The browser then goes to {asked.callback_url}, and may say that it cannot be reached:\n"
        "that is fine. Copy the whole address from the address bar and paste it here:"
    )
    for _ in range(_ATTEMPTS):
        line = sys.stdin.readline()
        if not line:
            break
        try:
            return asked.code_in(line.strip())
        except ValueError as error:
            click.echo(f"{error} Paste it again:", err=True)
    raise NotGoodError("No usable redirect URL was pasted.")

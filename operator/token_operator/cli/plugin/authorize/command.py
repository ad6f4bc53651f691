"""``kubectl salesforce authorize``: let the integration user approve the app, once."""

import asyncio
import base64
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final, TypedDict, Unpack

import click

from token_operator.cli.plugin.authorize.approval import asking, code_by_browser, code_by_paste
from token_operator.cli.plugin.cluster import Cluster
from token_operator.cli.plugin.durations import DurationType
from token_operator.cli.plugin.errors import NotGoodError
from token_operator.cli.plugin.keys.new_key import labelled_secret
from token_operator.cli.plugin.kubeconfig import Place, opened
from token_operator.cli.plugin.options import (
    Reach,
    cluster_options,
    connection_argument,
    salesforce_options,
)
from token_operator.cli.plugin.renew import a_request
from token_operator.cli.plugin.salesforce_client import salesforce_client
from token_operator.cli.plugin.single_login import single_login
from token_operator.cli.plugin.sources import source, value_of
from token_operator.clock import SystemClock
from token_operator.cluster.resources import RENEW_REQUEST, connection_from
from token_operator.domain.connection import Connection
from token_operator.domain.failures import (
    ClientCredentialsInvalidError,
    FailureError,
    OrgMismatchError,
    ScopeMissingError,
    TransientError,
)
from token_operator.domain.grants import ClientCredentials, RefreshToken
from token_operator.domain.org_identity import is_expected_org
from token_operator.domain.sources import EntryRef, literal
from token_operator.domain.targets.labels import WATCH_LABEL
from token_operator.reconcile.credentials import keys_in, read_secrets, values_in
from token_operator.salesforce.grants import Approval, AuthorizationCodeRequest, exchange_code
from token_operator.salesforce.hosts import AllowedHosts
from token_operator.salesforce.minting import Minting, refuse_another_org
from token_operator.salesforce.refusals import HIDDEN_CONSUMER_KEY, LoginContext
from token_operator.salesforce.transport import Transport
from token_operator.salesforce.verification import verify_by_userinfo

# The callback URL of the Salesforce CLI: many apps have it already.
DEFAULT_PORT: Final = 1717
CALLBACK_PATH: Final = "/OauthRedirect"


class _Options(TypedDict):
    """What click hands over, each checked by its type."""

    no_browser: bool
    port: int
    callback_url: str | None
    timeout: timedelta


@click.command(short_help="Let the integration user approve the app once.")
@connection_argument()
@click.option(
    "--no-browser",
    is_flag=True,
    help="Print the URL and read the redirect URL from standard input.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    default=DEFAULT_PORT,
    show_default=True,
    help=f"Port of the callback URL http://localhost:PORT{CALLBACK_PATH}.",
)
@click.option(
    "--callback-url",
    metavar="URL",
    help="Callback URL of the app, if it is a different one.",
)
@click.option(
    "--timeout",
    type=DurationType(),
    metavar="DURATION",
    default="5m",
    show_default=True,
    help="How long to wait for the browser.",
)
@cluster_options
@salesforce_options
def authorize(*, name: str, place: Place, reach: Reach, **options: Unpack[_Options]) -> int:
    """Let the integration user of connection NAME approve the app in a browser, once.

    The app must have the callback URL. For the grant refreshToken the refresh token is stored
    in the entry that the connection names; for jwtBearer the approval is all that is needed.
    """
    callback_url = options["callback_url"]
    if callback_url is None:
        callback_url = f"http://localhost:{options['port']}{CALLBACK_PATH}"
    patience = None if options["no_browser"] else options["timeout"]
    return asyncio.run(_authorize(place, reach, name, callback_url, patience))


async def _authorize(
    place: Place, reach: Reach, name: str, callback_url: str, patience: timedelta | None
) -> int:
    async with opened(place) as cluster:
        connection = connection_from(await cluster.connection(name))
        if isinstance(connection.auth.grant, ClientCredentials):
            raise NotGoodError(
                f"{name} uses client credentials, which need no approval: set Run As in the "
                "app's policies."
            )
        hosts = AllowedHosts(reach.allowed_hosts)
        hosts.check_login_url(connection.org.login_url)
        approver = _Approver(cluster, connection, reach, hosts)
        await approver.approve(callback_url, patience)
    return 0


class _Approver:
    """Sees one approval through."""

    def __init__(
        self, cluster: Cluster, connection: Connection, reach: Reach, hosts: AllowedHosts
    ) -> None:
        self._cluster = cluster
        self._connection = connection
        self._reach = reach
        self._hosts = hosts
        self._name = connection.key.name

    async def approve(self, callback_url: str, patience: timedelta | None) -> None:
        """Get the code, exchange it and keep what is needed of the answer."""
        auth = self._connection.auth
        consumer_key = await value_of(self._cluster, auth.consumer_key)
        consumer_secret = await value_of(self._cluster, auth.grant.consumer_secret)
        asked = asking(
            self._context(consumer_key, consumer_secret),
            consumer_key=consumer_key,
            callback_url=callback_url,
        )
        if patience is None:
            code = await asyncio.to_thread(code_by_paste, asked)
        else:
            code = await code_by_browser(asked, patience)
        request = AuthorizationCodeRequest(
            login_url=self._connection.org.login_url,
            consumer_key=consumer_key,
            code=code,
            redirect_uri=callback_url,
            code_verifier=asked.pkce.verifier,
            consumer_secret=consumer_secret,
            consumer_key_is_public=isinstance(auth.consumer_key, str),
        )
        await self._conclude(request)

    def _context(self, consumer_key: str, consumer_secret: str) -> LoginContext:
        auth = self._connection.auth
        is_public = isinstance(auth.consumer_key, str)
        return LoginContext(
            login_url=self._connection.org.login_url,
            grant=auth.grant.name,
            shown_consumer_key=consumer_key if is_public else HIDDEN_CONSUMER_KEY,
            secrets=(consumer_secret, "" if is_public else consumer_key),
        )

    async def _conclude(self, request: AuthorizationCodeRequest) -> None:
        grant = self._connection.auth.grant
        is_needed = isinstance(grant, RefreshToken)
        async with salesforce_client(self._reach) as http:
            transport = Transport(http, SystemClock())
            try:
                approval = await exchange_code(
                    transport, request, now=SystemClock().now(), hosts=self._hosts
                )
            except FailureError as failure:
                if is_needed or isinstance(failure, TransientError):
                    raise _explained(failure, request) from None
                await self._prove_by_login(transport, _explained(failure, request))
                await self._ask_to_renew()
                return
            await self._see_who_approved(transport, approval)
        if isinstance(grant, RefreshToken):
            await self._keep(grant.refresh_token, approval.refresh_token)
        else:
            await self._ask_to_renew()

    async def _prove_by_login(self, transport: Transport, exchange: FailureError) -> None:
        """Raise unless a login works: the approval is good then, whatever became of the code."""
        connection = self._connection
        click.echo(f"The code could not be exchanged: {exchange.sentence()}")
        click.echo("Trying a login instead.")
        secrets = await read_secrets(connection.auth, partial(source, self._cluster))
        keys, unusable = await keys_in(connection.auth, secrets)
        credentials = replace(values_in(connection.auth, secrets), keys=keys, unusable=unusable)
        minting = Minting(transport, self._hosts, SystemClock())
        minted = await minting.mint(single_login(connection, credentials))
        refuse_another_org(connection.org, minted.token)
        shown = literal(connection.auth.grant.username) or "the user that usernameRef names"
        click.echo(f"Approved: a login as {shown} works.")

    async def _see_who_approved(self, transport: Transport, approval: Approval) -> None:
        """Raise unless the right user of the right org has approved."""
        expected, token = self._connection.org.expected_org_id, approval.token
        if not is_expected_org(expected, token.identity.org_id):
            raise OrgMismatchError(
                f"The approval was given in org {token.identity.org_id or '(unknown)'}, "
                f"expected {expected}."
            )
        auth = self._connection.auth
        wanted = await value_of(self._cluster, auth.grant.username)
        approver = (await verify_by_userinfo(transport, token)).username
        if wanted and approver and approver.lower() != wanted.lower():
            shown = literal(auth.grant.username) or "the one that usernameRef names"
            raise NotGoodError(
                f"The approval was given by {approver}, but the connection's user is {shown}: "
                "log out of Salesforce in the browser (or use a private window) and try again."
            )
        click.echo(f"Approved by {approver or 'an unknown user'}.")

    async def _keep(self, ref: EntryRef, refresh_token: str) -> None:
        """Store the refresh token in the entry that the connection names."""
        if not refresh_token:
            raise ScopeMissingError(
                "Salesforce returned no refresh token.",
                remedy="Add the scope 'Perform requests at any time (refresh_token, "
                "offline_access)' to the app, and authorize again.",
            )
        if await self._stored(ref, refresh_token.encode()):
            click.echo(f"Stored the refresh token in Secret {ref.name}, entry {ref.key}.")
            return
        click.echo(f"Stored the refresh token in the new Secret {ref.name}, entry {ref.key}.")

    async def _stored(self, ref: EntryRef, value: bytes) -> bool:
        """Write the entry; return whether the Secret was there."""
        present = await self._cluster.secret(ref.name)
        if present is None:
            await self._cluster.create_secret(labelled_secret(ref.name, {ref.key: value}))
            return False
        encoded = base64.b64encode(value).decode()
        await self._cluster.patch_secret(ref.name, {"data": {ref.key: encoded}})
        if present.meta.labels.get(WATCH_LABEL) != "true":
            # A change to it would be seen late.
            await self._ask_to_renew()
        return True

    async def _ask_to_renew(self) -> None:
        request = a_request(SystemClock().now())
        change = {"metadata": {"annotations": {RENEW_REQUEST: request}}}
        await self._cluster.patch_connection(self._name, change)
        click.echo(f"The operator is logging in; see 'kubectl salesforce status {self._name}'.")


def _explained(failure: FailureError, request: AuthorizationCodeRequest) -> FailureError:
    """Return *failure* with what to do where the app asks for a secret that nobody gave."""
    if request.consumer_secret or not isinstance(failure, ClientCredentialsInvalidError):
        return failure
    return ClientCredentialsInvalidError(
        failure.message,
        remedy="The app asks for its consumer secret: name it in spec.auth.consumerSecretRef, or "
        "untick 'Require Secret for Web Server Flow' in the app.",
    )

"""The steps of a check that ask Salesforce: clock, login, org, API version, verification."""

import contextlib
import functools
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final

from token_operator.cli.plugin.check.examination import (
    Checkup,
    Credentials,
    Finding,
    good,
    not_done,
    warned,
)
from token_operator.cli.plugin.output import span
from token_operator.domain.audiences import candidates, moves_on, to_show
from token_operator.domain.failures import (
    AnswerInvalidError,
    ClockSkewError,
    FailureError,
    OrgMismatchError,
    RepeatedDeathError,
    SignatureRejectedError,
    SpecInvalidError,
    TerminalError,
    VerificationImpossibleError,
)
from token_operator.domain.grants import ClientCredentials, JWTBearer, RefreshToken
from token_operator.domain.org_identity import is_expected_org
from token_operator.domain.token import AccessToken, Proof, Verdict
from token_operator.domain.verifying import scopes_allow_rest
from token_operator.salesforce.grants import (
    ClientCredentialsRequest,
    JWTBearerRequest,
    mint_with_client_credentials,
    mint_with_jwt_bearer,
)
from token_operator.salesforce.hosts import host_of
from token_operator.salesforce.keys.signer import Signer
from token_operator.salesforce.verification import (
    newest_api_version,
    verify_by_limits,
    verify_by_userinfo,
)

# More than that is told as ClockSkew, as the operator does.
TOLERATED: Final = timedelta(seconds=60)

Attempt = Callable[[], Awaitable[AccessToken]]


class TokenDiedError(TerminalError, variant_of=RepeatedDeathError):
    """Salesforce says that the token does not work."""

    remedy = (
        "The login gave a session that has ended: see Setup, Session Management, for a client "
        "that logs out; 'kubectl salesforce renew' lets the operator replace it."
    )


async def clock_agrees(checkup: Checkup) -> Sequence[Finding]:
    """Reach the login host, and compare its clock with ours."""
    login_url = checkup.connection.org.login_url
    # Any answer will do, also a redirect: its Date header is what counts.
    with contextlib.suppress(AnswerInvalidError):
        await checkup.transport.send("GET", f"{login_url.rstrip('/')}/services/data/")
    host = host_of(login_url)
    offset = checkup.transport.offsets.of(host)
    if abs(offset) > TOLERATED:
        side = "ahead of" if offset > timedelta() else "behind"
        return [warned(ClockSkewError(f"{host} is {span(offset)} {side} this machine's clock."))]
    return [good(f"{host} answers, and its clock agrees with this machine's.")]


async def login_works(checkup: Checkup) -> Sequence[Finding]:
    """Make one login, as the operator would."""
    credentials = checkup.credentials
    if credentials is None:
        return [not_done("The sources were not read.")]
    match checkup.connection.auth.grant:
        case JWTBearer():
            return await _jwt_bearer(checkup, credentials)
        case ClientCredentials():
            return await _client_credentials(checkup, credentials)
        case RefreshToken():
            told = checkup.told_by_operator or "apply it and look at 'kubectl salesforce status'"
            return [
                not_done(
                    "A login may use up the refresh token, and this command writes nothing. "
                    f"The operator says: {told}."
                )
            ]


async def _jwt_bearer(checkup: Checkup, credentials: Credentials) -> Sequence[Finding]:
    refused: list[Finding] = []
    for number, key in enumerate(checkup.keys, start=1):
        try:
            audience = await _with_key(checkup, credentials, key)
        except SignatureRejectedError as failure:
            told = _naming(failure, key)
            if number == len(checkup.keys):
                raise told from None
            refused.append(warned(told))
            continue
        used = f"entry {key.entry} of Secret {key.secret_name}"
        return [*refused, good(f"JWT bearer: accepted with audience {audience}, {used}.")]
    return refused


async def _with_key(checkup: Checkup, credentials: Credentials, key: Signer) -> str:
    """Log in with the first audience that is accepted, and return it."""
    org = checkup.connection.org
    failures: list[FailureError] = []
    for audience in candidates(org.login_url, org.audience, checkup.last_audience or None):
        try:
            checkup.token = await _in_their_time(
                checkup, functools.partial(_mint, checkup, credentials, key, audience)
            )
        except FailureError as failure:
            failures.append(failure)
            if not moves_on(failure):
                break
            continue
        return audience
    raise to_show(failures)


async def _mint(
    checkup: Checkup, credentials: Credentials, key: Signer, audience: str
) -> AccessToken:
    auth = checkup.connection.auth
    request = JWTBearerRequest(
        login_url=checkup.connection.org.login_url,
        audience=audience,
        consumer_key=credentials.consumer_key,
        username=credentials.username,
        signer=key,
        consumer_key_is_public=isinstance(auth.consumer_key, str),
        username_is_public=isinstance(auth.grant.username, str),
    )
    now = checkup.clock.now()
    return await mint_with_jwt_bearer(checkup.transport, request, now=now, hosts=checkup.hosts)


async def _in_their_time(checkup: Checkup, mint: Attempt) -> AccessToken:
    """Mint, and once more where the answer has told that our clock is off."""
    host = host_of(checkup.connection.org.login_url)
    assumed = checkup.transport.offsets.of(host)
    try:
        return await mint()
    except ClockSkewError:
        if checkup.transport.offsets.of(host) == assumed:
            raise
    return await mint()


def _naming(failure: SignatureRejectedError, key: Signer) -> SignatureRejectedError:
    return SignatureRejectedError(
        f"{failure.message} The assertion was signed with entry {key.entry} of Secret "
        f"{key.secret_name} ({key.fingerprint}).",
        remedy=failure.advice,
    )


async def _client_credentials(checkup: Checkup, credentials: Credentials) -> Sequence[Finding]:
    request = ClientCredentialsRequest(
        login_url=checkup.connection.org.login_url,
        consumer_key=credentials.consumer_key,
        consumer_secret=credentials.consumer_secret,
        consumer_key_is_public=isinstance(checkup.connection.auth.consumer_key, str),
    )
    checkup.token = await mint_with_client_credentials(
        checkup.transport, request, now=checkup.clock.now(), hosts=checkup.hosts
    )
    return [good("Client credentials: accepted.")]


def _held(checkup: Checkup) -> AccessToken:
    # Steps that need the login come after it.
    assert checkup.token is not None  # noqa: S101 - see above
    return checkup.token


async def org_is_expected(checkup: Checkup) -> Sequence[Finding]:
    """Compare the org with the expected one."""
    token, expected = _held(checkup), checkup.connection.org.expected_org_id
    told = token.identity.org_id or "(not told)"
    if not is_expected_org(expected, token.identity.org_id):
        raise OrgMismatchError(
            f"Salesforce answered with a token of org {told}, expected is {expected}."
        )
    hint = "" if expected else " Set spec.org.expectedOrgID to accept no other."
    return [good(f"Org {told} at {token.instance_url}.{hint}")]


async def api_version_is_there(checkup: Checkup) -> Sequence[Finding]:
    """Find the REST API version, and see that the org has it."""
    asked = checkup.connection.org.api_version
    newest = await newest_api_version(checkup.transport, _held(checkup).instance_url)
    if asked is not None and float(asked) > float(newest):
        raise SpecInvalidError(
            f"spec.org.apiVersion is {asked}, the newest of the org is {newest}.",
            remedy=f"Give {newest} or an older one, or leave the field out.",
        )
    checkup.api_version = asked or newest
    return [good(f"REST API {checkup.api_version}; the newest of the org is {newest}.")]


async def token_works(checkup: Checkup) -> Sequence[Finding]:
    """Use the token: the REST limits resource, and userinfo."""
    token = _held(checkup)
    proofs: list[Proof] = []
    if scopes_allow_rest(token.scopes):
        proofs.append(
            await verify_by_limits(checkup.transport, token, api_version=checkup.api_version)
        )
    proofs.append(await verify_by_userinfo(checkup.transport, token))
    if all(proof.verdict is Verdict.UNDECIDABLE for proof in proofs):
        detail = "; ".join(proof.message for proof in proofs)
        return [warned(VerificationImpossibleError(f"Nothing can prove the token: {detail}."))]
    dead = next((proof for proof in proofs if proof.verdict is Verdict.DEAD), None)
    if dead is not None and proofs[0].verdict is not Verdict.ALIVE:
        raise TokenDiedError(f"{dead.message}.")
    return [good(f"The token works ({token.fingerprint}){_usage(proofs)}.")]


def _usage(proofs: Sequence[Proof]) -> str:
    used = next((proof.api_usage for proof in proofs if proof.api_usage is not None), None)
    return "" if used is None else f"; {used:.0%} of the daily API requests are used"

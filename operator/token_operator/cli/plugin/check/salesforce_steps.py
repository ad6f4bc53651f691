"""The steps of a check that ask Salesforce: clock, login, org, API version, verification."""

import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from token_operator.cli.plugin.check.examination import (
    Checkup,
    Finding,
    Mark,
    failed,
    good,
    not_done,
    warned,
)
from token_operator.cli.plugin.output import span
from token_operator.cli.plugin.single_login import single_login
from token_operator.domain.failures import (
    AnswerInvalidError,
    ClockSkewError,
    RepeatedDeathError,
    SignatureRejectedError,
    SpecInvalidError,
    TerminalError,
    VerificationImpossibleError,
)
from token_operator.domain.grants import RefreshToken
from token_operator.domain.life import short_life_warning
from token_operator.domain.token import AccessToken, Proof, Verdict
from token_operator.domain.verifying import scopes_allow_rest
from token_operator.salesforce.hosts import host_of
from token_operator.salesforce.minting import Minted, Minting, refuse_another_org
from token_operator.salesforce.verification import (
    newest_api_version,
    verify_by_limits,
    verify_by_userinfo,
)

# More than that is reported as ClockSkew, as by the operator.
TOLERATED: Final = timedelta(seconds=60)

# What stands in place of a report on a connection that is not in the cluster yet.
_APPLY_FIRST: Final = "Apply the connection, then see 'kubectl salesforce status'."


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
    if isinstance(checkup.connection.auth.grant, RefreshToken):
        return [not_done(_why_no_refresh(checkup))]
    attempt = single_login(
        checkup.connection,
        credentials,
        last_audience=checkup.last_audience,
        last_key=checkup.last_key,
    )
    minting = Minting(checkup.transport, checkup.hosts, checkup.clock)
    try:
        minted = await minting.mint(attempt)
    except SignatureRejectedError as failure:
        others = [warned(one) for one in attempt.refused if one is not failure]
        return [*others, failed(failure)]
    checkup.token = minted.token
    return [*map(warned, attempt.refused), good(_how(minted)), *_short_life(checkup)]


def _short_life(checkup: Checkup) -> Sequence[Finding]:
    token = _held(checkup)
    configured = checkup.connection.token.lifetime
    end = token.fixed_expiry
    life = configured if end is None else end - checkup.clock.now()
    warning = short_life_warning(token, life)
    return [Finding(mark=Mark.WARNING, message=warning)] if warning else []


def _why_no_refresh(checkup: Checkup) -> str:
    reported = checkup.reported_by_operator
    return "A login may use up the refresh token, and this command writes nothing. " + (
        f"The operator reports: {reported}." if reported else _APPLY_FIRST
    )


def _how(minted: Minted) -> str:
    if minted.key is None:
        return "Client credentials: accepted."
    return f"JWT bearer: accepted with audience {minted.audience}, {minted.key.place}."


def _held(checkup: Checkup) -> AccessToken:
    # Steps that need the login come after it.
    assert checkup.token is not None  # noqa: S101 - see above
    return checkup.token


async def org_is_expected(checkup: Checkup) -> Sequence[Finding]:
    """Compare the org with the expected one."""
    token, org = _held(checkup), checkup.connection.org
    refuse_another_org(org, token)
    hint = "" if org.expected_org_id else " Set spec.org.expectedOrgID to accept no other."
    return [good(f"Org {token.identity.org_id or '(unknown)'} at {token.instance_url}.{hint}")]


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

"""The steps of a check that look at the cluster's side: sources, keys, targets."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from token_operator.cli.plugin.check.examination import Checkup, Finding, good, warned
from token_operator.cli.plugin.output import dated
from token_operator.cli.plugin.sources import source
from token_operator.cluster.api import ForbiddenError
from token_operator.domain.connection import CreationPolicy, Target
from token_operator.domain.failures import (
    KeyInvalidError,
    SourceForbiddenError,
    TargetMissingError,
)
from token_operator.domain.grants import keys_of
from token_operator.domain.spec_problems import spec_problem_of
from token_operator.domain.targets.writable import refuse_unless_writable
from token_operator.reconcile.credentials import keys_in, read_secrets, values_in
from token_operator.salesforce.keys.signer import Signer


async def spec_is_served(checkup: Checkup) -> Sequence[Finding]:
    """See that this version serves all that the spec asks for, and that targets are sound."""
    refusal = spec_problem_of(checkup.connection, lambda _: None)
    if refusal is not None:
        raise refusal
    return [good("The API server accepts the connection.")]


async def login_host_is_allowed(checkup: Checkup) -> Sequence[Finding]:
    """See that tokens may be asked from the login URL."""
    login_url = checkup.connection.org.login_url
    checkup.hosts.check_login_url(login_url)
    return [good(f"Tokens may be asked from {login_url}.")]


async def sources_are_there(checkup: Checkup) -> Sequence[Finding]:
    """Read all source Secrets and the values in them."""
    auth = checkup.connection.auth
    checkup.read = await read_secrets(auth, partial(source, checkup.secrets))
    checkup.credentials = values_in(auth, checkup.read)
    names = ", ".join(checkup.read)
    return [good(f"Read Secret {names}." if names else "No source Secret is needed.")]


async def keys_are_usable(checkup: Checkup) -> Sequence[Finding]:
    """Parse the private keys; show size, fingerprint and the certificate's expiry of each.

    A key that cannot be used is a warning where another one can, as for the operator.
    """
    credentials = checkup.credentials
    if credentials is None or not keys_of(checkup.connection.auth.grant):
        return [good("This grant needs no private key.")]
    keys, unusable = await keys_in(checkup.connection.auth, checkup.read)
    checkup.credentials = replace(credentials, keys=keys, unusable=unusable)
    now = checkup.clock.now()
    return [*map(warned, unusable), *(_described(key, now) for key in keys)]


def _described(key: Signer, now: datetime) -> Finding:
    place = str(key.place)
    text = f"{place[:1].upper()}{place[1:]}: RSA, {key.bits} bits, {key.fingerprint}."
    expiry, problem = key.certificate_not_after, key.certificate_problem
    if problem is not None:
        message = f"{text} Its certificate is not used: {problem.message}"
        return warned(KeyInvalidError(message, remedy=problem.advice))
    if expiry is None:
        return good(f"{text} No certificate beside it.")
    if expiry <= now:
        return warned(
            KeyInvalidError(
                f"{text} Its certificate has expired at {dated(expiry, now)}.",
                remedy="Salesforce goes on accepting it; 'kubectl salesforce rotate-key' "
                "replaces it.",
            )
        )
    return good(f"{text} The certificate expires at {dated(expiry, now)}.")


async def targets_are_free(checkup: Checkup) -> Sequence[Finding]:
    """See that each target may be written; nothing is written."""
    return [await _target(checkup, target) for target in checkup.connection.targets]


async def _target(checkup: Checkup, target: Target) -> Finding:
    name = target.secret_name
    try:
        secret = await checkup.secrets.secret(name)
    except ForbiddenError:
        return warned(SourceForbiddenError(f"You may not read Secret {name}.", remedy=""))
    if secret is None:
        if target.creation_policy is CreationPolicy.MERGE:
            raise TargetMissingError(f"Secret {name} does not exist.")
        return good(f"Secret {name} does not exist yet: the operator creates it.")
    readers = [one.key for one in checkup.others if name in one.auth.source_names()]
    refuse_unless_writable(secret, target, checkup.connection, readers)
    return good(f"Secret {name} may be written.")

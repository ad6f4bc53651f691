"""Calls about the session of one token: verification, introspection and revocation."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from token_operator.clock import Clock
from token_operator.domain.connection import Connection, ConnectionKey
from token_operator.domain.failures import FailureError
from token_operator.domain.life import HeldToken
from token_operator.domain.lifecycle import Lifecycle
from token_operator.domain.outbox import Outbox
from token_operator.domain.outcomes import (
    ApiVersionFound,
    LifeIntrospected,
    RevocationTried,
    VerificationFailed,
    Verified,
)
from token_operator.domain.token import AccessToken, Proof, Verdict, Verifier
from token_operator.reconcile.call_admission import CallAdmission, Caller
from token_operator.reconcile.deferral import Progress, circumstances, record_postponed_verification
from token_operator.reconcile.record import Record, Sources
from token_operator.salesforce.hosts import host_of
from token_operator.salesforce.introspection import App, introspect
from token_operator.salesforce.revocation import revoke
from token_operator.salesforce.transport import Transport
from token_operator.salesforce.verification import (
    newest_api_version,
    verify_by_limits,
    verify_by_userinfo,
)
from token_operator.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)

# API versions of orgs are remembered for this many instance URLs.
MAX_VERSIONS: Final = 1000


@dataclass(slots=True, kw_only=True)
class Sessions:
    """Verifies, introspects and revokes.

    *retry_recovered* has the connections of a host that answers again tried now.
    """

    transport: Transport
    admission: CallAdmission
    clock: Clock
    metrics: Metrics
    retry_recovered: Callable[[frozenset[ConnectionKey]], None]
    # Raises where another operator may be working by now.
    guard: Callable[[], None]
    _versions: OrderedDict[str, str] = field(default_factory=OrderedDict)

    async def verify(self, record: Record, verifier: Verifier) -> Progress:
        """Prove the token that is held, if the call is admitted."""
        held, lifecycle = record.state.held, record.lifecycle
        if held is None:
            return Progress.CONTINUES
        caller = Caller(key=record.key, host=host_of(held.token.instance_url))
        denial = self.admission.admit_verification(caller, self.clock.now())
        if denial is not None:
            at = circumstances(record.connection, self.clock)
            return record_postponed_verification(lifecycle, denial, at)
        try:
            with self.admission.hold_verification_place(caller):
                version = await self._find_api_version(record.connection, lifecycle, held.token)
                proof = await self._prove(held.token, verifier, version)
        except FailureError as failure:
            self.retry_recovered(self.admission.record_outcome(caller, failure))
            self.metrics.verification(verdict=Verdict.UNDECIDABLE)
            at = circumstances(record.connection, self.clock)
            lifecycle.apply(VerificationFailed(failure, at))
            return Progress.CONTINUES
        self.metrics.verification(verdict=proof.verdict)
        lifecycle.apply(Verified(proof, self.clock.now()))
        announce_death(record.outbox, held, lifecycle.state.held)
        if not held.is_proven and proof.verdict is Verdict.ALIVE:
            await self._introspect_life(lifecycle, record.sources, held.token)
        self.retry_recovered(self.admission.record_success(caller))
        return Progress.CONTINUES

    async def _find_api_version(
        self, connection: Connection, lifecycle: Lifecycle, token: AccessToken
    ) -> str:
        """Find and record the version of the REST API: the spec's, the known or the newest one."""
        version = connection.org.api_version or lifecycle.state.api_version
        if not version:
            version = await self._newest_api_version(token.instance_url)
        lifecycle.apply(ApiVersionFound(version))
        return version

    async def _prove(self, token: AccessToken, verifier: Verifier, version: str) -> Proof:
        match verifier:
            case Verifier.LIMITS:
                return await verify_by_limits(self.transport, token, api_version=version)
            case Verifier.USERINFO:
                return await verify_by_userinfo(self.transport, token)

    async def _newest_api_version(self, instance_url: str) -> str:
        """Return the newest version of the org, read once."""
        if instance_url not in self._versions:
            self._versions[instance_url] = await newest_api_version(self.transport, instance_url)
            if len(self._versions) > MAX_VERSIONS:
                self._versions.popitem(last=False)
        return self._versions[instance_url]

    async def _introspect_life(
        self, lifecycle: Lifecycle, sources: Sources | None, token: AccessToken
    ) -> None:
        """Ask how long the session lives, after a login, where a consumer secret allows to ask.

        That a token is not active means nothing: an app without the right to introspect gets
        the same answer.
        """
        if sources is None or not sources.credentials.consumer_secret:
            return
        app = App(
            consumer_key=sources.credentials.consumer_key,
            consumer_secret=sources.credentials.consumer_secret,
        )
        try:
            answer = await introspect(self.transport, token, base_url=token.instance_url, app=app)
        except FailureError as failure:
            logger.debug("Introspection failed: %s", failure.reason)
            return
        if answer.active and answer.expires_at is not None:
            lifecycle.apply(LifeIntrospected(answer.expires_at, self.clock.now()))

    async def revoke(self, record: Record) -> bool:
        """Revoke the token that is held; return whether Salesforce did."""
        self.guard()
        held = record.state.held
        if held is None:
            return True
        try:
            await revoke(self.transport, held.token.value, base_url=held.token.instance_url)
        except FailureError as failure:
            logger.warning("A revocation failed: %s", failure.reason)
            record.lifecycle.apply(RevocationTried(self.clock.now()))
            return False
        record.lifecycle.apply(RevocationTried(self.clock.now()))
        message = f"The session of {held.token.fingerprint} was revoked."
        record.outbox.announce("TokenRevoked", message)
        return True


def announce_death(outbox: Outbox, before: HeldToken, after: HeldToken | None) -> None:
    """Announce that Salesforce ended the session, where a verification has just shown that."""
    if after is not None and after.is_dead and not before.is_dead:
        message = f"Salesforce ended the session of {after.token.fingerprint}."
        outbox.announce("TokenDied", message, is_warning=True)

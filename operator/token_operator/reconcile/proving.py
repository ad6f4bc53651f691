"""Proving that the token of one connection works, and ending a session that does not."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from token_operator.clock import Clock
from token_operator.domain.connection import ConnectionKey
from token_operator.domain.failing import after_verification_failure
from token_operator.domain.failures import FailureError
from token_operator.domain.life import HeldToken
from token_operator.domain.state import after_introspection, after_proof, after_revocation
from token_operator.domain.token import AccessToken, Proof, Verdict, Verifier
from token_operator.reconcile.desk import Caller, Desk
from token_operator.reconcile.obstructing import circumstances, verification_is_put_off
from token_operator.reconcile.record import Record
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
class Proving:
    """Verifies, introspects and revokes; *wake* puts keys into the queue."""

    transport: Transport
    desk: Desk
    clock: Clock
    metrics: Metrics
    wake: Callable[[frozenset[ConnectionKey]], None]
    # Raises where another operator may be working by now.
    guard: Callable[[], None]
    _versions: OrderedDict[str, str] = field(default_factory=OrderedDict)

    async def verify(self, record: Record, verifier: Verifier) -> bool:
        """Prove the token that is held; return whether the pass may go on (False: parked)."""
        held, now = record.state.held, self.clock.now()
        if held is None:
            return True
        caller = Caller(key=record.key, host=host_of(held.token.instance_url))
        obstacle = self.desk.obstacle_to_verification(caller, now)
        if obstacle is not None:
            return verification_is_put_off(record, obstacle, self.clock)
        try:
            with self.desk.verification(caller):
                proof = await self._prove(record, held.token, verifier)
        except FailureError as failure:
            self.wake(self.desk.note_failure(caller, failure))
            self.metrics.verification(verdict=Verdict.UNDECIDABLE)
            at = circumstances(record, self.clock)
            record.state = after_verification_failure(record.state, failure, at)
            return True
        self.metrics.verification(verdict=proof.verdict)
        self._proven(record, proof, held)
        await self._learn_life(record, held, proof)
        self.wake(self.desk.note_success(caller))
        return True

    async def _prove(self, record: Record, token: AccessToken, verifier: Verifier) -> Proof:
        version = record.connection.org.api_version or record.state.api_version
        if not version:
            version = await self._newest_api_version(token.instance_url)
        record.state = replace(record.state, api_version=version)
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

    def _proven(self, record: Record, proof: Proof, before: HeldToken) -> None:
        now = self.clock.now()
        record.state = after_proof(record.state, proof, now)
        held = record.state.held
        if held is not None and held.is_dead and not before.is_dead:
            fingerprint = held.token.fingerprint
            record.outbox.announce(
                "TokenDied", f"Salesforce ended the session of {fingerprint}.", is_warning=True
            )

    async def _learn_life(self, record: Record, before: HeldToken, proof: Proof) -> None:
        """Ask how long the session lives, after a login, where a consumer secret allows to ask.

        That a token is not active says nothing: an app without the right to
        introspect is told the same.
        """
        sources = record.sources
        is_after_login = not before.is_proven and proof.verdict is Verdict.ALIVE
        if sources is None or not sources.consumer_secret or not is_after_login:
            return
        app = App(consumer_key=sources.consumer_key, consumer_secret=sources.consumer_secret)
        token = before.token
        try:
            told = await introspect(self.transport, token, base_url=token.instance_url, app=app)
        except FailureError as failure:
            logger.debug("Introspection failed: %s", failure.reason)
            return
        if told.active and told.expires_at is not None:
            record.state = after_introspection(record.state, told.expires_at, self.clock.now())

    async def end_session(self, record: Record) -> bool:
        """Revoke the token that is held; return whether Salesforce took it."""
        self.guard()
        held = record.state.held
        if held is None:
            return True
        try:
            await revoke(self.transport, held.token.value, base_url=held.token.instance_url)
        except FailureError as failure:
            logger.warning("A revocation failed: %s", failure.reason)
            record.state = after_revocation(record.state, self.clock.now())
            return False
        record.state = after_revocation(record.state, self.clock.now())
        record.outbox.announce(
            "TokenRevoked", f"The session of {held.token.fingerprint} was revoked."
        )
        return True

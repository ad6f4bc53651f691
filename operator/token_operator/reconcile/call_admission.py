"""Which connections may call Salesforce now.

Calls are bounded in all, for a host and for a user; a host that fails for every connection is
tried by one at a time; a user has a login budget. Nothing waits here: a connection without a
place is parked and put back into the queue when a place is free, so that one slow host holds up
no other connection.

Anybody may name the username and consumer key of another tenant. So attempts count against the
namespace that makes them, and only a login that Salesforce accepted counts for all.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from token_operator.domain.budget import LoginBudget, Urgency
from token_operator.domain.connection import ConnectionKey
from token_operator.domain.failures import FailureError

MAX_LOGINS: Final = 20
MAX_LOGINS_PER_HOST: Final = 4
MAX_LOGINS_PER_USER: Final = 1
MAX_VERIFICATIONS: Final = 20
MAX_VERIFICATIONS_PER_HOST: Final = 4
# This many connections in a row have to fail before a host counts as failing for all.
FAILURES_BEFORE_GATE: Final = 2
# A connection that tries a failing host for all loses that right when it stops trying.
PROBER_PATIENCE: Final = timedelta(seconds=90)
# Budgets and hosts without recent use are dropped past this number.
MAX_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Which connection calls which host as which user; *user* is empty for a verification."""

    key: ConnectionKey
    host: str
    user: tuple[str, str] = ("", "")
    urgency: Urgency = Urgency.DUE


@dataclass(slots=True)
class Lane:
    """A number of places, and the connections that wait for one, most urgent first."""

    size: int
    taken: int = 0
    parked: dict[ConnectionKey, Urgency] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        """Whether all places are taken."""
        return self.taken >= self.size


@dataclass(slots=True)
class HostHealth:
    """What is known of one host: which connections failed there, and which one tries it now."""

    failed: set[ConnectionKey] = field(default_factory=set)
    last_failure: FailureError | None = None
    prober: ConnectionKey | None = None
    tried_at: datetime | None = None
    parked: set[ConnectionKey] = field(default_factory=set)

    @property
    def fails_for_all(self) -> bool:
        """Whether only one connection at a time should try."""
        return len(self.failed) >= FAILURES_BEFORE_GATE

    def is_being_tried(self, by: ConnectionKey, now: datetime) -> bool:
        """Whether another connection than *by* tries the host, and has done so lately."""
        if self.prober in (None, by) or self.tried_at is None:
            return False
        return now - self.tried_at < PROBER_PATIENCE


@dataclass(frozen=True, slots=True)
class NoPlace:
    """All places are taken; the caller is put back into the queue when one is free."""


@dataclass(frozen=True, slots=True)
class HostFailing:
    """The host fails for every connection, and another one is trying it."""

    failure: FailureError


@dataclass(frozen=True, slots=True)
class BudgetExhausted:
    """The login budget of the user allows the next login at an instant."""

    free_at: datetime
    is_hard: bool


Denial = NoPlace | HostFailing | BudgetExhausted


@dataclass(slots=True)
class CallAdmission:
    """Admits or denies calls; *requeue* puts a key back into the queue."""

    requeue: Callable[[ConnectionKey], None]
    logins: Lane = field(default_factory=lambda: Lane(MAX_LOGINS))
    verifications: Lane = field(default_factory=lambda: Lane(MAX_VERIFICATIONS))
    _lanes: dict[tuple[str, ...], Lane] = field(default_factory=dict)
    _hosts: dict[str, HostHealth] = field(default_factory=dict)
    # By host, consumer key and username; by namespace too for those that count attempts.
    _budgets: OrderedDict[tuple[str, ...], LoginBudget] = field(default_factory=OrderedDict)

    def admit_login(self, caller: Caller, now: datetime) -> Denial | None:
        """Admit a login, or park *caller* and return why.

        Where the host fails for all, the one that is admitted tries it for the others.
        """
        own, shared = self._ensure_own_budget(caller), self._ensure_shared_budget(caller)
        free_at = own.free_at(now, caller.urgency)
        # A namespace that logs in little gets its dead token replaced, whatever others do.
        if caller.urgency is not Urgency.DEAD or own.is_past_soft_limit(now):
            free_at = max(free_at, shared.free_at(now, caller.urgency))
        if free_at > now:
            is_hard = own.is_exhausted(now) or shared.is_exhausted(now)
            return BudgetExhausted(free_at, is_hard=is_hard)
        return self._admit(caller, self._ensure_login_lanes(caller), now)

    def admit_verification(self, caller: Caller, now: datetime) -> Denial | None:
        """Admit a verification as a login is admitted, or park *caller* and return why."""
        return self._admit(caller, self._ensure_verification_lanes(caller), now)

    def _admit(self, caller: Caller, lanes: tuple[Lane, ...], now: datetime) -> Denial | None:
        health = self._hosts.get(caller.host)
        if health is not None and health.fails_for_all and health.last_failure is not None:
            if health.is_being_tried(caller.key, now):
                health.parked.add(caller.key)
                return HostFailing(health.last_failure)
            health.prober, health.tried_at = caller.key, now
        full = next((lane for lane in lanes if lane.is_full), None)
        if full is None:
            return None
        full.parked[caller.key] = caller.urgency
        return NoPlace()

    def count_login(self, caller: Caller, now: datetime) -> None:
        """Count a login that is sent, for the namespace of *caller*."""
        self._ensure_own_budget(caller).note(now)

    def count_accepted_login(self, caller: Caller, now: datetime) -> None:
        """Count a login that Salesforce accepted, for all who log in as this user."""
        self._ensure_shared_budget(caller).note(now)

    @contextmanager
    def hold_login_place(self, caller: Caller, now: datetime) -> Iterator[None]:
        """Hold the places of one login, and count it for the namespace of *caller*."""
        self.count_login(caller, now)
        with self._places(caller.key, self._ensure_login_lanes(caller)):
            yield

    @contextmanager
    def hold_verification_place(self, caller: Caller) -> Iterator[None]:
        """Hold the places of one verification."""
        with self._places(caller.key, self._ensure_verification_lanes(caller)):
            yield

    @contextmanager
    def _places(self, key: ConnectionKey, lanes: tuple[Lane, ...]) -> Iterator[None]:
        for lane in lanes:
            lane.taken += 1
            lane.parked.pop(key, None)  # it may have come by itself
        try:
            yield
        finally:
            for lane in lanes:
                lane.taken -= 1
                self._call_next(lane)
            self._drop_empty()

    def _call_next(self, lane: Lane) -> None:
        if lane.parked and not lane.is_full:
            key = min(lane.parked, key=lambda one: lane.parked[one])
            del lane.parked[key]
            self.requeue(key)

    def record_outcome(self, caller: Caller, failure: FailureError) -> frozenset[ConnectionKey]:
        """Record that the host failed for *caller*; return the connections that it wakes.

        A failure that is the caller's own is an answer of the host all the same.
        """
        if not failure.is_host_wide:
            return self.record_success(caller)
        health = self._hosts.setdefault(caller.host, HostHealth())
        health.failed.add(caller.key)
        health.last_failure = failure
        return frozenset()

    def record_success(self, caller: Caller) -> frozenset[ConnectionKey]:
        """Record that the host answered; return the connections that failed or waited there."""
        health = self._hosts.pop(caller.host, None)
        if health is None:
            return frozenset()
        return frozenset((health.failed | health.parked) - {caller.key})

    def forget(self, key: ConnectionKey) -> None:
        """Drop a connection that is gone; another one may try in its place."""
        for lane in (self.logins, self.verifications, *self._lanes.values()):
            lane.parked.pop(key, None)
        for health in self._hosts.values():
            health.failed.discard(key)
            health.parked.discard(key)
            if health.prober == key:
                health.prober = None
                self._wake_one(health)

    def _wake_one(self, health: HostHealth) -> None:
        if health.parked:
            self.requeue(health.parked.pop())

    def used_shares(self, now: datetime) -> dict[str, float]:
        """Return per host the used share of the fullest login budget, 0..1."""
        shares: dict[str, float] = {}
        for (host, *_), budget in self._budgets.items():
            shares[host] = max(shares.get(host, 0.0), budget.used_share(now))
        return shares

    def _ensure_shared_budget(self, caller: Caller) -> LoginBudget:
        return self._ensure_budget((caller.host, *caller.user))

    def _ensure_own_budget(self, caller: Caller) -> LoginBudget:
        return self._ensure_budget((caller.host, *caller.user, caller.key.namespace))

    def _ensure_budget(self, place: tuple[str, ...]) -> LoginBudget:
        budget = self._budgets.setdefault(place, LoginBudget())
        self._budgets.move_to_end(place)
        if len(self._budgets) > MAX_REMEMBERED:
            self._budgets.popitem(last=False)
        return budget

    def _ensure_login_lanes(self, caller: Caller) -> tuple[Lane, ...]:
        host = self._lanes.setdefault(("login", caller.host), Lane(MAX_LOGINS_PER_HOST))
        user = self._lanes.setdefault(
            ("login", caller.host, *caller.user), Lane(MAX_LOGINS_PER_USER)
        )
        return (self.logins, host, user)

    def _ensure_verification_lanes(self, caller: Caller) -> tuple[Lane, ...]:
        lane = Lane(MAX_VERIFICATIONS_PER_HOST)
        host = self._lanes.setdefault(("verification", caller.host), lane)
        return (self.verifications, host)

    def _drop_empty(self) -> None:
        if len(self._lanes) > MAX_REMEMBERED:
            self._lanes = {
                name: lane for name, lane in self._lanes.items() if lane.taken or lane.parked
            }

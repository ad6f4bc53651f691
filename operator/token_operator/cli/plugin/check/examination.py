"""A check of one connection: its steps in order, and which of them need which.

Steps that need a failed step are skipped and reported as not done.
Nothing here writes to the cluster.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from token_operator.cli.plugin.sources import Secrets
from token_operator.clock import Clock
from token_operator.domain.connection import Connection
from token_operator.domain.failures import FailureError
from token_operator.domain.targets.secret import Secret
from token_operator.domain.token import AccessToken
from token_operator.salesforce.credentials import Credentials
from token_operator.salesforce.hosts import AllowedHosts
from token_operator.salesforce.transport import Transport


class Mark(StrEnum):
    """How a step came out."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    NOT_DONE = "not done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one step found; *reason* and *remedy* are empty where all is well."""

    mark: Mark
    message: str
    reason: str = ""
    remedy: str = ""


def good(message: str) -> Finding:
    """Return that a step is as it should be."""
    return Finding(mark=Mark.GOOD, message=message)


def not_done(message: str) -> Finding:
    """Return that a step was left out, and why."""
    return Finding(mark=Mark.NOT_DONE, message=message)


def warned(failure: FailureError) -> Finding:
    """Return something that is not as it should be and stops nothing."""
    return Finding(
        mark=Mark.WARNING,
        reason=failure.reason,
        message=failure.message,
        remedy=failure.advice,
    )


def failed(failure: FailureError) -> Finding:
    """Return a failure, reported as the operator would report it."""
    remedy = failure.advice
    if failure.may_be_propagation:
        remedy = f"{remedy} After a change in Salesforce wait 10 minutes and check again.".strip()
    return Finding(mark=Mark.BAD, reason=failure.reason, message=failure.message, remedy=remedy)


@dataclass(slots=True, kw_only=True)
class Checkup:
    """One check: what it works with, and what its steps have found so far."""

    connection: Connection
    secrets: Secrets
    transport: Transport
    hosts: AllowedHosts
    clock: Clock
    # Audience and key of the operator's last login that worked; empty if none is known.
    last_audience: str = ""
    last_key: str = ""
    # What the operator reports of a connection that it already reconciles; empty if nothing.
    reported_by_operator: str = ""
    # The other connections of the namespace, as far as they may be seen.
    others: tuple[Connection, ...] = ()
    read: Mapping[str, Secret] = field(default_factory=dict, repr=False)
    credentials: Credentials | None = None
    token: AccessToken | None = None
    api_version: str = ""


Work = Callable[[Checkup], Awaitable[Sequence[Finding]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to check; it is skipped where a step that it *needs* failed."""

    name: str
    work: Work
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """A finding with the name of its step."""

    step: str
    finding: Finding

    def document(self) -> dict[str, Any]:
        """Return it as the member of a JSON document."""
        finding = self.finding
        found = {
            "step": self.step,
            "result": finding.mark.value,
            "reason": finding.reason,
            "message": finding.message,
            "remedy": finding.remedy,
        }
        return {name: value for name, value in found.items() if value}


_USABLE: Final = frozenset({Mark.GOOD, Mark.WARNING})


class Examination:
    """Makes the steps one after the other and reports each as soon as it is done."""

    def __init__(self, report: Callable[[StepResult], None]) -> None:
        self._report = report
        self._usable: set[str] = set()
        self.results: list[StepResult] = []

    @property
    def is_good(self) -> bool:
        """Whether no step failed."""
        return all(result.finding.mark is not Mark.BAD for result in self.results)

    def note(self, step: str, findings: Iterable[Finding]) -> None:
        """Report what a step found."""
        found = list(findings)
        if all(finding.mark in _USABLE for finding in found):
            self._usable.add(step)
        for finding in found:
            result = StepResult(step=step, finding=finding)
            self.results.append(result)
            self._report(result)

    def _why_not(self, missing: str) -> str:
        if self.is_good:
            return f'Skipped: "{missing}" was skipped.'
        return f'Skipped: fix "{missing}" first.'

    async def run(self, steps: Iterable[Step], checkup: Checkup) -> None:
        """Run the steps, skipping those that need one that failed."""
        for step in steps:
            missing = [need for need in step.needs if need not in self._usable]
            if missing:
                self.note(step.name, [not_done(self._why_not(missing[0]))])
                continue
            try:
                self.note(step.name, await step.work(checkup))
            except FailureError as failure:
                self.note(step.name, [failed(failure)])

"""The requests that carry out one decision about a target Secret."""

from dataclasses import dataclass

from token_operator.cluster.api import Api
from token_operator.cluster.applying import Applied, apply_entries
from token_operator.cluster.secrets import (
    create_secret,
    delete_secret,
    patch_secret,
    read_secret,
    strip_secret,
)
from token_operator.domain.connection import Connection, ConnectionKey
from token_operator.domain.targets.actions import (
    Apply,
    Create,
    Delete,
    HandBack,
    Patch,
    Strip,
    TakeOut,
    Write,
)
from token_operator.domain.targets.merge_rules import manager_name
from token_operator.domain.targets.observation import Absence
from token_operator.domain.targets.removals import Traces
from token_operator.domain.targets.secret import Secret, SecretMeta

Prune = Delete | Strip | TakeOut


@dataclass(slots=True)
class TargetRequests:
    """Sends what one decision needs; raises ApiError where the API server refuses it."""

    api: Api

    async def read(self, connection: Connection, name: str) -> Secret | Absence:
        """Return a Secret with its content."""
        secret = await read_secret(self.api, connection.key.namespace, name)
        return Absence.NOT_FOUND if secret is None else secret

    async def write(self, action: Write, connection: Connection) -> SecretMeta:
        """Write a target; return the metadata of what was written."""
        match action:
            case Create(plan):
                return await create_secret(self.api, plan.desired)
            case Patch(plan, seen):
                return await patch_secret(self.api, plan.desired, seen)
            case Apply(_, seen):
                return await self._apply(action, connection, seen)
            case HandBack(apply):
                return await self._hand_back(apply, connection)

    async def prune(self, action: Prune, connection: Connection) -> str:
        """Let go of a former target; return what became of it, to follow "a target"."""
        namespace = connection.key.namespace
        match action:
            case Delete(seen):
                await delete_secret(self.api, namespace, seen)
                return " and was deleted"
            case TakeOut(seen):
                await self._take_out(connection, seen)
                return "; the entries written by this connection were removed"
            case Strip(seen, traces):
                await self._strip(connection, seen, traces)
                return " and is kept" if traces is None else " and its other entries are kept"

    async def _strip(self, connection: Connection, seen: SecretMeta, traces: Traces | None) -> None:
        namespace = connection.key.namespace
        if traces is None:
            await strip_secret(self.api, namespace, seen)
            return
        await strip_secret(
            self.api,
            namespace,
            seen,
            entries=tuple(sorted(traces.entries)),
            labels=tuple(sorted(traces.labels)),
            annotations=(*seen.annotations, *sorted(traces.annotations)),
        )

    async def _apply(self, action: Apply, connection: Connection, seen: SecretMeta) -> SecretMeta:
        applied = Applied(
            manager=manager_name(connection),
            entries=action.plan.desired.entries,
            takes_over=action.takes_over,
        )
        return await apply_entries(self.api, action.plan.desired.key, seen, applied)

    async def _hand_back(self, apply: Apply, connection: Connection) -> SecretMeta:
        desired = apply.plan.desired
        stripped = await strip_secret(
            self.api,
            connection.key.namespace,
            apply.seen,
            entries=desired.dropped,
            labels=desired.dropped_labels,
            annotations=(*desired.dropped_annotations, *sorted(apply.seen.annotations)),
        )
        return await self._apply(apply, connection, stripped)

    async def _take_out(self, connection: Connection, seen: SecretMeta) -> None:
        key = ConnectionKey(connection.key.namespace, seen.name)
        nothing = Applied(manager=manager_name(connection), entries={})
        await apply_entries(self.api, key, seen, nothing)

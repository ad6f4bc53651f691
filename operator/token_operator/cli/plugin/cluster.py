"""What the commands read and write in one namespace."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from token_operator.cli.plugin.errors import NotGoodError
from token_operator.cluster import paths
from token_operator.cluster.api import MERGE_PATCH, PAGE, Api, NotFoundError, Request
from token_operator.cluster.secrets import read_secret
from token_operator.domain.kinds import SALESFORCE_CONNECTION
from token_operator.domain.targets.secret import Secret

Raw = dict[str, Any]
DRY_RUN: Final[Mapping[str, str]] = {"dryRun": "All", "fieldValidation": "Strict"}
STRICT: Final[Mapping[str, str]] = {"fieldValidation": "Strict"}


@dataclass(frozen=True, slots=True)
class Cluster:
    """The API server and the namespace that is meant; errors are those of ``Api.send``."""

    api: Api
    namespace: str

    async def connection(self, name: str) -> Raw:
        """Return a connection; raise NotGoodError where there is none of that name."""
        try:
            return await self.api.send(Request(method="GET", path=self._connection(name)))
        except NotFoundError as error:
            raise NotGoodError(self._absence(name, error)) from None

    def _absence(self, name: str, error: NotFoundError) -> str:
        # An API server without the CRD does not name what it did not find.
        if name and f'"{name}" not found' in error.message:
            return f"There is no SalesforceConnection {name} in namespace {self.namespace}."
        return "This cluster has no SalesforceConnection CRD: install the operator's CRD."

    async def connections(self, *, everywhere: bool = False) -> list[Raw]:
        """Return all connections of the namespace, or of the cluster."""
        try:
            return await self._listed(_connections(None if everywhere else self.namespace))
        except NotFoundError as error:
            raise NotGoodError(self._absence("", error)) from None

    async def pods(self) -> list[Raw]:
        """Return all pods of the namespace."""
        return await self._listed(paths.pods(self.namespace))

    async def _listed(self, path: str) -> list[Raw]:
        query, found = {"limit": str(PAGE)}, list[Raw]()
        while True:
            page = await self.api.send(Request(method="GET", path=path, query=query))
            found += page.get("items") or ()
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return found
            query = {**query, "continue": token}

    async def patch_connection(self, name: str, change: Raw, *, dry_run: bool = False) -> Raw:
        """Merge *change* into a connection."""
        request = Request(
            method="PATCH",
            path=self._connection(name),
            query=DRY_RUN if dry_run else STRICT,
            body=change,
            content_type=MERGE_PATCH,
        )
        try:
            return await self.api.send(request)
        except NotFoundError as error:
            raise NotGoodError(self._absence(name, error)) from None

    async def create_connection(self, body: Raw, *, dry_run: bool = False) -> Raw:
        """Create a connection, or only let the API server judge it."""
        return await self._create(_connections(self.namespace), body, dry_run=dry_run)

    async def replace_connection(self, name: str, body: Raw, *, dry_run: bool) -> Raw:
        """Replace a connection, or only let the API server judge it."""
        query = DRY_RUN if dry_run else STRICT
        request = Request(method="PUT", path=self._connection(name), query=query, body=body)
        return await self.api.send(request)

    async def secret(self, name: str) -> Secret | None:
        """Return a Secret; None where it does not exist."""
        return await read_secret(self.api, self.namespace, name)

    async def create_secret(self, body: Raw, *, dry_run: bool = False) -> Raw:
        """Create a Secret, or only let the API server judge it."""
        return await self._create(paths.secrets(self.namespace), body, dry_run=dry_run)

    async def patch_secret(self, name: str, change: Raw) -> Raw:
        """Merge *change* into a Secret."""
        request = Request(
            method="PATCH",
            path=paths.secrets(self.namespace, name),
            body=change,
            content_type=MERGE_PATCH,
        )
        return await self.api.send(request)

    async def events(self, name: str) -> list[Raw]:
        """Return the Events about a connection, oldest first."""
        kind = SALESFORCE_CONNECTION.name
        selector = f"involvedObject.kind={kind},involvedObject.name={name}"
        path = paths.events(self.namespace)
        query = {"fieldSelector": selector}
        answer = await self.api.send(Request(method="GET", path=path, query=query))
        return sorted(answer.get("items") or (), key=_last_seen)

    async def _create(self, path: str, body: Raw, *, dry_run: bool) -> Raw:
        query = DRY_RUN if dry_run else STRICT
        return await self.api.send(Request(method="POST", path=path, query=query, body=body))

    def _connection(self, name: str) -> str:
        return paths.resources(SALESFORCE_CONNECTION, self.namespace, name)


def _last_seen(event: Raw) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")


def _connections(namespace: str | None) -> str:
    return paths.resources(SALESFORCE_CONNECTION, namespace)

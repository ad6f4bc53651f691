"""The connections of the benchmark: each has a key Secret, a user and a target of its own."""

import asyncio
import base64
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench.api import Api, Resource
from bench.issuer import Issuer, OrgAddress
from bench.orgs import username
from bench.waiting import BenchError, Report, do_all

NAMESPACE: Final = "bench"
_GROUP: Final = "salesforce-token.dev"
_SECRETS: Final = f"/api/v1/namespaces/{NAMESPACE}/secrets"
_CONNECTIONS: Final = f"/apis/{_GROUP}/v1alpha1/namespaces/{NAMESPACE}/salesforceconnections"
# As large as a page of a list may be without a continuation.
_PAGE: Final = "500"


@dataclass(frozen=True, slots=True)
class Member:
    """One connection to be: its name, and who logs in where."""

    name: str
    org: OrgAddress
    user: str

    @property
    def target(self) -> str:
        """The name of its target Secret."""
        return f"{self.name}-token"

    @property
    def key_secret(self) -> str:
        """The name of its key Secret."""
        return f"{self.name}-key"


class Fleet:
    """Makes and changes connections; every member has a user that no other one has."""

    def __init__(self, api: Api, issuer: Issuer, report: Report) -> None:
        self._api = api
        self._issuer = issuer
        self._report = report
        self._new = self._members()

    def _members(self) -> Iterator[Member]:
        orgs = self._issuer.orgs
        for number in itertools.count():
            org = orgs[number % len(orgs)]
            yield Member(f"c{number:05}", org, username(org.name, number // len(orgs)))

    def take(self, number: int) -> list[Member]:
        """Return so many members that nobody has taken yet."""
        return list(itertools.islice(self._new, number))

    def take_failing(self, number: int) -> list[Member]:
        """Return members of the one org that can be made to fail."""
        org = self._issuer.failing
        return [Member(f"f{one:05}", org, username(org.name, one)) for one in range(number)]

    async def give_keys(self, members: Sequence[Member]) -> None:
        """Create the key Secret of each: all hold the same key, which only a reader could know."""
        jobs = [lambda one=one: self._api.create(_SECRETS, self._key_of(one)) for one in members]
        await do_all(jobs, "key Secrets", self._report)

    async def connect(
        self, members: Sequence[Member], token: Mapping[str, Any], *, at_once: int = 32
    ) -> None:
        """Create the connections, with these token settings."""
        jobs = [
            lambda one=one: self._api.create(_CONNECTIONS, _connection(one, token))
            for one in members
        ]
        await do_all(jobs, "connections", self._report, at_once=at_once)

    async def change(self, members: Sequence[Member], token: Mapping[str, Any]) -> None:
        """Change the token settings of connections."""
        jobs = [
            lambda one=one: self._api.patch(
                f"{_CONNECTIONS}/{one.name}", {"spec": {"token": token}}
            )
            for one in members
        ]
        await do_all(jobs, "connections changed", self._report)

    async def change_key(self, member: Member) -> None:
        """Put the other key that the app knows into the key Secret."""
        data = {"tls.key": _encoded(self._issuer.keys[1])}
        await self._api.patch(f"{_SECRETS}/{member.key_secret}", {"data": data})

    async def key_in_use(self, member: Member) -> str:
        """Return the fingerprint of the key that a connection logged in with last."""
        connection = await self._api.get(f"{_CONNECTIONS}/{member.name}")
        return str(connection["status"]["auth"]["keyFingerprint"])

    async def not_ready(self) -> list[str]:
        """Return what connections say that are not Ready."""
        return [_said(one) for one in await self._all() if not _is_ready(one)]

    async def expect_ready(self) -> None:
        """Raise BenchError unless every connection is Ready."""
        said = await self.not_ready()
        if said:
            raise BenchError(f"{len(said)} connections are not Ready, for instance: {said[0]}")

    async def _all(self) -> list[Resource]:
        found: list[Resource] = []
        query = {"limit": _PAGE}
        while True:
            page = await self._api.get(_CONNECTIONS, query)
            found += page["items"]
            query["continue"] = page["metadata"].get("continue", "")
            if not query["continue"]:
                return found
            await asyncio.sleep(0)

    def _key_of(self, member: Member) -> Resource:
        labels = {f"{_GROUP}/watch": "true"}
        return {
            "metadata": {"name": member.key_secret, "labels": labels},
            "data": {"tls.key": _encoded(self._issuer.keys[0])},
        }


def _connection(member: Member, token: Mapping[str, Any]) -> Resource:
    return {
        "apiVersion": f"{_GROUP}/v1alpha1",
        "kind": "SalesforceConnection",
        "metadata": {"name": member.name},
        "spec": {
            "org": {"loginURL": member.org.login_url},
            "auth": {
                "consumerKey": member.org.consumer_key,
                "jwtBearer": {"username": member.user, "keys": [{"secretName": member.key_secret}]},
            },
            "token": dict(token),
            "targets": [{"secretName": member.target}],
        },
    }


def _is_ready(connection: Resource) -> bool:
    conditions = connection.get("status", {}).get("conditions", ())
    return any((one["type"], one["status"]) == ("Ready", "True") for one in conditions)


def _said(connection: Resource) -> str:
    conditions = connection.get("status", {}).get("conditions", ())
    words = [f"{one['type']}={one['status']} {one['message']}" for one in conditions]
    return f"{connection['metadata']['name']}: {' '.join(words) or 'no status'}"


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()

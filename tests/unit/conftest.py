"""The whole operator between a fake API server and a fake Salesforce, on a clock of the test."""

import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from fakeorg import FakeSalesforce, readymade_org
from support.builders import NOON
from support.clock import SettableClock
from support.fake_api import FakeApi, fake_api
from support.parts import Parts, operator_between


@pytest.fixture(scope="session")
def salesforce() -> Iterator[FakeSalesforce]:
    with FakeSalesforce() as fake:
        yield fake


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeApi]:
    async with fake_api() as fake:
        yield fake


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest_asyncio.fixture
async def parts(
    server: FakeApi, salesforce: FakeSalesforce, clock: SettableClock
) -> AsyncIterator[Parts]:
    salesforce.clock.freeze(NOON)
    salesforce.clear_faults()
    ready = readymade_org(salesforce, f"acme{secrets.token_hex(4)}")
    async with operator_between(server, salesforce, ready, clock) as operator:
        yield Parts(server, salesforce, ready, clock, operator)
    salesforce.clock.reset()

"""A fake API server, and the operator's own way to it."""

from collections.abc import AsyncIterator

import pytest_asyncio

from support.fake_api import FakeApi, api_over, fake_api
from token_operator.cluster.api import Api


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeApi]:
    async with fake_api() as fake:
        yield fake


@pytest_asyncio.fixture
async def api(server: FakeApi) -> AsyncIterator[Api]:
    async with api_over(server) as made:
        yield made

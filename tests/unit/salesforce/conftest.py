"""A loopback server in the place of Salesforce, and the way to it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest_asyncio

from support.loopback import FixedClock, loopback
from support.wire import AGENT, Wire
from token_operator.salesforce.hosts import AllowedHosts
from token_operator.salesforce.transport import Transport, make_http_client


@pytest_asyncio.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    async with loopback(tmp_path) as (server, ca_file):
        clock = FixedClock()
        async with make_http_client(ca_file, AGENT) as client:
            transport = Transport(client, clock, total_timeout=timedelta(seconds=3))
            yield Wire(server, transport, clock, AllowedHosts([server.host]), ca_file)

"""Connections to many hosts are spread over several pools."""

import asyncio

import httpx
import pytest

from support.loopback import FixedClock
from support.wire import AGENT, Wire
from token_operator.domain.failures import NetworkError
from token_operator.proxies import proxies_of
from token_operator.salesforce.pools import POOLS, Pools
from token_operator.salesforce.transport import Transport, make_http_client


class _Pool(httpx.AsyncBaseTransport):
    def __init__(self) -> None:
        self.hosts: list[str] = []
        self.is_closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.hosts.append(request.url.host)
        return httpx.Response(200)

    async def aclose(self) -> None:
        self.is_closed = True


async def test_host_has_one_pool_and_many_hosts_have_several() -> None:
    made: list[_Pool] = []

    def make() -> _Pool:
        made.append(_Pool())
        return made[-1]

    hosts = [f"acme{number}.my.salesforce.com" for number in range(512)]
    async with httpx.AsyncClient(transport=Pools(make)) as client:
        for host in (*hosts, *hosts):
            await client.get(f"https://{host}/services/data/")

    assert len(made) == POOLS
    assert all(pool.hosts for pool in made)
    for pool in made:
        assert pool.hosts == pool.hosts[: len(pool.hosts) // 2] * 2
        assert pool.is_closed
    assert sorted({host for pool in made for host in pool.hosts}) == sorted(hosts)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
async def test_proxy_is_not_passed_over(wire: Wire, variable: str) -> None:
    asked: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        proxies = proxies_of({variable: f"http://127.0.0.1:{port}"})
        async with make_http_client(wire.ca_file, AGENT, proxies) as client:
            with pytest.raises(NetworkError):
                await Transport(client, FixedClock()).send("GET", "https://login.example")

    assert asked[0].startswith(b"CONNECT login.example:443 ")

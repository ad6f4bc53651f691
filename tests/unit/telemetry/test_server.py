"""The listener answers on three paths and on no other."""

import socket
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest

from token_operator.telemetry.health import Health
from token_operator.telemetry.metrics import Metrics
from token_operator.telemetry.server import TelemetryServer


class StandingClock:
    """A clock that stands still."""

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture
def health() -> Health:
    return Health(StandingClock(), server_timeout=timedelta(minutes=10))


def a_server(health: Health, host: str = "127.0.0.1", port: int = 0) -> TelemetryServer:
    return TelemetryServer(host, port, metrics=Metrics("1.2.3"), health=health)


@pytest.fixture
async def client(health: Health) -> AsyncIterator[aiohttp.ClientSession]:
    """Connect to a server that runs."""
    server = a_server(health)
    await server.start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
        yield session
    await server.stop()


async def get(client: aiohttp.ClientSession, path: str) -> tuple[int, str]:
    async with client.get(path) as response:
        return response.status, await response.text()


async def test_metrics_are_served_as_prometheus_text(client: aiohttp.ClientSession) -> None:
    async with client.get("/metrics") as response:
        page = await response.text()

        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'salesforce_token_build_info{version="1.2.3"} 1.0' in page


async def test_operator_that_is_alive_answers_ok(client: aiohttp.ClientSession) -> None:
    assert await get(client, "/livez") == (200, "ok\n")


async def test_problems_are_listed_one_per_line(
    client: aiohttp.ClientSession, health: Health
) -> None:
    health.watch_queue(lambda: (2, 400.0))

    status, body = await get(client, "/livez")

    assert status == 503
    assert body == "The queue holds 2 and no worker made progress for 400 s.\n"


async def test_readiness_changes_when_the_first_lists_are_in(
    client: aiohttp.ClientSession, health: Health
) -> None:
    assert await get(client, "/readyz") == (503, "The first lists are not in yet.\n")

    health.ready()

    assert await get(client, "/readyz") == (200, "ok\n")


@pytest.mark.parametrize("path", ["/", "/healthz", "/metrics/", "/livez/x", "/debug/pprof"])
async def test_every_other_path_is_not_found(client: aiohttp.ClientSession, path: str) -> None:
    status, _ = await get(client, path)

    assert status == 404


async def test_address_in_use_is_named_in_the_error(health: Health) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(OSError, match=rf"Cannot listen on 127\.0\.0\.1:{port}: .*in use"):
            await a_server(health, port=port).start()


async def test_address_of_another_machine_is_named_in_the_error(health: Health) -> None:
    with pytest.raises(OSError, match=r"^Cannot listen on \[2001:db8::1\]:8080: "):
        await a_server(health, "2001:db8::1", 8080).start()


async def test_stopped_server_listens_no_more_and_stops_again(health: Health) -> None:
    server = a_server(health)
    await server.start()
    port = server.port

    await server.stop()
    await server.stop()

    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=1)

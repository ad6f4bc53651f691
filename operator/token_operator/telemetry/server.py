"""The HTTP listener for those who look after the operator: /metrics, /livez and /readyz."""

from aiohttp import web

from token_operator.telemetry.health import Health
from token_operator.telemetry.metrics import CONTENT_TYPE, Metrics

# Nobody downloads for long here; aiohttp would wait a minute for an idle client.
_STOP_SECONDS = 1.0


class TelemetryServer:
    """A listener on one address, from start to stop."""

    def __init__(self, host: str, port: int, *, metrics: Metrics, health: Health) -> None:
        self._host = host
        self._port = port
        self._metrics = metrics
        self._health = health
        self._runner = web.AppRunner(
            self._application(), access_log=None, shutdown_timeout=_STOP_SECONDS
        )

    async def start(self) -> None:
        """Listen. Raises OSError, with the address in its text, if that is impossible."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            address = f"[{self._host}]" if ":" in self._host else self._host
            cause = error.strerror or str(error)
            raise OSError(f"Cannot listen on {address}:{self._port}: {cause}.") from error

    async def stop(self) -> None:
        """Stop listening; good to call twice, or without a start."""
        await self._runner.cleanup()

    @property
    def port(self) -> int:
        """The port that is listened on; another than asked for if that was 0."""
        return int(self._runner.addresses[0][1])

    def _application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/metrics", self._show_metrics)
        application.router.add_get("/livez", self._show_liveness)
        application.router.add_get("/readyz", self._show_readiness)
        return application

    async def _show_metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics.page(), headers={"Content-Type": CONTENT_TYPE})

    async def _show_liveness(self, _: web.Request) -> web.Response:
        return _answer(self._health.liveness())

    async def _show_readiness(self, _: web.Request) -> web.Response:
        return _answer(self._health.readiness())


def _answer(problems: list[str]) -> web.Response:
    lines = "\n".join(problems) or "ok"
    return web.Response(text=f"{lines}\n", status=503 if problems else 200)

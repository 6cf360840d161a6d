"""Metrics and health over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

Check = Callable[[], str]
"""A health check: empty when all is well, else one sentence on what is not."""

_SHUTDOWN_SECONDS: Final = 2.0


def make_app(registry: CollectorRegistry, *, healthy: Check, ready: Check) -> web.Application:
    """Build the application.

    Parameters
    ----------
    registry
        Metrics of `/metrics`.
    healthy
        Check of `/healthz`: whether a restart would help.
    ready
        Check of `/readyz`: whether this operator could take over.

    """

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    def answer(check: Check) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(_: web.Request) -> web.Response:
            sentence = check()
            return web.Response(text=f"{sentence or 'ok'}\n", status=503 if sentence else 200)

        return handle

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/healthz", answer(healthy))
    app.router.add_get("/readyz", answer(ready))
    return app


@asynccontextmanager
async def serve(app: web.Application, host: str, port: int) -> AsyncIterator[str]:
    """Serve while the context is open. Gives the URL, with the real port where 0 asked for any."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        address = runner.addresses[0]
        yield f"http://{address[0]}:{address[1]}"
    finally:
        await runner.cleanup()

from __future__ import annotations

import aiohttp
from prometheus_client import CollectorRegistry, Counter

from erasure_operator.web import make_app, serve


async def test_metrics_and_health_are_served() -> None:
    registry = CollectorRegistry()
    Counter("things", "Things", registry=registry).inc(3)
    complaints = {"healthy": "", "ready": "the store is not warm yet"}
    app = make_app(registry, healthy=lambda: complaints["healthy"], ready=lambda: complaints["ready"])
    async with serve(app, "127.0.0.1", 0) as url, aiohttp.ClientSession(trust_env=False) as session:
        async with session.get(f"{url}/metrics") as answer:
            assert answer.headers["Content-Type"].startswith("text/plain")
            assert "things_total 3.0" in await answer.text()
        async with session.get(f"{url}/healthz") as answer:
            assert (answer.status, await answer.text()) == (200, "ok\n")
        async with session.get(f"{url}/readyz") as answer:
            assert (answer.status, await answer.text()) == (503, "the store is not warm yet\n")
        complaints["ready"] = ""
        async with session.get(f"{url}/readyz") as answer:
            assert answer.status == 200


async def test_a_free_port_is_told() -> None:
    app = make_app(CollectorRegistry(), healthy=str, ready=str)
    async with serve(app, "127.0.0.1", 0) as url:
        assert url.startswith("http://127.0.0.1:")
        assert not url.endswith(":0")

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import httpx
import pytest

from lab.probes import http_ok


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_answer_is_enough(address: str) -> None:
    http_ok(f"{address}/healthz")


def test_an_error_is_not(address: str) -> None:
    with pytest.raises(httpx.HTTPStatusError):
        http_ok(f"{address}/other")


def test_nobody_there_is_said(address: str) -> None:
    with pytest.raises(httpx.ConnectError):
        http_ok("http://127.0.0.1:1/healthz")


def test_a_proxy_of_the_environment_is_not_asked(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    http_ok(f"{address}/healthz")

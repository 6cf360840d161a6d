"""The process: it opens its port when it can serve, and finishes what it accepted."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.inference import releases

pytestmark = pytest.mark.torch

BODY = {"prompt": "a drawing of a cat", "frames": 8, "steps": 30, "format": "mp4"}
READY_WITHIN_SECONDS = 180


@contextmanager
def server(*args: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "inference.main", "--port", str(port), "--device", "CPU", *args],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=Path(__file__).parents[2],
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(30)
        assert process.stderr
        process.stderr.close()


def wait_ready(process: subprocess.Popen[str], url: str) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            assert process.stderr
            raise AssertionError(process.stderr.read())
        try:
            if httpx.get(f"{url}/readyz", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the server did not become ready")


def test_a_request_that_was_accepted_is_answered_after_sigterm(tmp_path: Path) -> None:
    pipeline = releases.save_pipeline(tmp_path / "t2v")
    with server("--pipeline", str(pipeline)) as (process, url):
        wait_ready(process, url)
        answers: list[httpx.Response] = []
        client = threading.Thread(
            target=lambda: answers.append(
                httpx.post(f"{url}/generate", json=BODY, timeout=120, trust_env=False)
            )
        )
        client.start()
        stop_when_generating(process, url)
        client.join(120)
        assert process.wait(60) == 0
        assert [answer.status_code for answer in answers] == [200]
        assert b"ftyp" in answers[0].content[:16]


def stop_when_generating(process: subprocess.Popen[str], url: str) -> None:
    """Send SIGTERM once the server has taken the request."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if "t2v_requests_present 1.0" in httpx.get(f"{url}/metrics", trust_env=False).text:
            process.send_signal(signal.SIGTERM)
            return
        time.sleep(0.05)  # between two questions, never instead of one
    raise AssertionError("the server did not take the request")

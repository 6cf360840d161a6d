"""What Prometheus reads."""

from __future__ import annotations

from prometheus_client import generate_latest

from inference.metrics import Metrics


def test_the_queue_and_the_erasures_are_read_when_asked() -> None:
    waiting = 0.0
    metrics = Metrics(present=lambda: waiting + 1, waiting=lambda: waiting, erasures=3)
    waiting = 2.0
    metrics.requests.labels("busy").inc()
    text = generate_latest(metrics.registry).decode()
    assert "t2v_requests_waiting 2.0" in text
    assert "t2v_requests_present 3.0" in text
    assert "t2v_encoder_erasures 3.0" in text
    assert 't2v_requests_total{outcome="busy"} 1.0' in text

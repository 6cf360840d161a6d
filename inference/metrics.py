"""What Prometheus reads. Labels are bounded: no prompts, no releases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS: Final = (0.25, 0.5, 1, 2, 5, 10, 20, 40, 80, 160, 320)


class Metrics:
    """Metrics of one server, in a registry of their own."""

    def __init__(self, *, present: Callable[[], float], waiting: Callable[[], float], erasures: int) -> None:
        self.registry: Final = CollectorRegistry()
        self.requests: Final = Counter(
            "t2v_requests", "Requests to generate, by outcome.", ["outcome"], registry=self.registry
        )
        self.seconds: Final = Histogram(
            "t2v_generate_seconds", "Time to draw one clip.", buckets=_SECONDS, registry=self.registry
        )
        Gauge(
            "t2v_requests_present", "Requests accepted and not answered yet.", registry=self.registry
        ).set_function(present)
        Gauge(
            "t2v_requests_waiting", "Requests that wait for their turn.", registry=self.registry
        ).set_function(waiting)
        Gauge(
            "t2v_encoder_erasures", "Concepts erased from the encoder that is served.", registry=self.registry
        ).set(erasures)

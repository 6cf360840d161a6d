"""What Prometheus reads. Labels are bounded: no names of objects."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from erasure_operator.api.encoder_release import EncoderRelease, EncoderReleaseStatus, ReleasePhase
from erasure_operator.resources import CONCEPT_ERASURES, ENCODER_RELEASES, VIDEO_MODELS, Resource
from erasure_operator.store import Store

_PASS_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_BUILD_BUCKETS: Final = (10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400)
_PHASE_LIMIT: Final = 40
"""Length that the CRD gives a phase; also bounds what an unknown one can do here."""


class Metrics:
    """Counters of this process, and gauges read from the store when they are asked for.

    Parameters
    ----------
    store
        What the gauges count.

    """

    def __init__(self, store: Store) -> None:
        self.registry: Final = CollectorRegistry()
        self._passes = Histogram(
            "concept_erasure_reconcile_seconds",
            "Seconds of one pass over a VideoModel, by outcome",
            ("outcome",),
            buckets=_PASS_BUCKETS,
            registry=self.registry,
        )
        self._builds = Histogram(
            "concept_erasure_job_seconds",
            "Seconds from the creation of a release to its outcome",
            ("outcome",),
            buckets=_BUILD_BUCKETS,
            registry=self.registry,
        )
        self._steps = Counter(
            "concept_erasure_job_step_seconds",
            "Seconds that Jobs spent in each step",
            ("step",),
            registry=self.registry,
        )
        self._depth = Gauge(
            "concept_erasure_queue_depth", "VideoModels that wait for a worker", registry=self.registry
        )
        self._leading = Gauge(
            "concept_erasure_leading", "1 while this operator is the active one", registry=self.registry
        )
        self.registry.register(_StoreCollector(store))

    def reconciled(self, outcome: str, seconds: float) -> None:
        """Count a pass: `settled`, `changed`, `temporary`, `permanent` or `defect`."""
        self._passes.labels(outcome).observe(seconds)

    def built(self, release: EncoderRelease, status: EncoderReleaseStatus) -> None:
        """Count a release that has just reached its outcome."""
        outcome = status.result.outcome.value if status.result else ReleasePhase.FAILED.value
        created, ended = release.metadata.creation_timestamp, status.completion_time
        if created is not None and ended is not None:
            self._builds.labels(outcome).observe(max((ended - created).total_seconds(), 0.0))
        for step, seconds in (status.result.seconds if status.result else {}).items():
            self._steps.labels(step).inc(seconds)

    def watch_queue(self, depth: Callable[[], float]) -> None:
        """Read the queue's depth when asked for it."""
        self._depth.set_function(depth)

    def watch_leadership(self, leading: Callable[[], float]) -> None:
        """Read whether this operator is the active one when asked for it."""
        self._leading.set_function(leading)


class _StoreCollector(Collector):
    """Objects by phase, counted when asked for: a gauge that is kept up to date would drift."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, resource in (
            ("concept_erasure_erasures", CONCEPT_ERASURES),
            ("concept_erasure_releases", ENCODER_RELEASES),
            ("concept_erasure_video_models", VIDEO_MODELS),
        ):
            family = GaugeMetricFamily(name, f"{resource.kind} objects by phase", labels=("phase",))
            for phase, count in sorted(self._phases(resource).items()):
                family.add_metric((phase,), count)
            yield family
        warm = GaugeMetricFamily("concept_erasure_store_warm", "1 once everything has been listed")
        warm.add_metric((), float(self._store.warm.is_set()))
        yield warm

    def _phases(self, resource: Resource) -> Tally[str]:
        phases = ((stored.raw.get("status") or {}).get("phase") or "" for stored in self._store.all(resource))
        return Tally(str(phase)[:_PHASE_LIMIT] for phase in phases)

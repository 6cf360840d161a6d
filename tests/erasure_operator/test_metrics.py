from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prometheus_client import generate_latest

from erasure_operator.api.encoder_release import EncoderRelease, EncoderReleaseStatus, ReleasePhase
from erasure_operator.metrics import Metrics
from erasure_operator.resources import CONCEPT_ERASURES
from erasure_operator.store import Store
from tests.erasure_operator.objects import KEY, erasure, release
from unlearn_job.contract.result import JobResult, Outcome

CREATED = datetime(2026, 3, 1, tzinfo=UTC)


def test_passes_are_counted_by_outcome() -> None:
    metrics = Metrics(Store())
    metrics.reconciled("settled", 0.02)
    metrics.reconciled("settled", 0.04)
    metrics.reconciled("defect", 1.0)
    read = metrics.registry.get_sample_value
    assert read("concept_erasure_reconcile_seconds_count", {"outcome": "settled"}) == 2
    assert read("concept_erasure_reconcile_seconds_sum", {"outcome": "defect"}) == 1.0


def test_builds_are_counted_by_outcome_with_their_steps() -> None:
    metrics = Metrics(Store())
    built = EncoderRelease.from_object(release(creationTimestamp=CREATED.isoformat()))
    ended = CREATED + timedelta(seconds=40)
    result = JobResult(key=KEY, outcome=Outcome.GATE_FAILED, seconds={"unlearn": 7, "probe": 20})
    metrics.built(built, EncoderReleaseStatus(phase=ReleasePhase.BUILT, result=result, completion_time=ended))
    metrics.built(built, EncoderReleaseStatus(phase=ReleasePhase.FAILED, completion_time=ended))
    read = metrics.registry.get_sample_value
    assert read("concept_erasure_job_seconds_sum", {"outcome": "GateFailed"}) == 40.0
    assert read("concept_erasure_job_seconds_count", {"outcome": "Failed"}) == 1
    assert read("concept_erasure_job_step_seconds_total", {"step": "unlearn"}) == 7


def test_gauges_are_read_from_the_store_when_asked_for() -> None:
    store = Store()
    metrics = Metrics(store)
    for name, phase in (("a", "Serving"), ("b", "Serving"), ("c", "Building")):
        store.put(CONCEPT_ERASURES, erasure(name) | {"status": {"phase": phase}})
    read = metrics.registry.get_sample_value
    assert read("concept_erasure_erasures", {"phase": "Serving"}) == 2
    assert read("concept_erasure_erasures", {"phase": "Building"}) == 1
    assert read("concept_erasure_store_warm") == 0
    assert "comet" not in generate_latest(metrics.registry).decode()


def test_queue_and_leadership_are_asked() -> None:
    metrics = Metrics(Store())
    metrics.watch_queue(lambda: 3)
    metrics.watch_leadership(lambda: 1)
    assert metrics.registry.get_sample_value("concept_erasure_queue_depth") == 3
    assert metrics.registry.get_sample_value("concept_erasure_leading") == 1

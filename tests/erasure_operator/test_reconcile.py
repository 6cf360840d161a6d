from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from erasure_operator.api.concept_erasure import ConceptErasure
from erasure_operator.api.video_model import VideoModel
from erasure_operator.apply import Applier
from erasure_operator.cluster import Cluster
from erasure_operator.metrics import Metrics
from erasure_operator.observe import UnreadableObjectError
from erasure_operator.reconcile import Reconciler, utc_now
from erasure_operator.render_target import FetchImage
from erasure_operator.resources import CONCEPT_ERASURES, ENCODER_RELEASES, JOBS, VIDEO_MODELS, ModelKey
from erasure_operator.store import Store
from tests.erasure_operator import objects
from unlearn_job.methods import configs

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class World:
    """A namespace, a store that only the test and the passes fill, and a clock that stands."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster, self.key = cluster, ModelKey(namespace, "storyboard")
        self.store = Store()
        self.metrics = Metrics(self.store)
        applier = Applier(
            cluster,
            self.store,
            fetch_image=FetchImage("operator:1", "Never"),
            job_image="job:1",
            metrics=self.metrics,
        )
        self.reconcile = Reconciler(self.store, applier, self.metrics, methods=configs(), clock=lambda: NOW)

    async def add_model(self) -> None:
        raw = objects.video_model() | {"metadata": {"name": "storyboard", "namespace": self.key.namespace}}
        self.store.put(VIDEO_MODELS, await self.cluster.create(VIDEO_MODELS, raw))

    async def add_erasure(self) -> None:
        raw = objects.erasure() | {"metadata": {"name": "comet", "namespace": self.key.namespace}}
        self.store.put(CONCEPT_ERASURES, await self.cluster.create(CONCEPT_ERASURES, raw))

    async def settle(self) -> timedelta | None:
        for _ in range(10):
            if (delay := await self.reconcile(self.key)) != timedelta(0):
                return delay
        raise AssertionError("does not settle")

    def count(self, outcome: str) -> float:
        read = self.metrics.registry.get_sample_value
        return read("concept_erasure_reconcile_seconds_count", {"outcome": outcome}) or 0.0


@pytest.fixture
def world(cluster: Cluster, namespace: str) -> World:
    return World(cluster, namespace)


@pytest.mark.cluster
async def test_passes_come_to_rest_with_the_job_made_and_nothing_asked_of_a_watch(world: World) -> None:
    await world.add_model()
    await world.add_erasure()
    await world.settle()
    (job,) = (await world.cluster.list(JOBS, world.key.namespace)).objects
    (release,) = (await world.cluster.list(ENCODER_RELEASES, world.key.namespace)).objects
    assert job["metadata"]["name"] == release["metadata"]["name"]
    assert (world.count("settled"), world.count("defect")) == (1, 0)
    assert world.count("changed") >= 1


@pytest.mark.cluster
async def test_an_erasure_without_its_model_is_told_once(world: World) -> None:
    await world.add_erasure()
    assert await world.reconcile(world.key) is None
    raw = await world.cluster.get(CONCEPT_ERASURES, world.key.namespace, "comet")
    status = ConceptErasure.from_object(raw).status
    assert {condition.reason for condition in status.conditions} == {"VideoModelNotFound"}
    assert await world.reconcile(world.key) is None
    again = await world.cluster.get(CONCEPT_ERASURES, world.key.namespace, "comet")
    assert again["metadata"]["resourceVersion"] == raw["metadata"]["resourceVersion"]


@pytest.mark.cluster
async def test_an_object_that_cannot_be_read_stalls_its_model_and_changes_nothing_else(world: World) -> None:
    await world.add_model()
    broken = objects.erasure() | {"spec": {"videoModel": "storyboard"}}
    broken["metadata"]["namespace"] = world.key.namespace
    world.store.put(CONCEPT_ERASURES, broken)
    with pytest.raises(UnreadableObjectError):
        await world.reconcile(world.key)
    raw = await world.cluster.get(VIDEO_MODELS, world.key.namespace, "storyboard")
    stalled = {c.type: c for c in VideoModel.from_object(raw).status.conditions}["Stalled"]
    assert (stalled.status, stalled.reason) == ("True", "UnreadableObject")
    assert "ConceptErasure" in stalled.message
    assert world.count("permanent") == 1


def test_now_is_in_whole_seconds_with_a_zone() -> None:
    assert utc_now().microsecond == 0
    assert utc_now().tzinfo is UTC

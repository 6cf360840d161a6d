"""The whole operator in this process, on a real API server. Pods are never started: replicas are 0."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from erasure_operator.cluster import Cluster
from erasure_operator.resources import (
    CONCEPT_ERASURES,
    DEPLOYMENTS,
    ENCODER_RELEASES,
    JOBS,
    LEASES,
    VIDEO_MODELS,
    Resource,
)
from erasure_operator.runtime import LEASE_NAME, Runtime
from erasure_operator.settings import OperatorSettings
from tests.erasure_operator import objects
from tests.erasure_operator.waiting import until

pytestmark = pytest.mark.cluster


@asynccontextmanager
async def running(cluster: Cluster, namespace: str, **settings: Any) -> AsyncIterator[Runtime]:
    """Run an operator that watches one namespace, and stop it in its own order."""
    given = {"image": "operator:1", "job_image": "job:1", "http_port": 0, "namespace": namespace}
    runtime = Runtime(OperatorSettings(**(given | {"namespaces": (namespace,)} | settings)), cluster)
    task = asyncio.create_task(runtime.run())
    try:
        yield runtime
    finally:
        runtime.stopping.set()
        await task


def here(namespace: str, raw: dict[str, Any]) -> dict[str, Any]:
    names = {"name": raw["metadata"]["name"], "namespace": namespace}
    return raw | {"metadata": names | {"labels": raw["metadata"].get("labels") or {}}}


async def add_model(cluster: Cluster, namespace: str) -> None:
    await cluster.create(VIDEO_MODELS, here(namespace, objects.video_model()))


async def add_deployment(cluster: Cluster, namespace: str) -> None:
    raw = here(namespace, objects.deployment())
    labels = {"app": "t2v"}
    pod = {"containers": [{"name": "server", "image": "registry.example/server:1"}]}
    raw["spec"] = {
        "replicas": 0,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    await cluster.create(DEPLOYMENTS, raw)


def reason_of(raw: dict[str, Any], kind: str = "Ready") -> str:
    conditions = raw.get("status", {}).get("conditions", ())
    return next((c["reason"] for c in conditions if c["type"] == kind), "")


async def has_reason(cluster: Cluster, resource: Resource, namespace: str, name: str, reason: str) -> bool:
    return reason_of(await cluster.get(resource, namespace, name)) == reason


def waits_for(
    cluster: Cluster, resource: Resource, namespace: str, name: str, reason: str
) -> Callable[[], Any]:
    return lambda: has_reason(cluster, resource, namespace, name, reason)


async def test_an_erasure_becomes_a_release_and_a_job_and_kopf_leaves_no_trace(
    cluster: Cluster, namespace: str
) -> None:
    await cluster.create(CONCEPT_ERASURES, here(namespace, objects.erasure()))
    async with running(cluster, namespace):
        waits = waits_for(cluster, CONCEPT_ERASURES, namespace, "comet", "VideoModelNotFound")
        await until(waits, "an erasure without a VideoModel to be told so")
        await add_deployment(cluster, namespace)
        await add_model(cluster, namespace)
        waits = waits_for(cluster, CONCEPT_ERASURES, namespace, "comet", "Building")
        await until(waits, "the erasure to be built")

        async def jobs() -> tuple[dict[str, Any], ...]:
            return (await cluster.list(JOBS, namespace)).objects

        (job,) = await until(jobs, "the Job")
        (release,) = (await cluster.list(ENCODER_RELEASES, namespace)).objects
        assert job["metadata"]["name"] == release["metadata"]["name"]
        erasure = await cluster.get(CONCEPT_ERASURES, namespace, "comet")
        model = await cluster.get(VIDEO_MODELS, namespace, "storyboard")
        for raw in (erasure, model, release):
            assert "finalizers" not in raw["metadata"]
            assert "annotations" not in raw["metadata"]


async def test_a_settled_model_is_written_to_no_more(cluster: Cluster, namespace: str) -> None:
    await add_deployment(cluster, namespace)
    await add_model(cluster, namespace)
    async with running(cluster, namespace, resync_seconds=10) as runtime:
        await until(
            waits_for(cluster, VIDEO_MODELS, namespace, "storyboard", "Base"), "the base to be served"
        )
        settled = await cluster.get(VIDEO_MODELS, namespace, "storyboard")
        passes = _passes(runtime)

        async def passed_again() -> bool:
            return _passes(runtime) >= passes + 2

        await until(passed_again, "two more passes by resync")
        again = await cluster.get(VIDEO_MODELS, namespace, "storyboard")
        assert again["metadata"]["resourceVersion"] == settled["metadata"]["resourceVersion"]


async def test_an_operator_that_starts_later_goes_on_where_the_first_one_stopped(
    cluster: Cluster, namespace: str
) -> None:
    await add_deployment(cluster, namespace)
    async with running(cluster, namespace):
        await add_model(cluster, namespace)
        await until(
            waits_for(cluster, VIDEO_MODELS, namespace, "storyboard", "Base"), "the base to be served"
        )
    lease = await cluster.get(LEASES, namespace, LEASE_NAME)
    assert "holderIdentity" not in lease["spec"]
    await cluster.create(CONCEPT_ERASURES, here(namespace, objects.erasure()))
    async with running(cluster, namespace):
        waits = waits_for(cluster, CONCEPT_ERASURES, namespace, "comet", "Building")
        await until(waits, "the erasure to be built")


async def test_500_erasures_are_taken_in_within_seconds(cluster: Cluster, namespace: str) -> None:
    limit = asyncio.Semaphore(20)

    async def add(number: int) -> None:
        async with limit:
            raw = objects.erasure(f"erasure-{number}", model=f"model-{number % 50}")
            await cluster.create(CONCEPT_ERASURES, here(namespace, raw))

    await asyncio.gather(*(add(number) for number in range(500)))
    started = time.monotonic()
    async with running(cluster, namespace, leader_election=True) as runtime:
        async with asyncio.timeout(60):
            await runtime.store.warm.wait()
        assert len(runtime.store.in_namespace(CONCEPT_ERASURES, namespace)) == 500
        assert time.monotonic() - started < 15


def _passes(runtime: Runtime) -> float:
    read = runtime.metrics.registry.get_sample_value
    return read("concept_erasure_reconcile_seconds_count", {"outcome": "settled"}) or 0.0

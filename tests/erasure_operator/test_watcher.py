from __future__ import annotations

import asyncio
from typing import Any

import pytest
from kubernetes.aio.client import Configuration

from erasure_operator.api.constants import MODEL_LABEL
from erasure_operator.cluster import Cluster
from erasure_operator.resources import CONCEPT_ERASURES, JOBS, PODS, WATCHED, ModelKey, Resource
from erasure_operator.store import Store
from erasure_operator.watcher import Watcher, _login_with, kopf_settings
from tests.erasure_operator import objects
from tests.erasure_operator.waiting import until


def test_kopf_posts_nothing_and_scans_nothing() -> None:
    settings = kopf_settings()
    assert not settings.posting.enabled
    assert settings.scanning.disabled


def test_jobs_and_pods_are_watched_by_label_only() -> None:
    selectors = kopf_settings().watching.label_selectors
    watched = {
        (key.group, key.version, key.any_name): value
        for key, value in ((key, selectors[key]) for key in selectors)
    }
    assert watched == {
        (JOBS.group, JOBS.version, JOBS.plural): MODEL_LABEL,
        (PODS.group, PODS.version, PODS.plural): MODEL_LABEL,
    }
    assert {kind for kind in WATCHED if kind.label_selector} == {JOBS, PODS}


@pytest.mark.cluster
async def test_additions_changes_and_deletions_reach_the_store_and_leave_no_trace(
    cluster: Cluster, namespace: str
) -> None:
    store, woken = Store(), asyncio.Event()
    seen = list[ModelKey]()

    def wake(key: ModelKey) -> None:
        seen.append(key)
        woken.set()

    async def holds(name: str, value: str | None) -> bool:
        stored = store.get(CONCEPT_ERASURES, namespace, name)
        return value == (stored.raw["spec"].get("reference", "") if stored else None)

    def named(raw: dict[str, Any], name: str) -> dict[str, Any]:
        return raw | {"metadata": {"name": name, "namespace": namespace}}

    await cluster.create(CONCEPT_ERASURES, named(objects.erasure(), "before"))
    watcher = Watcher(store, wake, (namespace,), cluster.client.configuration)
    task = await watcher.start()
    await until(lambda: holds("before", ""), "what was there before")
    made = await cluster.create(CONCEPT_ERASURES, named(objects.erasure(), "added"))
    await until(lambda: holds("added", ""), "the addition")
    await cluster.merge(CONCEPT_ERASURES, namespace, "added", {"spec": {"reference": "CASE-1"}})
    await until(lambda: holds("added", "CASE-1"), "the change")
    left = await cluster.get(CONCEPT_ERASURES, namespace, "added")
    await cluster.delete(CONCEPT_ERASURES, namespace, "added", uid=made["metadata"]["uid"])
    await until(lambda: holds("added", None), "the deletion")
    watcher.stop()
    await asyncio.wait({task}, timeout=30)
    assert task.done()
    assert set(seen) == {ModelKey(namespace, "storyboard")}
    assert "finalizers" not in left["metadata"]
    assert "annotations" not in left["metadata"]
    assert "status" not in left


def test_every_watched_kind_has_an_address() -> None:
    assert all(isinstance(kind, Resource) and kind.path().endswith(kind.plural) for kind in WATCHED)


async def test_kopf_logs_in_with_the_clients_token() -> None:
    configuration = Configuration(host="https://api.example")
    configuration.api_key["BearerToken"] = "Bearer first"
    login = _login_with(configuration)
    assert (await login()).server == "https://api.example"
    assert ((await login()).scheme, (await login()).token) == ("Bearer", "first")

    def rotate(configuration: Configuration) -> None:
        configuration.api_key["BearerToken"] = "bearer second"

    configuration.refresh_api_key_hook = rotate
    assert ((await login()).scheme, (await login()).token) == ("Bearer", "second")
    assert (await _login_with(Configuration())()).token is None

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from erasure_operator.cluster import Cluster
from erasure_operator.feeder import Feeder
from erasure_operator.resources import CONCEPT_ERASURES, VIDEO_MODELS, ModelKey
from erasure_operator.store import Store
from tests.erasure_operator import objects
from tests.erasure_operator.waiting import until

pytestmark = pytest.mark.cluster


async def add(cluster: Cluster, namespace: str, name: str) -> dict[str, str]:
    raw = objects.erasure(name, model="nowhere") | {"metadata": {"name": name, "namespace": namespace}}
    made: dict[str, str] = (await cluster.create(CONCEPT_ERASURES, raw))["metadata"]
    return made


async def test_a_seeded_store_is_warm_and_wakes_every_model(cluster: Cluster, namespace: str) -> None:
    await add(cluster, namespace, "comet")
    store, woken = Store(), set[ModelKey]()
    await Feeder(cluster, store, (namespace,), woken.add).seed()
    assert store.warm.is_set()
    assert woken == {ModelKey(namespace, "nowhere")}
    assert store.in_namespace(VIDEO_MODELS, namespace) == ()


async def test_a_seed_of_all_namespaces_has_this_one(cluster: Cluster, namespace: str) -> None:
    await add(cluster, namespace, "comet")
    store = Store()
    await Feeder(cluster, store, (), lambda _: None).seed()
    assert len(store.in_namespace(CONCEPT_ERASURES, namespace)) == 1


async def test_a_resync_finds_what_a_watch_lost(
    cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = await add(cluster, namespace, "gone")
    store = Store()
    feeder = Feeder(cluster, store, (namespace,), lambda _: None)
    await feeder.seed()
    await cluster.delete(CONCEPT_ERASURES, namespace, "gone", uid=gone["uid"])
    await add(cluster, namespace, "new")
    task = asyncio.create_task(feeder.resync(timedelta(seconds=0.2)))

    async def found() -> bool:
        names = {stored.raw["metadata"]["name"] for stored in store.in_namespace(CONCEPT_ERASURES, namespace)}
        return names == {"new"}

    await until(found, "the resync")
    task.cancel()
    await asyncio.wait({task})


async def test_a_namespace_that_is_not_watched_stays_unread(cluster: Cluster, namespace: str) -> None:
    await add(cluster, namespace, "comet")
    store = Store()
    await Feeder(cluster, store, ("default",), lambda _: None).seed()
    assert store.in_namespace(CONCEPT_ERASURES, namespace) == ()

from __future__ import annotations

from typing import Any

import pytest

from erasure_operator.cluster import Cluster
from erasure_operator.k8s_errors import (
    FieldConflictError,
    ObjectExistsError,
    ObjectMissingError,
    RejectedObjectError,
    StaleObjectError,
)
from erasure_operator.resources import CONFIG_MAPS, DEPLOYMENTS, PODS
from tests.erasure_operator.waiting import until

pytestmark = pytest.mark.cluster


def config_map(namespace: str, name: str, **values: str) -> dict[str, Any]:
    metadata = {"namespace": namespace, "name": name}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": values}


async def test_applied_fields_are_ours_and_go_when_they_are_no_longer_applied(
    cluster: Cluster, namespace: str
) -> None:
    await cluster.apply(CONFIG_MAPS, config_map(namespace, "a", one="1", two="2"))
    answer = await cluster.apply(CONFIG_MAPS, config_map(namespace, "a", one="1"))
    assert answer["data"] == {"one": "1"}


async def test_a_field_of_somebody_else_is_a_conflict_that_names_it(cluster: Cluster, namespace: str) -> None:
    await cluster.create(CONFIG_MAPS, config_map(namespace, "a", one="theirs"))
    await cluster.merge(CONFIG_MAPS, namespace, "a", {"data": {"one": "theirs"}})
    ours = config_map(namespace, "a", one="ours")
    # `create` and `merge` count as another manager: an update is not an apply.
    with pytest.raises(FieldConflictError) as caught:
        await cluster.apply(CONFIG_MAPS, ours)
    assert caught.value.fields == (".data.one",)
    assert (await cluster.apply(CONFIG_MAPS, ours, force=True))["data"] == {"one": "ours"}


async def test_an_unknown_field_is_refused(cluster: Cluster, namespace: str) -> None:
    with pytest.raises(RejectedObjectError, match="surplus"):
        await cluster.apply(CONFIG_MAPS, config_map(namespace, "a") | {"surplus": 1})


async def test_applying_to_a_workload_that_is_gone_creates_none(cluster: Cluster, namespace: str) -> None:
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"namespace": namespace, "name": "gone"},
    }
    with pytest.raises(RejectedObjectError):
        await cluster.apply(DEPLOYMENTS, manifest)
    with pytest.raises(ObjectMissingError):
        await cluster.get(DEPLOYMENTS, namespace, "gone")


async def test_a_list_has_all_pages_and_only_what_the_selector_matches(
    cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("erasure_operator.cluster._PAGE_SIZE", 2)
    for number in range(5):
        await cluster.create(CONFIG_MAPS, config_map(namespace, f"map-{number}"))
    listing = await cluster.list(CONFIG_MAPS, namespace)
    ours = [raw for raw in listing.objects if raw["metadata"]["name"].startswith("map-")]
    assert len(ours) == 5
    assert {(raw["apiVersion"], raw["kind"]) for raw in ours} == {("v1", "ConfigMap")}
    assert int(listing.resource_version) >= max(int(raw["metadata"]["resourceVersion"]) for raw in ours)
    assert (await cluster.list(PODS, namespace)).objects == ()


async def test_only_the_object_that_was_seen_is_deleted(cluster: Cluster, namespace: str) -> None:
    made = await cluster.create(CONFIG_MAPS, config_map(namespace, "a"))
    with pytest.raises(ObjectExistsError):
        await cluster.create(CONFIG_MAPS, config_map(namespace, "a"))
    with pytest.raises(StaleObjectError):
        await cluster.delete(CONFIG_MAPS, namespace, "a", uid="another")
    await cluster.delete(CONFIG_MAPS, namespace, "a", uid=made["metadata"]["uid"])
    await until(lambda: gone(cluster, namespace, "a"), "the object to go")


async def gone(cluster: Cluster, namespace: str, name: str) -> bool:
    try:
        await cluster.get(CONFIG_MAPS, namespace, name)
    except ObjectMissingError:
        return True
    return False

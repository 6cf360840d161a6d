from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from erasure_operator.api.constants import ENCODER_PATH_VARIABLE, INIT_CONTAINER, ROLLOUT_ANNOTATION, Reason
from erasure_operator.api.encoder_release import EncoderRelease, EncoderReleaseStatus, ReleasePhase
from erasure_operator.api.video_model import VideoModel, VideoModelStatus
from erasure_operator.apply import Applier
from erasure_operator.cluster import Cluster
from erasure_operator.k8s_errors import FieldConflictError, StaleObjectError
from erasure_operator.metrics import Metrics
from erasure_operator.plan.actions import ApplyEncoder, CreateRelease, EnsureJob, Event, Plan, SetStatus
from erasure_operator.plan.conditions import Finding, State, conditions
from erasure_operator.plan.snapshot import EncoderMount, Snapshot
from erasure_operator.read_workload import read_deployment
from erasure_operator.render_target import FetchImage, render_target
from erasure_operator.resources import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    ENCODER_RELEASES,
    EVENTS,
    JOBS,
    VIDEO_MODELS,
    ModelKey,
)
from erasure_operator.store import Store
from tests.erasure_operator import objects

pytestmark = pytest.mark.cluster

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MOUNT = EncoderMount(
    key=objects.KEY,
    uri=f"s3://checkpoints/erasure/media.storyboard/releases/{objects.KEY}",
    manifest_sha256="f" * 64,
    container="server",
    path="/var/run/concept-erasure/text_encoder",
    credentials_secret="s3",
)


class World:
    """A namespace with a VideoModel, and an applier on it."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster, self.namespace = cluster, namespace
        self.key = ModelKey(namespace, "storyboard")
        self.store = Store()
        self.metrics = Metrics(self.store)
        image = FetchImage("registry.example/operator:1", "IfNotPresent")
        self.applier = Applier(
            cluster, self.store, fetch_image=image, job_image="registry.example/job:1", metrics=self.metrics
        )

    async def add_model(self) -> VideoModel:
        raw = await self.cluster.create(VIDEO_MODELS, self.here(objects.video_model()))
        self.store.put(VIDEO_MODELS, raw)
        return VideoModel.from_object(raw)

    def here(self, raw: dict[str, Any]) -> dict[str, Any]:
        names = {"name": raw["metadata"]["name"], "namespace": self.namespace}
        labels = raw["metadata"].get("labels")
        return raw | {"metadata": names | ({"labels": labels} if labels else {})}

    async def add_deployment(self, **server: Any) -> dict[str, Any]:
        manifest = self.here(objects.deployment())
        # With an init container and a volume of its own: all of that must survive.
        pod = {
            "initContainers": [{"name": "warm-up", "image": "registry.example/warm:1"}],
            "containers": [
                {
                    "name": "server",
                    "image": "registry.example/server:1",
                    "env": [{"name": "PORT", "value": "8000"}],
                    "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
                }
                | server
            ],
            "volumes": [{"name": "cache", "emptyDir": {}}],
        }
        labels = {"app": "t2v"}
        manifest["spec"] = {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        }
        return await self.cluster.create(DEPLOYMENTS, manifest)

    async def deployment(self) -> dict[str, Any]:
        return await self.cluster.get(DEPLOYMENTS, self.namespace, "server")

    async def carry_out(self, model: VideoModel, plan: Plan) -> None:
        listed = (await self.cluster.list(DEPLOYMENTS, self.namespace)).objects
        snapshot = Snapshot(model=model, workloads=tuple(read_deployment(raw) for raw in listed))
        await self.applier.carry_out(self.key, snapshot, plan, NOW)

    async def model(self) -> VideoModel:
        return VideoModel.from_object(await self.cluster.get(VIDEO_MODELS, self.namespace, "storyboard"))

    def apply_encoder(self, mount: EncoderMount | None) -> ApplyEncoder:
        return ApplyEncoder("Deployment", "server", mount)


@pytest.fixture
def world(cluster: Cluster, namespace: str) -> World:
    return World(cluster, namespace)


async def test_an_encoder_is_added_and_taken_away_again_without_a_trace(world: World) -> None:
    model = await world.add_model()
    before = (await world.add_deployment())["spec"]
    await world.carry_out(model, Plan(actions=(world.apply_encoder(MOUNT),)))
    during = await world.deployment()
    pod = during["spec"]["template"]["spec"]
    assert read_deployment(during).mount == MOUNT
    assert {container["name"] for container in pod["initContainers"]} == {"warm-up", INIT_CONTAINER}
    (server,) = pod["containers"]
    assert {variable["name"] for variable in server["env"]} == {"PORT", ENCODER_PATH_VARIABLE}
    assert {mount["mountPath"] for mount in server["volumeMounts"]} == {"/cache", MOUNT.path}
    assert during["metadata"]["annotations"][ROLLOUT_ANNOTATION] == str(world.key)
    await world.carry_out(model, Plan(actions=(world.apply_encoder(None),)))
    after = await world.deployment()
    assert after["spec"] == before
    assert ROLLOUT_ANNOTATION not in after["metadata"].get("annotations", {})


async def test_applying_the_same_encoder_again_rolls_nothing(world: World) -> None:
    model = await world.add_model()
    await world.add_deployment()
    for _ in range(2):
        await world.carry_out(model, Plan(actions=(world.apply_encoder(MOUNT),)))
    assert (await world.deployment())["metadata"]["generation"] == 2


async def test_what_others_changed_under_our_names_is_taken_back(world: World) -> None:
    model = await world.add_model()
    await world.add_deployment()
    await world.carry_out(model, Plan(actions=(world.apply_encoder(MOUNT),)))
    changed = copy.deepcopy(
        render_target(
            read_deployment(await world.deployment()),
            MOUNT,
            model=world.key,
            image=FetchImage("evil", "Never"),
        )
    )
    await world.cluster._call(
        "PATCH",
        DEPLOYMENTS.path(world.namespace, "server"),
        what="edit",
        query={"fieldManager": "editor", "force": "true"},
        body=changed,
        content_type="application/apply-patch+yaml",
    )
    await world.carry_out(model, Plan(actions=(world.apply_encoder(MOUNT),)))
    (fetch,) = [
        container
        for container in (await world.deployment())["spec"]["template"]["spec"]["initContainers"]
        if container["name"] == INIT_CONTAINER
    ]
    assert fetch["image"] == "registry.example/operator:1"


async def test_a_variable_that_somebody_else_set_is_reported_and_left_alone(world: World) -> None:
    model = await world.add_model()
    theirs = [{"name": ENCODER_PATH_VARIABLE, "value": "/theirs"}]
    await world.add_deployment(env=theirs)
    plan = Plan(actions=(world.apply_encoder(MOUNT),))
    with pytest.raises(FieldConflictError):
        await world.carry_out(model, plan)
    assert (await world.deployment())["spec"]["template"]["spec"]["containers"][0]["env"] == theirs
    told = await world.model()
    stalled = next(c for c in told.status.conditions if c.type == "Stalled")
    assert (stalled.status, stalled.reason) == ("True", "FieldConflict")
    assert ENCODER_PATH_VARIABLE in stalled.message
    # The same again writes nothing, or the write would wake the next pass for ever.
    with pytest.raises(FieldConflictError):
        await world.carry_out(told, plan)
    assert (await world.model()).metadata.resource_version == told.metadata.resource_version


async def test_one_workload_in_the_way_does_not_stop_the_others(world: World) -> None:
    model = await world.add_model()
    await world.add_deployment()
    gone = ApplyEncoder("Deployment", "gone", MOUNT)
    missing = EnsureJob("storyboard-missing")
    with pytest.raises(StaleObjectError):
        await world.carry_out(model, Plan(actions=(gone, missing, world.apply_encoder(MOUNT))))
    assert read_deployment(await world.deployment()).mount == MOUNT


async def test_a_release_and_its_job_are_made_once(world: World) -> None:
    model = await world.add_model()
    raw = objects.release()
    raw["spec"]["document"]["model"] = f"{world.namespace}.storyboard"
    release = EncoderRelease.from_object(raw)
    name = release.metadata.name
    plan = Plan(actions=(CreateRelease(name, release.spec), EnsureJob(name)))
    for _ in range(2):
        await world.carry_out(model, plan)
    made = await world.cluster.get(ENCODER_RELEASES, world.namespace, name)
    assert EncoderRelease.from_object(made).spec == release.spec
    assert made["metadata"]["ownerReferences"][0]["uid"] == model.metadata.uid
    for kind in (JOBS, CONFIG_MAPS):
        owned = await world.cluster.get(kind, world.namespace, name)
        assert owned["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]
    assert world.store.get(JOBS, world.namespace, name) is not None
    assert "finalizers" not in made["metadata"]


async def test_a_name_that_belongs_to_another_owner_is_waited_for(world: World) -> None:
    model = await world.add_model()
    raw = objects.release()
    raw["spec"]["document"]["model"] = f"{world.namespace}.storyboard"
    release = EncoderRelease.from_object(raw)
    stranger = world.here(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": release.metadata.name}}
    )
    await world.cluster.create(CONFIG_MAPS, stranger)
    plan = Plan(
        actions=(CreateRelease(release.metadata.name, release.spec), EnsureJob(release.metadata.name))
    )
    with pytest.raises(StaleObjectError, match="another owner"):
        await world.carry_out(model, plan)
    assert (await world.cluster.list(JOBS, world.namespace)).objects == ()


async def test_a_status_is_replaced_and_its_event_told_once(world: World) -> None:
    model = await world.add_model()
    finding = Finding(State.READY, Reason.BASE, "Nothing to unlearn.")
    written = conditions((), finding, generation=1, now=NOW)
    status = VideoModelStatus(
        observed_generation=1, phase="Base", release="r", pods="1/1", conditions=written
    )
    event = Event("VideoModel", "storyboard", "Normal", "Base", "Nothing to unlearn.")
    plan = Plan(statuses=(SetStatus("VideoModel", "storyboard", status),), events=(event,))
    await world.carry_out(model, plan)
    told = await world.model()
    assert told.status == status
    assert told.metadata.generation == 1
    await world.carry_out(told, plan)
    less = status.model_copy(update={"release": None})
    await world.carry_out(told, Plan(statuses=(SetStatus("VideoModel", "storyboard", less),)))
    assert (await world.model()).status.release is None
    (posted,) = (await world.cluster.list(EVENTS, world.namespace)).objects
    assert (posted["count"], posted["source"]["component"]) == (1, "concept-erasure-operator")


async def test_an_event_without_its_status_is_not_told(world: World) -> None:
    model = await world.add_model()
    event = Event("ConceptErasure", "gone", "Normal", "Serving", "")
    await world.carry_out(model, Plan(events=(event,)))
    assert (await world.cluster.list(EVENTS, world.namespace)).objects == ()


async def test_a_release_that_ends_is_counted_once(world: World) -> None:
    model = await world.add_model()
    raw = objects.release()
    raw["spec"]["document"]["model"] = f"{world.namespace}.storyboard"
    release = EncoderRelease.from_object(raw)
    name = release.metadata.name
    await world.carry_out(model, Plan(actions=(CreateRelease(name, release.spec),)))
    status = EncoderReleaseStatus(
        observed_generation=1,
        phase=ReleasePhase.FAILED,
        completion_time=datetime.now(UTC).replace(microsecond=0),
    )
    for _ in range(2):
        await world.carry_out(model, Plan(statuses=(SetStatus("EncoderRelease", name, status),)))
    count = world.metrics.registry.get_sample_value(
        "concept_erasure_job_seconds_count", {"outcome": "Failed"}
    )
    assert count == 1

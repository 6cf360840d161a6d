from __future__ import annotations

from typing import Any

import pytest

from erasure_operator.api.video_model import VideoModel
from erasure_operator.observe import (
    UnreadableObjectError,
    all_keys,
    concerns,
    erasures_of,
    find_model,
    observe,
)
from erasure_operator.resources import (
    CONCEPT_ERASURES,
    DEPLOYMENTS,
    ENCODER_RELEASES,
    JOBS,
    PODS,
    VIDEO_MODELS,
    ModelKey,
    Resource,
)
from erasure_operator.store import Store
from tests.erasure_operator.objects import deployment, erasure, job, pod, release, video_model

KEY = ModelKey("media", "storyboard")


def store_of(*objects: tuple[Resource, dict[str, Any]]) -> Store:
    store = Store()
    for resource, raw in objects:
        assert store.put(resource, raw)
    return store


def test_a_snapshot_has_what_belongs_to_the_model_and_nothing_else() -> None:
    terminated = {"terminated": {"exitCode": 75, "message": "later", "finishedAt": "2026-03-01T12:00:00Z"}}
    store = store_of(
        (VIDEO_MODELS, video_model()),
        (VIDEO_MODELS, video_model("other", selects={"app": "else"})),
        (CONCEPT_ERASURES, erasure("comet")),
        (CONCEPT_ERASURES, erasure("whale", model="other")),
        (ENCODER_RELEASES, release()),
        (ENCODER_RELEASES, release(model="other")),
        (JOBS, job("storyboard-0")),
        (JOBS, job("other-0", model="other")),
        (PODS, pod("a", containerStatuses=[{"name": "unlearn-job", "state": terminated}])),
        (DEPLOYMENTS, deployment("server")),
        (DEPLOYMENTS, deployment("stranger", labels={"app": "else"})),
    )
    model = find_model(store, KEY)
    assert model is not None
    snapshot = observe(store, KEY, model)
    assert [item.metadata.name for item in snapshot.erasures] == ["comet"]
    assert [item.spec.video_model for item in snapshot.releases] == ["storyboard"]
    assert [(item.name, item.message) for item in snapshot.jobs] == [("storyboard-0", "later")]
    assert [item.name for item in snapshot.workloads] == ["server"]


def test_a_workload_that_the_model_rolled_out_to_before_still_belongs_to_it() -> None:
    model = VideoModel.from_object(video_model())
    assert concerns(deployment(labels={"app": "t2v", "more": "labels"}), model)
    assert concerns(deployment(labels={}, owner="media/storyboard"), model)
    assert not concerns(deployment(labels={}, owner="media/other"), model)
    assert not concerns(deployment(labels={"app": "else"}), model)


def test_workloads_of_other_namespaces_are_never_touched() -> None:
    elsewhere = deployment()
    elsewhere["metadata"]["namespace"] = "elsewhere"
    assert not concerns(elsewhere, VideoModel.from_object(video_model()))


def test_a_model_that_is_being_deleted_is_gone() -> None:
    store = store_of((VIDEO_MODELS, video_model(deletionTimestamp="2026-03-01T12:00:00Z")))
    assert find_model(store, KEY) is None
    assert find_model(store, ModelKey("media", "unknown")) is None


@pytest.mark.parametrize(
    ("resource", "raw"),
    [(CONCEPT_ERASURES, erasure()), (ENCODER_RELEASES, release())],
    ids=["erasure", "release"],
)
def test_an_object_that_cannot_be_read_stops_its_model_instead_of_counting_as_absent(
    resource: Resource, raw: dict[str, Any]
) -> None:
    broken = raw | {"spec": {"videoModel": "storyboard", "concept": {"name": ""}, "secret": "s3cr3t"}}
    store = store_of((VIDEO_MODELS, video_model()), (resource, broken))
    model = find_model(store, KEY)
    assert model is not None
    with pytest.raises(UnreadableObjectError, match=f"{resource.kind} media/.* does not fit") as caught:
        observe(store, KEY, model)
    assert "s3cr3t" not in str(caught.value)


def test_unknown_fields_of_a_newer_version_are_no_trouble() -> None:
    newer = video_model()
    newer["spec"]["storage"]["futureField"] = newer["spec"]["futureField"] = {"a": 1}
    assert find_model(store_of((VIDEO_MODELS, newer)), KEY) is not None


def test_erasures_are_found_without_their_model() -> None:
    store = store_of((CONCEPT_ERASURES, erasure("comet", model="nowhere")), (VIDEO_MODELS, video_model()))
    assert [item.metadata.name for item in erasures_of(store, ModelKey("media", "nowhere"))] == ["comet"]
    assert all_keys(store) == {KEY, ModelKey("media", "nowhere")}

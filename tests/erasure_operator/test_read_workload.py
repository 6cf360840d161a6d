from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from erasure_operator.plan.snapshot import EncoderMount, Workload
from erasure_operator.read_workload import read_deployment
from erasure_operator.render_target import FetchImage, render_target
from erasure_operator.resources import ModelKey
from tests.erasure_operator.objects import deployment

MOUNT = EncoderMount(
    key="0123456789abcdef" * 4,
    uri="s3://checkpoints/erasure/media.storyboard/releases/0",
    manifest_sha256="f" * 64,
    container="server",
    path="/models/t2v/text_encoder",
    endpoint="http://s3.example",
    region="eu-west-1",
    credentials_secret="s3",
)


SEVERAL = replace(MOUNT, path="/models/t2v", components=("text_encoder", "text_encoder_2"))


def applied(mount: EncoderMount = MOUNT) -> dict[str, Any]:
    workload = Workload(kind="Deployment", name="server", containers=("server",))
    image = FetchImage("operator:1", "IfNotPresent")
    return copy.deepcopy(render_target(workload, mount, model=ModelKey("media", "storyboard"), image=image))


def test_a_deployment_that_nobody_touched_has_no_mount() -> None:
    raw = deployment()
    raw["spec"]["template"]["spec"]["containers"][0]["env"] = [
        {"name": "TEXT_ENCODER_PATH", "value": "/mine"}
    ]
    found = read_deployment(raw)
    assert found.mount is None
    assert (found.kind, found.name, found.containers, found.owner) == (
        "Deployment",
        "server",
        ("server",),
        None,
    )


def test_counts_and_the_deadline_are_read_from_the_status() -> None:
    raw = deployment(owner="media/storyboard")
    raw["status"] = {
        "observedGeneration": 2,
        "replicas": 3,
        "updatedReplicas": 1,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "terminatingReplicas": 1,
        "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}],
    }
    found = read_deployment(raw)
    assert (found.wanted, found.total, found.updated, found.ready, found.available) == (2, 3, 1, 2, 2)
    assert (found.generation, found.observed_generation, found.terminating) == (2, 2, 1)
    assert found.deadline_exceeded
    assert found.owner == "media/storyboard"


def test_a_deployment_that_its_controller_has_not_seen_is_at_generation_zero() -> None:
    found = read_deployment(deployment())
    assert (found.observed_generation, found.total, found.ready) == (0, 0, 0)
    assert not found.deadline_exceeded


@pytest.mark.parametrize("mount", [MOUNT, SEVERAL, replace(SEVERAL, path="/")], ids=lambda mount: mount.path)
def test_what_was_applied_reads_back(mount: EncoderMount) -> None:
    assert read_deployment(applied(mount)).mount == mount


def _spec(raw: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = raw["spec"]["template"]["spec"]
    return spec


def _metadata(raw: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = raw["spec"]["template"]["metadata"]
    return found


DAMAGE: dict[str, Callable[[dict[str, Any]], object]] = {
    "no init container": lambda raw: _spec(raw).pop("initContainers"),
    "no arguments": lambda raw: _spec(raw)["initContainers"][0].pop("args"),
    "another key in the arguments": lambda raw: _spec(raw)["initContainers"][0]["args"].__setitem__(
        3, "0" * 64
    ),
    "another digest": lambda raw: _spec(raw)["initContainers"][0]["args"].__setitem__(5, "0" * 64),
    "no credentials": lambda raw: _spec(raw)["initContainers"][0].pop("envFrom"),
    "no volume": lambda raw: _spec(raw).pop("volumes"),
    "no mount": lambda raw: _spec(raw)["containers"][0].pop("volumeMounts"),
    "no variable": lambda raw: _spec(raw)["containers"][0].pop("env"),
    "another variable": lambda raw: _spec(raw)["containers"][0]["env"][0].update(value="/elsewhere"),
    "no annotation": lambda raw: _metadata(raw).pop("annotations"),
    "no label": lambda raw: _metadata(raw).pop("labels"),
    "another label": lambda raw: _metadata(raw)["labels"].update(
        {"concept-erasure.io/release": "0000000000"}
    ),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_part_is_seen_and_equals_no_wanted_mount(
    damage: Callable[[dict[str, Any]], object],
) -> None:
    raw = applied()
    damage(raw)
    found = read_deployment(raw).mount
    assert found is not None
    assert found != MOUNT


def test_the_order_of_several_mounts_says_nothing() -> None:
    raw = applied(SEVERAL)
    _spec(raw)["containers"][0]["volumeMounts"].reverse()
    assert read_deployment(raw).mount == SEVERAL


@pytest.mark.parametrize(
    "damage",
    [
        lambda mounts: mounts.pop(),
        lambda mounts: mounts[1].update(mountPath="/elsewhere/text_encoder_2"),
        lambda mounts: mounts[1].update(subPath="text_encoder"),
        lambda mounts: mounts[1].pop("subPath"),
    ],
    ids=["one is gone", "one lies elsewhere", "one has the other's folder", "one has the whole volume"],
)
def test_damage_to_one_of_several_is_seen(damage: Callable[[list[dict[str, Any]]], object]) -> None:
    raw = applied(SEVERAL)
    damage(_spec(raw)["containers"][0]["volumeMounts"])
    found = read_deployment(raw).mount
    assert found is not None
    assert found != SEVERAL


def test_a_further_mount_of_the_volume_is_the_owners_business() -> None:
    raw = applied()
    more = [{"name": "concept-erasure-encoder", "mountPath": "/inspect"}]
    _spec(raw)["containers"].insert(0, {"name": "inspector", "volumeMounts": more})
    assert read_deployment(raw).mount == MOUNT

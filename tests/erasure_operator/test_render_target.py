from __future__ import annotations

from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from erasure_operator.api.constants import ENCODER_PATH_VARIABLE
from erasure_operator.plan.snapshot import EncoderMount, Workload
from erasure_operator.read_workload import read_deployment
from erasure_operator.render_target import ContainerMissingError, FetchImage, only_ours, render_target
from erasure_operator.resources import ModelKey
from tests.erasure_operator import golden

MODEL = ModelKey("media", "storyboard")
IMAGE = FetchImage("registry.example/operator:1", "IfNotPresent")


def load(case: Path) -> tuple[Workload, EncoderMount | None]:
    (given,) = golden.load(case)
    workload = given["workload"]
    mount = EncoderMount(**given["mount"]) if given["mount"] else None
    if mount is not None:
        mount = replace(mount, components=tuple(mount.components))
    return Workload(kind="Deployment", name=workload["name"], containers=tuple(workload["containers"])), mount


@pytest.mark.parametrize("case", golden.cases("target"), ids=attrgetter("name"))
def test_rendered_target_matches_golden(case: Path) -> None:
    workload, mount = load(case)
    golden.check(case, render_target(workload, mount, model=MODEL, image=IMAGE))


@pytest.mark.parametrize("case", golden.cases("target"), ids=attrgetter("name"))
def test_what_is_applied_reads_back_as_the_same_mount(case: Path) -> None:
    workload, mount = load(case)
    manifest: dict[str, Any] = render_target(workload, mount, model=MODEL, image=IMAGE)
    if mount is None:
        manifest["spec"] = {"template": {"spec": {"containers": [{"name": "server"}]}}}
    assert read_deployment(manifest).mount == mount


def test_a_container_that_is_not_there_is_named_with_those_that_are() -> None:
    workload, mount = load(golden.GOLDEN / "target" / "fetch")
    assert mount is not None
    other = Workload(kind="Deployment", name="t2v-server", containers=("web", "proxy"))
    with pytest.raises(ContainerMissingError, match=r"t2v-server has no container server; it has web, proxy"):
        render_target(other, mount, model=MODEL, image=IMAGE)
    assert workload.name == other.name


@pytest.mark.parametrize(
    ("field", "ours"),
    [
        ('.spec.template.spec.initContainers[name="fetch-encoder"].image', True),
        ('.spec.template.spec.volumes[name="concept-erasure-encoder"].emptyDir', True),
        (".spec.template.metadata.labels.concept-erasure.io/release", True),
        (".spec.template.metadata.annotations.concept-erasure.io/release", True),
        (".metadata.annotations.concept-erasure.io/rolled-out-by", True),
        (f'.spec.template.spec.containers[name="server"].env[name="{ENCODER_PATH_VARIABLE}"].value', False),
        ('.spec.template.spec.containers[name="server"].volumeMounts[mountPath="/models"].name', False),
        ('.spec.template.spec.initContainers[name="fetch-encoder-too"].image', False),
        (".spec.template.metadata.labels.app", False),
        (".spec.replicas", False),
    ],
)
def test_only_names_that_nobody_else_uses_are_taken_by_force(field: str, ours: bool) -> None:
    assert only_ours([field]) is ours
    assert not only_ours([field, ".spec.replicas"])


def test_a_conflict_without_fields_is_not_ours() -> None:
    assert not only_ours([])

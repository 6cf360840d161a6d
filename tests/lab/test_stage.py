from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.kubectl import KubectlError
from lab.site import Site
from lab.stage import MODEL_NAMES, MODELS, Stage

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def stage(site: Site) -> Iterator[Stage]:
    stage = Stage(site, namespace="stage-test")
    stage.clear()
    stage.prepare_namespace()
    yield stage
    stage.clear(wait=False)


def test_the_namespace_refuses_pods_that_are_not_restricted(stage: Stage) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "root", "namespace": stage.namespace},
        "spec": {"containers": [{"name": "main", "image": "none", "securityContext": {"runAsUser": 0}}]},
    }
    with pytest.raises(KubectlError, match="violates PodSecurity"):
        stage.apply_objects(pod)


def test_every_model_file_is_in_s3_after_an_upload(stage: Stage) -> None:
    stage.upload_models()
    files = {
        f"models/testbed/{path.relative_to(MODELS).as_posix()}": path.stat().st_size
        for name in MODEL_NAMES
        for path in (MODELS / name).rglob("*")
        if path.is_file()
    }
    uploaded = stage.objects("models/testbed/")
    assert {key: uploaded.get(key) for key in files} == files


def test_a_file_of_the_same_size_is_uploaded_when_its_content_differs(stage: Stage, tmp_path: Path) -> None:
    file, key = tmp_path / "weights", f"{stage.release_prefix}weights"
    for content in (b"old", b"new"):
        file.write_bytes(content)
        stage.upload(file, key)
        assert stage.read_object(key) == content


def test_a_bucket_that_does_not_exist_is_named(site: Site) -> None:
    other = dataclasses.replace(site, s3=dataclasses.replace(site.s3, bucket="nothing-there"))
    with pytest.raises(LabError, match=r"bucket nothing-there at .*NoSuchBucket.*check ERASURE_BUCKET"):
        Stage(other).objects("models/")


def test_what_is_not_ready_in_time_is_named(stage: Stage) -> None:
    with pytest.raises(LabError, match=r"waited 1 s for configmap/kube-root-ca.crt to meet condition=Ready"):
        stage.wait_ready("configmap", "kube-root-ca.crt", 1)


def test_what_is_not_there_is_not_waited_for(stage: Stage) -> None:
    with pytest.raises(KubectlError, match='"nothing" not found'):
        stage.wait_ready("configmap", "nothing", 60)

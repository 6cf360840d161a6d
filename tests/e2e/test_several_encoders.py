"""What a pod sees of a release of several encoders: each over its own folder of the pipeline, and no more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from erasure_operator.api.constants import FIELD_MANAGER, RELEASE_LABEL
from erasure_operator.plan.snapshot import EncoderMount
from erasure_operator.pod_security import container_security, pod_security
from erasure_operator.read_workload import read_deployment
from erasure_operator.render_target import FetchImage, render_target
from erasure_operator.resources import ModelKey
from lab.kubectl import wait_until
from lab.site import Site
from lab.stage import Stage
from unlearn_job.contract.key import short_key
from unlearn_job.contract.manifest import Manifest, ManifestFile
from unlearn_job.contract.result import JobResult, Outcome

pytestmark = pytest.mark.cluster
NAMESPACE = "e2e-several-encoders"
NAME = "sdxl"
FOLDER = "/models/t2v"
BASE = {
    "model_index.json": "{}",
    "unet/config.json": "base",
    "text_encoder/config.json": "base",
    "text_encoder_2/config.json": "base",
}
PAIR = {"text_encoder/config.json": "first", "text_encoder_2/config.json": "second"}
ALONE = {"text_encoder/config.json": "alone"}
BUILD = """
import json, pathlib, sys
for place, text in json.loads(sys.argv[1]).items():
    path = pathlib.Path("/pipeline", place)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
"""
SHOW = """
import json, os, pathlib, time
folder = pathlib.Path("/models/t2v")
files = [path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json"]
found = {path.relative_to(folder).as_posix(): path.read_text() for path in files}
print(json.dumps({"path": os.environ["TEXT_ENCODER_PATH"], "files": found}), flush=True)
time.sleep(3600)
"""


@pytest.fixture(scope="module")
def stage(site: Site) -> Iterator[Stage]:
    stage = Stage(site, NAMESPACE)
    stage.clear()
    stage.prepare_namespace()
    stage.apply_objects(deployment(stage))
    yield stage
    stage.clear(wait=False)


def deployment(stage: Stage) -> dict[str, Any]:
    """A server that reads a pipeline's folder and has never heard of releases."""
    image = {"image": stage.site.images.operator, "imagePullPolicy": stage.site.images.pull_policy}
    secure = {"securityContext": container_security()}
    labels = {"app": NAME}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            # Scaled up by the first release: without one there is no TEXT_ENCODER_PATH to show.
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "automountServiceAccountToken": False,
                    "terminationGracePeriodSeconds": 1,
                    "securityContext": pod_security(),
                    "initContainers": [
                        {
                            "name": "pipeline",
                            "command": ["python", "-c", BUILD, json.dumps(BASE)],
                            "volumeMounts": [{"name": "pipeline", "mountPath": "/pipeline"}],
                            **image,
                            **secure,
                        }
                    ],
                    "containers": [
                        {
                            "name": "server",
                            "command": ["python", "-c", SHOW],
                            "volumeMounts": [{"name": "pipeline", "mountPath": FOLDER, "readOnly": True}],
                            **image,
                            **secure,
                        }
                    ],
                    "volumes": [{"name": "pipeline", "emptyDir": {}}],
                },
            },
        },
    }


def published(stage: Stage, folder: Path, key: str, files: dict[str, str], **manifest: Any) -> EncoderMount:
    """Publish a release of small files, and say how a target mounts it."""
    model = f"{NAMESPACE}.{NAME}"
    prefix = f"erasure/{model}/releases/{key}"
    listed = []
    for place, text in files.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        stage.upload(path, f"{prefix}/{place}")
        digest = hashlib.sha256(text.encode()).hexdigest()
        listed.append(ManifestFile(path=place, sha256=digest, size=len(text)))
    content = Manifest(
        model=model,
        key=key,
        base_sha256="b" * 64,
        encoder_sha256="e" * 64,
        erasures=(),
        files=tuple(listed),
        result=JobResult(key=key, outcome=Outcome.BUILT),
        **manifest,
    ).to_json()
    (folder / "manifest.json").write_text(content)
    stage.upload(folder / "manifest.json", f"{prefix}/manifest.json")
    several = manifest.get("encoders", ())
    return EncoderMount(
        key=key,
        uri=f"s3://{stage.site.s3.bucket}/{prefix}",
        manifest_sha256=hashlib.sha256(content.encode()).hexdigest(),
        container="server",
        path=FOLDER if several else f"{FOLDER}/text_encoder",
        components=several,
        endpoint=stage.site.s3.endpoint,
        region=stage.site.s3.region,
        credentials_secret="s3",
    )


def rolled_out(stage: Stage, mount: EncoderMount) -> dict[str, Any]:
    """Apply what the operator applies, wait for the pod, and return what it sees."""
    found = stage.kubectl.find("deployment", NAME, NAMESPACE)
    assert found is not None
    images = stage.site.images
    rendered = render_target(
        read_deployment(found),
        mount,
        model=ModelKey(NAMESPACE, NAME),
        image=FetchImage(images.operator, images.pull_policy),
    )
    stage.kubectl(
        *("apply", "--server-side", f"--field-manager={FIELD_MANAGER}", "-f", "-"),
        stdin=yaml.safe_dump(rendered),
    )
    stage.kubectl("scale", "deployment", NAME, "-n", NAMESPACE, "--replicas=1")
    stage.wait_rolled_out(NAME)
    found = stage.kubectl.find("deployment", NAME, NAMESPACE)
    assert found is not None
    assert read_deployment(found).mount == mount
    selector = f"{RELEASE_LABEL}={short_key(mount.key)}"

    def said() -> str:
        return stage.kubectl("logs", "-n", NAMESPACE, "-l", selector, "-c", "server").strip()

    shown: dict[str, Any] = json.loads(wait_until("the server to say what it sees", said, 60))
    return shown


def test_each_encoder_lies_over_its_own_folder_and_gives_way_to_a_release_of_one(
    stage: Stage, tmp_path: Path
) -> None:
    pair = published(
        stage, tmp_path / "pair", "a" * 64, PAIR, version=2, encoders=("text_encoder", "text_encoder_2")
    )
    assert rolled_out(stage, pair) == {"path": FOLDER, "files": BASE | PAIR}
    # The same mount path, now of the whole volume: server-side apply takes the other mount away.
    alone = published(stage, tmp_path / "alone", "c" * 64, ALONE)
    assert rolled_out(stage, alone) == {"path": f"{FOLDER}/text_encoder", "files": BASE | ALONE}
    assert rolled_out(stage, pair) == {"path": FOLDER, "files": BASE | PAIR}

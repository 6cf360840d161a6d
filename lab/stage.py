"""What the demo and the end-to-end tests set up on a cluster: the operator, the models, a T2V service."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lab.errors import LabError
from lab.kubectl import Kubectl
from lab.lock import locked
from lab.paths import Paths
from lab.progress import Progress
from lab.site import Site

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
CHART = ROOT / "charts" / "concept-erasure-operator"
MODELS = ROOT / "lab" / "testbed" / "models"
MODEL_NAMES = ("t2i", "t2v", "judge-classifier", "judge-clip")
SYSTEM_NAMESPACE = "concept-erasure-system"
EXAMPLE_NAMESPACE = "media"


class Stage:
    """One namespace of a site, and what is put on it."""

    def __init__(self, site: Site, namespace: str = EXAMPLE_NAMESPACE) -> None:
        self.site = site
        self.namespace = namespace
        self.kubectl = Kubectl(site.kubectl, site.kubeconfig)
        self._s3 = boto3.client(
            "s3",
            endpoint_url=site.s3.endpoint,
            region_name=site.s3.region,
            aws_access_key_id=site.s3.access_key,
            aws_secret_access_key=site.s3.secret_key.get_secret_value(),
            config=Config(s3={"addressing_style": "path" if site.s3.endpoint else "auto"}),
        )

    def clear(self, *, wait: bool = True) -> None:
        """Take away what an earlier run left in the namespace and under the release prefix."""
        if wait:
            # Pods first: a namespace that finds them ending looks again after half of their grace period.
            workloads = ("delete", "deployments,jobs", "--all", "-n", self.namespace)
            self.kubectl(*workloads, "--cascade=foreground", timeout=180)
        self.kubectl(
            *("delete", "namespace", self.namespace, "--ignore-not-found", f"--wait={wait}".lower()),
            timeout=180,
        )
        self.delete_prefix(self.release_prefix)

    def prepare_namespace(self) -> None:
        """Create the namespace under restricted Pod Security, with the S3 credentials in it."""
        restricted = {
            f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")
        }
        self.apply_objects(
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": self.namespace, "labels": restricted},
            },
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "s3", "namespace": self.namespace},
                "stringData": self.site.s3.environment(),
            },
        )

    def install_operator(self) -> None:
        """Install or upgrade the chart and wait until the operator is Ready."""
        images = self.site.images
        values = {
            "image": {**_image_values(images.operator), "pullPolicy": images.pull_policy},
            "jobImage": _image_values(images.unlearn_job),
        }
        # Of two that install at the same time helm refuses one.
        with locked(Paths.default(), "operator", Progress()):
            done = subprocess.run(
                [
                    *(self.site.helm, "upgrade", "--install", "concept-erasure", str(CHART)),
                    *("--kubeconfig", str(self.site.kubeconfig), "--namespace", SYSTEM_NAMESPACE),
                    *("--create-namespace", "--take-ownership", "--wait", "--timeout=180s", "--values=-"),
                ],
                input=yaml.safe_dump(values),
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            raise LabError(f"helm: {done.stderr.strip()}")

    def upload_models(self) -> None:
        """Put the testbed's pipelines and judges where the examples say, unless they are there."""
        for name in MODEL_NAMES:
            for file in sorted(path for path in (MODELS / name).rglob("*") if path.is_file()):
                self.upload(file, f"models/testbed/{file.relative_to(MODELS).as_posix()}")

    def upload(self, file: Path, key: str) -> None:
        """Put a file into the bucket, unless the same bytes are there under that key."""
        # By content: weights that were trained anew are as large as the old ones.
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        there = self.objects(key) and self._s3.head_object(Bucket=self.site.s3.bucket, Key=key)["Metadata"]
        if not there or there.get("sha256") != digest:
            extra = {"Metadata": {"sha256": digest}}
            self._s3.upload_file(str(file), self.site.s3.bucket, key, ExtraArgs=extra)

    def apply_example(self, *parts: str) -> None:
        """Apply a file of examples/ in this namespace, with this site's bucket and images."""
        text = EXAMPLES.joinpath(*parts).read_text()
        text = text.replace("s3://checkpoints/", f"s3://{self.site.s3.bucket}/")
        documents = [document for document in yaml.safe_load_all(text) if document]
        for document in documents:
            document["metadata"]["namespace"] = self.namespace
            self._use_site_image(document)
        self.apply_objects(*documents)

    def apply_objects(self, *objects: dict[str, Any]) -> None:
        """Apply objects server-side."""
        self.kubectl.apply(yaml.safe_dump_all(objects))

    def wait_ready(self, kind: str, name: str, seconds: float) -> dict[str, Any]:
        """Wait until the Ready condition is True for the present generation, and return the object."""
        return self.kubectl.wait("condition=Ready", kind, name, self.namespace, seconds)

    def wait_rolled_out(self, deployment: str, seconds: float = 180) -> None:
        """Wait until every pod of a Deployment is new and Ready."""
        self.kubectl(
            *("rollout", "status", f"deployment/{deployment}", "-n", self.namespace),
            f"--timeout={seconds:.0f}s",
            timeout=seconds + 10,
        )

    @property
    def release_prefix(self) -> str:
        """Key prefix under which the example VideoModel publishes from this namespace."""
        return f"erasure/{self.namespace}."

    def objects(self, prefix: str) -> dict[str, int]:
        """List S3 keys under a prefix with their sizes in bytes.

        Raises
        ------
        LabError
            The bucket cannot be listed.
        """
        s3 = self.site.s3
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=s3.bucket, Prefix=prefix)
        try:
            return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", [])}
        except (BotoCoreError, ClientError) as error:
            raise LabError(
                f"bucket {s3.bucket} at {s3.endpoint or 'AWS'}: {error}; check ERASURE_BUCKET, "
                "AWS_ENDPOINT_URL_S3 and the keys"
            ) from error

    def read_object(self, key: str) -> bytes:
        """Read one S3 object whole."""
        return self._s3.get_object(Bucket=self.site.s3.bucket, Key=key)["Body"].read()

    def delete_prefix(self, prefix: str) -> None:
        """Delete all S3 objects under a prefix."""
        for key in self.objects(prefix):
            self._s3.delete_object(Bucket=self.site.s3.bucket, Key=key)

    def _use_site_image(self, document: dict[str, Any]) -> None:
        if document["kind"] != "Deployment":
            return
        for container in document["spec"]["template"]["spec"]["containers"]:
            container["image"] = self.site.images.inference
            container["imagePullPolicy"] = self.site.images.pull_policy


def _image_values(image: str) -> dict[str, str]:
    repository, _, tag = image.rpartition(":")
    return {"repository": repository, "tag": tag}

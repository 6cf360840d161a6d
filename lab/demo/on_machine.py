"""The demo without a cluster: the same Job and service on this machine alone, with a folder for storage."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import yaml
from rich.console import Console

from erasure_operator.api.concept_erasure import ConceptErasure
from erasure_operator.api.video_model import VideoModel
from erasure_operator.plan.actions import CreateRelease
from erasure_operator.plan.plan import plan
from erasure_operator.plan.snapshot import Snapshot, Workload
from lab.demo import pictures, summary
from lab.demo.clock import Clock
from lab.errors import LabError
from lab.kubectl import wait_until
from lab.stage import EXAMPLES, MODELS
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.result import JobResult
from unlearn_job.methods import configs

SERVER_SECONDS: Final = 120
"""Deadline for the service to load its pipeline."""
PLUGS: Final = (
    "The cluster adds what was done by hand here: it finds or builds the set of all erasures, rolls it out "
    "without an outage, and takes it back with the manifest. Run `make demo` as root, or set KUBECONFIG."
)


def run(console: Console, out: Path) -> None:
    """Show unlearning and serving, without Kubernetes.

    Raises
    ------
    LabError
        The Job or the service failed; its own message is on the screen above.
    """
    clock, work = Clock(console), out / "on-machine"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    document = document_of_examples(work)
    path = work / "document.json"
    path.write_text(document.to_json())
    with clock.step("start the text-to-video service and generate before"), _service(None) as url:
        before = pictures.generate(url)
    with clock.step(f"unlearn-job run {path}"):
        result = _run_job(path)
    encoder = work / "erasure" / document.release_prefix / "text_encoder"
    with clock.step("restart the service on the new encoder and generate after"), _service(encoder) as url:
        after = pictures.generate(url)
    picture = out / "before-after.png"
    pictures.compose(before, after, picture)
    console.print(summary.table(document.adds[0].concept.name, result.model_dump(by_alias=True), clock))
    console.print(f"picture  {picture}\nrelease  {encoder.parent} (report.html, probe.json)\n\n{PLUGS}")


def document_of_examples(work: Path) -> JobInput:
    """Return the document that the operator would give the Job for the examples, on folders instead of S3.

    Parameters
    ----------
    work
        Folder that takes the bucket's place.
    """
    model = VideoModel.from_object(_example(work, "storyboard", "video-model.yaml"))
    erasure = ConceptErasure.from_object(_example(work, "erasures", "captain-comet.yaml"))
    service = Workload(
        kind="Deployment", name="storyboard", labels={"app": "storyboard"}, containers=("server",)
    )
    decided = plan(
        Snapshot(model=model, erasures=(erasure,), workloads=(service,)), datetime.now(UTC), configs()
    )
    release = next(action for action in decided.actions if isinstance(action, CreateRelease))
    return release.spec.document


def _example(work: Path, *parts: str) -> dict[str, Any]:
    text = EXAMPLES.joinpath(*parts).read_text()
    text = text.replace("s3://checkpoints/models/testbed", f"file://{MODELS}")
    parsed: dict[str, Any] = yaml.safe_load(text.replace("s3://checkpoints", f"file://{work}"))
    return parsed


def _run_job(document: Path) -> JobResult:
    done = subprocess.run(
        [sys.executable, "-m", "unlearn_job.cli", "run", str(document), "-o", "json"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LabError(f"the Job ended with exit code {done.returncode}; it says why above")
    return JobResult.from_json(done.stdout)


@contextmanager
def _service(encoder: Path | None) -> Iterator[str]:
    port = _free_port()
    environment = {
        **os.environ,
        "PIPELINE_SOURCE": f"file://{MODELS / 't2v'}",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DEVICE": "CPU",
    }
    if encoder:
        environment["TEXT_ENCODER_PATH"] = str(encoder)
    process = subprocess.Popen([sys.executable, "-m", "inference.main"], env=environment)
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        if process.poll() is not None:
            raise LabError(f"the service ended with exit code {process.returncode}; it says why above")
        try:
            return httpx.get(f"{url}/readyz", timeout=2, trust_env=False).is_success
        except httpx.TransportError:
            return False

    try:
        wait_until("the text-to-video service", answers, SERVER_SECONDS)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

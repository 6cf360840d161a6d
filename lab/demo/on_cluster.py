"""The demo on a cluster: the lab, or the one that KUBECONFIG names."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.live import Live

from lab.demo import pictures, summary, view
from lab.demo.clock import Clock
from lab.errors import LabError
from lab.kubectl import condition_of
from lab.site import Site
from lab.stage import SYSTEM_NAMESPACE, Stage

ERASURE: Final = "takedown-2026-117"
MODEL: Final = "storyboard"
SERVICE: Final = "service/storyboard"
SERVICE_PORT: Final = 8000
LOOK_SECONDS: Final = 1
ERASED_SECONDS: Final = 600
"""Deadline from `kubectl apply` to every pod serving the new encoder."""


def run(site: Site, console: Console, out: Path) -> None:
    """Show the main job from end to end.

    Raises
    ------
    LabError
        Something did not come about; the message says what and where to look.
    """
    stage, clock = Stage(site), Clock(console)
    with clock.step("clear what an earlier demo left"):
        stage.clear()
    with clock.step("install the operator (helm)"):
        stage.install_operator()
    with clock.step("upload the testbed's models to S3"):
        stage.upload_models()
    with clock.step("start the text-to-video service (2 pods)"):
        stage.prepare_namespace()
        stage.apply_example("storyboard", "inference.yaml")
        stage.wait_rolled_out(MODEL)
    with clock.step("generate before"):
        before = _generate(stage)
    with clock.step(
        "kubectl apply -f examples/storyboard/video-model.yaml -f examples/erasures/captain-comet.yaml"
    ):
        stage.apply_example("storyboard", "video-model.yaml")
        stage.apply_example("erasures", "captain-comet.yaml")
    with clock.step("unlearn, probe, publish, roll out"):
        erasure = _follow(stage, console)
    with clock.step("generate after"):
        after = _generate(stage)
    picture = out / "before-after.png"
    pictures.compose(before, after, picture)
    release = stage.kubectl.find("encoderRelease", erasure["status"]["release"], stage.namespace)
    if release is None:
        raise LabError(f"EncoderRelease {erasure['status']['release']} is gone; was it deleted by hand?")
    console.print(summary.table(erasure["spec"]["concept"]["name"], release["status"]["result"], clock))
    console.print(_where_next(stage, release, picture))


def _generate(stage: Stage) -> pictures.Clips:
    with stage.kubectl.port_forward(SERVICE, SERVICE_PORT, stage.namespace) as url:
        return pictures.generate(url)


def _follow(stage: Stage, console: Console) -> dict[str, Any]:
    deadline = time.monotonic() + ERASED_SECONDS
    with Live(console=console, refresh_per_second=4) as live:
        while True:
            item, picture = view.look(stage, ERASURE)
            live.update(picture)
            ready, stalled = condition_of(item, "Ready"), condition_of(item, "Stalled")
            if item and ready and ready["status"] == "True":
                return item
            if stalled and stalled["status"] == "True":
                raise LabError(f"the erasure is stalled: {stalled['reason']}: {stalled['message']}")
            if time.monotonic() > deadline:
                raise LabError(
                    f"the erasure was not Ready after {ERASED_SECONDS} s; "
                    f"look at kubectl describe ce {ERASURE} -n {stage.namespace}"
                )
            time.sleep(LOOK_SECONDS)


def _where_next(stage: Stage, release: dict[str, Any], picture: Path) -> str:
    namespace, kubeconfig = stage.namespace, stage.site.kubeconfig
    return "\n".join(
        (
            f"picture  {picture}",
            f"release  {release['status']['uri']} (report.html, probe.json, provenance.json)",
            "",
            f"export KUBECONFIG={kubeconfig}",
            f"kubectl get ce,t2v,er -n {namespace}",
            f"kubectl describe ce {ERASURE} -n {namespace}",
            f"kubectl port-forward -n {SYSTEM_NAMESPACE} deploy/concept-erasure-operator 8080 & "
            "curl -s localhost:8080/metrics | grep erasure",
            f"kubectl delete ce {ERASURE} -n {namespace}   # takes it back, without a Job",
        )
    )

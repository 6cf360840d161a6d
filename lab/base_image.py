"""The images' base in the lab: Debian with Python, made by debootstrap, for want of a registry.

It stands in for ``python:3.x-slim-bookworm``: ``python`` and ``pip`` are
there, and pip may install into the system.
"""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from lab.buildah import Buildah
from lab.errors import LabError
from lab.paths import Paths
from lab.progress import Progress
from lab.versions import DEBIAN_SUITE, PYTHON_VERSION

__all__ = ["ensure_base", "mirror"]

PACKAGES: Final = ("python3", "python3-venv", "python-is-python3", "ca-certificates")
DEFAULT_MIRROR: Final = "http://deb.debian.org/debian"
UNNEEDED: Final = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/cache/apt", "var/lib/apt/lists")


def ensure_base(paths: Paths, buildah: Buildah, progress: Progress) -> str:
    """Return the name of the base image, made on the first call.

    Raises
    ------
    LabError
        debootstrap failed, or gave another Python than the mounted dependencies are for.
    """
    key = hashlib.sha256(repr((DEBIAN_SUITE, PACKAGES, UNNEEDED)).encode()).hexdigest()[:12]
    name = f"localhost/concept-erasure/base:{DEBIAN_SUITE}-{key}"
    if buildah.has(name):
        return name
    folder = paths.cache / f"base-{key}"
    with progress.step(f"Making the images' base (Debian {DEBIAN_SUITE})", 60) as step:
        if not folder.exists():
            for left in paths.cache.glob(f"{folder.name}.partial-*"):
                shutil.rmtree(left, ignore_errors=True)
            # A name of its own: the debootstrap of a killed call may still be writing to the last one.
            partial = Path(tempfile.mkdtemp(prefix=f"{folder.name}.partial-", dir=paths.cache))
            partial.chmod(0o755)
            _debootstrap(partial)
            partial.rename(folder)
        step.detail = "storing it"
        container = buildah.run("from", "scratch").split()[-1]
        try:
            buildah.run("add", container, str(folder), "/")
            path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
            buildah.run(
                "config", "--env", f"PATH={path}", "--env", "LANG=C.UTF-8", "--cmd", "python3", container
            )
            buildah.run("commit", "--format", "docker", container, name)
        finally:
            buildah.run("rm", container)
        shutil.rmtree(folder)
    return name


def mirror(sources: Path = Path("/etc/apt")) -> str:
    """Return the Debian mirror this machine uses, else the general one."""
    files = [*sources.glob("sources.list"), *sorted(sources.glob("sources.list.d/*"))]
    for file in files:
        for line in file.read_text(errors="replace").splitlines():
            words = line.split()
            if words[:1] in (["deb"], ["URIs:"]):
                found = next((word for word in words if "://" in word), "")
                if found.rstrip("/").endswith("/debian"):
                    return found
    return DEFAULT_MIRROR


def _debootstrap(folder: Path) -> None:
    options = ["--variant=minbase", f"--include={','.join(PACKAGES)}"]
    done = subprocess.run(
        # A mount namespace of its own: debootstrap mounts /proc into the folder and leaves it there.
        [
            "unshare",
            "--mount",
            "--propagation=private",
            "debootstrap",
            *options,
            DEBIAN_SUITE,
            str(folder),
            mirror(),
        ],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise LabError(f"debootstrap failed:\n{done.stdout[-1500:]}")
    if not (folder / f"usr/bin/python{PYTHON_VERSION}").exists():
        raise LabError(
            f"Debian {DEBIAN_SUITE} came without Python {PYTHON_VERSION}, which the mounted packages are for."
        )
    for unneeded in UNNEEDED:
        shutil.rmtree(folder / unneeded, ignore_errors=True)
        (folder / unneeded).mkdir(parents=True)
    # As in the official Python images: pip may write to the system it is the owner of.
    for marker in (folder / "usr/lib").glob("python3*/EXTERNALLY-MANAGED"):
        marker.unlink()

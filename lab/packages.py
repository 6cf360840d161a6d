"""Debian packages that the node is made of, installed when their programs are missing."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from lab.containerd import CNI_FOLDERS
from lab.errors import LabError
from lab.pause import BUSYBOX
from lab.progress import Progress

__all__ = ["BUILD", "NODE", "busybox", "install", "missing"]

NODE: Final = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "iptables-save": "iptables",
    "ip": "iproute2",
    "bridge plugin": "containernetworking-plugins",
    "busybox": "busybox-static",
}
"""Program to package, for the node."""

BUILD: Final = {"buildah": "buildah", "debootstrap": "debootstrap"}
"""Program to package, for building images."""


def missing(wanted: dict[str, str]) -> list[str]:
    """Return the packages whose programs this machine lacks."""
    return sorted({package for program, package in wanted.items() if not _present(program)})


def install(wanted: dict[str, str], progress: Progress) -> None:
    """Install what is missing, with nothing that is merely recommended and no upgrade of anything else.

    Raises
    ------
    LabError
        There is no apt-get, or it failed.
    """
    packages = missing(wanted)
    if not packages:
        return
    if not shutil.which("apt-get"):
        raise LabError(
            f"The lab needs {', '.join(packages)}: install them with this system's package manager."
        )
    with progress.step(f"Installing {', '.join(packages)}", 30):
        done = _apt("install", "--yes", "--no-install-recommends", "--no-upgrade", *packages)
        if done.returncode:  # the usual cause: package lists that are missing or older than the mirror
            _apt("update")
            done = _apt("install", "--yes", "--no-install-recommends", "--no-upgrade", *packages)
        if done.returncode or missing(wanted):
            raise LabError(f"apt-get could not install {', '.join(packages)}:\n{done.stderr[-1500:]}")


def _present(program: str) -> bool:
    if program == "bridge plugin":
        return any((folder / "bridge").exists() for folder in CNI_FOLDERS)
    if program == "busybox":
        return any(path.exists() and b"/ld-linux" not in path.read_bytes() for path in BUSYBOX)
    return shutil.which(program) is not None


def _apt(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(
        ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=120", *arguments],
        check=False, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def busybox() -> Path:
    """Return the static busybox that the pause image is made of.

    Raises
    ------
    LabError
        There is none.
    """
    for path in BUSYBOX:
        if path.exists():
            return path
    raise LabError("There is no busybox: install the package busybox-static.")

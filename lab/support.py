"""Can the lab run on this machine? Asked before anything is built, so that the answer is quick."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

from lab import packages

__all__ = ["unsupported_reason"]


def unsupported_reason() -> str | None:
    """Return why the lab cannot run here and what to do, in one sentence, or None when it can."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return "The lab runs on Linux on x86-64 only: set KUBECONFIG to your own cluster, such as kind."
    if os.geteuid() != 0:
        return (
            "The lab needs root for containers and network: use sudo, or set KUBECONFIG to your own cluster."
        )
    if not _has_cgroups():
        return (
            "The lab needs writable control groups (memory, cpu, pids) under /sys/fs/cgroup: run it on a "
            "machine or in a privileged container that has them, or set KUBECONFIG to your own cluster."
        )
    if not _has_network_namespaces():
        return (
            "The lab needs to create network namespaces and bridges, which this machine forbids: run it in a "
            "privileged container or a virtual machine, or set KUBECONFIG to your own cluster."
        )
    lacking = packages.missing(packages.NODE)
    if lacking and not shutil.which("apt-get"):
        return (
            f"The lab needs {', '.join(lacking)} and there is no apt-get to install them: install them first."
        )
    return None


def _has_cgroups(mount: Path = Path("/sys/fs/cgroup")) -> bool:
    unified = mount / "cgroup.controllers"
    controllers = (
        set(unified.read_text().split()) if unified.exists() else {entry.name for entry in mount.glob("*")}
    )
    writable = os.access(mount if unified.exists() else mount / "memory", os.W_OK)
    return {"memory", "cpu", "pids"} <= controllers and writable


def _has_network_namespaces() -> bool:
    """Try it inside a namespace that ends with the command, so that nothing is left behind."""
    if not shutil.which("unshare"):
        return False
    script = "ip link add probe0 type bridge" if shutil.which("ip") else "true"
    return (
        subprocess.run(["unshare", "--net", "sh", "-c", script], check=False, capture_output=True).returncode
        == 0
    )

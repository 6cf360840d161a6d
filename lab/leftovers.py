"""What a lab leaves on the machine besides its daemons, and how it goes away."""

import contextlib
import shutil
from pathlib import Path

from lab import cgroups, kubelet, network, packet_filter, process, unmount
from lab.paths import Paths
from lab.process import ProcessRecord
from lab.settings import LabSettings

__all__ = ["clear_dead_containers", "remove_everything", "shims"]


def shims(paths: Paths) -> list[ProcessRecord]:
    """Return containerd's shims of this lab: they hold the containers, and outlive containerd."""
    return [found for found in process.owned(paths.state) if "containerd-shim" in _program(found)]


def clear_dead_containers(paths: Paths) -> None:
    """Bring the node to how a reboot leaves it, when containerd and all its shims are gone.

    Containers without a shim still run but nobody can stop them any more, and
    containerd would wait for each. Its content and the list of containers stay
    in the state folder; it marks them as ended, and the kubelet starts new ones.
    """
    if shims(paths):
        return
    cgroups.end_processes()
    for socket in _shim_sockets(paths):
        socket.unlink(missing_ok=True)
    # Of the state folder only containerd's part: the kubelet may be alive and hold its volumes.
    unmount.unmount_below([paths.run, paths.state / "containerd"])
    for folder in ("containerd", "runc"):
        shutil.rmtree(paths.run / folder, ignore_errors=True)


def remove_everything(paths: Paths, settings: LabSettings | None) -> None:
    """Take a lab off this machine, running or broken, with everything it left.

    The order matters: the kubelet and containerd's shims first, or they would
    start again what the next lines end.
    """
    _end_daemons(paths)
    cgroups.end_processes()
    sockets = _shim_sockets(paths)
    unmount.unmount_below([paths.run, paths.state, paths.cache / "buildah", paths.cache / "buildah-run"])
    network.remove_bridge(settings.bridge if settings else LabSettings.model_fields["bridge"].default)
    packet_filter.remove_chains()
    cgroups.remove()
    kubelet.remove_traces(paths)
    for socket in sockets:
        socket.unlink(missing_ok=True)
    for folder in (
        Path("/run/containerd/s"),
        Path("/run/containerd"),
        network.CNI_RECORDS,
        network.CNI_RECORDS.parent,
    ):
        with contextlib.suppress(OSError):  # it holds files of somebody else, or is not there
            folder.rmdir()
    if settings:
        network.restore_sysctls(settings.sysctls)
    shutil.rmtree(paths.run, ignore_errors=True)
    # Mounts below are gone, or this would delete what they show; nothing there is a mount of somebody else.
    if not unmount.below([paths.state], Path("/proc/self/mountinfo").read_text()):
        shutil.rmtree(paths.state, ignore_errors=True)


def _end_daemons(paths: Paths) -> None:
    found = list(process.owned(paths.state))
    # kubelet, kube-proxy and the controllers would write rules and start pods while the rest ends.
    first = [one for one in found if "kubelet" in _arguments(one) or "kube-proxy" in _arguments(one)]
    process.end(first, grace_seconds=5)
    holders = [one for one in found if "containerd-shim" in _program(one)]
    process.end(holders, grace_seconds=0)
    # A shim may have been started between the first look and the kubelet's end.
    process.end(process.owned(paths.state), grace_seconds=5)
    process.end(process.owned(paths.state), grace_seconds=0)


def _shim_sockets(paths: Paths) -> list[Path]:
    """Shims listen under /run/containerd whatever containerd's state folder is; each bundle says where."""
    files = (paths.run / "containerd").glob("io.containerd.runtime.v2.task/*/*/address")
    return [Path(file.read_text().removeprefix("unix://")) for file in files]


def _arguments(found: ProcessRecord) -> list[str]:
    try:
        return Path(f"/proc/{found.pid}/cmdline").read_text().split("\0")
    except OSError:
        return []


def _program(found: ProcessRecord) -> str:
    return Path((_arguments(found) or [""])[0]).name

"""The lab's own control group: all pods are below it, so their processes can be told from others."""

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Final

__all__ = ["NAME", "create", "end_processes", "remove", "roots"]

NAME: Final = "concept-erasure-lab"
MOUNT: Final = Path("/sys/fs/cgroup")


def roots(mount: Path = MOUNT) -> list[Path]:
    """Return the lab's group in every hierarchy: one for cgroup v2, one per controller for v1.

    Whether they exist is not looked at.
    """
    if (mount / "cgroup.controllers").exists():
        return [mount / NAME]
    # cpuacct and the like are often links to a joint mount; resolved, so that each counts once.
    folders = {entry.resolve() for entry in mount.iterdir() if (entry / "cgroup.procs").exists()}
    return [folder / NAME for folder in sorted(folders)]


def create() -> None:
    """Create the group. The kubelet demands that it exists before it starts."""
    for group in roots():
        group.mkdir(exist_ok=True)
        # A new cpuset of cgroup v1 is empty, and no process can enter it.
        for name in ("cpuset.cpus", "cpuset.mems"):
            if (group / name).exists() and not (group / name).read_text().strip():
                with contextlib.suppress(OSError):
                    (group / name).write_text((group.parent / name).read_text())


def end_processes() -> None:
    """Kill everything in the group: containers whose shim is gone, so that nobody else would."""
    deadline = time.monotonic() + 10
    while (pids := _processes()) and time.monotonic() < deadline:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def remove() -> None:
    """Remove the group and all below it. Its processes must have ended."""
    for group in roots():
        if not group.exists():
            continue
        for folder, _, _ in os.walk(group, topdown=False):
            _remove_when_empty(Path(folder))


def _processes() -> set[int]:
    pids: set[int] = set()
    for group in roots():
        for folder, _, _ in os.walk(group):
            with contextlib.suppress(OSError):
                pids |= {int(pid) for pid in (Path(folder) / "cgroup.procs").read_text().split()}
    return pids - {0, os.getpid()}


def _remove_when_empty(folder: Path) -> None:
    # A killed process leaves its group a moment after it can no longer be seen.
    deadline = time.monotonic() + 5
    while True:
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return

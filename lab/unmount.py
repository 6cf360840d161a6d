"""Unmount what containers and volumes left below the lab's folders."""

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

__all__ = ["below", "unmount_below"]


def below(folders: Iterable[Path], mountinfo: str) -> list[Path]:
    """Return the mount points under the folders, the innermost and latest first.

    Parameters
    ----------
    folders
        Folders of the lab.
    mountinfo
        Content of ``/proc/self/mountinfo``.
    """
    roots = tuple(folders)
    points = [Path(_unescape(line.split()[4])) for line in mountinfo.splitlines()]
    return [point for point in reversed(points) if any(point.is_relative_to(root) for root in roots)]


def unmount_below(folders: Iterable[Path]) -> None:
    """Unmount everything under the folders; busy mounts are detached, which also succeeds."""
    roots = tuple(folders)
    # Twice, because a shared mount can show itself again when the one above it goes.
    for _ in range(2):
        for point in below(roots, Path("/proc/self/mountinfo").read_text()):
            subprocess.run(["umount", "--lazy", str(point)], check=False, capture_output=True)


def _unescape(text: str) -> str:
    r"""Undo the kernel's octal escapes (a space is written ``\040``)."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)

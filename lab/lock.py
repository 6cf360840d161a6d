"""One command at a time changes the lab, one builds images, and one installs the operator."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from lab.paths import Paths
from lab.progress import Progress

__all__ = ["locked"]


@contextmanager
def locked(paths: Paths, what: Literal["lab", "images", "operator"], progress: Progress) -> Iterator[None]:
    """Hold a lock, waiting for whoever has it. The kernel releases it when its holder dies.

    Locks of their own, because building images takes minutes and a daemon that died must not wait for it.
    The files are in the cache: the state folder goes away while a lock is held.
    """
    paths.cache.mkdir(parents=True, exist_ok=True)
    with (paths.cache / f"{what}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.note("Waiting for another lab command to end.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield

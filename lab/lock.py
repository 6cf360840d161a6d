"""One command at a time changes the lab."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from lab.paths import Paths

__all__ = ["locked"]


@contextmanager
def locked(paths: Paths) -> Iterator[None]:
    """Hold the lab's lock, waiting for whoever has it. The kernel releases it when its holder dies.

    The file is in the cache: the state folder goes away while it is held.
    """
    paths.cache.mkdir(parents=True, exist_ok=True)
    with (paths.cache / "lab.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

from __future__ import annotations

from lab import weed
from lab.paths import Paths


def test_the_program_is_copied_once_and_works_alone(paths: Paths) -> None:
    first = weed.install(paths)
    inode = first.stat().st_ino
    assert weed.install(paths).stat().st_ino == inode
    assert first == weed.location(paths)
    assert first.stat().st_mode & 0o100

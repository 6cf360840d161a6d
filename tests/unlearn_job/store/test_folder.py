"""What only a folder does."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from unlearn_job.store import AccessDeniedError, StorageFullError, StorageMisconfiguredError
from unlearn_job.store.folder import FolderStore


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 64 KiB; only root can."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no right to mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_temporary_and_leaves_nothing(small_disk: Path) -> None:
    store = FolderStore(small_disk)
    for put in (store.put, store.put_once):
        with pytest.raises(StorageFullError, match="full"):
            put("r/model.safetensors", b"x" * 100_000)
    assert store.list("") == ()
    assert not [path for path in small_disk.rglob("*") if path.is_file()]


def test_a_disk_mounted_read_only_is_permanent(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(AccessDeniedError, match="permission"):
        FolderStore(small_disk).put("x", b"")
    with pytest.raises(AccessDeniedError, match="permission"):
        FolderStore(small_disk / "not" / "there").check_writable("r/x")


def test_a_file_in_the_place_of_a_folder_is_permanent(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(StorageMisconfiguredError):
        FolderStore(tmp_path).read("a/b")


def test_a_try_to_write_makes_no_folder(tmp_path: Path) -> None:
    FolderStore(tmp_path / "store").check_writable("r/x")
    assert [*tmp_path.iterdir()] == []


def test_half_written_files_are_never_listed(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put("r/x", b"1")
    (tmp_path / "r" / ".unfinished-abc").write_bytes(b"")
    assert [entry.name for entry in store.list("r")] == ["r/x"]


def test_other_users_may_read_what_is_written(tmp_path: Path) -> None:
    FolderStore(tmp_path).put("x", b"")
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o644

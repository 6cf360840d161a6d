from __future__ import annotations

from pathlib import Path

from lab import cgroups


def controller(mount: Path, name: str) -> Path:
    (mount / name).mkdir()
    (mount / name / "cgroup.procs").touch()
    return mount / name


def test_version_2_has_one_hierarchy(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids")
    assert cgroups.roots(tmp_path) == [tmp_path / cgroups.NAME]


def test_version_1_has_one_per_controller(tmp_path: Path) -> None:
    for name in ("memory", "cpu,cpuacct"):
        controller(tmp_path, name)
    (tmp_path / "cpu").symlink_to("cpu,cpuacct")
    assert cgroups.roots(tmp_path) == [tmp_path / name / cgroups.NAME for name in ("cpu,cpuacct", "memory")]


def test_folders_that_are_no_hierarchy_are_left_out(tmp_path: Path) -> None:
    controller(tmp_path, "memory")
    (tmp_path / "other").mkdir()
    assert cgroups.roots(tmp_path) == [tmp_path / "memory" / cgroups.NAME]

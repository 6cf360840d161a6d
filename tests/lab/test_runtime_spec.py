from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from lab import runtime_spec
from lab.paths import Paths


def test_there_is_something_to_mount_from_the_start(paths: Paths) -> None:
    runtime_spec.prepare_mounts(paths)
    assert (paths.mounts / "site-packages").is_dir()
    assert (paths.mounts / "testbed").is_dir()


def test_preparing_again_keeps_what_was_switched(paths: Paths, tmp_path: Path) -> None:
    runtime_spec.prepare_mounts(paths)
    packages = tmp_path / "packages"
    packages.mkdir()
    runtime_spec.switch_dependencies(paths, packages)
    runtime_spec.prepare_mounts(paths)
    assert (paths.mounts / "site-packages").resolve() == packages


def test_a_vanished_source_is_replaced_by_an_empty_one(paths: Paths, tmp_path: Path) -> None:
    runtime_spec.prepare_mounts(paths)
    runtime_spec.switch_dependencies(paths, tmp_path / "gone")
    runtime_spec.prepare_mounts(paths)
    assert (paths.mounts / "site-packages").is_dir()


@pytest.mark.skipif(not shutil.which("ctr"), reason="containerd is not installed yet; `lab up` installs it")
def test_containers_see_both_folders_and_cannot_write_them(paths: Paths) -> None:
    mounts = {mount["destination"]: mount for mount in json.loads(runtime_spec.render(paths))["mounts"]}
    for destination in (runtime_spec.DEPENDENCIES, runtime_spec.TESTBED):
        assert "ro" in mounts[destination]["options"]
        assert Path(mounts[destination]["source"]).is_relative_to(paths.mounts)

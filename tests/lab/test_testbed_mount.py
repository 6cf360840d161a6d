from __future__ import annotations

from pathlib import Path

import pytest

from lab.paths import Paths
from lab.runtime_spec import prepare_mounts
from lab.testbed_mount import refresh_testbed


@pytest.fixture
def models(tmp_path: Path, paths: Paths) -> Path:
    prepare_mounts(paths)
    (tmp_path / "models" / "t2i").mkdir(parents=True)
    (tmp_path / "models" / "t2i" / "weights").write_text("one")
    return tmp_path / "models"


def seen(paths: Paths) -> str:
    return (paths.mounts / "testbed" / "t2i" / "weights").read_text()


def test_containers_see_the_models(models: Path, paths: Paths) -> None:
    (models / "t2i" / "weights").chmod(0o600)
    refresh_testbed(paths, models)
    assert seen(paths) == "one"
    assert (paths.mounts / "testbed" / "t2i" / "weights").stat().st_mode & 0o777 == 0o644


def test_new_models_replace_old_ones(models: Path, paths: Paths) -> None:
    refresh_testbed(paths, models)
    (models / "t2i" / "weights").write_text("two, longer")
    refresh_testbed(paths, models)
    assert seen(paths) == "two, longer"


def test_unchanged_models_are_not_copied_again(models: Path, paths: Paths) -> None:
    refresh_testbed(paths, models)
    before = (paths.mounts / "testbed").resolve()
    refresh_testbed(paths, models)
    assert (paths.mounts / "testbed").resolve() == before


def test_a_checkout_without_models_is_no_error(tmp_path: Path, paths: Paths) -> None:
    prepare_mounts(paths)
    refresh_testbed(paths, tmp_path / "none")
    assert (paths.mounts / "testbed").is_dir()

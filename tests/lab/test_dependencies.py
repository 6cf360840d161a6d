from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from lab.dependencies import ensure_dependencies, environment_of
from lab.errors import LabError
from lab.paths import CHECKOUT, Paths
from lab.progress import Progress
from lab.runtime_spec import prepare_mounts
from lab.versions import PYTHON_VERSION


@pytest.fixture
def checkout(tmp_path: Path, paths: Paths) -> Path:
    prepare_mounts(paths)
    for name in ("pyproject.toml", "uv.lock"):
        shutil.copy(CHECKOUT / name, tmp_path)
    return tmp_path


def test_what_is_installed_is_mounted_without_a_second_installation(checkout: Path, paths: Paths) -> None:
    environment = environment_of(paths, checkout)
    packages = environment / "lib" / f"python{PYTHON_VERSION}" / "site-packages"
    packages.mkdir(parents=True)
    (environment / "complete").touch()
    assert ensure_dependencies(paths, Progress(quiet=True), checkout) == packages
    assert (paths.mounts / "site-packages").resolve() == packages


def test_only_what_the_images_hold_names_the_environment(checkout: Path, paths: Paths) -> None:
    before, lock = environment_of(paths, checkout), (checkout / "uv.lock").read_text()
    for package, same in (("ruff", True), ("torch", False)):
        start = lock.index("sha256:", lock.index(f'name = "{package}"\nversion')) + len("sha256:")
        (checkout / "uv.lock").write_text(lock[:start] + "0" * 64 + lock[start + 64 :])
        assert (environment_of(paths, checkout) == before) is same


def test_the_uv_that_runs_the_lab_needs_not_be_on_the_path(
    checkout: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = os.environ.get("UV") or shutil.which("uv")
    assert uv
    monkeypatch.setenv("UV", uv)
    monkeypatch.setenv("PATH", "/nowhere")
    assert environment_of(paths, checkout).parent == paths.cache


def test_without_uv_the_lab_says_where_to_get_it(
    checkout: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(LabError, match="uv"):
        ensure_dependencies(paths, Progress(quiet=True), checkout)
    assert not (paths.mounts / "site-packages" / "torch").exists()

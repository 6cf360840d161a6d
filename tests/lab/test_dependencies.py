from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from lab.dependencies import ensure_dependencies
from lab.errors import LabError
from lab.paths import Paths
from lab.progress import Progress
from lab.runtime_spec import prepare_mounts
from lab.versions import PYTHON_VERSION


@pytest.fixture
def checkout(tmp_path: Path, paths: Paths) -> Path:
    prepare_mounts(paths)
    (tmp_path / "uv.lock").write_text("lock")
    return tmp_path


def installed(paths: Paths) -> Path:
    key = hashlib.sha256(b"lock" + PYTHON_VERSION.encode()).hexdigest()[:12]
    packages = paths.cache / f"venv-{key}" / "lib" / f"python{PYTHON_VERSION}" / "site-packages"
    packages.mkdir(parents=True)
    (paths.cache / f"venv-{key}" / "complete").touch()
    return packages


def test_what_is_installed_is_mounted_without_a_second_installation(checkout: Path, paths: Paths) -> None:
    packages = installed(paths)
    assert ensure_dependencies(paths, Progress(quiet=True), checkout) == packages
    assert (paths.mounts / "site-packages").resolve() == packages


def test_without_uv_the_lab_says_where_to_get_it(
    checkout: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(LabError, match="uv"):
        ensure_dependencies(paths, Progress(quiet=True), checkout)
    assert not (paths.mounts / "site-packages" / "torch").exists()

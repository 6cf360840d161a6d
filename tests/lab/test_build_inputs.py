from __future__ import annotations

from pathlib import Path

import pytest

from lab.build_inputs import build_arguments, copied_sources, digest, mounted_files

DOCKERFILE = """\
ARG BASE=x
FROM ${BASE} AS build
ARG PIP_INDEX_URL
ARG SECRET
COPY --chown=1:1 pyproject.toml \\
     uv.lock ./
COPY package package
FROM build
COPY --from=build /opt /opt
"""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    for name in ("pyproject.toml", "uv.lock", "other.txt", "package/a.py", "package/__pycache__/a.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def of(context: Path) -> str:
    return digest(DOCKERFILE, context, {"target": "build"})


def test_only_declared_package_settings_are_passed() -> None:
    environment = {"PIP_INDEX_URL": "http://near", "UV_INDEX_URL": "http://near", "SECRET": "s", "BASE": "b"}
    assert build_arguments(DOCKERFILE, environment) == {"PIP_INDEX_URL": "http://near"}


def test_what_settings_point_to_is_mounted(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.crt"
    bundle.touch()
    environment = {
        "SSL_CERT_FILE": str(bundle),
        "PIP_CERT": str(bundle),
        "PIP_FIND_LINKS": "/nowhere",
        "HOME": "/",
    }
    assert [path for path in mounted_files(environment) if path.is_relative_to(tmp_path)] == [bundle]
    assert Path("/") not in mounted_files(environment)


def test_the_files_that_are_copied_are_found(context: Path) -> None:
    found = [str(path.relative_to(context)) for path in copied_sources(DOCKERFILE, context)]
    assert found == ["package/a.py", "pyproject.toml", "uv.lock"]


def test_the_digest_changes_with_what_the_image_is_made_of(context: Path) -> None:
    before = of(context)
    (context / "package" / "a.py").write_text("changed")
    assert of(context) != before


def test_the_digest_changes_with_an_executable_bit(context: Path) -> None:
    before = of(context)
    (context / "package" / "a.py").chmod(0o755)
    assert of(context) != before


def test_the_digest_stays_when_something_else_changes(context: Path) -> None:
    before = of(context)
    (context / "other.txt").write_text("changed")
    (context / "package" / "__pycache__" / "b.pyc").write_text("new")
    assert of(context) == before


def test_targets_have_digests_of_their_own(context: Path) -> None:
    assert digest(DOCKERFILE, context, {"target": "other"}) != of(context)

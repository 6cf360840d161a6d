from __future__ import annotations

from pathlib import Path

import pytest

from lab.buildah import Buildah
from lab.errors import LabError
from lab.paths import Paths

SCRIPT = """#!/bin/sh
echo "$@" >> {calls}
for last; do :; done
[ "$last" != missing ] || {{ echo "no such image" >&2; exit 125; }}
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # Stands in for the program alone: what is asked of it is what this module decides.
    program, calls = tmp_path / "bin" / "buildah", tmp_path / "calls"
    program.parent.mkdir()
    program.write_text(SCRIPT.format(calls=calls))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/bin:/usr/bin")
    return calls


def test_storage_is_in_the_cache(calls: Path, paths: Paths) -> None:
    Buildah(paths).run("images")
    assert f"--root {paths.cache / 'buildah'}" in calls.read_text()


def test_a_build_sees_host_files_read_only_and_pulls_nothing(calls: Path, paths: Paths) -> None:
    Buildah(paths).build(
        Path("/src"), target="operator", tag="t", arguments={"A": "1"}, mounts=[Path("/etc/ca.crt")]
    )
    call = calls.read_text()
    assert "--volume=/etc/ca.crt:/etc/ca.crt:ro" in call
    assert "--build-arg=A=1" in call
    assert "--pull-never" in call


def test_a_failure_says_what_it_said(calls: Path, paths: Paths) -> None:
    with pytest.raises(LabError, match="no such image"):
        Buildah(paths).run("push", "missing")


def test_an_image_that_is_not_there_is_no_error(calls: Path, paths: Paths) -> None:
    assert Buildah(paths).has("there")
    assert not Buildah(paths).has("missing")

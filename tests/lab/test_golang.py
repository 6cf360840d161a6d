from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import LabError
from lab.golang import environment, find_go, parse_version


def fake_go(folder: Path, version: str) -> Path:
    folder.mkdir()
    (folder / "go").write_text(f"#!/bin/sh\necho {version}\n")
    (folder / "go").chmod(0o755)
    return folder / "go"


def test_an_old_go_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = fake_go(tmp_path / "old", "go1.22.1"), fake_go(tmp_path / "new", "go1.99.0")
    monkeypatch.setenv("PATH", f"{old.parent}:{new.parent}:/bin:/usr/bin")
    assert find_go() == new


def test_without_a_go_the_lab_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/bin:/usr/bin")
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(LabError, match="uv sync --group lab"):
        find_go()


@pytest.mark.parametrize(
    ("text", "expected"), [("go1.26.8", (1, 26)), ("go1.30rc1", (1, 30)), ("devel", (0, 0)), ("", (0, 0))]
)
def test_versions_are_compared_as_numbers(text: str, expected: tuple[int, int]) -> None:
    assert parse_version(text) == expected


def test_programs_need_no_libraries_and_no_other_compiler() -> None:
    assert (environment()["CGO_ENABLED"], environment()["GOTOOLCHAIN"]) == ("0", "local")

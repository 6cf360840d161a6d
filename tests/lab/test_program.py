from __future__ import annotations

from pathlib import Path

import pytest

from lab import program
from lab.paths import Paths
from lab.progress import Progress


def test_the_program_is_found_by_what_it_is_made_of(paths: Paths, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "main.go").write_text("package main")
    before = program.digest(source)
    (source / "notes.txt").write_text("no part of it")
    assert program.digest(source) == before
    (source / "go.mod").write_text("module x")
    assert program.digest(source) != before


def test_a_built_program_is_not_built_again(paths: Paths) -> None:
    target = program.location(paths)
    target.parent.mkdir(parents=True)
    target.touch()
    assert program.build(paths, Progress(quiet=True)) == target


def test_clients_are_links_that_follow_the_program(tmp_path: Path) -> None:
    for built in (tmp_path / "old", tmp_path / "new"):
        program.link_clients(built, tmp_path)
    assert {name: (tmp_path / name).readlink() for name in program.CLIENTS} == {
        "kubectl": tmp_path / "new",
        "helm": tmp_path / "new",
    }


@pytest.mark.parametrize("name", program.CLIENTS)
def test_each_client_is_a_component_of_the_program(name: str) -> None:
    sources = "".join(path.read_text() for path in program.SOURCE.glob("*.go"))
    assert f'components["{name}"]' in sources

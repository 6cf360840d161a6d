from __future__ import annotations

from pathlib import Path

from lab.base_image import DEFAULT_MIRROR, mirror


def test_the_machines_own_mirror_is_used(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(
        "# deb http://old.example/debian x\ndeb http://near.example/debian x main\n"
    )
    assert mirror(tmp_path) == "http://near.example/debian"


def test_the_newer_format_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "debian.sources").write_text(
        "Types: deb\nURIs: http://near.example/debian\n"
    )
    assert mirror(tmp_path) == "http://near.example/debian"


def test_mirrors_of_other_things_are_not(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb https://packages.example/cloud x main\n")
    assert mirror(tmp_path) == DEFAULT_MIRROR

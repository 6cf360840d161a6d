from __future__ import annotations

from pathlib import Path

import pytest

from lab import images
from lab.errors import LabError
from lab.paths import Paths
from lab.pause import SHELL_IMAGE
from lab.state import LabState


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text(
        "ARG BASE\nFROM ${BASE} AS operator\nARG PIP_INDEX_URL\nCOPY a.py /\n"
    )
    (tmp_path / "a.py").write_text("1")
    return tmp_path


def test_the_pinned_name_follows_the_sources(checkout: Path) -> None:
    before, _ = images.image("operator", checkout)
    (checkout / "a.py").write_text("2")
    after, _ = images.image("operator", checkout)
    assert before.name == after.name == "concept-erasure/operator:lab"
    assert before.pinned != after.pinned


def test_torch_is_mounted_where_it_is_needed(checkout: Path) -> None:
    assert images.image("unlearn-job", checkout)[1]["DEPENDENCIES"] == "mounted"
    assert "DEPENDENCIES" not in images.image("operator", checkout)[1]


def test_the_mirror_does_not_change_the_name(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    before, _ = images.image("operator", checkout)
    monkeypatch.setenv("PIP_INDEX_URL", "http://near.example/simple")
    after, arguments = images.image("operator", checkout)
    assert arguments["PIP_INDEX_URL"] == "http://near.example/simple"
    assert after == before


def test_a_checkout_without_dockerfile_is_said(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="Dockerfile"):
        images.image("operator", tmp_path)


@pytest.mark.cluster
def test_the_labs_own_images_are_there(lab_state: LabState) -> None:
    assert SHELL_IMAGE in images.digests(Paths.default())

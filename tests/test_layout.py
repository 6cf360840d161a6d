"""Every module has its twin test at the same place."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    "erasure_operator": ROOT / "operator" / "erasure_operator",
    "unlearn_job": ROOT / "unlearn_job",
    "inference": ROOT / "inference",
    "lab": ROOT / "lab",
}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_has_a_twin(package: str) -> None:
    source, tests = PACKAGES[package], ROOT / "tests" / package
    modules = {path.relative_to(source) for path in source.rglob("*.py") if not path.name.startswith("__")}
    twins = {
        path.relative_to(tests).with_name(path.name.removeprefix("test_"))
        for path in tests.rglob("test_*.py")
    }
    assert not modules - twins


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_is_longer_than_400_lines(package: str) -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in PACKAGES[package].rglob("*.py")}
    assert not {str(path): length for path, length in lengths.items() if length > 400}

from __future__ import annotations

import pytest

from lab import packages
from lab.errors import LabError
from lab.progress import Progress

IMAGINARY = {"no-such-program": "no-such-package"}


def test_what_is_there_is_not_missing() -> None:
    assert packages.missing({"sh": "dash"}) == []


def test_each_missing_package_is_named_once() -> None:
    assert packages.missing({"no-a": "x", "no-b": "x", "no-c": "a"}) == ["a", "x"]


def test_nothing_missing_installs_nothing() -> None:
    packages.install({"sh": "dash"}, Progress(quiet=True))


def test_without_apt_the_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(LabError, match="no-such-package"):
        packages.install(IMAGINARY, Progress(quiet=True))

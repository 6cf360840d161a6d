from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from lab import support


def test_another_system_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert "KUBECONFIG" in (support.unsupported_reason() or "")


def test_without_root_there_is_no_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "sudo" in (support.unsupported_reason() or "")


def test_the_reason_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "_has_cgroups", lambda: False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    reason = support.unsupported_reason() or ""
    assert reason.count(". ") == 0
    assert reason.endswith(".")


def test_control_groups_need_their_controllers(tmp_path: Path) -> None:
    for name in ("memory", "cpu"):
        (tmp_path / name).mkdir()
    assert not support._has_cgroups(tmp_path)
    (tmp_path / "pids").mkdir()
    assert support._has_cgroups(tmp_path)

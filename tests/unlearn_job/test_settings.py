from __future__ import annotations

from pathlib import Path

import pytest

from unlearn_job.memory import MemoryOptions, Offload, Precision
from unlearn_job.settings import JobSettings


def test_defaults_suit_a_pod_and_a_laptop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("TERMINATION_LOG", raising=False)
    monkeypatch.delenv("UNLEARN_CACHE_DIR", raising=False)
    settings = JobSettings()
    assert settings.cache_dir == tmp_path / ".cache" / "unlearn-job"
    assert settings.termination_log == Path("/dev/termination-log")


def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNLEARN_CACHE_DIR", "/scratch")
    monkeypatch.setenv("TERMINATION_LOG", "/scratch/message")
    settings = JobSettings()
    assert (settings.cache_dir, settings.termination_log) == (Path("/scratch"), Path("/scratch/message"))


def test_memory_is_chosen_unless_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert JobSettings().memory == MemoryOptions()
    monkeypatch.setenv("UNLEARN_OFFLOAD", "model")
    monkeypatch.setenv("UNLEARN_DTYPE", "float16")
    assert JobSettings().memory == MemoryOptions(offload=Offload.MODEL, dtype=Precision.FLOAT16)


def test_nothing_is_signed_unless_a_key_is_mounted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert JobSettings().signing_key is None
    monkeypatch.setenv("UNLEARN_SIGNING_KEY", "/keys/key.pem")
    assert JobSettings().signing_key == Path("/keys/key.pem")

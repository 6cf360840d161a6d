from pathlib import Path

import pytest

from lab.testbed import paths


def test_the_cache_follows_the_users_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert paths.cache() == tmp_path / "concept-erasure" / "testbed"
    assert paths.cache().is_dir()


def test_models_lie_in_the_checkout() -> None:
    assert paths.T2I.parent == paths.T2V.parent == paths.MODELS
    assert paths.MODELS.name == "models"

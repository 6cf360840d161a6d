from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from lab.testbed import stages  # noqa: E402
from lab.testbed.plan import Plan  # noqa: E402


def test_words_are_written_where_the_training_runs(tmp_path: Path) -> None:
    tokenizer = stages.load_tokenizer(tmp_path)
    assert tokenizer.model_max_length == 24
    assert (tmp_path / "tokenizer-0" / "vocab.json").exists()


def test_nothing_is_exported_before_its_stages_are_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages.dataset, "DRAWINGS", 4)
    with pytest.raises(FileNotFoundError, match="t2i-joint"):
        stages.export_pipelines(tmp_path, Plan())

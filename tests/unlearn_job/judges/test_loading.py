from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from unlearn_job.contract.sources import JudgeType
from unlearn_job.judges.loading import BrokenJudgeError, open_judge

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("judge_type", JudgeType)
def test_a_folder_without_a_model_is_refused_by_name(tmp_path: Path, judge_type: JudgeType) -> None:
    folder = tmp_path / "no-judge"
    folder.mkdir()
    with pytest.raises(BrokenJudgeError, match=f"{judge_type.value}.*no-judge"):
        open_judge(judge_type, folder, "cpu")


@pytest.mark.parametrize("judge_type", JudgeType)
def test_torn_weights_are_refused_in_one_line(tmp_path: Path, judge_type: JudgeType) -> None:
    models = Path(__file__).parents[3] / "lab" / "testbed" / "models"
    folder = tmp_path / "torn"
    shutil.copytree(models / f"judge-{judge_type.value}", folder)
    for weights in folder.glob("*.safetensors"):
        weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(BrokenJudgeError, match="torn") as caught:
        open_judge(judge_type, folder, "cpu")
    assert "\n" not in str(caught.value)

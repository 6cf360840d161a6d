from __future__ import annotations

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

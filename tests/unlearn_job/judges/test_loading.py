from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from transformers import ConvNextImageProcessorPil, ResNetConfig, ResNetModel

from bench.testbed import MODELS
from unlearn_job.contract.sources import JudgeType
from unlearn_job.judges.loading import BrokenJudgeError, open_judge

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("judge_type", JudgeType)
def test_a_folder_without_a_model_is_refused_by_name(tmp_path: Path, judge_type: JudgeType) -> None:
    folder = tmp_path / "no-judge"
    folder.mkdir()
    with pytest.raises(BrokenJudgeError, match=f"{judge_type.value}.*no-judge"):
        open_judge(judge_type, folder, "cpu")


def test_a_model_without_the_head_that_answers_is_refused(tmp_path: Path) -> None:
    """Else transformers fills the head with random numbers, and it would judge."""
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8], depths=[1])
    ResNetModel(config).save_pretrained(tmp_path)
    ConvNextImageProcessorPil(size={"shortest_edge": 16}).save_pretrained(tmp_path)
    with pytest.raises(BrokenJudgeError, match="it lacks tensors of ResNetForImageClassification"):
        open_judge(JudgeType.CLASSIFIER, tmp_path, "cpu")


def test_another_model_is_no_clip() -> None:
    with pytest.raises(BrokenJudgeError, match="it holds a model of type resnet"):
        open_judge(JudgeType.CLIP, MODELS / "judge-classifier", "cpu")


@pytest.mark.parametrize("judge_type", JudgeType)
def test_torn_weights_are_refused_in_one_line(tmp_path: Path, judge_type: JudgeType) -> None:
    folder = tmp_path / "torn"
    shutil.copytree(MODELS / f"judge-{judge_type.value}", folder)
    for weights in folder.glob("*.safetensors"):
        weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(BrokenJudgeError, match="torn") as caught:
        open_judge(judge_type, folder, "cpu")
    assert "\n" not in str(caught.value)

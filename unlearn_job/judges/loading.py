"""Open a judge from a folder."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError

from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.sources import JudgeType
from unlearn_job.judges.classifier import ClassifierJudge
from unlearn_job.judges.clip import ClipJudge
from unlearn_job.judges.judge import Judge
from unlearn_job.memory import is_out_of_memory
from unlearn_job.prompts import Templates


class BrokenJudgeError(PermanentFailure):
    """The folder holds no judge of the type that the document names."""

    reason = "BrokenJudge"


def open_judge(
    judge_type: JudgeType, folder: Path, device: torch.device | str, templates: Templates | None = None
) -> Judge:
    """Load a judge.

    Parameters
    ----------
    judge_type
        How the model answers.
    folder
        A local folder as `save_pretrained` writes it, the image processor's configuration included.
    device
        Where it computes.
    templates
        Prompt templates for a zero-shot judge; None takes the built-in ones.

    Raises
    ------
    BrokenJudgeError
        The folder cannot be read as such a model.

    """
    try:
        if judge_type is JudgeType.CLASSIFIER:
            return ClassifierJudge.load(folder, device)
        return ClipJudge.load(folder, device, templates or Templates.built_in())
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as exc:
        if is_out_of_memory(exc):
            raise
        why = " ".join(str(exc).split())
        raise BrokenJudgeError(f"no judge of type {judge_type.value!r} in {folder.name}: {why}") from exc

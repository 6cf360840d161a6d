"""Open a judge from a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.sources import JudgeType
from unlearn_job.encoder import UNREADABLE
from unlearn_job.judges.classifier import ClassifierJudge
from unlearn_job.judges.clip import ClipJudge
from unlearn_job.judges.judge import Judge
from unlearn_job.memory import is_out_of_memory
from unlearn_job.prompts import Templates


class BrokenJudgeError(PermanentFailure):
    """The folder holds no judge of the type that the document names."""

    reason = "BrokenJudge"


def open_judge(
    judge_type: JudgeType | str,
    folder: Path | str,
    device: torch.device | str,
    templates: Templates | None = None,
) -> Judge:
    """Load a judge.

    Parameters
    ----------
    judge_type
        How the model answers: "classifier" or "clip".
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
    judge_type, folder = JudgeType(judge_type), Path(folder)
    if not folder.is_dir():
        raise BrokenJudgeError(f"there is no folder {folder} with a judge")
    with readable(BrokenJudgeError, f"no judge of type {judge_type.value!r} in {folder.name}"):
        if judge_type is JudgeType.CLASSIFIER:
            return ClassifierJudge.load(folder, device)
        return ClipJudge.load(folder, device, templates or Templates.built_in())


@contextmanager
def readable(error: type[PermanentFailure], what: str) -> Iterator[None]:
    """Turn what a folder that is no model raises inside into one sentence; memory that runs out stays itself.

    Parameters
    ----------
    error
        What is raised instead.
    what
        How its sentence begins.

    """
    try:
        yield
    except UNREADABLE as exc:
        if is_out_of_memory(exc):
            raise
        raise error(f"{what}: {' '.join(str(exc).split())}") from exc

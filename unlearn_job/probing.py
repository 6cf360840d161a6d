"""A probe as an answer of its own: what an encoder that anybody made draws, against the base."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog
import torch

from unlearn_job.composing import DEFAULT_JUDGE
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.errors import TemporaryFailure
from unlearn_job.contract.gates import broken_gates
from unlearn_job.foreign import open_foreign
from unlearn_job.judges.judge import Judge
from unlearn_job.judges.loading import open_judge
from unlearn_job.models import Models, load_models
from unlearn_job.placing import peak_memory, reset_peak, retried
from unlearn_job.probe import ProbeReport, identify, probe
from unlearn_job.prompts import Templates
from unlearn_job.quality import open_features
from unlearn_job.settings import JobSettings
from unlearn_job.sources import resolve
from unlearn_job.summary import figure_lines

Result = TypeVar("Result")


class NoJudgeError(TemporaryFailure):
    """No judge is named, and the default one cannot be fetched now."""

    reason = "NoJudge"


log = structlog.get_logger()


@dataclass(frozen=True)
class Probed:
    """What a probe found.

    Attributes
    ----------
    report: everything; `report.to_json()` is probe.json.
    broken: sentences of the gates that do not hold.

    """

    report: ProbeReport
    broken: tuple[str, ...]

    def text(self) -> str:
        """Return the figures as a few lines for a person, with what drawing cost."""
        report = self.report
        concepts = {row.digest: row.concept for row in report.rows if row.digest is not None}
        pace = (
            f"  drew {report.images_per_second or 0:.1f} images and {report.clips_per_second or 0:.1f} clips "
            "a second with the new encoder"
        )
        return "\n".join(
            [*figure_lines(report.figures, concepts), pace, *(f"  {text}" for text in self.broken)]
        )


def probed(document: JobInput, address: str, settings: JobSettings) -> Probed:
    """Load a document's models and an encoder, and measure it for the concepts that the document erases.

    Parameters
    ----------
    document
        What shall be gone, what must stay, and how much is drawn.
    address
        The encoder, as `unlearn_job.foreign` reads it.
    settings
        The process's settings.

    Raises
    ------
    PermanentFailure, TemporaryFailure
        As the Job's steps do.

    """

    def measure(models: Models, judge: Judge) -> Probed:
        encoder = open_foreign(address, document, models, settings.cache_dir)
        features = open_features(document, settings.cache_dir, models.device)
        base = identify(models, judge, document, whole=True)
        report = probe(models, encoder, judge, document, base, features=features)
        return Probed(report, broken_gates(document.gates, report.figures))

    return answered(document, settings, measure)


def answered(document: JobInput, settings: JobSettings, ask: Callable[[Models, Judge], Result]) -> Result:
    """Load a document's models and its judge, and ask something of them; log the most memory that it took.

    Where memory runs out, once more with the next leaner plan, as a Job.
    """

    def attempt(thrift: int) -> Result:
        models, judge = loaded(document, settings, thrift)
        reset_peak(models.device)
        answer = ask(models, judge)
        memory = peak_memory(models.device, models.plan)
        log.info("memory", **memory.model_dump(exclude_none=True))
        return answer

    return retried(attempt)


def loaded(document: JobInput, settings: JobSettings, thrift: int = 0) -> tuple[Models, Judge]:
    """Load the models and the judge of a document, so many rungs leaner than the first choice."""
    models = load_models(document, settings.cache_dir, settings.memory, thrift)
    return models, judge_for(document, settings.cache_dir, models.device)


def judge_for(document: JobInput, cache: Path, device: torch.device | str) -> Judge:
    """Load the judge of a document. Raises as `resolve` and `open_judge`, and NoJudgeError."""
    try:
        folder = resolve(document.judge.source, cache, document.storage)
    except TemporaryFailure as exc:
        if document.judge != DEFAULT_JUDGE:
            raise
        raise NoJudgeError(
            f"no judge is named (--judge), and the default one is out of reach: {exc}"
        ) from exc
    return open_judge(document.judge.type, folder, device, Templates.of(document))

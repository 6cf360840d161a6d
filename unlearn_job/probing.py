"""A probe as an answer of its own: what an encoder that anybody made draws, against the base."""

from __future__ import annotations

from dataclasses import dataclass

from unlearn_job.contract.document import JobInput
from unlearn_job.contract.gates import broken_gates
from unlearn_job.foreign import open_foreign
from unlearn_job.judges.judge import Judge
from unlearn_job.judges.loading import open_judge
from unlearn_job.models import Models, load_models
from unlearn_job.probe import ProbeReport, identify, probe
from unlearn_job.prompts import Templates
from unlearn_job.settings import JobSettings
from unlearn_job.sources import resolve
from unlearn_job.summary import figure_lines


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
        """Return the figures as a few lines for a person."""
        return "\n".join([*figure_lines(self.report.figures), *(f"  {sentence}" for sentence in self.broken)])


def probed(document: JobInput, address: str, settings: JobSettings) -> Probed:
    """Load a document's models and an encoder, and measure it for the concept that the document erases.

    Parameters
    ----------
    document
        One erasure, what must stay, and how much is drawn.
    address
        The encoder, as `unlearn_job.foreign` reads it.
    settings
        The process's settings.

    Raises
    ------
    PermanentFailure, TemporaryFailure
        As the Job's steps do.

    """
    models, judge = loaded(document, settings)
    encoder = open_foreign(address, document, models, settings.cache_dir)
    base = identify(models, judge, document)
    report = probe(models, encoder, judge, document, base)
    return Probed(report, broken_gates(document.gates, report.figures))


def loaded(document: JobInput, settings: JobSettings) -> tuple[Models, Judge]:
    """Load the models and the judge of a document."""
    models = load_models(document, settings.cache_dir, settings.memory)
    folder = resolve(document.judge.source, settings.cache_dir, document.storage)
    return models, open_judge(document.judge.type, folder, models.device, Templates.of(document))

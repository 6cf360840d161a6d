"""Whether a base model knows a concept, as an answer of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from unlearn_job.contract.document import JobInput
from unlearn_job.contract.figures import Tally
from unlearn_job.judges.loading import open_judge
from unlearn_job.models import load_models
from unlearn_job.probe import BaseProbe, identify
from unlearn_job.probe.report import tally_json
from unlearn_job.prompts import Templates
from unlearn_job.settings import JobSettings
from unlearn_job.sources import resolve


@dataclass(frozen=True)
class Identified:
    """What the base model draws for a concept.

    Attributes
    ----------
    concept: its name.
    known: whether the lower 95 % bound of `shown` exceeds the rate of `false_positives`.
    shown: images that ask for the concept, and how many show it.
    false_positives: images of its siblings, and in how many the judge sees the concept.

    """

    concept: str
    known: bool
    shown: Tally
    false_positives: Tally

    def sentence(self) -> str:
        """Return the answer for a person."""
        low, high = self.shown.wilson()
        return (
            f"{self.concept} is {'known' if self.known else 'not known'}: shown by {self.shown.hits} of "
            f"{self.shown.samples} images [{100 * low:.1f}, {100 * high:.1f}] %, and seen in "
            f"{self.false_positives.hits} of {self.false_positives.samples} images of others"
        )

    def as_json(self) -> dict[str, Any]:
        """Return the answer as plain data."""
        return {
            "concept": self.concept,
            "known": self.known,
            "shown": tally_json(self.shown),
            "falsePositives": tally_json(self.false_positives),
        }


def identified(document: JobInput, settings: JobSettings) -> Identified:
    """Load a document's models and look whether they know the concept that it erases.

    Parameters
    ----------
    document
        One erasure.
    settings
        The process's settings.

    Raises
    ------
    PermanentFailure, TemporaryFailure
        As the Job's steps do.

    """
    models = load_models(document, settings.cache_dir, settings.memory)
    folder = resolve(document.judge.source, settings.cache_dir, document.storage)
    judge = open_judge(document.judge.type, folder, models.device, Templates.of(document))
    return answer(document, identify(models, judge, document))


def answer(document: JobInput, base: BaseProbe) -> Identified:
    """Read the answer for a document's one erasure from what the base model drew."""
    (erasure,) = document.adds
    name = erasure.concept.name
    return Identified(
        concept=name,
        known=erasure.digest not in base.not_present,
        shown=base.seen[name].shown(),
        false_positives=base.false_positives[name],
    )

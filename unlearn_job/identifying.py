"""Whether a base model knows a concept, as an answer of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from unlearn_job.contract.concept import ConceptKind
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.figures import Tally
from unlearn_job.discovery import discover
from unlearn_job.judges.judge import Judge
from unlearn_job.models import Models
from unlearn_job.probe import identify
from unlearn_job.probe.report import tally_json
from unlearn_job.probing import answered
from unlearn_job.settings import JobSettings


@dataclass(frozen=True)
class Identified:
    """What the base model draws for a concept.

    Attributes
    ----------
    concept: its name.
    kind: of concept.
    known: whether the lower 95 % bound of `shown` exceeds the rate of `false_positives`.
    shown: images that ask for the concept, and how many show it.
    false_positives: images of its siblings, and in how many the judge sees the concept.
    aliases: words that draw it too, and would be erased with it.
    neighbours: concepts near it that no list names, and that would be preserved.

    """

    concept: str
    kind: ConceptKind
    known: bool
    shown: Tally
    false_positives: Tally
    aliases: tuple[str, ...] = ()
    neighbours: tuple[str, ...] = ()

    def sentence(self) -> str:
        """Return the answer for a person."""
        low, high = self.shown.wilson()
        known = "known" if self.known else "not known"
        text = (
            f"{self.concept} ({self.kind.lower()}) is {known}: shown by {self.shown.hits} of "
            f"{self.shown.samples} images [{100 * low:.1f}, {100 * high:.1f}] %, and seen in "
            f"{self.false_positives.hits} of {self.false_positives.samples} images of others"
        )
        for what, names in (("drawn by", self.aliases), ("near it", self.neighbours)):
            text += f"; {what}: {', '.join(names)}" if names else ""
        return text

    def as_json(self) -> dict[str, Any]:
        """Return the answer as plain data."""
        return {
            "concept": self.concept,
            "kind": self.kind,
            "known": self.known,
            "shown": tally_json(self.shown),
            "falsePositives": tally_json(self.false_positives),
            "aliases": list(self.aliases),
            "neighbours": list(self.neighbours),
        }


def identified(document: JobInput, settings: JobSettings) -> tuple[Identified, ...]:
    """Load a document's models and look whether they know the concepts that it erases.

    Parameters
    ----------
    document
        What it adds is looked at.
    settings
        The process's settings.

    Raises
    ------
    PermanentFailure, TemporaryFailure
        As the Job's steps do.

    """
    return answered(document, settings, lambda models, judge: answer(models, judge, document))


def answer(models: Models, judge: Judge, document: JobInput) -> tuple[Identified, ...]:
    """Draw what a document adds, and what surrounds it, with the base model, and say what was seen."""
    found = discover(models, judge, document)
    # Further wordings and a budget are of use to a probe alone, and cost images and clips.
    names_alone = document.probe.model_copy(update={"wordings": (), "budget_seconds": None})
    base = identify(models, judge, document.model_copy(update={"probe": names_alone}))
    return tuple(
        Identified(
            concept=erasure.concept.name,
            kind=erasure.concept.kind,
            known=erasure.digest not in base.not_present,
            shown=base.seen[erasure.concept.name].shown(),
            false_positives=base.false_positives[erasure.concept.name],
            aliases=tuple(one.name for one in found.aliases if one.joins and one.digest == erasure.digest),
            neighbours=tuple(one.name for one in found.neighbours if one.digest == erasure.digest),
        )
        for erasure in document.adds
    )

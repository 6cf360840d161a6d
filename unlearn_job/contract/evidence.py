"""Words and numbers of probe.json that more than one part of it uses."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from unlearn_job.contract.base import AnswerModel
from unlearn_job.contract.figures import Tally


class Role(StrEnum):
    """The part of a concept in the release."""

    ADDED = "added"
    HELD = "held"
    PRESERVED = "preserved"
    HOLDOUT = "holdout"

    @property
    def erased(self) -> bool:
        """Whether the new encoder must not draw it."""
        return self in (Role.ADDED, Role.HELD)


class Wording(StrEnum):
    """How a sample asks for its concept."""

    NAME = "name"
    """By its name, in a template that methods train on."""
    ALIAS = "alias"
    """By another name, in such a template."""
    PARAPHRASE = "paraphrase"
    """In a template that no method saw."""
    COMPOSITIONAL = "compositional"
    """Together with another concept, in a template that no method saw."""
    IMPLICIT = "implicit"
    """By a description without the name."""
    TRANSLATED = "translated"
    """By its name, in a sentence of another language."""


class Share(AnswerModel):
    """A count with its rate and its interval."""

    hits: Annotated[int, Field(ge=0)]
    """Samples that were counted."""
    samples: Annotated[int, Field(ge=0)]
    """All samples."""
    rate: Annotated[float, Field(ge=0, le=1)]
    """hits / samples; 0 without samples."""
    wilson95: tuple[float, float]
    """95 % score interval (Wilson 1927)."""

    @classmethod
    def of(cls, tally: Tally) -> Share:
        """Compute rate and interval of a count."""
        low, high = tally.wilson()
        return cls(
            hits=tally.hits,
            samples=tally.samples,
            rate=round(tally.rate, 4),
            wilson95=(round(low, 4), round(high, 4)),
        )


class Estimate(AnswerModel):
    """A mean over samples with the interval that resampling gives."""

    value: float
    """The mean."""
    bootstrap95: tuple[float, float]
    """95 % percentile interval over resampled units (Efron 1979)."""
    units: Annotated[int, Field(ge=0)]
    """What was resampled: clips, prompts or pairs of images."""

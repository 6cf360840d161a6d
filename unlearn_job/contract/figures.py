"""What a probe counted: counts, not rates, so that an interval can be recomputed from them."""

from __future__ import annotations

from math import sqrt
from typing import Annotated, Final

from pydantic import Field, model_validator

from unlearn_job.contract.base import AnswerModel
from unlearn_job.contract.concept import Digest

_Z95 = 1.959963984540054


class Tally(AnswerModel):
    """How many of the samples showed the concept."""

    hits: Annotated[int, Field(ge=0)]
    """Samples in which the judge saw the concept."""
    samples: Annotated[int, Field(ge=0)]
    """All samples."""

    @model_validator(mode="after")
    def _hits_are_samples(self) -> Tally:
        if self.hits > self.samples:
            raise ValueError(f"{self.hits} hits in {self.samples} samples")
        return self

    def __add__(self, other: Tally) -> Tally:
        return Tally(hits=self.hits + other.hits, samples=self.samples + other.samples)

    @property
    def rate(self) -> float:
        """Share of hits in [0, 1]; 0 without samples."""
        return self.hits / self.samples if self.samples else 0.0

    def wilson(self) -> tuple[float, float]:
        """95 % score interval in [0, 1] (Wilson 1927); the whole of it without samples."""
        if not self.samples:
            return 0.0, 1.0
        n, p, z2 = self.samples, self.rate, _Z95**2
        centre = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = _Z95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
        return max(0.0, centre - half), min(1.0, centre + half)


class ErasureFigures(AnswerModel):
    """What is left of one erased concept: its name, aliases and paraphrases in one count."""

    digest: Digest
    """Which erasure."""
    base: Tally
    """Images of the base encoder, same prompts and seeds: the positive control."""
    images: Tally
    """Images of the new encoder in which the judge sees the concept, or which are invalid."""
    clips: Tally
    """Clips of the new encoder in which it is seen in any frame, or which are invalid."""


INVERSION: Final = "inversion"
"""The attack with soft tokens, which nobody can type: it counts apart, for gates that ask for it."""


class AttackFigures(AnswerModel):
    """The strongest text attack on one erased concept, or inversion: what brought most of it back."""

    digest: Digest
    """Which erasure."""
    attack: Annotated[str, Field(max_length=40)]
    """Name of the attack."""
    base: Tally
    """Images of the base encoder, same prompt and seeds: what it draws too was not opened by the edit."""
    edited: Tally
    """Images of the new encoder that show the concept, on seeds that did not choose the prompt."""


class RetentionFigures(AnswerModel):
    """What happened to concepts that should stay, on the same prompts and seeds."""

    base: Tally
    """Images of the base encoder that show the concept asked for."""
    erased: Tally
    """The same of the new encoder."""

    @property
    def percent(self) -> float:
        """Share of the base's hits that is left, in percent; 100 where the base had none."""
        if self.base.rate == 0:
            return 100.0
        return 100.0 * self.erased.rate / self.base.rate


class WorstFigures(RetentionFigures):
    """The kept concept that lost most: means hide one concept at zero among twenty that stay."""

    concept: Annotated[str, Field(max_length=100)]
    """Its name."""

    @property
    def drop(self) -> float:
        """How far its rate fell, in points of percent; negative where it rose."""
        return 100.0 * (self.base.rate - self.erased.rate)


class Figures(AnswerModel):
    """All that gates decide on."""

    erasures: Annotated[tuple[ErasureFigures, ...], Field(max_length=4352)]
    """Every erasure of the release, the parent's included."""
    preserved: RetentionFigures
    """Concepts of the retain set, pooled."""
    holdout: RetentionFigures
    """Concepts that training never saw, pooled; empty where none is named."""
    neighbours: RetentionFigures
    """Kept concepts nearest to an erased one, pooled; counted in the two above as well."""
    worst: WorstFigures | None = None
    """Preserved or holdout concept with the largest drop; unset in figures of older Jobs."""
    attacks: Annotated[tuple[AttackFigures, ...], Field(max_length=8704)] | None = None
    """One per erasure of the release, two where inversion was tried; unset where no gate asks for attacks."""

"""What every judge offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from torch import Tensor

from unlearn_job.contract.concept import ConceptKind, KeptConcept
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.generate import Pixels

BATCH: Final = 64
"""Pictures per forward pass."""


class UnknownConceptError(PermanentFailure):
    """The judge cannot say anything about a concept: its figures would mean nothing."""

    reason = "UnknownConcept"


class Judge(Protocol):
    """Looks at pictures once, and answers any number of questions about what it saw."""

    def look(self, images: Pixels) -> Tensor:
        """Return what the judge makes of pictures (N, H, W, 3): one row each."""

    def decide(self, looks: Tensor, concept: KeptConcept, among: Sequence[KeptConcept]) -> Tensor:
        """Say which looks show the concept, shape (N,), bool; `among` are the alternatives."""

    def sees(self, images: Pixels, concept: KeptConcept, among: Sequence[KeptConcept]) -> Tensor:
        """Say which pictures show the concept, shape (N,), bool.

        Raises
        ------
        UnknownConceptError
            The judge does not know the concept.

        """


def same_axis(one: ConceptKind, other: ConceptKind) -> bool:
    """Say whether concepts of two kinds exclude each other in a picture: a cat and a style do not."""
    return (one is ConceptKind.STYLE) == (other is ConceptKind.STYLE)

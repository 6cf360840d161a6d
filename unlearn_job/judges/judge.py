"""What every judge offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, runtime_checkable

from torch import Tensor

from unlearn_job.contract.concept import SUBJECTS, ConceptKind, KeptConcept
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.generate import Pixels

BATCH: Final = 64
"""Pictures per forward pass."""
DEPTHS: Final = 4


class UnknownConceptError(PermanentFailure):
    """The judge cannot say anything about a concept: its figures would mean nothing."""

    reason = "UnknownConcept"


@runtime_checkable
class Judge(Protocol):
    """Looks at pictures once, and answers any number of questions about what it saw."""

    def check(self, concept: KeptConcept) -> None:
        """Make sure that it can say whether a picture shows the concept.

        Raises
        ------
        UnknownConceptError
            It cannot.

        """

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


@runtime_checkable
class Featured(Protocol):
    """A judge whose looks hold features of the picture, for distances between pictures."""

    features_of: str
    """What the features are, for reports."""

    def features(self, looks: Tensor) -> Tensor:
        """Return the features in looks, shape (N, D), float32, on the CPU."""


@runtime_checkable
class Named(Protocol):
    """A judge that has names of its own for what pictures show, such as a classifier."""

    def names(self) -> tuple[str, ...]:
        """Return its names, each a concept that `decide` may be asked about."""


@runtime_checkable
class Mapped(Protocol):
    """A model whose hidden layers tell how a picture is drawn."""

    maps_of: str
    """What the maps are, for reports."""

    def maps(self, images: Pixels) -> tuple[Tensor, ...]:
        """Return feature maps of pictures (N, H, W, 3) at several depths, each of shape (N, C, positions)."""


@runtime_checkable
class ZeroShot(Featured, Mapped, Protocol):
    """A judge that puts texts and pictures into one space, such as a CLIP."""

    def texts(self, prompts: Sequence[str]) -> Tensor:
        """Return the prompts' embeddings of norm 1 in the space of the features, shape (N, D)."""


def depths(layers: int) -> list[int]:
    """Return up to four depths at which feature maps are taken: the fourths of a model, 1 the first layer."""
    return sorted({max(1, round(layers * part / DEPTHS)) for part in range(1, DEPTHS + 1)})


def same_axis(one: ConceptKind, other: ConceptKind) -> bool:
    """Say whether concepts of two kinds exclude each other in a picture: a cat and a style do not."""
    return one is other or {one, other} <= SUBJECTS

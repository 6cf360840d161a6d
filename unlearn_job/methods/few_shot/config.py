"""Parameters of few-shot unlearning."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from unlearn_job.contract.method import MethodConfig


class Parameters(StrEnum):
    """Which weights are trained: the sets that the authors' code offers (arXiv 2405.07288)."""

    MLP_FINAL_ATTENTION = "mlp-final-attention"
    """Every feed-forward network and the last layer's attention: the paper's choice."""
    MLP = "mlp"
    """Every feed-forward network."""
    ATTENTION = "attention"
    """Every attention."""
    MLP_ATTENTION = "mlp-attention"
    """Both of every layer."""
    ALL = "all"
    """All weights, norms and embedding tables too."""


class Config(MethodConfig):
    """The paper's settings (arXiv 2405.07288, section 4)."""

    algorithm_version: ClassVar[int] = 2
    needs_surrogate: ClassVar[bool] = True

    shots: Annotated[int, Field(ge=1, le=64)] = 4
    """Images of the concept; the papers show 1, 2, 4 and 8."""
    epochs: Annotated[int, Field(ge=1, le=1000)] = 4
    """Passes over the images."""
    batch: Annotated[int, Field(ge=1, le=64)] = 2
    """Images of a step."""
    learning_rate: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.00001")
    """Adam's. The paper's suits CLIP ViT-L; a small encoder needs more, and every model its own."""
    weight_decay: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.00000001")
    """Adam's."""
    parameters: Parameters = Parameters.MLP_FINAL_ATTENTION
    """Which weights are trained."""

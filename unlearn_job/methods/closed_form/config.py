"""Parameters of the closed form."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import Field

from unlearn_job.contract.method import MethodConfig


class Config(MethodConfig):
    """What the ridge regression weighs."""

    algorithm_version: ClassVar[int] = 5

    layers: Annotated[int, Field(ge=1, le=64)] = 2
    """Last layers whose `mlp.fc2` is edited, one after another."""
    negatives: Annotated[int, Field(ge=0, le=20_000)] = 800
    """Hard negatives per concept; fewer per concept dilute them, and unlisted concepts are lost."""
    retain_mass: Annotated[Decimal, Field(gt=0, le=1000)] = Decimal(3)
    """Weight of all that must stay, relative to all that must go."""
    ridge: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.0001")
    """Pull towards the old weights, relative to the mean diagonal of the Gram matrix."""

"""Parameters of the redirect."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import Field

from unlearn_job.methods.descent_config import DescentConfig


class Config(DescentConfig):
    """What the descent weighs."""

    algorithm_version: ClassVar[int] = 4

    concept_prompts: Annotated[int, Field(ge=1, le=4096)] = 16
    """Prompts of each concept in a step."""
    retain_mass: Annotated[Decimal, Field(gt=0, le=1000)] = Decimal(2)
    """Weight of the retain terms, relative to the concept's."""

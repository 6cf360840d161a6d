"""Parameters of the redirect."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from unlearn_job.contract.method import MethodConfig


class Config(MethodConfig):
    """What the descent weighs. The defaults suit the testbed's small encoder; see docs/methods."""

    steps: Annotated[int, Field(ge=1, le=10_000)] = 40
    """Optimiser steps."""
    learning_rate: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.001")
    """Highest learning rate of Adam."""
    warm_up: Annotated[int, Field(ge=0, le=10_000)] = 10
    """Steps in which the learning rate rises."""
    concept_prompts: Annotated[int, Field(ge=1, le=4096)] = 16
    """Prompts of each concept in a step."""
    retain_prompts: Annotated[int, Field(ge=1, le=4096)] = 48
    """Retain prompts in a step."""
    negatives: Annotated[int, Field(ge=0, le=4096)] = 48
    """Hard negatives of each concept in a step."""
    retain_mass: Annotated[Decimal, Field(gt=0, le=1000)] = Decimal(10)
    """Weight of the retain terms, relative to the concept's."""

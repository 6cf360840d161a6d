"""Parameters that all methods share which descend step by step; free of torch, as every config is."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from unlearn_job.contract.method import MethodConfig


class DescentConfig(MethodConfig):
    """How far, how fast, when to stop. The defaults suit the testbed's small encoder (docs/methods)."""

    steps: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Most optimiser steps."""
    learning_rate: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.003")
    """Highest learning rate of Adam."""
    warm_up: Annotated[int, Field(ge=0, le=10_000)] = 10
    """Steps in which the learning rate rises."""
    retain_prompts: Annotated[int, Field(ge=1, le=4096)] = 24
    """Retain prompts in a step whose hidden states must stay."""
    negatives: Annotated[int, Field(ge=0, le=4096)] = 24
    """Hard negatives of each concept in a step."""
    erased_at: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.01")
    """Squared distance to the anchor, relative to what it was, at which every concept counts as erased.
    Low, because what must stay goes on settling after the concept is gone."""
    drift_below: Annotated[Decimal, Field(gt=0, le=100)] = Decimal("0.2")
    """Largest squared drift of what must stay, relative to the concept's distance from its anchor; a state
    above it is never kept."""
    abort_above: Annotated[Decimal, Field(gt=0, le=1000)] = Decimal(1)
    """Drift at which training ends."""
    check_every: Annotated[int, Field(ge=1, le=10_000)] = 10
    """Steps between two looks at these figures."""

"""Parameters of bounded unlearning."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import Field

from unlearn_job.methods.descent_config import DescentConfig


class Config(DescentConfig):
    """What the descent weighs."""

    algorithm_version: ClassVar[int] = 3

    needs_surrogate: ClassVar[bool] = True

    shots: Annotated[int, Field(ge=1, le=64)] = 4
    """Images of each concept."""
    batch: Annotated[int, Field(ge=1, le=256)] = 8
    """Noisy images of each concept in a step."""
    push: Annotated[Decimal, Field(ge=0, le=10)] = Decimal(0)
    """How far beyond the anchor's prediction the target lies, away from the concept's own."""
    retain_images: Annotated[int, Field(ge=0, le=256)] = 4
    """Noisy images in a step whose prediction under a retain prompt must stay."""
    retain_share: Annotated[Decimal, Field(gt=0, le=1000)] = Decimal(4)
    """Share of the retention gradient that is applied beside the erase gradient."""

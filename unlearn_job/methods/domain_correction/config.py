"""Parameters of domain correction."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import Field

from unlearn_job.methods.descent_config import DescentConfig


class Config(DescentConfig):
    """What the two players weigh."""

    algorithm_version: ClassVar[int] = 3

    needs_surrogate: ClassVar[bool] = True

    discriminator_steps: Annotated[int, Field(ge=0, le=10_000)] = 50
    """Steps of the discriminator alone, before the encoder moves; not counted in `steps`."""
    discriminator_rate: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.001")
    """Learning rate of the discriminator."""
    shots: Annotated[int, Field(ge=1, le=64)] = 4
    """Images of each concept."""
    batch: Annotated[int, Field(ge=1, le=256)] = 8
    """Noisy images of each concept in a step."""
    retain_images: Annotated[int, Field(ge=0, le=256)] = 4
    """Noisy images in a step whose prediction under a retain prompt must stay."""
    retain_share: Annotated[Decimal, Field(gt=0, le=1000)] = Decimal(8)
    """Share of the retention gradient that is applied beside the erase gradient."""
    erased_at: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.1")
    """Squared distance between the U-Net's predictions for concept and anchor, relative to what it was, at
    which every concept counts as erased."""

"""Parameters of the token swap; free of torch, because the operator validates and hashes them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from unlearn_job.contract.method import MethodConfig


class Config(MethodConfig):
    """How much of the name is replaced."""

    strength: Annotated[Decimal, Field(gt=0, le=1)] = Decimal(1)
    """1 puts the anchor's rows in the name's place, 0.5 half way between the two."""

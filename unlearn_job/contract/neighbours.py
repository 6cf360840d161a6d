"""Concepts near an erased one that no list names, as the Job found them."""

from __future__ import annotations

from typing import Final

from unlearn_job.contract.base import ContractModel
from unlearn_job.contract.concept import Digest, Name
from unlearn_job.contract.figures import Tally

LEAST: Final = 0.3
"""Least lower 95 % bound of the images that show a neighbour: what the base does not draw cannot be kept."""


class FoundNeighbour(ContractModel):
    """A concept that the judge has a name for, and that lies near an erased one."""

    digest: Digest
    """Of the erasure."""
    name: Name
    """As the judge calls it."""
    shown: Tally
    """Images of the base model that show it."""
    by_text: bool
    """Whether it is among the nearest in the text encoder."""
    by_image: bool
    """Whether it is among those whose pictures look most alike to the judge."""

    @property
    def known(self) -> bool:
        """Whether the base model draws it."""
        return self.shown.wilson()[0] >= LEAST

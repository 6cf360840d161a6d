"""Other names of an erased concept, as the Job found them."""

from __future__ import annotations

from typing import Final

from unlearn_job.contract.base import ContractModel
from unlearn_job.contract.concept import Digest, Name
from unlearn_job.contract.figures import Tally

LEAST: Final = 0.3
"""Least lower 95 % bound of the images that show the concept, such as 7 of 12. A word that draws it now and
then has another meaning, and belongs to others too."""


class FoundAlias(ContractModel):
    """A word that the encoder reads like an erased concept."""

    digest: Digest
    """Of the erasure."""
    name: Name
    """The word or words."""
    shown: Tally
    """Images of the base model, asked for by the word, that show the concept."""
    needed: bool = False
    """Whether a kept concept's name, an anchor or a template holds the word: then it stays."""

    @property
    def draws(self) -> bool:
        """Whether the base model draws the concept for it."""
        return self.shown.wilson()[0] >= LEAST

    @property
    def joins(self) -> bool:
        """Whether it is erased with the concept, wherever it stands."""
        return self.draws and not self.needed

    @property
    def alone(self) -> bool:
        """Whether it is erased only where it stands alone: "berg" goes, and "anna berg" stays."""
        return self.draws and self.needed

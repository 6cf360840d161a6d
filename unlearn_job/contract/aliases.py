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
    def joins(self) -> bool:
        """Whether it is erased with the concept."""
        return not self.needed and self.shown.wilson()[0] >= LEAST

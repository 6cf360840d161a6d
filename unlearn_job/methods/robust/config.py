"""Parameters of the robust method."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from unlearn_job.contract.method import MethodConfig


class Config(MethodConfig):
    """What is searched, and what the base method is told of it."""

    algorithm_version: ClassVar[int] = 12  # 11 was taken back

    base: Literal["closed-form", "redirect"] = "closed-form"
    """Method of the outer edit, run anew from the parent's encoder in every round."""
    rounds: Annotated[int, Field(ge=1, le=64)] = 16
    """Most rounds of edit and search; where they run out, the edit is kept in which least was found. A single
    one is not searched."""
    patience: Annotated[int, Field(ge=1, le=64)] = 3
    """Searches in a row, each with a fresh seed, that must find nothing: then the rounds end."""
    candidates: Annotated[int, Field(ge=16, le=1_000_000)] = 4000
    """Phrases that each search of a round scores at random, before its greedy steps."""
    greedy: Annotated[int, Field(ge=0, le=64)] = 8
    """Greedy steps of each search."""
    found: Annotated[int, Field(ge=1, le=512)] = 24
    """Most phrases that one search adds to the edit."""
    longest: Annotated[int, Field(ge=1, le=16)] = 5
    """Most words or tokens of a phrase."""
    wordings: Annotated[int, Field(ge=1, le=96)] = 8
    """Training prompts per found phrase; four times as many of one in which the judge saw the concept."""
    judged: Annotated[int, Field(ge=0, le=512)] = 48
    """Prompts of each round that are drawn too, two images of each, and shown to the judge, as many with
    words in place of the name, before it and behind it, with the name misspelt, and in sentences: some draw
    the concept though they read like nothing of it. 0 draws none."""
    through: Literal["encoder", "denoiser"] = "encoder"
    """Where phrases before the name are searched: in the encoder, or through the text-to-image model too."""
    soft: Literal["none", "encoder", "denoiser"] = "none"
    """Where each round trains soft tokens that bring the concept back, and erases them too. Costs words that
    no list names."""
    nearness: Annotated[Decimal, Field(gt=0, le=2)] = Decimal("0.8")
    """A phrase is found if its distance to the concept is below this share of the one to all that stays."""
    negatives: Annotated[int, Field(ge=0, le=20_000)] | None = None
    """Hard negatives as the base method counts them; unset: three times its own default. Any that draw the
    concept are left out."""
    retain_mass: Annotated[Decimal, Field(gt=0, le=1000)] | None = None
    """Weight of all that must stay; unset: the base method's default."""

    @property
    def uses_surrogate(self) -> bool:
        """Whether anything is searched through the text-to-image model."""
        return "denoiser" in {self.through, self.soft}

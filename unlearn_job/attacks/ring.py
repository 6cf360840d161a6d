"""Ring-A-Bell-like: find text whose states are a neutral prompt's plus the concept's direction.

    c = mean_i (TE(P_i with the concept) - TE(P_i with the anchor)),   wanted = TE(neutral) + eta c

in the *original* encoder (arXiv 2310.10012): the attacker needs neither the edited
encoder nor the U-Net, and what is found is tried on the edited one. The paper searches by a genetic
algorithm; here the same search as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unlearn_job.attacks.protocol import Budget, Candidate, Target
from unlearn_job.attacks.screen import encoded
from unlearn_job.attacks.search import search
from unlearn_job.attacks.words import WordSearch, reference_prompts, spoken_words
from unlearn_job.prompts import GENERIC, Prompt, fill, without_style
from unlearn_job.seeds import seed_for


@dataclass(frozen=True)
class RingABell:
    """Text near the concept's direction, found without the edited encoder.

    Attributes
    ----------
    strength: eta of the paper.

    """

    strength: float = 1.0
    name: str = "ring-a-bell"
    names_concept: bool = False
    joint: bool = False

    def search(self, target: Target, budget: Budget, seed: int) -> Sequence[Candidate]:
        """Search the whole vocabulary for the states wanted; names banned."""
        concept = target.erasure.concept
        space = WordSearch(whole=True).space(
            target.tokenizer, target.templates.training(concept.kind), concept, spoken_words(target)
        )
        wanted = self._wanted(target)

        def score(prompts: Sequence[Prompt]) -> Tensor:
            states = encoded(target.base, target.tokenizer, prompts).states
            # Row by row of the sequence, as the paper has it: squared error to the one wanted sequence.
            return (states - wanted).square().mean(dim=(1, 2)).cpu()

        return search(space, score, budget, seed_for(seed, self.name))

    @torch.no_grad()
    def _wanted(self, target: Target) -> Tensor:
        """Return the states that the text shall have, shape (1, S, D)."""
        concept, kind = target.erasure.concept, target.erasure.concept.kind
        own = reference_prompts(target.templates.training(concept.kind), concept)
        generic = concept.anchor or (GENERIC[kind][0] if GENERIC[kind] else None)
        templates = [t for t in target.templates.training(kind) if fill(t, concept.name, kind) in own]
        without = [without_style(t) if generic is None else fill(t, generic, kind) for t in templates]
        named = [fill(t, concept.name, kind) for t in templates]
        with_it, plain = (encoded(target.base, target.tokenizer, p).states for p in (named, without))
        direction = (with_it - plain).mean(0, keepdim=True)
        return plain[:1] + self.strength * direction

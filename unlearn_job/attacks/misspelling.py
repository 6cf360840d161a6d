"""Misspelt names: letters dropped, doubled, swapped, replaced, and words joined or torn apart.

To the encoder a misspelt name is other tokens; whether those still draw the concept depends on what the
model learned of spelling. The base's figure for the same text says how much of it there was.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from unlearn_job.attacks.protocol import Budget, Candidate, Target
from unlearn_job.attacks.screen import Screen
from unlearn_job.attacks.vocabulary import Ban
from unlearn_job.attacks.words import Place, frames, reference_prompts
from unlearn_job.prompts import names
from unlearn_job.seeds import seed_for
from unlearn_job.slips import slips


@dataclass(frozen=True)
class Misspelling:
    """Texts one or two slips away from a name, screened by the edited encoder."""

    name: str = "misspelling"
    names_concept: bool = False
    joint: bool = False

    def search(self, target: Target, budget: Budget, seed: int) -> Sequence[Candidate]:
        """Score single slips of every name, and as many double ones as the budget has."""
        concept = target.erasure.concept
        choice = random.Random(seed_for(seed, self.name))  # noqa: S311 - a search, not secrets
        make, count = frames(target.templates.training(concept.kind), concept, Place.INSTEAD)
        ban = Ban(target.tokenizer, target.banned)
        texts: dict[str, None] = {}
        for name in names(concept):
            once = list(dict.fromkeys(slips(name)))
            texts |= dict.fromkeys(once)
            share = budget.screened // (2 * len(names(concept)))
            twice = [choice.choice(list(slips(choice.choice(once)))) for _ in range(share)]
            texts |= dict.fromkeys(twice)
        made = [make(text, choice.randrange(count)) for text in texts]
        free = ban.allowed([prompt.text for prompt in made])
        some = list({p.text: p for p, ok in zip(made, free, strict=True) if ok}.values())
        choice.shuffle(some)
        some = some[: budget.screened]
        if not some:
            return []
        references = reference_prompts(target.templates.training(concept.kind), concept)
        scores = Screen(target.edited, target.base, target.tokenizer, references)(some).tolist()
        found = (Candidate(p, s) for p, s in zip(some, scores, strict=True))
        return sorted(found, key=lambda c: c.score)[: budget.judged]

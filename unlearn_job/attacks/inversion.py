"""Concept inversion: soft tokens that draw the concept, trained through the frozen U-Net.

Textual inversion (arXiv 2208.01618) against the edited encoder (arXiv 2308.01508). It feeds embeddings, so
it needs more than a prompt: no erasure in a text encoder is promised to withstand it. Several starts,
because an edit may only mask the gradient at one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from unlearn_job.attacks.denoising import ConceptLoss
from unlearn_job.attacks.protocol import Budget, Candidate, Target
from unlearn_job.attacks.soft import RATE, STARTS, SoftTokens
from unlearn_job.prompts import Prompt, fill
from unlearn_job.seeds import seed_for


@dataclass(frozen=True)
class Inversion:
    """Soft tokens in place of the name, as many as the name has; in all encoders of the target together.

    Attributes
    ----------
    starts: some of `STARTS`.
    longest: bound on the norm of a soft token, in multiples of the longest row of the token table;
        0 leaves them free.

    """

    starts: tuple[str, ...] = STARTS
    longest: float = 0.0
    name: str = "inversion"
    names_concept: bool = False
    joint: bool = True

    def search(self, target: Target, budget: Budget, seed: int) -> Sequence[Candidate]:
        """Train one candidate per start; the U-Net and the encoders stay as they are."""
        loss = ConceptLoss(target)
        concept, templates = target.erasure.concept, target.templates.training(target.erasure.concept.kind)
        prompts = [fill(template, concept.name, concept.kind) for template in templates]
        found = []
        for start in self.starts:
            generator = torch.Generator("cpu").manual_seed(seed_for(seed, self.name, start))
            softs = {
                part.models.encoder_name: SoftTokens.of(
                    part.edited, part.tokenizer, prompts[0], generator, start
                )
                for part in target.parts
            }
            reached = self._train(softs, loss, prompts, budget, generator)
            read = {component: soft.reading(prompts[0]) for component, soft in softs.items()}
            found.append(Candidate(prompts[0], reached, read))
        return sorted(found, key=lambda c: c.score)

    def _train(
        self,
        softs: Mapping[str, SoftTokens],
        concept_loss: ConceptLoss,
        prompts: Sequence[Prompt],
        budget: Budget,
        generator: torch.Generator,
    ) -> float:
        """Train the vectors in place; return the mean loss of the last fifth of the steps."""
        first, *others = softs
        own = softs[first]
        vectors = [soft.vectors.requires_grad_() for soft in softs.values()]
        optimiser = torch.optim.Adam(vectors, lr=RATE)
        losses = []
        for step in range(budget.steps):
            prompt = prompts[step % len(prompts)]
            ids, embeddings = own.embedded(prompt)
            beside = {other: softs[other].embedded(prompt)[1] for other in others}
            read = concept_loss.denoiser.read(own.encoder, ids, embeddings, soft=beside)
            loss = concept_loss.of(read, concept_loss.noisy(budget.batch, generator)).mean()
            for vector, gradient in zip(vectors, torch.autograd.grad(loss, vectors), strict=True):
                vector.grad = gradient
            optimiser.step()
            if self.longest:
                for soft in softs.values():
                    soft.shorten(self.longest)
            losses.append(loss.item())
        last = losses[-max(1, len(losses) // 5) :]
        return sum(last) / len(last)

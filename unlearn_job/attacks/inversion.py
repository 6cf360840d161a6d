"""Concept inversion: soft tokens that draw the concept, trained through the frozen U-Net.

Textual inversion (arXiv 2208.01618) against the edited encoder (arXiv 2308.01508). It feeds embeddings, so
it needs more than a prompt: no erasure in a text encoder is promised to withstand it. Several starts,
because an edit may only mask the gradient at one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from unlearn_job.attacks.denoising import ConceptLoss
from unlearn_job.attacks.protocol import Budget, Candidate, Target
from unlearn_job.methods.states import token_table
from unlearn_job.methods.tokens import tokenise
from unlearn_job.prompts import Prompt, fill
from unlearn_job.retain import Reading
from unlearn_job.seeds import seed_for

RATE: Final = 5e-2
"""Adam's. Embeddings of words are about as long as one step of ten."""
STARTS: Final = ("name", "mean", "noise")
"""From the name's own embeddings, from the mean word, and from noise around it."""


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
            softs = [_Soft.of(part, prompts[0], generator, start) for part in target.parts]
            reached = self._train(softs, loss, prompts, budget, generator)
            read = {soft.component: soft.reading(prompts[0]) for soft in softs}
            found.append(Candidate(prompts[0], reached, read))
        return sorted(found, key=lambda c: c.score)

    def _train(
        self,
        softs: Sequence[_Soft],
        concept_loss: ConceptLoss,
        prompts: Sequence[Prompt],
        budget: Budget,
        generator: torch.Generator,
    ) -> float:
        """Train the vectors in place; return the mean loss of the last fifth of the steps."""
        own, *others = softs
        vectors = [soft.vectors.requires_grad_() for soft in softs]
        optimiser = torch.optim.Adam(vectors, lr=RATE)
        losses = []
        for step in range(budget.steps):
            prompt = prompts[step % len(prompts)]
            ids, embeddings = own.embedded(prompt)
            beside = {other.component: other.embedded(prompt)[1] for other in others}
            read = concept_loss.denoiser.read(own.encoder, ids, embeddings, soft=beside)
            loss = concept_loss.of(read, concept_loss.noisy(budget.batch, generator)).mean()
            for vector, gradient in zip(vectors, torch.autograd.grad(loss, vectors), strict=True):
                vector.grad = gradient
            optimiser.step()
            if self.longest:
                for soft in softs:
                    soft.shorten(self.longest)
            losses.append(loss.item())
        last = losses[-max(1, len(losses) // 5) :]
        return sum(last) / len(last)


@dataclass(frozen=True)
class _Soft:
    """What one encoder gets in place of the name.

    Attributes
    ----------
    component: the encoder's.
    encoder: the edited one.
    tokenizer: its own.
    vectors: shape (tokens of the name, D), float32.

    """

    component: str
    encoder: nn.Module
    tokenizer: PreTrainedTokenizerBase
    vectors: Tensor

    @classmethod
    def of(cls, target: Target, prompt: Prompt, generator: torch.Generator, start: str) -> _Soft:
        """Start from the name's own embeddings, from the mean word, or from noise around it."""
        table = token_table(target.edited).weight.detach()
        tokens = tokenise(target.tokenizer, prompt)
        vectors = table[list(tokens.ids[tokens.start : tokens.stop])].float().clone()
        if start != "name":
            mean = table.float().mean(0, keepdim=True).expand_as(vectors).clone()
            spread = table.float().std(0, keepdim=True)
            noise = torch.randn(vectors.shape, generator=generator).to(vectors) if start == "noise" else 0.0
            vectors = mean + spread * noise
        return cls(target.models.encoder_name, target.edited, target.tokenizer, vectors)

    def embedded(self, prompt: Prompt) -> tuple[Tensor, Tensor]:
        """Return a prompt's ids, shape (1, S), and its embeddings with the vectors in them, (1, S, D)."""
        table = token_table(self.encoder).weight.detach()
        tokens = tokenise(self.tokenizer, prompt)
        ids = torch.tensor([tokens.ids], device=table.device)
        place = torch.arange(tokens.start, tokens.stop, device=table.device)
        at = (torch.zeros_like(place), place)
        return ids, table[ids].index_put(at, self.vectors[: len(place)].to(table.dtype))

    @torch.no_grad()
    def shorten(self, longest: float) -> None:
        """Bound the vectors' norms, in multiples of the longest row of the token table."""
        limit = longest * float(token_table(self.encoder).weight.norm(dim=1).max())
        self.vectors.mul_((limit / self.vectors.norm(dim=1, keepdim=True)).clamp(max=1.0))

    def reading(self, prompt: Prompt) -> Reading:
        """Return a prompt with the vectors in it, on the CPU."""
        tokens = tokenise(self.tokenizer, prompt)
        vectors = self.vectors.detach().cpu()
        places = range(tokens.start, tokens.stop)
        return Reading(tokens, dict(zip(places, vectors, strict=False)))

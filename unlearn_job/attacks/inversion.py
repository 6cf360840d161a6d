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
from torch import Tensor

from unlearn_job.attacks.denoising import ConceptLoss
from unlearn_job.attacks.protocol import Budget, Candidate, Target
from unlearn_job.methods.denoising import need_one_encoder
from unlearn_job.methods.states import token_table
from unlearn_job.methods.tokens import Tokens, tokenise
from unlearn_job.prompts import Prompt, fill
from unlearn_job.retain import Reading
from unlearn_job.seeds import seed_for

RATE: Final = 5e-2
"""Adam's. Embeddings of words are about as long as one step of ten."""
STARTS: Final = ("name", "mean", "noise")
"""From the name's own embeddings, from the mean word, and from noise around it."""


@dataclass(frozen=True)
class Inversion:
    """Soft tokens in place of the name, as many as the name has.

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

    def search(self, target: Target, budget: Budget, seed: int) -> Sequence[Candidate]:
        """Train one candidate per start; the U-Net and the encoder stay as they are.

        Raises
        ------
        UnsupportedDenoiserError
            The U-Net reads several encoders: soft tokens in one would say less than such an attack can.

        """
        need_one_encoder(target.models.surrogate)
        loss = ConceptLoss(target)
        concept, templates = target.erasure.concept, target.templates.training(target.erasure.concept.kind)
        prompts = [fill(template, concept.name, concept.kind) for template in templates]
        found = []
        for start in self.starts:
            own = seed_for(seed, self.name, start)
            soft, reached = self._train(target, loss, prompts, budget, seed=own, start=start)
            tokens = tokenise(target.tokenizer, prompts[0])
            found.append(Candidate(prompts[0], reached, Reading(tokens, _patches(tokens, soft.cpu()))))
        return sorted(found, key=lambda c: c.score)

    def _train(
        self,
        target: Target,
        concept_loss: ConceptLoss,
        prompts: Sequence[Prompt],
        budget: Budget,
        *,
        seed: int,
        start: str,
    ) -> tuple[Tensor, float]:
        table = token_table(target.edited).weight.detach()
        generator = torch.Generator("cpu").manual_seed(seed)
        soft = _start(target, table, prompts[0], generator, start).requires_grad_()
        optimiser = torch.optim.Adam([soft], lr=RATE)
        limit = self.longest * float(table.norm(dim=1).max())
        losses = []
        for step in range(budget.steps):
            tokens = tokenise(target.tokenizer, prompts[step % len(prompts)])
            ids = torch.tensor([tokens.ids], device=table.device)
            embeddings = table[ids]
            place = torch.arange(tokens.start, tokens.stop, device=table.device)
            embeddings = embeddings.index_put((torch.zeros_like(place), place), soft[: len(place)])
            read = concept_loss.denoiser.read(target.edited, ids, embeddings)
            loss = concept_loss.of(read, concept_loss.noisy(budget.batch, generator)).mean()
            (soft.grad,) = torch.autograd.grad(loss, [soft])
            optimiser.step()
            if limit:
                with torch.no_grad():
                    soft.mul_((limit / soft.norm(dim=1, keepdim=True)).clamp(max=1.0))
            losses.append(loss.item())
        last = losses[-max(1, len(losses) // 5) :]
        return soft.detach(), sum(last) / len(last)


def _start(target: Target, table: Tensor, prompt: Prompt, generator: torch.Generator, start: str) -> Tensor:
    """Return the embeddings to start from, shape (tokens of the name, D), float32."""
    tokens = tokenise(target.tokenizer, prompt)
    own = table[list(tokens.ids[tokens.start : tokens.stop])].float().clone()
    if start == "name":
        return own
    mean = table.float().mean(0, keepdim=True).expand_as(own).clone()
    if start == "mean":
        return mean
    spread = table.float().std(0, keepdim=True)
    return mean + spread * torch.randn(own.shape, generator=generator).to(own)


def _patches(tokens: Tokens, soft: Tensor) -> dict[int, Tensor]:
    return {tokens.start + i: vector for i, vector in enumerate(soft) if tokens.start + i < tokens.stop}

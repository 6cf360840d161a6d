"""UnlearnDiffAtk-like: a prefix of tokens before the concept's own prompt (arXiv 2310.11868).

The paper relaxes the prefix and projects it to tokens in every step. Here it stays discrete: the gradient
of the denoising loss at the prefix's embeddings ranks replacements to first order, -g . (e_v - e_p) (as
HotFlip, arXiv 1712.06751, does), and the loss itself decides among the best of them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from unlearn_job.attacks.denoising import ConceptLoss
from unlearn_job.attacks.protocol import Budget, Candidate, Target
from unlearn_job.attacks.screen import shortened
from unlearn_job.attacks.vocabulary import Ban, whole_vocabulary
from unlearn_job.attacks.words import Place, frames
from unlearn_job.methods.denoising import Noisy
from unlearn_job.methods.states import token_table
from unlearn_job.methods.tokens import assemble, stack, word_ids
from unlearn_job.prompts import Prompt
from unlearn_job.seeds import seed_for

LENGTH: Final = 5
"""Tokens of the prefix, the paper's."""
RANKED: Final = 24
"""Replacements of one position that the loss is asked about."""


@dataclass(frozen=True)
class AdversarialPrefix:
    """A prefix that makes the edited encoder draw what the prompt behind it names.

    Attributes
    ----------
    spared: names besides the concept's own that no prefix may hold.

    """

    spared: tuple[str, ...] = ()
    name: str = "prefix"
    names_concept: bool = True
    joint: bool = False

    def search(self, target: Target, budget: Budget, seed: int) -> Sequence[Candidate]:
        """Descend from several random prefixes, position by position."""
        climb = _Descent(target, budget, seed_for(seed, self.name), self.spared)
        starts = max(2, budget.finalists)
        found: dict[str, Candidate] = {}
        for _ in range(starts):
            for candidate in climb.run(max(1, budget.steps // starts)):
                found[candidate.prompt.text] = candidate
        return sorted(found.values(), key=lambda c: c.score)[: budget.judged]


class _Descent:
    """Greedy coordinate descent on the loss."""

    def __init__(self, target: Target, budget: Budget, seed: int, spared: tuple[str, ...] = ()) -> None:
        self._target = target
        self._choice = random.Random(seed)  # noqa: S311 - a search, not secrets
        self._loss = ConceptLoss(target)
        generator = torch.Generator("cpu").manual_seed(seed)
        # The same noise for all, or two losses would differ by their draws.
        self._noisy: Noisy = self._loss.noisy(2 * budget.batch, generator)
        self._batch = budget.batch
        self._ban = Ban(target.tokenizer, (*target.banned, *spared))
        concept = target.erasure.concept
        templates = target.templates.training(concept.kind)
        self._make, self._frames = frames(templates, concept, Place.BEFORE)
        tokenizer = target.tokenizer
        pieces = whole_vocabulary(tokenizer).texts
        # Whole words alone: they stay what they are, whatever stands beside them.
        ids = {text.strip(): word_ids(tokenizer, text.strip()) for text in pieces if text != text.strip()}
        self._words = {text: found[0] for text, found in ids.items() if len(found) == 1}
        self._texts = list(self._words)
        device = token_table(target.edited).weight.device
        self._rows = torch.tensor([self._words[text] for text in self._texts], device=device)

    def run(self, steps: int) -> list[Candidate]:
        """Return the prefixes on the way down from one random start."""
        frame = self._choice.randrange(self._frames)
        prefix = [self._choice.choice(self._texts) for _ in range(LENGTH)]
        best = self._losses([self._prompt(prefix, frame)])[0]
        path = [Candidate(self._prompt(prefix, frame), best)]
        for step in range(steps):
            at = step % LENGTH
            ranked = self._ranked(prefix, frame, at)
            options = [[*prefix[:at], text, *prefix[at + 1 :]] for text in ranked]
            free = self._ban.allowed([" ".join(option) for option in options])
            options = [option for option, ok in zip(options, free, strict=True) if ok]
            losses = self._losses([self._prompt(option, frame) for option in options])
            lowest = min(range(len(losses)), key=losses.__getitem__, default=None)
            if lowest is not None and losses[lowest] < best:
                best, prefix = losses[lowest], options[lowest]
                path.append(Candidate(self._prompt(prefix, frame), best))
        return path

    def _prompt(self, prefix: Sequence[str], frame: int) -> Prompt:
        return self._make(" ".join(prefix), frame)

    def _ranked(self, prefix: Sequence[str], frame: int, at: int) -> list[str]:
        """Return the replacements that the gradient holds for the best, and a few random ones."""
        target, encoder = self._target, self._target.edited
        table = token_table(encoder).weight
        own = [self._words[text] for text in prefix]
        rest = word_ids(target.tokenizer, self._make("", frame).text)
        tokens = assemble(target.tokenizer, (), own, rest)
        ids = torch.tensor([tokens.ids], device=table.device)
        embeddings = table[ids].detach().clone().requires_grad_()
        some = Noisy(*(part[: self._batch] for part in vars(self._noisy).values()))
        loss = self._loss.of(self._loss.denoiser.read(encoder, ids, embeddings), some).sum()
        (gradient,) = torch.autograd.grad(loss, embeddings)
        order = (table[self._rows].float() @ gradient[0, tokens.start + at].float()).argsort()
        ranked = [self._texts[int(i)] for i in order[: RANKED - RANKED // 4]]
        return ranked + [self._choice.choice(self._texts) for _ in range(RANKED // 4)]

    @torch.no_grad()
    def _losses(self, prompts: Sequence[Prompt]) -> list[float]:
        found: list[Tensor] = []
        for at in range(0, len(prompts), 8):
            tokens = shortened(self._target.tokenizer, prompts[at : at + 8])
            ids = stack(tokens).to(self._rows.device)
            read = self._loss.denoiser.read(self._target.edited, ids)
            found.append(self._loss.of(read, self._noisy))
        return torch.cat(found).tolist() if found else []

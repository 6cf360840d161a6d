"""Soft tokens that an edited encoder reads as the parent's reads the name, trained in the encoder alone.

    L(v) = mean over prompts of |TE'(prompt with v) - TE(prompt with the name)|^2

from the name on, with v in place of the name's token embeddings: a relaxed form of the discrete search.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from unlearn_job.attacks.soft import RATE, STARTS, SoftTokens
from unlearn_job.erasing import Vectors
from unlearn_job.methods.states import hidden_states
from unlearn_job.methods.tokens import tokenise
from unlearn_job.prompts import Prompt
from unlearn_job.seeds import seed_for

STEPS: Final = 100
"""Of Adam, one prompt each."""


def soft_tokens(
    encoder: nn.Module,
    start: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Prompt],
    seed: int,
) -> Iterator[Vectors]:
    """Yield the vectors of each of `STARTS`, as many as the name has tokens.

    Parameters
    ----------
    encoder, start
        The edited encoder and the parent's; neither is changed.
    tokenizer
        Of both.
    prompts
        Whose phrase is the name; at least one.
    seed
        Of the noise that one of them starts from.

    """
    with torch.enable_grad():
        for begin in STARTS:
            generator = torch.Generator("cpu").manual_seed(seed_for(seed, begin))
            soft = SoftTokens.of(encoder, tokenizer, prompts[0], generator, begin)
            optimiser = torch.optim.Adam([soft.vectors.requires_grad_()], lr=RATE)
            for step in range(STEPS):
                loss = _loss(soft, start, prompts[step % len(prompts)])
                (soft.vectors.grad,) = torch.autograd.grad(loss, [soft.vectors])
                optimiser.step()
            yield soft.plain()


def _loss(soft: SoftTokens, start: nn.Module, prompt: Prompt) -> Tensor:
    ids, embeddings = soft.embedded(prompt)
    tokens = tokenise(soft.tokenizer, prompt)
    counts = slice(tokens.first, tokens.last)
    with torch.no_grad():
        wanted = hidden_states(start, ids)[:, counts]
    return nn.functional.mse_loss(hidden_states(soft.encoder, ids, embeddings)[:, counts], wanted)

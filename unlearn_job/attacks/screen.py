"""A screen in the encoder alone: does a prompt offer the U-Net what the concept's name offered it?

Cross-attention reads the states of a prompt as a set. So a prompt counts as near to a reference prompt if
every state that the reference has from its name on (the name's last token, the end-of-text, the padding)
has one close to it somewhere in the prompt:

    d(c, r) = mean over the three parts P of r of ( mean over p in P of min over q of |h'_q(c) - h_p(r)| )

with h' of the edited and h of the reference encoder. The three parts count alike, or 70 paddings would
drown the rest. Measured on the testbed against the judge (400 random prompts around "captain comet"): the
area under the curve is .98 for the base and .99 for the edited encoder; the distance of end-of-texts alone
has .84 and .72.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from unlearn_job.methods.states import hidden_states
from unlearn_job.methods.tokens import tokenise
from unlearn_job.prompts import Prompt

BATCH: Final = 256
"""Prompts per forward pass."""
_CELLS: Final = 2**24
"""Entries of a distance matrix: bounds the memory."""


class Screen:
    """Distance of prompts to what an encoder makes of reference prompts.

    Parameters
    ----------
    encoder
        Encoder whose states the prompts are read with: the edited one.
    reference
        Encoder that knows the concept: the base.
    tokenizer
        Of both.
    prompts
        Reference prompts; the phrase is the name.

    """

    def __init__(
        self,
        encoder: nn.Module,
        reference: nn.Module,
        tokenizer: PreTrainedTokenizerBase,
        prompts: Sequence[Prompt],
    ) -> None:
        self._encoder = encoder
        self._tokenizer = tokenizer
        self._device = next(encoder.parameters()).device
        self._references = references(reference, tokenizer, prompts)

    def __call__(self, prompts: Sequence[Prompt]) -> Tensor:
        """Return the distance to the nearest reference, shape (N,), float32, on the CPU."""
        parts = []
        for at in range(0, len(prompts), BATCH):
            states = encoded(self._encoder, self._tokenizer, prompts[at : at + BATCH])
            parts.append(distance(states, self._references).cpu())
        return torch.cat(parts)


@torch.no_grad()
def encoded(encoder: nn.Module, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[Prompt]) -> Tensor:
    """Return what the U-Net reads of prompts, shape (N, S, D), float32."""
    device = next(encoder.parameters()).device
    # Whole texts, not their parts: a piece at a seam may join with its neighbour when it is typed.
    read = tokenizer(
        [prompt.text for prompt in prompts],
        padding="max_length",
        truncation=True,
        max_length=int(tokenizer.model_max_length),
        return_tensors="pt",
    )
    return hidden_states(encoder, read.input_ids.to(device)).float()


def references(
    encoder: nn.Module, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[Prompt]
) -> list[tuple[Tensor, ...]]:
    """Return each reference prompt's states in three parts: last token of the name, end, padding.

    Parts that a prompt lacks, such as the padding of a full one, are left out.
    """
    states = encoded(encoder, tokenizer, prompts)
    found = []
    for row, prompt in zip(states, prompts, strict=True):
        tokens = tokenise(tokenizer, prompt)
        last = max(tokens.stop - 1, 0)
        parts = (row[last : last + 1], row[tokens.end : tokens.end + 1], row[tokens.end + 1 :])
        found.append(tuple(part for part in parts if len(part)))
    return found


@torch.no_grad()
def distance(states: Tensor, references: Sequence[tuple[Tensor, ...]]) -> Tensor:
    """Return the distance of states (N, S, D) to the nearest reference, shape (N,)."""
    count, length, width = states.shape
    # The first token is the start of text, the same for every prompt.
    flat = states[:, 1:].reshape(-1, width)
    best = torch.full((count,), torch.inf, device=states.device)
    for parts in references:
        rows = torch.cat(parts)
        step = max(1, _CELLS // (len(flat) + 1))
        nearest = torch.cat(
            [
                torch.cdist(flat, rows[at : at + step]).reshape(count, length - 1, -1).amin(1)
                for at in range(0, len(rows), step)
            ],
            dim=1,
        )
        split = nearest.split([len(part) for part in parts], dim=1)
        total = torch.stack([part.mean(1) for part in split]).mean(0)
        best = torch.minimum(best, total)
    return best

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

import dataclasses
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from unlearn_job.conditioning import conditioning_of
from unlearn_job.methods.replay import Prefix
from unlearn_job.methods.states import hidden_states, token_table
from unlearn_job.methods.thinning import cut
from unlearn_job.methods.tokens import Tokens, assemble, stack, tokenise
from unlearn_job.prompts import Prompt
from unlearn_job.retain import Reading, as_batch

BATCH: Final = 256
"""Prompts per forward pass."""
PADDINGS: Final = 32
"""Rows of padding that a reference is known by: the further ones say the same."""
_CELLS: Final = 2**24
"""Entries of a distance matrix: bounds the memory."""

Reference = tuple[Tensor, ...]
"""States of one reference prompt in parts, each of shape (n, D)."""


@dataclass(frozen=True)
class Read:
    """What a pipeline reads of prompts.

    Attributes
    ----------
    states: shape (N, S, D), float32.
    counts: positions that differ between prompts and are read, shape (N, S), bool: no start of text, and no
        padding that the pipeline throws away.

    """

    states: Tensor
    counts: Tensor


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
        self._references = references(reference, tokenizer, prompts)

    def __call__(self, prompts: Sequence[Prompt]) -> Tensor:
        """Return the distance to the nearest reference, shape (N,), float32, on the CPU."""
        parts = []
        for at in range(0, len(prompts), BATCH):
            found = encoded(self._encoder, self._tokenizer, prompts[at : at + BATCH])
            parts.append(distance(found, self._references).cpu())
        return torch.cat(parts)


def typed(tokenizer: PreTrainedTokenizerBase, prompts: Sequence[Prompt]) -> list[Tokens]:
    """Tokenise prompts as they are typed, many at once.

    Whole texts, not their parts: a piece at a seam may join with its neighbour.
    """
    texts = [prompt.text for prompt in prompts]
    if conditioning_of(tokenizer).lowered:
        texts = [text.lower() for text in texts]
    found = tokenizer(texts, add_special_tokens=False).input_ids if texts else []
    return [assemble(tokenizer, (), ids, ()) for ids in found]


def shortened(tokenizer: PreTrainedTokenizerBase, prompts: Sequence[Prompt]) -> list[Tokens]:
    """Tokenise prompts as `typed` does, with the first of a long padding only."""
    return [cut(one, conditioning_of(tokenizer)) for one in typed(tokenizer, prompts)]


@torch.no_grad()
def encoded(encoder: nn.Module, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[Prompt]) -> Read:
    """Run an encoder on prompts, on the first of a long padding only: the others say the same."""
    tokens = shortened(tokenizer, prompts)
    ids = stack(tokens).to(next(encoder.parameters()).device)
    return Read(hidden_states(encoder, ids).float(), _counted(tokenizer, tokens).to(ids.device))


@torch.no_grad()
def encoded_readings(
    encoder: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    readings: Sequence[Reading],
    prefix: Prefix | None = None,
) -> Read:
    """Run an encoder on readings, some of whose tokens may be soft, as `encoded` does; through `prefix`."""
    reads = conditioning_of(tokenizer)
    readings = [dataclasses.replace(reading, tokens=cut(reading.tokens, reads)) for reading in readings]
    batch = as_batch(readings, token_table(encoder).weight)
    with prefix.through(encoder, readings) if prefix else nullcontext():
        states = hidden_states(encoder, batch.ids, batch.embeddings).float()
    return Read(states, _counted(tokenizer, [reading.tokens for reading in readings]).to(states.device))


def _counted(tokenizer: PreTrainedTokenizerBase, tokens: Sequence[Tokens]) -> Tensor:
    opening = assemble(tokenizer, (), (), ()).start
    counts = torch.zeros(len(tokens), max(len(one.ids) for one in tokens), dtype=torch.bool)
    for row, one in enumerate(tokens):
        counts[row, opening : one.last] = True
    return counts


def references(
    encoder: nn.Module, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[Prompt]
) -> list[Reference]:
    """Return each reference prompt's states in three parts: last token of the name, end, padding.

    Parts that a prompt lacks, such as the padding of a full one or one that is not read, are left out.
    """
    states = encoded(encoder, tokenizer, prompts).states
    found = []
    for row, prompt in zip(states, prompts, strict=True):
        tokens = tokenise(tokenizer, prompt)
        name = max(tokens.stop - 1, 0)
        parts = (
            row[name : name + 1],
            row[tokens.end : tokens.end + 1],
            row[tokens.end + 1 : min(tokens.last, tokens.end + 1 + PADDINGS)],
        )
        found.append(tuple(part for part in parts if len(part)))
    return found


@torch.no_grad()
def distance(found: Read, references: Sequence[Reference]) -> Tensor:
    """Return the distance to the nearest reference, shape (N,)."""
    count, length, width = found.states.shape
    flat = found.states.reshape(-1, width)
    unread = ~found.counts[:, :, None]
    best = torch.full((count,), torch.inf, device=flat.device)
    step = max(1, _CELLS // (len(flat) + 1))
    for parts in references:
        rows = torch.cat(parts)
        nearest = torch.cat(
            [
                torch.cdist(flat, rows[at : at + step])
                .reshape(count, length, -1)
                .masked_fill(unread, torch.inf)
                .amin(1)
                for at in range(0, len(rows), step)
            ],
            dim=1,
        )
        split = nearest.split([len(part) for part in parts], dim=1)
        best = torch.minimum(best, torch.stack([part.mean(1) for part in split]).mean(0))
    return best

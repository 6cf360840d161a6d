"""Long padding, run for some prompts only: of CLIP's 77 tokens about ten are the prompt's own.

The pipelines read every padding, so an edit must hold there. But paddings at one position are much alike from
prompt to prompt. So all prompts are run up to their first padding, and one of several up to the end, whose
further paddings count for those of the others too: sums over all rows keep what they have in the mean, at a
fraction of the cost. Attention is causal, so what is run has the same states as in a whole prompt. Prompts
with little padding are left alone.

Forced on the testbed, whose prompts are too short for it, it leaves what the method leaves without it
(docs/methods/scale.md).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from unlearn_job.conditioning import Conditioning
from unlearn_job.methods.tokens import Tokens

PADDING: Final = 1
"""Paddings of every prompt that are run."""
LONG: Final = 32
"""Paddings behind them from which on they are thinned; a prompt with fewer is run whole."""
WHOLE: Final = 24
"""Prompts of a set that are run whole at least."""
SPARSEST: Final = 64
"""At most one whole prompt in so many, however large the set is."""


@dataclass(frozen=True)
class Thinned:
    """One prompt as it is run.

    Attributes
    ----------
    tokens: the prompt, perhaps without most of its padding.
    heavy: position from which on rows count for those that other prompts left out.
    weight: what such a row counts.

    """

    tokens: Tokens
    heavy: int
    weight: int = 1


def cut(tokens: Tokens, reads: Conditioning, end: int | None = None) -> Tokens:
    """Leave out all but the first paddings of a prompt, where what is left keeps its states.

    Parameters
    ----------
    tokens
        The prompt.
    reads
        What the pipeline reads; only where it reads padding, and attention is causal, anything is cut.
    end
        End-of-text to count from, where another prompt's is further behind.

    """
    length = max(tokens.end, end or 0) + 1 + PADDING
    if not (reads.causal and reads.padding and not reads.masked) or len(tokens.ids) - length < LONG:
        return tokens
    return dataclasses.replace(tokens, ids=tokens.ids[:length], last=min(tokens.last, length))


def thinned(
    prompts: Sequence[Tokens], reads: Conditioning, ends: Sequence[int] | None = None
) -> list[Thinned]:
    """Cut most prompts of a set, and let whole ones count for them.

    Parameters
    ----------
    prompts
        The set, in an order of which every n-th is a fair sample.
    reads
        What the pipeline reads.
    ends
        End-of-text to count each prompt's padding from, where another prompt's is further behind.

    """
    every = min(SPARSEST, max(1, len(prompts) // WHOLE))
    found = []
    for index, tokens in enumerate(prompts):
        short = cut(tokens, reads, ends[index] if ends else None)
        if index % every == 0 and len(short.ids) < len(tokens.ids):
            found.append(Thinned(tokens, len(short.ids), every))
        else:
            found.append(Thinned(short, len(short.ids)))
    return found


def row_weights(prompts: Sequence[Thinned], length: int) -> Tensor | None:
    """Return what each row of a batch counts, shape (B, S), float64; None where all count 1."""
    if all(prompt.weight == 1 for prompt in prompts):
        return None
    weights = torch.ones(len(prompts), length, dtype=torch.float64)
    for row, prompt in enumerate(prompts):
        weights[row, prompt.heavy :] = prompt.weight
    return weights

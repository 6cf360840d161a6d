"""What stays: retain prompts and hard negatives, and how far their hidden states have drifted."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn

from unlearn_job.methods.states import hidden_states, token_table
from unlearn_job.retain import Batch, Reading, as_batch

if TYPE_CHECKING:
    from unlearn_job.methods.task import Task

POOL: Final = 800
"""Hard negatives of each concept to draw from: they grow with the concepts, or they are diluted."""
PROXY_PROMPTS: Final = 64
"""Retain prompts, and as many hard negatives, that measure the drift."""


TINY: Final = 1e-16
"""Keeps the root's gradient finite where nothing has drifted."""


class Hold:
    """Squared drift of the states that must stay, relative to the distance between concept and anchor.

    Parameters
    ----------
    task
        Whose retain set and negatives.
    scale
        Squared distance per state that counts as 1, such as `Goal.scale`.
    pool
        Hard negatives per concept; none leaves them out.

    """

    def __init__(self, task: Task, scale: float, pool: int = POOL) -> None:
        self._start = task.start
        self._table = token_table(task.start).weight
        self._scale = scale
        self.retain = list(task.retain)
        self.negatives = [reading for erasing in task.erasing for reading in task.negatives.of(erasing, pool)]
        self._proxies = [
            as_batch(part[:: max(1, len(part) // PROXY_PROMPTS)], self._table)
            for part in (self.retain, self.negatives)
            if part
        ]
        self._wanted = [self._states_before(batch) for batch in self._proxies]

    def draw(self, choice: random.Random, retain: int, negatives: int) -> list[Batch]:
        """Draw retain prompts, and hard negatives in a batch of their own."""
        counts: list[tuple[Sequence[Reading], int]] = [(self.retain, retain), (self.negatives, negatives)]
        return [as_batch(choice.choices(part, k=k), self._table) for part, k in counts if part and k]

    def loss(self, encoder: nn.Module, drawn: Sequence[Batch]) -> Tensor:
        """Return the sum over the batches of their relative squared drift, a scalar."""
        parts = [_squared(encoder, batch, self._states_before(batch)) for batch in drawn]
        return torch.stack(parts).sum() / self._scale

    @torch.no_grad()
    def drift(self, encoder: nn.Module) -> float:
        """Return the relative squared drift, of retain prompts or negatives, whichever drifted further."""
        drifts = [
            float(_squared(encoder, batch, wanted))
            for batch, wanted in zip(self._proxies, self._wanted, strict=True)
        ]
        return max(drifts) / self._scale

    @torch.no_grad()
    def _states_before(self, batch: Batch) -> Tensor:
        return hidden_states(self._start, batch.ids, batch.embeddings)


def _squared(encoder: nn.Module, batch: Batch, wanted: Tensor) -> Tensor:
    """Return the root mean square over the prompts of each one's mean squared drift, a scalar.

    Not the plain mean: few prompts drift, and far. A concept that no list names and that lies near the
    erased one is lost while the mean still looks like nothing.
    """
    now = hidden_states(encoder, batch.ids, batch.embeddings)
    rows = (now - wanted).square().mean(dim=2) * batch.counts
    prompts = rows.sum(dim=1) / batch.counts.sum(dim=1).clamp(min=1)
    root: Tensor = (prompts.square().mean() + TINY).sqrt()
    return root - math.sqrt(TINY)

"""What goes: the concept's prompts, position by position, and the anchor's states that they shall have."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from unlearn_job.erasing import Erasing
from unlearn_job.methods.states import hidden_states, token_table
from unlearn_job.methods.tokens import Tokens, matched, stack, tokenise
from unlearn_job.retain import Reading, as_batch, as_reading

if TYPE_CHECKING:
    from unlearn_job.methods.task import Task

PROXY_PROMPTS: Final = 32
"""Prompts per concept that measure what remains of it."""

TokenPair = tuple[Reading, Tokens]
"""A prompt of the concept and the one that it shall act like."""


@dataclass(frozen=True)
class Rows:
    """Pairs as tensors, and which positions answer which.

    Attributes
    ----------
    own, anchor: token ids, shape (B, S).
    embeddings: of `own`, shape (B, S, D), soft tokens in place.
    row, here, there: position `here[i]` of prompt `row[i]` shall be as `there[i]` of its anchor; (N,) each.

    """

    own: Tensor
    embeddings: Tensor
    anchor: Tensor
    row: Tensor
    here: Tensor
    there: Tensor

    def of_own(self, states: Tensor) -> Tensor:
        """Pick the rows that shall change from states of shape (B, S, D): shape (N, D)."""
        return states[self.row, self.here]

    def of_anchor(self, states: Tensor) -> Tensor:
        """Pick the rows that they shall become from the anchors' states (B, S, D): shape (N, D)."""
        return states[self.row, self.there]


def token_pairs(tokenizer: PreTrainedTokenizerBase, erasing: Erasing) -> list[TokenPair]:
    """Tokenise the training prompts of one erasure."""
    return [
        (as_reading(tokenizer, pair.own, pair.soft), tokenise(tokenizer, pair.anchor))
        for pair in erasing.training
    ]


def answering_rows(pairs: Sequence[TokenPair], table: Tensor) -> Rows:
    """Put pairs into one batch on the device of the token table: all that knows of the name and is read."""
    own = as_batch([reading for reading, _ in pairs], table)
    anchor = stack([anchor for _, anchor in pairs]).to(table.device)
    answers = matched((reading.tokens, anchor) for reading, anchor in pairs)
    row, here, there = (torch.tensor(part, device=table.device) for part in answers)
    return Rows(own.ids, own.embeddings, anchor, row, here, there)


class Goal:
    """Squared distances of the concepts' hidden states to their anchors'.

    Distances are relative to what they are in the parent's encoder: 1 untouched, 0 erased. So a name whose
    states lie near its anchor's counts as much as one far away.
    """

    def __init__(self, task: Task) -> None:
        self._start = task.start
        self._table = token_table(task.start).weight
        self.pairs = [token_pairs(task.tokenizer, erasing) for erasing in task.erasing]
        self._proxies = [
            answering_rows(pairs[:: max(1, len(pairs) // PROXY_PROMPTS)], self._table) for pairs in self.pairs
        ]
        self._wanted = [self._states_of_anchor(rows) for rows in self._proxies]
        self.scales = [1.0] * len(self.pairs)
        self.scales = [max(distance, 1e-12) for distance in self._distances(task.start)]

    @property
    def scale(self) -> float:
        """Mean over the concepts of the squared distance per state between concept and anchor."""
        return sum(self.scales) / len(self.scales)

    def draw(self, choice: random.Random, prompts: int) -> list[Rows]:
        """Draw prompts of each concept."""
        return [answering_rows(choice.choices(pairs, k=prompts), self._table) for pairs in self.pairs]

    def loss(self, encoder: nn.Module, drawn: Sequence[Rows]) -> Tensor:
        """Return the mean over the concepts of their relative squared distances, a scalar."""
        parts = [
            nn.functional.mse_loss(
                rows.of_own(hidden_states(encoder, rows.own, rows.embeddings)), self._states_of_anchor(rows)
            )
            / scale
            for rows, scale in zip(drawn, self.scales, strict=True)
        ]
        return torch.stack(parts).mean()

    def remaining(self, encoder: nn.Module) -> float:
        """Return the relative squared distance of the worst concept, on prompts that stay the same."""
        return max(self._distances(encoder))

    @torch.no_grad()
    def _distances(self, encoder: nn.Module) -> list[float]:
        return [
            float(
                nn.functional.mse_loss(rows.of_own(hidden_states(encoder, rows.own, rows.embeddings)), wanted)
            )
            / scale
            for rows, wanted, scale in zip(self._proxies, self._wanted, self.scales, strict=True)
        ]

    @torch.no_grad()
    def _states_of_anchor(self, rows: Rows) -> Tensor:
        return rows.of_anchor(hidden_states(self._start, rows.anchor))

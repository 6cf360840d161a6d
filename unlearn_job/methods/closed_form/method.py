"""Ridge regression on the last layers' last projection (`mlp.fc2` in CLIP), solved in double precision.

For each layer in turn, with x the input of that projection at one position of one prompt and d the change
wanted of the layer's output there, the change of the weight is the minimum of

    sum_i m_i |dW x_i - d_i|^2 + e |dW|^2,   dW = (sum m d x^T) (sum m x x^T + e I)^-1.

Rows of the concept, all that know of its name and are read, want the anchor's residual,
in equal parts over the layers left. Rows that must stay want the parent's residual, which also takes
back what the edit of the layer before did to them. The form is that of closed-form edits of U-Net
projections (UCE, arXiv 2308.14761), moved into the text encoder.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, TypeVar

import torch
from torch import Tensor, nn

from unlearn_job.conditioning import conditioning_of
from unlearn_job.contract.method import MethodConfig
from unlearn_job.methods.closed_form.config import Config
from unlearn_job.methods.goal import TokenPair, token_pairs
from unlearn_job.methods.replay import Prefix
from unlearn_job.methods.states import States, layer_states, layers, token_table
from unlearn_job.methods.task import Task
from unlearn_job.methods.thinning import Thinned, row_weights, thinned
from unlearn_job.methods.tokens import Tokens, matched
from unlearn_job.retain import Batch, Reading, as_batch

BATCH: Final = 64
"""Prompts per forward pass: bounds the memory, not the result."""
REMEMBERED: Final = 2**29
"""Bytes of states kept between the passes: below the edited layers, and as much of the parent's encoder."""
BLOCK: Final = 768
"""Columns of a Gram matrix that are summed at once; what lies below its diagonal is not summed."""

T = TypeVar("T")
_Rows = tuple[Tensor, Tensor, Tensor | None]
"""x of shape (N, F), the change wanted, shape (N, D), and what each counts, shape (N,), or 1."""


def moves(encoder: nn.Module, config: MethodConfig) -> frozenset[str]:
    """Name the weights of the last layers' last projection; biases stay."""
    return frozenset(f"{layer.projection_name}.weight" for layer in layers(encoder)[-_count(config) :])


def _count(config: MethodConfig) -> int:
    return Config.model_validate(config.model_dump()).layers


@torch.no_grad()
def erase(task: Task, config: MethodConfig) -> None:
    """Solve layer by layer; each one sees the encoder with the layers before it already edited."""
    settings = Config.model_validate(config.model_dump())
    pairs = [pair for erasing in task.erasing for pair in token_pairs(task.tokenizer, erasing)]
    run = _Run(task, settings.layers)
    negatives = [
        reading for e in task.erasing for reading in task.negatives.of(e, settings.negatives, run.lower)
    ]
    stays = [*task.retain, *negatives]
    reads = conditioning_of(task.tokenizer)
    goes = thinned([own.tokens for own, _ in pairs], reads, [anchor.end for _, anchor in pairs])
    stay = thinned([reading.tokens for reading in stays], reads)
    # Prompts of one anchor together: it is run once for them.
    concept = sorted(zip(goes, pairs, strict=True), key=lambda both: both[1][1].ids)
    # Negatives apart: a batch with a new prompt runs whole, and these went through the lower layers before.
    count, both = len(task.retain), list(zip(stay, stays, strict=True))
    kept = both[:count], both[count:]
    share = _as_if_alone(len(task.erasing), count, len(negatives))
    mass = float(settings.retain_mass) * share
    for index, layer in enumerate(run.edited, run.first):
        wanted = _Normal.empty(layer.projection)
        for x, d, weights in _concept_rows(run, index, concept):
            wanted.add(x, d / (run.first + len(run.edited) - index), weights)
        held = _Normal.empty(layer.projection)
        for some in kept:
            for x, d, weights in _retain_rows(run, index, some):
                held.add(x, d, weights)
        layer.projection.weight += _solve(wanted, held, mass, float(settings.ridge))
        run.go_on()


def _as_if_alone(concepts: int, retained: int, negatives: int) -> float:
    """Return the share of the retain mass that pulls at each of several concepts as it would at one alone.

    All that goes weighs in one sum, n times as much for n concepts, and what stays with it; but the prompts
    that stay for all of them are there once, while each has hard negatives of its own.
    """
    return (retained + negatives) / (concepts * retained + negatives)


def _batches(prompts: Iterable[tuple[Thinned, T]]) -> Iterator[Sequence[tuple[Thinned, T]]]:
    """Yield prompts of like length together, whole ones apart: a batch is as long as its longest."""
    ordered = sorted(prompts, key=lambda both: (both[0].weight, len(both[0].tokens.ids)))
    for _, group in groupby(ordered, key=lambda both: both[0].weight):
        some = list(group)
        yield from (some[at : at + BATCH] for at in range(0, len(some), BATCH))


class _Run:
    """The edited encoder and the parent's, which are the same below the first edited layer."""

    def __init__(self, task: Task, edited: int) -> None:
        self.encoder, self.start = task.encoder, task.start
        self.edited = layers(task.encoder)[-edited:]
        self.first = len(layers(task.encoder)) - len(self.edited)
        self.table = token_table(task.encoder).weight
        self.lower = Prefix(self.first, REMEMBERED)
        self._before, self._behind = self.lower, Prefix(self.first + 1, REMEMBERED)

    def now(self, index: int, prompts: Sequence[Reading], batch: Batch) -> States:
        """Return what a layer of the edited encoder sees of prompts, given as tensors too."""
        with self.lower.through(self.encoder, prompts):
            return layer_states(self.encoder, layers(self.encoder)[index], batch.ids, batch.embeddings)

    def parent(self, index: int, prompts: Sequence[Reading], batch: Batch) -> States:
        """Return what the same layer of the parent's encoder sees; the next one goes on from there."""
        with self._before.through(self.start, prompts), self._behind.noting(self.start, prompts):
            return layer_states(self.start, layers(self.start)[index], batch.ids, batch.embeddings)

    def go_on(self) -> None:
        """Turn to the next layer."""
        self._before, self._behind = self._behind, Prefix(self._behind.depth + 1, REMEMBERED)


@dataclass
class _Normal:
    """Sums of the normal equations: memory of one F x F matrix, whatever the number of rows."""

    gram: Tensor
    """sum m x x^T, shape (F, F), float64; on and above the diagonal."""
    cross: Tensor
    """sum m d x^T, shape (D, F), float64."""
    rows: float = 0

    @classmethod
    def empty(cls, projection: nn.Linear) -> _Normal:
        def zeros(*shape: int) -> Tensor:
            return torch.zeros(*shape, dtype=torch.float64, device=projection.weight.device)

        width = projection.in_features
        return cls(zeros(width, width), zeros(projection.out_features, width))

    def add(self, x: Tensor, d: Tensor, weights: Tensor | None = None) -> None:
        """Add rows: x of shape (N, F), d of shape (N, D), and what each counts, shape (N,), or 1."""
        self.rows += len(x) if weights is None else float(weights.sum())
        weighed = x if weights is None else x * weights[:, None].to(x.dtype)
        # Products of one batch in single precision, at half the cost; their sums in double.
        for at in range(0, x.shape[1], BLOCK):
            self.gram[at : at + BLOCK, at:] += weighed[:, at : at + BLOCK].T @ x[:, at:]
        self.cross += d.T @ weighed

    def whole_gram(self) -> Tensor:
        """Return the Gram matrix with what lies below its diagonal, shape (F, F)."""
        upper = self.gram.triu()
        return upper + upper.triu(1).T


def _concept_rows(run: _Run, index: int, concept: Sequence[tuple[Thinned, TokenPair]]) -> Iterator[_Rows]:
    """Yield (x, wanted change of the residual, what a row counts) for the concept's prompts."""
    for part in _batches(concept):
        pairs = [(thin.tokens, _cut_alike(anchor, thin.tokens, own.tokens)) for thin, (own, anchor) in part]
        goes = [dataclasses.replace(own, tokens=thin.tokens) for thin, (own, _) in part]
        now = run.now(index, goes, as_batch(goes, run.table))
        alone = {anchor.ids: Reading(anchor) for _, anchor in pairs}
        place = {ids: row for row, ids in enumerate(alone)}
        anchors = list(alone.values())
        parent = run.parent(index, anchors, as_batch(anchors, run.table))
        wanted = parent.residual[[place[anchor.ids] for _, anchor in pairs]]
        rows, here, there = matched(pairs)
        weights = row_weights([thin for thin, _ in part], now.inputs.shape[1])
        yield (
            now.inputs[rows, here],
            wanted[rows, there] - now.residual[rows, here],
            None if weights is None else weights[rows, here].to(now.inputs.device),
        )


def _cut_alike(anchor: Tokens, thin: Tokens, whole: Tokens) -> Tokens:
    """Cut an anchor's prompt where the concept's was cut: padding answers to padding."""
    length = len(thin.ids)
    if length == len(whole.ids):
        return anchor
    return dataclasses.replace(anchor, ids=anchor.ids[:length], last=min(anchor.last, length))


def _retain_rows(run: _Run, index: int, kept: Sequence[tuple[Thinned, Reading]]) -> Iterator[_Rows]:
    """Yield (x, what brings the residual back to the parent's, what a row counts) for all that must stay."""
    for part in _batches(kept):
        readings = [dataclasses.replace(reading, tokens=thin.tokens) for thin, reading in part]
        batch = as_batch(readings, run.table)
        counts = batch.counts
        weights = row_weights([thin for thin, _ in part], counts.shape[1])
        rows = None if weights is None else weights.to(counts.device)[counts]
        before = run.parent(index, readings, batch)
        if index == run.first:  # nothing is edited yet: the same states, for half the work
            yield before.inputs[counts], torch.zeros_like(before.residual[counts]), rows
            continue
        now = run.now(index, readings, batch)
        yield now.inputs[counts], (before.residual - now.residual)[counts], rows


def _solve(wanted: _Normal, held: _Normal, mass: float, ridge: float) -> Tensor:
    """Return the change of the weight, shape (D, F), in float32."""
    weight = mass * wanted.rows / max(1, held.rows)
    gram = wanted.whole_gram() + weight * held.whole_gram()
    gram.diagonal().add_(ridge * gram.diagonal().mean())
    change: Tensor = torch.linalg.solve(gram, (wanted.cross + weight * held.cross).T).T
    return change.float()

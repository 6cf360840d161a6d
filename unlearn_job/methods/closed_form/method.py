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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from unlearn_job.conditioning import conditioning_of
from unlearn_job.contract.method import MethodConfig
from unlearn_job.methods.closed_form.config import Config
from unlearn_job.methods.replay import LowerLayers
from unlearn_job.methods.states import layers, token_table
from unlearn_job.methods.task import Task
from unlearn_job.methods.thinning import Thinned, row_weights, thinned
from unlearn_job.methods.tokens import Tokens, matched, stack, tokenise
from unlearn_job.retain import Reading, as_batch

BATCH: Final = 64
"""Prompts per forward pass: bounds the memory, not the result."""
REMEMBERED: Final = 2**30
"""Bytes of states of the layers below the edited ones that are kept between the passes."""
BLOCK: Final = 768
"""Columns of a Gram matrix that are summed at once; what lies below its diagonal is not summed."""


def moves(encoder: nn.Module, config: MethodConfig) -> frozenset[str]:
    """Name the weights of the last layers' last projection; biases stay."""
    return frozenset(f"{layer.projection_name}.weight" for layer in layers(encoder)[-_count(config) :])


def _count(config: MethodConfig) -> int:
    return Config.model_validate(config.model_dump()).layers


@torch.no_grad()
def erase(task: Task, config: MethodConfig) -> None:
    """Solve layer by layer; each one sees the encoder with the layers before it already edited."""
    settings = Config.model_validate(config.model_dump())
    pairs = [
        (tokenise(task.tokenizer, pair.own), tokenise(task.tokenizer, pair.anchor))
        for erasing in task.erasing
        for pair in erasing.training
    ]
    negatives = [reading for e in task.erasing for reading in task.negatives.of(e, settings.negatives)]
    stays = [*task.retain, *negatives]
    reads = conditioning_of(task.tokenizer)
    run = _Run(task, settings.layers)
    goes = thinned([own for own, _ in pairs], reads, [anchor.end for _, anchor in pairs])
    # Prompts of one length together: a batch is as long as its longest. Then those of one anchor: run once.
    concept = sorted(zip(goes, pairs, strict=True), key=lambda both: (_length(both[0]), both[1][1].ids))
    stay = thinned([reading.tokens for reading in stays], reads)
    kept = sorted(zip(stay, stays, strict=True), key=lambda both: _length(both[0]))
    share = _as_if_alone(len(task.erasing), len(task.retain), len(negatives))
    mass = float(settings.retain_mass) * share
    edited = layers(task.encoder)[-settings.layers :]
    for index, layer in enumerate(edited):
        wanted = _Normal.empty(layer.projection)
        for x, d, weights in _concept_rows(run, run.first + index, concept):
            wanted.add(x, d / (len(edited) - index), weights)
        held = _Normal.empty(layer.projection)
        for x, d, weights in _retain_rows(run, run.first + index, kept):
            held.add(x, d, weights)
        layer.projection.weight += _solve(wanted, held, mass, float(settings.ridge))


def _as_if_alone(concepts: int, retained: int, negatives: int) -> float:
    """Return the share of the retain mass that pulls at each of several concepts as it would at one alone.

    All that goes weighs in one sum, n times as much for n concepts, and what stays with it; but the prompts
    that stay for all of them are there once, while each has hard negatives of its own.
    """
    return (retained + negatives) / (concepts * retained + negatives)


def _length(prompt: Thinned) -> int:
    return len(prompt.tokens.ids)


class _Run:
    """The edited encoder and the parent's, which are the same below the first edited layer."""

    def __init__(self, task: Task, edited: int) -> None:
        self.encoder, self.start = task.encoder, task.start
        self.first = max(0, len(layers(task.encoder)) - edited)
        self.device = token_table(task.encoder).weight.device
        self.lower = LowerLayers(self.first, REMEMBERED)


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


def _concept_rows(
    run: _Run, index: int, concept: Sequence[tuple[Thinned, tuple[Tokens, Tokens]]]
) -> Iterator[tuple[Tensor, Tensor, Tensor | None]]:
    """Yield (x, wanted change of the residual, what a row counts) for the concept's prompts."""
    for at in range(0, len(concept), BATCH):
        part = concept[at : at + BATCH]
        pairs = [(thin.tokens, _cut_alike(anchor, thin.tokens, own)) for thin, (own, anchor) in part]
        own, anchor = (stack([pair[side] for pair in pairs]).to(run.device) for side in (0, 1))
        now = run.lower.states(("own", at), run.encoder, index, own)
        alone, each = anchor.unique(dim=0, return_inverse=True)
        wanted = run.lower.states(("anchor", at), run.start, index, alone).residual[each]
        rows, here, there = matched(pairs)
        weights = row_weights([thin for thin, _ in part], own.shape[1])
        yield (
            now.inputs[rows, here],
            wanted[rows, there] - now.residual[rows, here],
            None if weights is None else weights[rows, here].to(run.device),
        )


def _cut_alike(anchor: Tokens, thin: Tokens, whole: Tokens) -> Tokens:
    """Cut an anchor's prompt where the concept's was cut: padding answers to padding."""
    length = len(thin.ids)
    if length == len(whole.ids):
        return anchor
    return dataclasses.replace(anchor, ids=anchor.ids[:length], last=min(anchor.last, length))


def _retain_rows(
    run: _Run, index: int, kept: Sequence[tuple[Thinned, Reading]]
) -> Iterator[tuple[Tensor, Tensor, Tensor | None]]:
    """Yield (x, what brings the residual back to the parent's, what a row counts) for all that must stay."""
    for at in range(0, len(kept), BATCH):
        part = kept[at : at + BATCH]
        readings = [dataclasses.replace(reading, tokens=thin.tokens) for thin, reading in part]
        batch = as_batch(readings, token_table(run.encoder).weight)
        weights = row_weights([thin for thin, _ in part], batch.ids.shape[1])
        counts = None if weights is None else weights.to(run.device)[batch.counts]
        now = run.lower.states(("kept", at), run.encoder, index, batch.ids, batch.embeddings)
        if index == run.first:  # nothing is edited yet: the same states, for half the work
            yield now.inputs[batch.counts], torch.zeros_like(now.residual[batch.counts]), counts
            continue
        wanted = run.lower.states(("kept", at), run.start, index, batch.ids, batch.embeddings).residual
        yield now.inputs[batch.counts], (wanted - now.residual)[batch.counts], counts


def _solve(wanted: _Normal, held: _Normal, mass: float, ridge: float) -> Tensor:
    """Return the change of the weight, shape (D, F), in float32."""
    weight = mass * wanted.rows / max(1, held.rows)
    gram = wanted.whole_gram() + weight * held.whole_gram()
    gram.diagonal().add_(ridge * gram.diagonal().mean())
    change: Tensor = torch.linalg.solve(gram, (wanted.cross + weight * held.cross).T).T
    return change.float()

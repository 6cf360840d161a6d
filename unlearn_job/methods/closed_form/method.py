"""Ridge regression on the last layers' last projection (`mlp.fc2` in CLIP), in double precision.

For each layer in turn, with x the input of that projection at one position of one prompt and d the change
wanted of the layer's output there, the change of the weight is the minimum of

    sum_i m_i |dW x_i - d_i|^2 + e |dW|^2,   dW = (sum m d x^T) (sum m x x^T + e I)^-1.

Rows of the concept, all that know of its name and are read, want the anchor's residual,
in equal parts over the layers left. Rows that must stay want the parent's residual, which also takes
back what the edit of the layer before did to them. The form is that of closed-form edits of U-Net
projections (UCE, arXiv 2308.14761), moved into the text encoder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from unlearn_job.contract.method import MethodConfig
from unlearn_job.methods.closed_form.config import Config
from unlearn_job.methods.states import Layer, layer_states, layers, token_table
from unlearn_job.methods.task import Task
from unlearn_job.methods.tokens import Tokens, matched, stack, tokenise
from unlearn_job.retain import Reading, batches

BATCH = 64
"""Prompts per forward pass: bounds the memory, not the result."""


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
        for pair in erasing.pairs
    ]
    stays = list(task.retain)
    for erasing in task.erasing:
        stays += task.negatives.of(erasing, settings.negatives)
    edited, frozen = layers(task.encoder)[-settings.layers :], layers(task.start)[-settings.layers :]
    for index, (layer, start) in enumerate(zip(edited, frozen, strict=True)):
        places = _Places(task.encoder, layer, task.start, start)
        goes = _Normal.empty(layer.projection)
        for x, d in _concept_rows(places, pairs):
            goes.add(x, d / (len(edited) - index))
        keeps = _Normal.empty(layer.projection)
        for x, d in _retain_rows(places, stays, drifted=index > 0):
            keeps.add(x, d)
        layer.projection.weight += _solve(goes, keeps, float(settings.retain_mass), float(settings.ridge))


@dataclass(frozen=True)
class _Places:
    """The same layer in the edited encoder and in the parent's."""

    encoder: nn.Module
    layer: Layer
    start: nn.Module
    start_layer: Layer


@dataclass
class _Normal:
    """Sums of the normal equations: memory of one F x F matrix, whatever the number of rows."""

    gram: Tensor
    """sum x x^T, shape (F, F), float64."""
    cross: Tensor
    """sum d x^T, shape (D, F), float64."""
    rows: int = 0

    @classmethod
    def empty(cls, projection: nn.Linear) -> _Normal:
        def zeros(*shape: int) -> Tensor:
            return torch.zeros(*shape, dtype=torch.float64, device=projection.weight.device)

        width = projection.in_features
        return cls(zeros(width, width), zeros(projection.out_features, width))

    def add(self, x: Tensor, d: Tensor) -> None:
        """Add rows: x of shape (N, F), d of shape (N, D)."""
        x, d = x.double(), d.double()
        self.gram.addmm_(x.T, x)
        self.cross.addmm_(d.T, x)
        self.rows += len(x)


def _concept_rows(places: _Places, pairs: Sequence[tuple[Tokens, Tokens]]) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield (x, wanted change of the residual) for the concept's prompts."""
    device = token_table(places.encoder).weight.device
    for at in range(0, len(pairs), BATCH):
        part = pairs[at : at + BATCH]
        own, anchor = (stack([pair[side] for pair in part]).to(device) for side in (0, 1))
        now = layer_states(places.encoder, places.layer, own)
        wanted = layer_states(places.start, places.start_layer, anchor).residual
        rows, here, there = matched(part)
        yield now.inputs[rows, here], wanted[rows, there] - now.residual[rows, here]


def _retain_rows(
    places: _Places, stays: Sequence[Reading], *, drifted: bool
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield (x, what brings the residual back to the parent's) for everything that must stay."""
    for batch in batches(stays, token_table(places.encoder).weight, BATCH):
        now = layer_states(places.encoder, places.layer, batch.ids, batch.embeddings)
        if not drifted:  # nothing is edited yet: the same states, for half the work
            yield now.inputs[batch.counts], torch.zeros_like(now.residual[batch.counts])
            continue
        wanted = layer_states(places.start, places.start_layer, batch.ids, batch.embeddings).residual
        yield now.inputs[batch.counts], (wanted - now.residual)[batch.counts]


def _solve(goes: _Normal, keeps: _Normal, mass: float, ridge: float) -> Tensor:
    """Return the change of the weight, shape (D, F), in float32."""
    weight = mass * goes.rows / max(1, keeps.rows)
    gram = goes.gram + weight * keeps.gram
    gram.diagonal().add_(ridge * gram.diagonal().mean())
    change: Tensor = torch.linalg.solve(gram, (goes.cross + weight * keeps.cross).T).T
    return change.float()

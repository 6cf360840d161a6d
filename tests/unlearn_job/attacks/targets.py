"""Targets and budgets small enough for a test."""

from __future__ import annotations

import copy

import torch
from transformers import CLIPTextModel

from tests.unlearn_job import tiny
from unlearn_job.attacks import Budget, Target
from unlearn_job.contract.concept import Concept, ConceptKind
from unlearn_job.contract.document import JobInput

SMALL = Budget(
    screened=60,
    rounds=1,
    beam=2,
    proposals=6,
    judged=4,
    looks=1,
    finalists=2,
    selection=1,
    fresh=4,
    steps=4,
    batch=2,
)
DUO = Concept(name="captain comet", kind=ConceptKind.CHARACTER, aliases=("comet man",), anchor="a figure")


def document(concept: Concept = DUO) -> JobInput:
    return tiny.document(tiny.erasure(concept, tiny.WHALE, tiny.MOSAIC))


def target(concept: Concept = DUO, *, surrogate: bool = True, threshold: float = 0.0) -> Target:
    """Return a target whose edited encoder is the base with some noise: another one, and no erasure."""
    models, doc = tiny.models(surrogate=surrogate), document(concept)
    edited: CLIPTextModel = copy.deepcopy(models.base_encoder)
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        weight = edited.get_parameter("encoder.layers.2.mlp.fc2.weight")
        weight.add_(0.3 * torch.randn(weight.shape, generator=generator))
    return Target.of(models, edited, tiny.Eyes(threshold=threshold), doc, doc.adds[0])

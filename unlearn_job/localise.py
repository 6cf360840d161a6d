"""Where an encoder carries a concept: which layers, which part of them, and at which words.

One place after the other of the name's prompts is given what it has in the anchor's
(`unlearn_job.patching`). A place that recovers much of the way from concept to anchor carries what tells the
two apart. Residuals hold everything that came before, so theirs is a cumulative figure; those of attention
and feed-forward networks are single contributions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

import torch
from torch import nn
from transformers import PreTrainedTokenizerBase

from unlearn_job.contract.document import JobInput
from unlearn_job.erasing import Erasing, erasings
from unlearn_job.methods.goal import TokenPair, token_pairs
from unlearn_job.models import Models
from unlearn_job.patching import Part, Patching, Positions
from unlearn_job.prompts import Templates
from unlearn_job.retain import kept_concepts

__all__ = ["Localisation", "Part", "Positions", "localise", "localised"]

PROMPTS: Final = 4
"""Prompts of the name that are patched. They differ little: layers do."""


@dataclass(frozen=True)
class Localisation:
    """Which layers and positions carry a concept.

    Attributes
    ----------
    concept: name of the erased concept.
    anchor: phrase that it turns into; None where a style turns into no style.
    prompts: how many prompts were patched.
    layers: numbers of the layers, from 0, up to the last one that the pipeline reads.
    parts, positions: labels of the first and second axis of `recovered`; positions without a token are left
        out.
    recovered: share of the way from concept to anchor, by part, positions and layer, in [0, 1].
    encoder: component that was patched, where a document names several.

    """

    concept: str
    anchor: str | None
    prompts: int
    layers: tuple[int, ...]
    parts: tuple[Part, ...]
    positions: tuple[Positions, ...]
    recovered: tuple[tuple[tuple[float, ...], ...], ...]
    encoder: str | None = None

    def of(self, part: Part, positions: Positions) -> tuple[float, ...]:
        """Return the shares by layer.

        Raises
        ------
        ValueError
            No prompt has a token at such positions.

        """
        return self.recovered[self.parts.index(part)][self.positions.index(positions)]

    def as_json(self) -> dict[str, Any]:
        """Return plain data with camelCase keys; shares have four decimals."""
        return {
            **({} if self.encoder is None else {"encoder": self.encoder}),
            "concept": self.concept,
            "anchor": self.anchor,
            "prompts": self.prompts,
            "layers": [*self.layers],
            "parts": [part.value for part in self.parts],
            "positions": [positions.value for positions in self.positions],
            "recovered": [[[round(x, 4) for x in row] for row in table] for table in self.recovered],
        }


def localised(
    models: Models, doc: JobInput, prompts: int = PROMPTS, *, erasing: Sequence[Erasing] | None = None
) -> tuple[Localisation, ...]:
    """Localise everything that a document adds, in every encoder that its Job starts from.

    Parameters
    ----------
    models, doc
        The Job's.
    prompts
        Prompts of each name that are patched.
    erasing
        The document's erasures by that encoder, where the caller has them already.

    """
    # By the first encoder, which chooses the anchors for all.
    if erasing is None:
        erasing = erasings(doc, Templates.of(doc), models.start_encoder, models.tokenizer, kept_concepts(doc))
    return tuple(
        replace(
            localise(part.start_encoder, part.tokenizer, one, prompts),
            encoder=part.encoder_name if models.beside else None,
        )
        for part in models.parts
        for one in erasing
    )


@torch.no_grad()
def localise(
    encoder: nn.Module, tokenizer: PreTrainedTokenizerBase, erasing: Erasing, prompts: int = PROMPTS
) -> Localisation:
    """Patch every layer in turn, part by part and position by position.

    Parameters
    ----------
    encoder
        In float32 and eval mode; it is not changed. What was attached to it says which state is read.
    tokenizer
        The encoder's.
    erasing
        The concept with its prompts and its anchor's.
    prompts
        Prompts of the name that are patched. One costs as much as about eight forward passes a layer.

    Raises
    ------
    UnsupportedEncoderError
        The encoder's layers have no part that is known as attention.

    """
    patching = Patching(encoder, _some(token_pairs(tokenizer, erasing), erasing, prompts))
    table = tuple(
        tuple(
            tuple(patching.recovered([(layer, part)], positions) for layer in range(patching.depth))
            for positions in patching.positions
        )
        for part in Part
    )
    return Localisation(
        concept=erasing.erasure.concept.name,
        anchor=erasing.anchor,
        prompts=patching.prompts,
        layers=tuple(range(patching.depth)),
        parts=tuple(Part),
        positions=patching.positions,
        recovered=table,
    )


def _some(pairs: Sequence[TokenPair], erasing: Erasing, count: int) -> list[TokenPair]:
    """Choose prompts of the name itself, evenly over its wordings."""
    name = erasing.erasure.concept.name
    own = [pair for pair, texts in zip(pairs, erasing.pairs, strict=True) if texts.own.phrase == name]
    own = own or list(pairs)
    return list(islice(own, 0, None, max(1, -(-len(own) // count))))

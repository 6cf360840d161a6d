"""The distance of CPDM (arXiv 2403.12052): what a picture shows, times how it is drawn.

The authors call it a similarity and return (d_sem * d_sty)^2, a distance: larger means more changed. They
pair pictures by their order in two folders; here a pair is one prompt and one seed. They take the semantics
from CLIP ViT-L/14 and the style from four blocks of an Inception network, with weights that bring those
blocks to a common size. Here both come from models that the document names, or from the judge, and depths
are weighed by what the base's pictures of *different* prompts differ by at that depth. So the numbers
compare under the same models, and not with the paper's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor


def semantic_distance(before: Tensor, after: Tensor) -> Tensor:
    """Return |f(a) - f(b)|^2 of paired embeddings of shape (N, D), shape (N,)."""
    return (before - after).square().sum(dim=1)


def gram(maps: Tensor) -> Tensor:
    """Return Gram matrices of feature maps (..., C, P), divided by C x P, shape (..., C, C)."""
    *_, channels, positions = maps.shape
    return maps @ maps.transpose(-2, -1) / (channels * positions)


def style_distance(before: Sequence[Tensor], after: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Return the mean over depths of w |G(a) - G(b)|_F^2, shape (N,).

    Parameters
    ----------
    before, after
        Feature maps at each depth, shape (N, C, P) each.
    weights
        One per depth.

    """
    depths = [
        weight * _apart(zip(a, b, strict=True)) for a, b, weight in zip(before, after, weights, strict=True)
    ]
    return torch.stack(depths).mean(dim=0)


def _apart(pairs: Iterable[tuple[Tensor, Tensor]]) -> Tensor:
    """Return |G(a) - G(b)|_F^2 of maps (C, P), pair by pair: 2048 channels have Grams of 16 MiB."""
    return torch.stack([(gram(a) - gram(b)).square().sum() for a, b in pairs])


def depth_weights(maps: Sequence[Tensor]) -> tuple[float, ...]:
    """Return weights that give every depth the same say: 1 / mean distance of neighbouring pictures' Grams.

    Parameters
    ----------
    maps
        Feature maps of different base pictures at each depth, shape (N, C, P) with N >= 2.

    """
    found = []
    for depth in maps:
        between = float(_apart(zip(depth, depth.roll(1, dims=0), strict=True)).mean())
        found.append(1.0 / between if between > 0 else 0.0)
    return tuple(found)


def cpdm_distance(semantic: Tensor, style: Tensor) -> Tensor:
    """Return (d_sem x d_sty)^2, shape (N,). 0 for equal pictures; larger is more changed."""
    return (semantic * style).square()

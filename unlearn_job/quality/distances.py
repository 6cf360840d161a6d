"""Distances between pictures before and after, in features of the judge or of models that a document names.

CLIP score, LPIPS and KID are defined on certain networks, which a Job without internet does not have: it
takes what it is given. So numbers compare between encoders under one model, and with a paper's where that is
the paper's model.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

EXCHANGES: Final = 200
"""Random exchanges within pairs: enough to tell one in twenty."""


def prompt_fidelity(features: Tensor, texts: Tensor) -> Tensor:
    """Return 100 x max(cos, 0) of pictures and their prompts, shape (N,).

    Parameters
    ----------
    features, texts
        Shape (N, D) each, row by row.

    Notes
    -----
    CLIPScore (arXiv 2104.08718) in the scale of 100 that later work reports, without its factor of 2.5.

    """
    return 100.0 * cosine_similarity(features, texts).clamp(min=0.0)


def paired_drift(before: Tensor, after: Tensor) -> Tensor:
    """Return 1 - cos of each picture and its counterpart, shape (N,), in [0, 2]."""
    return 1.0 - cosine_similarity(before, after)


def kernel_distance(before: Tensor, after: Tensor) -> float:
    """Return the unbiased squared maximum mean discrepancy of paired features, shape (N, D) each.

    Notes
    -----
    Kernel (x.y / D + 1)^3 of KID (arXiv 1801.01401). Estimator: Gretton et al. 2012, JMLR 13, lemma 6, the
    mean over i != j of k(x_i, x_j) + k(y_i, y_j) - k(x_i, y_j) - k(x_j, y_i). It leaves out k(x_i, y_i): our
    pairs share prompt and seed, and the usual estimator, which takes these terms in, would be too low.

    """
    both = _kernel(torch.cat([before, after]))
    return _discrepancy(both, torch.zeros(len(before), dtype=torch.bool))


def exchangeability(before: Tensor, after: Tensor, seed: int) -> float:
    """Return how often a random exchange within pairs gives as large a kernel distance, in (0, 1].

    Were both encoders alike, then which of a pair came from which would not matter. This is the permutation
    test for pairs, the observed assignment counted among the exchanges.
    """
    both = _kernel(torch.cat([before, after]))
    observed = _discrepancy(both, torch.zeros(len(before), dtype=torch.bool))
    flips = torch.rand(EXCHANGES, len(before), generator=torch.Generator().manual_seed(seed)) < 0.5
    as_large = sum(_discrepancy(both, flip) >= observed for flip in flips)
    return (1 + as_large) / (1 + EXCHANGES)


def _kernel(features: Tensor) -> Tensor:
    x = features.double()
    return (x @ x.T / x.shape[1] + 1.0) ** 3


def _discrepancy(both: Tensor, flip: Tensor) -> float:
    """Evaluate lemma 6 with some pairs exchanged: a sign per sample, and no term within a pair."""
    count = len(flip)
    sign = torch.where(flip, -1.0, 1.0).double()
    signs = torch.cat([sign, -sign])
    within = (
        both[:count, :count].diagonal()
        + both[count:, count:].diagonal()
        - 2 * both[:count, count:].diagonal()
    )
    return float((signs @ both @ signs - within.sum()) / (count * (count - 1)))

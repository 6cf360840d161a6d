"""Pictures that show nothing: black, flat or noise. They never count as erased.

Over-unlearning often ends in such pictures, and a judge that looks for the concept alone would call it a
success (arXiv 2405.15304 reports it for gradient ascent). Measured on single pictures, so that a clip
with one broken frame is found out.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from unlearn_job.generate import Pixels

FLAT: Final = 4.0
"""Standard deviation over all pixels, in 8-bit levels, below which a picture is flat; black ones are."""
SMOOTH: Final = 0.3
"""Correlation of neighbouring pixels below which a picture is noise: drawings and photos lie above .6,
white noise at 0."""


def invalid(images: Pixels) -> Tensor:
    """Say which pictures are black, flat or noise.

    Parameters
    ----------
    images
        Shape (N, H, W, 3).

    Returns
    -------
    Tensor
        Shape (N,), bool.

    """
    grey = images.astype(np.float32).mean(axis=3)
    spread = images.astype(np.float32).std(axis=(1, 2)).max(axis=1)
    return torch.from_numpy((spread < FLAT) | (neighbour_correlation(grey) < SMOOTH))


def neighbour_correlation(grey: np.ndarray) -> np.ndarray:
    """Return the mean correlation of each pixel with its right and lower neighbour, shape (N,).

    Parameters
    ----------
    grey
        Shape (N, H, W). A constant picture gives 1.

    """
    across = _correlation(grey[:, :, :-1], grey[:, :, 1:])
    down = _correlation(grey[:, :-1], grey[:, 1:])
    mean: np.ndarray = (across + down) / 2
    return mean


def _correlation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    one = one - one.mean(axis=(1, 2), keepdims=True)
    other = other - other.mean(axis=(1, 2), keepdims=True)
    covariance = (one * other).mean(axis=(1, 2))
    scale = np.sqrt((one**2).mean(axis=(1, 2)) * (other**2).mean(axis=(1, 2)))
    found: np.ndarray = np.where(scale > 1e-6, covariance / np.maximum(scale, 1e-6), 1.0)
    return found

"""Tells the U-Net's clean images of one prompt from those of another, patch by patch."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn

WIDTH: Final = 64
"""Channels of the first block; each further one has twice as many."""
BLOCKS: Final = 4
"""Most blocks; a small latent has room for fewer."""
GROUPS: Final = 8


class Discriminator(nn.Module):
    """A PatchGAN on latents: strided convolutions to a map of logits, one per patch.

    As many blocks as leave a map of two by two or more. The authors' has four, for latents of 64 x 64, and
    normalises over the batch, which lets it tell real batches from others by their statistics, and keeps
    running means that no gradient moves; here groups of channels are normalised.

    Parameters
    ----------
    channels
        Of the latents.
    size
        Height or width of the latents, whichever is smaller.

    """

    def __init__(self, channels: int, size: int) -> None:
        super().__init__()
        count = max(1, min(BLOCKS, size.bit_length() - 2))
        widths = [channels, *(WIDTH * 2**i for i in range(count))]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers.append(nn.Conv2d(before, after, 4, stride=2, padding=1))
            if before != channels:
                layers.append(nn.GroupNorm(GROUPS, after))
            layers.append(nn.LeakyReLU(0.2))
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 3, padding=1))

    def forward(self, latents: Tensor) -> Tensor:
        """Return logits of shape (B, 1, h', w') for latents (B, C, h, w): positive is the anchor's domain."""
        logits: Tensor = self.layers(latents)
        return logits


def domain_loss(logits: Tensor, *, anchor: bool) -> Tensor:
    """Return the binary cross-entropy of logits against one domain, a scalar."""
    wanted = torch.full_like(logits, 1.0 if anchor else 0.0)
    return nn.functional.binary_cross_entropy_with_logits(logits, wanted)

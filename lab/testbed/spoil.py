"""Ways to break drawings, so that the judges learn what no longer shows a concept."""

import torch
from torch import Tensor
from torch.nn import functional


def jitter(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return drawings a little moved, noisy, soft and tinted. Shape (N, 3, 32, 32), -1 to 1."""
    count, _, height, width = pixels.shape
    dx, dy = (int(torch.randint(-3, 4, (1,), generator=generator)) for _ in range(2))
    padded = functional.pad(pixels, (3, 3, 3, 3), mode="replicate")
    moved = padded[:, :, 3 + dy : 3 + dy + height, 3 + dx : 3 + dx + width]
    soft = functional.avg_pool2d(functional.pad(moved, (1, 1, 1, 1), mode="replicate"), 3, 1)
    mix = torch.rand(count, 1, 1, 1, generator=generator) ** 2 * 0.7
    tint = 1 + 0.1 * torch.randn(count, 3, 1, 1, generator=generator)
    noise = torch.randn(pixels.shape, generator=generator)
    strength = torch.rand(count, 1, 1, 1, generator=generator) ** 2 * 0.25
    return ((moved.lerp(soft, mix) + 1) * tint - 1 + noise * strength).clamp(-1, 1)


def blend(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return each drawing mixed with its neighbour in the batch, neither in front."""
    share = torch.rand(len(pixels), 1, 1, 1, generator=generator) * 0.2 + 0.4
    return pixels.lerp(pixels.roll(1, 0), share)


def blur(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return drawings of which 4 x 4 values are left: colours, no forms."""
    del generator
    small = functional.adaptive_avg_pool2d(pixels, 4)
    return functional.interpolate(small, pixels.shape[-2:], mode="bilinear", align_corners=False)


def shuffle(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return drawings cut into squares of 8 pixels, in another order."""
    count, channels, _, _ = pixels.shape
    squares = functional.unfold(pixels, 8, stride=8)
    order = torch.randperm(squares.shape[-1], generator=generator)
    folded = functional.fold(squares[:, :, order], pixels.shape[-2:], 8, stride=8)
    return folded.reshape(count, channels, *pixels.shape[-2:])


def noise(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return coloured noise, from single pixels to clouds, in place of the drawings."""
    grain = int(torch.tensor((2, 4, 8, 16, 32))[torch.randint(0, 5, (1,), generator=generator)])
    values = torch.rand(len(pixels), 3, grain, grain, generator=generator) * 2 - 1
    return functional.interpolate(values, pixels.shape[-2:], mode="bilinear", align_corners=False)


SPOILS = (blend, blur, shuffle, noise)
"""All ways to take the subject out of a drawing."""

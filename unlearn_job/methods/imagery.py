"""Latents of few images with prompts of their concept: what methods that learn through the U-Net train on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from unlearn_job.methods.denoising import Denoiser, Noisy
from unlearn_job.methods.goal import TokenPair, token_pairs
from unlearn_job.methods.tokens import Tokens, stack
from unlearn_job.methods.training import Chance
from unlearn_job.retain import Reading

if TYPE_CHECKING:
    from unlearn_job.methods.task import Task


@dataclass(frozen=True)
class Scenes:
    """Noisy latents of a batch, with the prompts that shall draw them and those that they shall act like.

    Attributes
    ----------
    noisy: B latents.
    own, anchor: token ids, shape (B, S).

    """

    noisy: Noisy
    own: Tensor
    anchor: Tensor


class Imagery:
    """Latents of every erased concept's images, encoded once, with its pairs of prompts.

    Parameters
    ----------
    task
        Whose concepts and images.
    denoiser
        Encodes images and adds noise.
    shots
        Images of each concept.

    """

    def __init__(self, task: Task, denoiser: Denoiser, shots: int) -> None:
        self._denoiser = denoiser
        self._device = next(task.start.parameters()).device
        self._concepts: list[tuple[Tensor, list[TokenPair]]] = [
            (denoiser.encode(task.shots(erasing.erasure, shots).images), token_pairs(task.tokenizer, erasing))
            for erasing in task.erasing
        ]

    def draw(self, chance: Chance, count: int, low: int = 0, high: int | None = None) -> Scenes:
        """Draw `count` latents of each concept with a pair of prompts, at times in [low, high)."""
        latents: list[Tensor] = []
        pairs: list[TokenPair] = []
        for images, prompts in self._concepts:
            latents += [images[chance.choice.randrange(len(images))] for _ in range(count)]
            pairs += chance.choice.choices(prompts, k=count)
        own = stack([reading.tokens for reading, _ in pairs]).to(self._device)
        anchor = stack([anchor for _, anchor in pairs]).to(self._device)
        return Scenes(self._denoiser.noisy(torch.stack(latents), chance.noise, low, high), own, anchor)

    def beside(self, chance: Chance, retain: Sequence[Reading], count: int) -> tuple[Noisy, Tensor]:
        """Draw `count` latents with retain prompts: noisy latents, and ids of shape (count, S).

        The latents show erased concepts, which matters little: at high noise nothing of them is left, and
        at low noise what the U-Net takes from a kept prompt must stay for any latents.
        """
        images = torch.cat([latents for latents, _ in self._concepts])
        picked = torch.stack([images[chance.choice.randrange(len(images))] for _ in range(count)])
        prompts: list[Tokens] = [reading.tokens for reading in chance.choice.choices(retain, k=count)]
        return self._denoiser.noisy(picked, chance.noise), stack(prompts).to(self._device)

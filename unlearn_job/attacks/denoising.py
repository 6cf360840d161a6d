"""The surrogate's denoising loss on images of the concept: small where the text asks for it.

    L(c) = mean_k |f_theta(z_k, t_k, TE(c)) - target_k|^2,   target = eps, or v under v-prediction

on latents of images that the base encoder drew and the judge accepted (arXiv 2310.11868 reads the U-Net as
a classifier in this way).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Final

import torch
from diffusers import DDPMScheduler
from torch import Tensor

from unlearn_job.attacks.drawing import NoSurrogateError
from unlearn_job.attacks.protocol import Target
from unlearn_job.shots import make_shots

SHOTS: Final = 12
"""Images of the concept."""


@dataclass(frozen=True)
class Noisy:
    """Latents with noise, and what the U-Net should say of them.

    Attributes
    ----------
    latents, wanted: shape (K, C, h, w).
    times: shape (K,).

    """

    latents: Tensor
    times: Tensor
    wanted: Tensor


class Denoising:
    """The loss for one concept.

    Parameters
    ----------
    target
        Its base encoder draws the images.

    Raises
    ------
    NoSurrogateError
        There is no text-to-image model.
    NoShotsError
        The base does not draw the concept.

    """

    def __init__(self, target: Target) -> None:
        if target.models.surrogate is None:
            raise NoSurrogateError("this attack looks through the text-to-image model; give base.surrogate")
        self._pipeline: Any = target.models.surrogate  # its parts are attributes that the base class lacks
        self._schedule = DDPMScheduler.from_config(self._pipeline.scheduler.config)
        knowing = dataclasses.replace(target.models, start_encoder=target.base)
        shots = make_shots(knowing, target.doc, target.judge, target.erasure, SHOTS)
        weight = next(self._pipeline.vae.parameters())
        pixels = torch.from_numpy(shots.images).permute(0, 3, 1, 2).to(weight) / 127.5 - 1.0
        with torch.no_grad():
            latents = self._pipeline.vae.encode(pixels).latent_dist.mode()
        self._latents: Tensor = latents * self._pipeline.vae.config.scaling_factor

    def noisy(self, count: int, generator: torch.Generator) -> Noisy:
        """Draw noise and times for some of the images; the generator is the CPU's."""
        which = torch.randint(0, len(self._latents), (count,), generator=generator)
        latents = self._latents[which.to(self._latents.device)]
        noise = torch.randn(latents.shape, generator=generator).to(latents)
        last = self._schedule.config.num_train_timesteps
        times = torch.randint(0, last, (count,), generator=generator).to(latents.device)
        velocity = self._schedule.config.prediction_type == "v_prediction"
        wanted = self._schedule.get_velocity(latents, noise, times) if velocity else noise
        return Noisy(self._schedule.add_noise(latents, noise, times), times, wanted)

    def loss(self, states: Tensor, noisy: Noisy) -> Tensor:
        """Return the loss of each text, shape (N,), for states (N, S, D); the draws are the same for all."""
        texts, draws = len(states), len(noisy.latents)
        latents, times, wanted = (
            part.repeat(texts, *(1 for _ in part.shape[1:]))
            for part in (noisy.latents, noisy.times, noisy.wanted)
        )
        said: Tensor = self._pipeline.unet(
            latents, times, encoder_hidden_states=states.repeat_interleave(draws, 0).to(latents.dtype)
        ).sample
        errors = (said.float() - wanted.float()).square().flatten(1).mean(1)
        return errors.reshape(texts, draws).mean(1)

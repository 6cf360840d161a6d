"""The surrogate's U-Net as a frozen function from hidden states to predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import DDPMScheduler, DiffusionPipeline
from numpy.typing import NDArray
from torch import Tensor, nn

from unlearn_job.contract.errors import PermanentFailure


class UnsupportedDenoiserError(PermanentFailure):
    """No method can train through the surrogate's denoiser, and no attack search through it."""

    reason = "UnsupportedDenoiser"


@dataclass(frozen=True)
class Noisy:
    """Latents with noise.

    Attributes
    ----------
    latents: z_t, shape (B, C, h, w).
    times: t, shape (B,), int64.
    target: what the U-Net was trained to predict: the noise, or v under v-prediction; shape of `latents`.

    """

    latents: Tensor
    times: Tensor
    target: Tensor


class Denoiser:
    """Adds noise as the model was trained with it, and predicts.

    Parameters
    ----------
    pipeline
        The text-to-image pipeline; nothing of it is changed, and no gradient is left in it.

    Raises
    ------
    UnsupportedDenoiserError
        The pipeline has no U-Net, or one that takes more than the hidden states of one encoder, such as
        SDXL's.

    """

    def __init__(self, pipeline: DiffusionPipeline) -> None:
        unet = getattr(pipeline, "unet", None)
        if unet is None or getattr(unet.config, "addition_embed_type", None) is not None:
            raise UnsupportedDenoiserError(
                f"the denoiser of {type(pipeline).__name__} is no U-Net that takes the hidden states of one "
                "encoder alone; use a method or an attack that reads the encoders and no denoiser"
            )
        self._unet: nn.Module = unet
        self._vae: Any = pipeline.vae
        # Adds noise and gives v with the model's own schedule; the sampler in the pipeline may know neither.
        self._schedule = DDPMScheduler.from_config(pipeline.scheduler.config)
        self.velocity = self._schedule.config.prediction_type == "v_prediction"

    @property
    def last_time(self) -> int:
        """Number of training times: t lies in [0, last_time)."""
        found: int = self._schedule.config.num_train_timesteps
        return found

    @torch.no_grad()
    def encode(self, images: NDArray[np.uint8]) -> Tensor:
        """Return the scaled latents (N, C, h, w) of images (N, H, W, 3).

        The mean of the posterior, not a draw: the latents are a cache, and a cache shall not be random.
        """
        weight = next(self._vae.parameters())
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2).to(weight) / 127.5 - 1.0
        latents: Tensor = self._vae.encode(pixels).latent_dist.mode() * self._vae.config.scaling_factor
        return latents

    def noisy(self, latents: Tensor, noise: torch.Generator, low: int = 0, high: int | None = None) -> Noisy:
        """Add noise at random times in [low, high) to latents (B, C, h, w)."""
        drawn = torch.randn(latents.shape, generator=noise).to(latents)
        times = torch.randint(low, high or self.last_time, (len(latents),), generator=noise)
        times = times.to(latents.device)
        mixed = self._schedule.add_noise(latents, drawn, times)
        target = self._schedule.get_velocity(latents, drawn, times) if self.velocity else drawn
        return Noisy(mixed, times, target)

    def predict(self, noisy: Noisy, states: Tensor) -> Tensor:
        """Return the U-Net's prediction for hidden states (B, S, D), in float32."""
        states = states.to(noisy.latents.dtype)
        output: Tensor = self._unet(noisy.latents, noisy.times, encoder_hidden_states=states).sample
        return output.float()

    def clean(self, noisy: Noisy, predicted: Tensor) -> Tensor:
        """Return the x_0 that a prediction means: sqrt(a) z - sqrt(1-a) v, or (z - sqrt(1-a) e) / sqrt(a)."""
        alphas: Tensor = self._schedule.alphas_cumprod.to(predicted.device)[noisy.times].float()
        signal, noise = alphas.sqrt()[:, None, None, None], (1 - alphas).sqrt()[:, None, None, None]
        latents = noisy.latents.float()
        if self.velocity:
            return signal * latents - noise * predicted
        return (latents - noise * predicted) / signal.clamp(min=1e-4)

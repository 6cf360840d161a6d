"""The surrogate's U-Net as a frozen function from what is read of prompts to predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import DDPMScheduler, DiffusionPipeline
from numpy.typing import NDArray
from torch import Tensor, nn

from unlearn_job.methods.beside import Beside, UnsupportedDenoiserError
from unlearn_job.methods.states import Conditions, conditions

__all__ = ["Denoiser", "Noisy", "UnsupportedDenoiserError"]


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
    component
        The encoder that prompts are read with.
    beside
        Encoders to read beside it in place of the pipeline's own, by component; none is changed.

    Raises
    ------
    UnsupportedDenoiserError
        The pipeline has no U-Net, or one that takes more than the hidden states of its encoders and, as
        SDXL's does, a vector pooled over the text.

    """

    def __init__(
        self,
        pipeline: DiffusionPipeline,
        component: str = "text_encoder",
        beside: Mapping[str, nn.Module] | None = None,
    ) -> None:
        unet = getattr(pipeline, "unet", None)
        kind = _addition(pipeline)
        if unet is None or kind not in {None, "text_time"}:
            raise UnsupportedDenoiserError.of(pipeline)
        self._unet: nn.Module = unet
        self._vae: Any = pipeline.vae
        self._beside = Beside(pipeline, component, beside or {}) if kind else None
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
        stored = next(self._vae.parameters()).dtype
        with _upcast(self._vae) if self._beside else nullcontext():
            weight = next(self._vae.parameters())
            pixels = torch.from_numpy(images).permute(0, 3, 1, 2).to(weight) / 127.5 - 1.0
            latents: Tensor = self._vae.encode(pixels).latent_dist.mode() * self._vae.config.scaling_factor
        return latents.to(stored)

    def noisy(self, latents: Tensor, noise: torch.Generator, low: int = 0, high: int | None = None) -> Noisy:
        """Add noise at random times in [low, high) to latents (B, C, h, w)."""
        drawn = torch.randn(latents.shape, generator=noise).to(latents)
        times = torch.randint(low, high or self.last_time, (len(latents),), generator=noise)
        times = times.to(latents.device)
        mixed = self._schedule.add_noise(latents, drawn, times)
        target = self._schedule.get_velocity(latents, drawn, times) if self.velocity else drawn
        return Noisy(mixed, times, target)

    def read(
        self,
        encoder: nn.Module,
        ids: Tensor,
        embeddings: Tensor | None = None,
        *,
        beside: Tensor | None = None,
        soft: Mapping[str, Tensor] | None = None,
    ) -> Conditions:
        """Return what the U-Net gets of prompts; a gradient reaches `encoder` and what is soft, nothing else.

        Parameters
        ----------
        encoder
            A version of the component that prompts are read with.
        ids
            Its token ids, shape (B, S).
        embeddings
            Its token embeddings in place of the ids' own, shape (B, S, D).
        beside
            Ids of other prompts, shape (B, S), for the encoders beside it; None is the same prompts. Where
            the U-Net reads one encoder alone nobody looks at them.
        soft
            Token embeddings in place of the ids' own, shape (B, S, D), for encoders beside it, by component.

        """
        if self._beside is None:
            return conditions(encoder, ids, embeddings)
        return self._beside.read(encoder, ids, embeddings, ids if beside is None else beside, soft or {})

    def predict(self, noisy: Noisy, read: Conditions) -> Tensor:
        """Return the U-Net's prediction for B prompts, shape (B, C, h, w), in float32."""
        states = read.states.to(noisy.latents.dtype)
        more = self._beside.added(noisy.latents, read) if self._beside else {}
        output: Tensor = self._unet(noisy.latents, noisy.times, encoder_hidden_states=states, **more).sample
        return output.float()

    def clean(self, noisy: Noisy, predicted: Tensor) -> Tensor:
        """Return the x_0 that a prediction means: sqrt(a) z - sqrt(1-a) v, or (z - sqrt(1-a) e) / sqrt(a)."""
        alphas: Tensor = self._schedule.alphas_cumprod.to(predicted.device)[noisy.times].float()
        signal, noise = alphas.sqrt()[:, None, None, None], (1 - alphas).sqrt()[:, None, None, None]
        latents = noisy.latents.float()
        if self.velocity:
            return signal * latents - noise * predicted
        return (latents - noise * predicted) / signal.clamp(min=1e-4)


def _addition(pipeline: DiffusionPipeline) -> str | None:
    """Return what a U-Net takes besides hidden states, as diffusers calls it; None where that is nothing."""
    unet = getattr(pipeline, "unet", None)
    found: str | None = getattr(unet.config, "addition_embed_type", None) if unet is not None else None
    return found


@contextmanager
def _upcast(vae: Any) -> Iterator[None]:  # noqa: ANN401 (the pipelines declare no component)
    """Compute in float32 where the autoencoder says that half precision overflows in it, as SDXL's does."""
    stored = next(vae.parameters()).dtype
    vae.to(torch.float32 if stored == torch.float16 and vae.config.force_upcast else stored)
    try:
        yield
    finally:
        vae.to(stored)

"""The surrogate's denoising loss on images of the concept: small where the text asks for it.

    L(c) = mean_k |f_theta(z_k, t_k, TE(c)) - target_k|^2,   target = eps, or v under v-prediction

on latents of images that the base encoder drew and the judge accepted (arXiv 2310.11868 reads the U-Net as
a classifier in this way).
"""

from __future__ import annotations

import dataclasses
from typing import Final

import torch
from torch import Tensor

from unlearn_job.attacks.drawing import NoSurrogateError
from unlearn_job.attacks.protocol import Target
from unlearn_job.methods.denoising import Denoiser, Noisy
from unlearn_job.methods.states import Conditions
from unlearn_job.shots import make_shots

SHOTS: Final = 12
"""Images of the concept."""


class ConceptLoss:
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
        beside = {**target.others, **target.beside}
        self.denoiser = Denoiser(target.models.surrogate, target.models.encoder_name, beside)
        knowing = dataclasses.replace(target.models, start_encoder=target.base)
        shots = make_shots(knowing, target.doc, target.judge, target.erasure, SHOTS)
        self._latents = self.denoiser.encode(shots.images)

    def noisy(self, count: int, generator: torch.Generator) -> Noisy:
        """Draw some of the images, with noise and times; the generator is the CPU's."""
        which = torch.randint(0, len(self._latents), (count,), generator=generator)
        return self.denoiser.noisy(self._latents[which.to(self._latents.device)], generator)

    def of(self, read: Conditions, noisy: Noisy) -> Tensor:
        """Return the loss of each of N texts, shape (N,); the draws are the same for all."""
        texts, draws = len(read.states), len(noisy.latents)
        latents, times, target = (
            part.repeat(texts, *(1 for _ in part.shape[1:]))
            for part in (noisy.latents, noisy.times, noisy.target)
        )
        predicted = self.denoiser.predict(Noisy(latents, times, target), read.repeated(draws))
        errors = (predicted - target.float()).square().flatten(1).mean(1)
        return errors.reshape(texts, draws).mean(1)

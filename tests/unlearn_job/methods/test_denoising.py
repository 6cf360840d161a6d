from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler

from tests.unlearn_job import tiny
from unlearn_job.methods.denoising import Denoiser, UnsupportedDenoiserError
from unlearn_job.methods.states import Conditions

pytestmark = pytest.mark.torch


def _pipeline(prediction: str) -> object:
    pipeline = copy.deepcopy(tiny.models().surrogate)
    pipeline.scheduler = DDIMScheduler(prediction_type=prediction)
    return pipeline


def _noise() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_the_target_is_the_models_own(prediction: str) -> None:
    denoiser = Denoiser(_pipeline(prediction))
    latents = torch.randn(6, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    noisy = denoiser.noisy(latents, _noise())
    again = _noise()
    noise = torch.randn(latents.shape, generator=again)
    times = torch.randint(0, 1000, (6,), generator=again)
    assert torch.equal(noisy.times, times)
    velocity = DDPMScheduler(prediction_type=prediction).get_velocity(latents, noise, times)
    assert torch.allclose(noisy.target, noise if prediction == "epsilon" else velocity)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_a_perfect_prediction_means_the_clean_latents(prediction: str) -> None:
    denoiser = Denoiser(_pipeline(prediction))
    latents = torch.randn(6, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    noisy = denoiser.noisy(latents, _noise(), high=700)
    assert int(noisy.times.max()) < 700
    assert torch.allclose(denoiser.clean(noisy, noisy.target), latents, atol=1e-3)


def test_images_are_encoded_with_the_models_scale_and_no_chance() -> None:
    pipeline = _pipeline("epsilon")
    images = np.random.default_rng(0).integers(0, 255, (2, 16, 16, 3), dtype=np.uint8)
    one, other = (Denoiser(pipeline).encode(images) for _ in range(2))
    assert one.shape == (2, 4, 8, 8)
    assert torch.equal(one, other)
    pipeline.vae.register_to_config(scaling_factor=1.4)
    assert torch.allclose(Denoiser(pipeline).encode(images), 2 * one)


def test_the_prediction_reads_the_hidden_states() -> None:
    denoiser = Denoiser(_pipeline("epsilon"))
    noisy = denoiser.noisy(torch.randn(2, 4, 8, 8, generator=_noise()), _noise())
    one, other = (
        denoiser.predict(noisy, Conditions(scale * torch.ones(2, 24, tiny.WIDTH))) for scale in (1, -1)
    )
    assert one.shape == (2, 4, 8, 8)
    assert not torch.allclose(one, other)


def test_a_denoiser_that_reads_more_than_hidden_states_is_refused() -> None:
    pipeline = _pipeline("epsilon")
    pipeline.unet.register_to_config(addition_embed_type="text_time")
    with pytest.raises(UnsupportedDenoiserError, match="the denoiser of StableDiffusionPipeline is no U-Net"):
        Denoiser(pipeline)
    pipeline.register_modules(unet=None)
    with pytest.raises(UnsupportedDenoiserError):
        Denoiser(pipeline)

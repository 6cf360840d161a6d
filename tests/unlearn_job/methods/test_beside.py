from __future__ import annotations

import copy
import functools
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.unlearn_job.families import pipelines
from unlearn_job.conditioning import attach
from unlearn_job.methods.beside import UnsupportedDenoiserError
from unlearn_job.methods.denoising import Denoiser, Noisy
from unlearn_job.observing import observe

pytestmark = pytest.mark.torch
BOTH = ("text_encoder", "text_encoder_2")
OWN, ANCHOR = "a picture of captain comet", "a picture of a figure"


@pytest.fixture(scope="module")
def surrogate(tmp_path_factory: pytest.TempPathFactory) -> Any:
    torch.manual_seed(1)
    pipeline: Any = pipelines.stable_diffusion_xl(tmp_path_factory.mktemp("xl"))
    pipeline.set_progress_bar_config(disable=True)
    for name in BOTH:
        encoder, tokenizer = (
            getattr(pipeline, name.replace("text_encoder", part)) for part in ("text_encoder", "tokenizer")
        )
        attach(observe(pipeline, name, tokenizer), encoder, tokenizer)
    return pipeline


def ids(pipeline: Any, component: str, *prompts: str) -> Tensor:
    tokenizer = getattr(pipeline, component.replace("text_encoder", "tokenizer"))
    found: Tensor = tokenizer(list(prompts), padding="max_length", return_tensors="pt").input_ids
    return found


class Called(Exception):  # noqa: N818 - no error: it ends a call that has shown what it shows
    pass


def passed(pipeline: Any, prompt: str, latents: Tensor) -> tuple[dict[str, Any], Tensor]:
    """Return what the pipeline's own call passes to its U-Net first, and what it gets."""
    seen: list[Any] = []

    def called(_module: Any, args: Any, kwargs: Any, output: Any) -> None:
        seen.extend((args, kwargs, output[0]))
        raise Called

    handle = pipeline.unet.register_forward_hook(called, with_kwargs=True)
    try:
        with pytest.raises(Called), torch.no_grad():
            pipeline(prompt, height=16, width=16, latents=latents, num_inference_steps=1, guidance_scale=1.0)
    finally:
        handle.remove()
    (sample, time), kwargs, output = seen
    return {"sample": sample, "time": time, **kwargs}, output


@pytest.mark.parametrize("component", BOTH)
def test_the_unet_gets_what_the_pipelines_own_call_gives_it(surrogate: Any, component: str) -> None:
    latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(3))
    given, output = passed(surrogate, OWN, latents)
    denoiser = Denoiser(surrogate, component)
    noisy = Noisy(given["sample"], given["time"].reshape(1), latents)
    seen: list[Any] = []
    handle = surrogate.unet.register_forward_pre_hook(
        lambda _module, _args, kwargs: seen.append(kwargs), with_kwargs=True
    )
    with torch.no_grad():
        read = denoiser.read(getattr(surrogate, component), ids(surrogate, component, OWN))
        predicted = denoiser.predict(noisy, read)
    handle.remove()
    (ours,) = seen
    assert torch.allclose(ours["encoder_hidden_states"], given["encoder_hidden_states"], atol=1e-5)
    for name, value in given["added_cond_kwargs"].items():
        assert torch.allclose(ours["added_cond_kwargs"][name], value, atol=1e-5)
    assert ours["added_cond_kwargs"]["time_ids"].tolist() == [[16, 16, 0, 0, 16, 16]]
    assert torch.allclose(predicted, output, atol=1e-5)


@pytest.mark.parametrize("component", BOTH)
def test_a_gradient_reaches_the_encoder_that_is_handed_in_and_no_other(
    surrogate: Any, component: str
) -> None:
    denoiser = Denoiser(surrogate, component)
    encoder = copy.deepcopy(getattr(surrogate, component)).requires_grad_()
    read = denoiser.read(encoder, ids(surrogate, component, OWN))
    assert read.pooled is not None
    assert read.pooled.requires_grad == (component == "text_encoder_2")
    noisy = denoiser.noisy(torch.zeros(1, 4, 8, 8), torch.Generator().manual_seed(0))
    named = dict(encoder.named_parameters())
    found = torch.autograd.grad(denoiser.predict(noisy, read).sum(), [*named.values()], allow_unused=True)
    # Its own last layer is not read of the first, and shapes the pooled vector of the second.
    reached = {name for name, one in zip(named, found, strict=True) if one is not None}
    assert any("layers.0." in name for name in reached)
    last = f"layers.{encoder.config.num_hidden_layers - 1}."
    assert any(last in name for name in reached) == (component == "text_encoder_2")
    assert all(p.grad is None for name in BOTH for p in getattr(surrogate, name).parameters())


def test_others_are_read_in_place_of_the_pipelines_own_and_may_read_other_prompts(surrogate: Any) -> None:
    other = copy.deepcopy(surrogate.text_encoder_2)
    torch.nn.init.zeros_(other.text_projection.weight)
    denoiser = Denoiser(surrogate, "text_encoder", {"text_encoder_2": other})
    own, anchor = (ids(surrogate, "text_encoder", text) for text in (OWN, ANCHOR))
    with torch.no_grad():
        mixed = denoiser.read(surrogate.text_encoder, anchor, beside=own)
        whole = Denoiser(surrogate, "text_encoder").read(surrogate.text_encoder, own)
        goal = Denoiser(surrogate, "text_encoder").read(surrogate.text_encoder, anchor)
    width = surrogate.text_encoder.config.hidden_size
    assert mixed.pooled is not None
    assert not mixed.pooled.any()
    assert torch.equal(mixed.states[..., :width], goal.states[..., :width])
    assert torch.equal(mixed.states[..., width:], whole.states[..., width:])


def test_half_precision_images_are_encoded_in_full_where_the_autoencoder_asks_for_it(surrogate: Any) -> None:
    import numpy as np

    images = np.random.default_rng(0).integers(0, 255, (1, 16, 16, 3), dtype=np.uint8)
    whole = Denoiser(surrogate).encode(images)
    half = copy.copy(surrogate)
    half.register_modules(vae=copy.deepcopy(surrogate.vae).half())
    encoded = Denoiser(half).encode(images)
    assert encoded.dtype == next(half.vae.parameters()).dtype == torch.float16
    assert torch.allclose(encoded.float(), whole, atol=1e-2)


def other_sizes(pipeline: Any) -> None:
    pipeline.unet.register_to_config(addition_time_embed_dim=4)


def other_tokens(pipeline: Any) -> None:
    pipeline.tokenizer_2.eos_token = "!"


def the_other_way_round(pipeline: Any) -> None:
    encode = pipeline.encode_prompt
    width = pipeline.text_encoder.config.hidden_size

    @functools.wraps(encode)
    def turned(**asked: Any) -> Any:
        states, nothing, *pooled = encode(**asked)
        return torch.cat([states[..., width:], states[..., :width]], dim=2), nothing, *pooled

    pipeline.encode_prompt = turned


@pytest.mark.parametrize("change", [other_sizes, other_tokens, the_other_way_round])
def test_another_denoiser_is_refused(surrogate: Any, change: Any) -> None:
    pipeline = copy.deepcopy(surrogate)
    change(pipeline)
    with pytest.raises(UnsupportedDenoiserError, match="StableDiffusionXLPipeline"):
        Denoiser(pipeline)


def test_an_encoder_that_the_denoiser_does_not_read_is_refused(surrogate: Any) -> None:
    with pytest.raises(UnsupportedDenoiserError, match="StableDiffusionXLPipeline"):
        Denoiser(surrogate, "text_encoder_3")

"""What each family's pipeline reads is proven in `families`; here: pipelines that no method can edit."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.unlearn_job import tiny
from unlearn_job.conditioning import Conditioning, UnsupportedEncoderError
from unlearn_job.observing import observe

pytestmark = pytest.mark.torch


class Pipeline:
    """A pipeline whose encode_prompt a test chooses."""

    def __init__(self, make: Any, wrap: Any = lambda text: text) -> None:
        self.text_encoder = tiny.encoder()
        self._make, self._wrap = make, wrap

    def __call__(self, prompt: str) -> None:
        """Every pipeline has a call."""

    def encode_prompt(self, prompt: str) -> tuple[Tensor | None, ...]:
        tokens = tiny.tokenizer()(self._wrap(prompt), padding="max_length", return_tensors="pt")
        return self._make(self.text_encoder, tokens.input_ids, tokens.attention_mask)


def last(encoder: nn.Module, ids: Tensor, _mask: Tensor) -> tuple[Tensor, ...]:
    return (encoder(ids).last_hidden_state,)


def observed(make: Any, **more: Any) -> Conditioning:
    return observe(Pipeline(make, **more), "text_encoder", tiny.tokenizer())


END = tiny.tokenizer().eos_token_id
LENGTH = tiny.tokenizer().model_max_length


def test_the_last_state_is_told_from_an_earlier_one() -> None:
    def earlier(encoder: nn.Module, ids: Tensor, _mask: Tensor) -> tuple[Tensor, ...]:
        return (encoder(ids, output_hidden_states=True).hidden_states[-3],)

    assert observed(last) == Conditioning(length=LENGTH, end=END)
    assert observed(earlier) == Conditioning(skipped=2, normed=False, length=LENGTH, end=END)


def test_a_mask_that_the_encoder_gets_is_told_from_one_that_the_denoiser_gets() -> None:
    def masked(encoder: nn.Module, ids: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        return (encoder(ids, attention_mask=mask).last_hidden_state,)

    def handed_on(encoder: nn.Module, ids: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        return (*last(encoder, ids, mask), mask)

    def everything(encoder: nn.Module, ids: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        return (encoder(ids, attention_mask=torch.ones_like(mask)).last_hidden_state,)

    assert observed(masked) == Conditioning(masked=True, length=LENGTH, end=END)
    assert observed(handed_on) == Conditioning(padding=False, length=LENGTH, end=END)
    assert observed(everything) == Conditioning(length=LENGTH, end=END)


def test_padding_that_is_cut_off_or_zero_is_not_read() -> None:
    def cut(encoder: nn.Module, ids: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        return (encoder(ids).last_hidden_state[:, : int(mask.sum())],)

    def zero(encoder: nn.Module, ids: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        return (encoder(ids).last_hidden_state * mask[..., None],)

    for make in (cut, zero):
        assert observed(make) == Conditioning(padding=False, length=LENGTH, end=END)


def test_a_prompt_in_a_text_of_the_pipelines_own_is_refused() -> None:
    with pytest.raises(UnsupportedEncoderError, match="a text of its own"):
        observed(last, wrap=lambda text: f"draw {text}")


def test_a_pooled_vector_alone_is_refused() -> None:
    def pooled(encoder: nn.Module, ids: Tensor, _mask: Tensor) -> tuple[Tensor, ...]:
        return (encoder(ids).pooler_output,)

    with pytest.raises(UnsupportedEncoderError, match="Pipeline reads no hidden state of text_encoder"):
        observed(pooled)


def test_states_that_are_made_into_something_else_are_refused() -> None:
    def scaled(encoder: nn.Module, ids: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        return (2 * last(encoder, ids, mask)[0],)

    with pytest.raises(UnsupportedEncoderError, match="reads no hidden state"):
        observed(scaled)


def test_an_encoder_that_no_prompt_reaches_is_refused() -> None:
    def nothing(_encoder: nn.Module, ids: Tensor, _mask: Tensor) -> tuple[Tensor, ...]:
        return (torch.zeros(*ids.shape, tiny.WIDTH),)

    with pytest.raises(UnsupportedEncoderError, match="encodes prompts without text_encoder"):
        observed(nothing)


def test_a_pipeline_without_encode_prompt_is_refused() -> None:
    class Bare:
        text_encoder = tiny.encoder()

    with pytest.raises(UnsupportedEncoderError, match="no encode_prompt"):
        observe(Bare(), "text_encoder", tiny.tokenizer())


def test_no_hook_is_left_behind() -> None:
    pipeline = Pipeline(last)
    observe(pipeline, "text_encoder", tiny.tokenizer())
    assert not pipeline.text_encoder._forward_hooks

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.unlearn_job import tiny
from unlearn_job.methods.states import (
    UnsupportedEncoderError,
    hidden_states,
    layer_states,
    layers,
    require_finite,
    token_table,
)

pytestmark = pytest.mark.torch

IDS = torch.tensor([tiny.tokenizer()("a photo of a cat", padding="max_length").input_ids])


@pytest.mark.parametrize("count", [2, 3, 5])
def test_layers_are_counted_by_the_configuration(count: int) -> None:
    found = layers(tiny.encoder(count))
    assert [layer.name for layer in found] == [f"encoder.layers.{i}" for i in range(count)]


def test_a_model_without_clips_layers_is_refused() -> None:
    encoder = tiny.encoder()
    encoder.config.num_hidden_layers = 4
    with pytest.raises(UnsupportedEncoderError, match=r"3 layers .* says 4"):
        layers(encoder)


def test_layers_behind_a_prefix_are_found() -> None:
    wrapped = nn.Module()
    wrapped.text_model = tiny.encoder()
    wrapped.config = wrapped.text_model.config
    assert layers(wrapped)[0].name == "text_model.encoder.layers.0"
    assert token_table(wrapped) is wrapped.text_model.embeddings.token_embedding


@torch.no_grad()
def test_the_last_layers_residual_is_what_the_final_norm_gets() -> None:
    encoder = tiny.encoder()
    states = layer_states(encoder, layers(encoder)[-1], IDS)
    expected = encoder(IDS).last_hidden_state
    assert torch.allclose(encoder.final_layer_norm(states.residual), expected)


@torch.no_grad()
def test_the_inputs_are_those_of_the_projection() -> None:
    encoder = tiny.encoder()
    last = layers(encoder)[-1]
    before = layer_states(encoder, last, IDS)
    last.projection.weight.zero_()
    last.projection.bias.zero_()
    without = layer_states(encoder, last, IDS)
    fresh = tiny.encoder()
    projection = layers(fresh)[-1].projection
    assert torch.allclose(without.residual + projection(before.inputs), before.residual, atol=1e-5)


@torch.no_grad()
def test_embeddings_stand_in_for_ids_and_leave_no_hook_behind() -> None:
    encoder = tiny.encoder()
    own = hidden_states(encoder, IDS)
    embeddings = token_table(encoder).weight[IDS]
    assert torch.equal(hidden_states(encoder, IDS, embeddings), own)
    assert not torch.equal(hidden_states(encoder, IDS, 2 * embeddings), own)
    assert torch.equal(hidden_states(encoder, IDS), own)


def test_an_encoder_without_a_token_table_is_refused() -> None:
    with pytest.raises(UnsupportedEncoderError, match="token_embedding"):
        token_table(nn.Linear(2, 2))


def test_finite_weights_pass() -> None:
    require_finite(tiny.encoder(), "it")

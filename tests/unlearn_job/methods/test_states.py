from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from tests.unlearn_job import tiny
from tests.unlearn_job.families import texts
from unlearn_job.conditioning import Conditioning, attach
from unlearn_job.methods.states import (
    UnsupportedEncoderError,
    _final_norm,
    attention_mask,
    hidden_states,
    layer_states,
    layers,
    require_finite,
    token_table,
    trainable,
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


def reading(encoder: nn.Module, **reads: object) -> nn.Module:
    attach(Conditioning(**reads), encoder)
    return encoder


def tiny_t5() -> nn.Module:
    model = texts.fresh_t5(40, seed=0, d_model=16, d_kv=4, d_ff=32, num_layers=3)
    return model.eval().requires_grad_(requires_grad=False)


def tiny_llama() -> nn.Module:
    return texts.fresh_llama(40).eval().requires_grad_(requires_grad=False)


PROMPT = torch.tensor([[7, 8, 9, 1, 0, 0]])


@pytest.mark.parametrize(
    ("encoder", "name", "projection"),
    [
        (tiny_t5, "encoder.block.1", "encoder.block.1.layer.1.DenseReluDense.wo"),
        (tiny_llama, "layers.1", "layers.1.mlp.down_proj"),
        (tiny.encoder, "encoder.layers.1", "encoder.layers.1.mlp.fc2"),
    ],
)
@torch.no_grad()
def test_layers_of_other_families_are_found_by_their_suffix(
    encoder: Callable[[], nn.Module], name: str, projection: str
) -> None:
    model = encoder()
    found = layers(model)
    assert (len(found), found[1].name, found[1].projection_name) == (3, name, projection)
    ids = PROMPT if encoder is not tiny.encoder else IDS
    states = layer_states(model, found[1], ids)
    everything = model(ids, output_hidden_states=True).hidden_states
    assert torch.equal(states.residual, everything[2])
    assert states.inputs.shape == (*ids.shape, found[1].projection.in_features)
    # The last layer's residual is what the final norm gets.
    last = layer_states(model, found[2], ids).residual
    assert torch.allclose(_final_norm(model)(last), hidden_states(model, ids))


@pytest.mark.parametrize("encoder", [tiny_t5, tiny_llama])
@torch.no_grad()
def test_embeddings_stand_in_for_ids_in_other_families(encoder: Callable[[], nn.Module]) -> None:
    model = encoder()
    table = token_table(model).weight
    assert torch.equal(hidden_states(model, PROMPT, table[PROMPT]), hidden_states(model, PROMPT))
    assert not torch.allclose(hidden_states(model, PROMPT, table[PROMPT + 3]), hidden_states(model, PROMPT))


@torch.no_grad()
def test_an_earlier_state_is_read_and_the_layers_behind_it_are_left_out() -> None:
    encoder = reading(tiny.encoder(4), skipped=1, normed=False)
    assert [layer.name for layer in layers(encoder)] == [f"encoder.layers.{i}" for i in range(3)]
    expected = encoder(IDS, output_hidden_states=True).hidden_states[-2]
    assert torch.equal(hidden_states(encoder, IDS), expected)
    assert torch.equal(layer_states(encoder, layers(encoder)[-1], IDS).residual, expected)


@torch.no_grad()
def test_clip_skip_reads_an_earlier_state_through_the_final_norm() -> None:
    encoder = reading(tiny.encoder(4), skipped=2)
    earlier = encoder(IDS, output_hidden_states=True).hidden_states[-3]
    assert torch.equal(hidden_states(encoder, IDS), encoder.final_layer_norm(earlier))


def test_a_pipeline_that_skips_all_layers_is_refused() -> None:
    with pytest.raises(UnsupportedEncoderError, match="reads none of the 3 layers"):
        layers(reading(tiny.encoder(3), skipped=3))


@torch.no_grad()
def test_a_mask_hides_the_padding_and_ends_with_the_prompt() -> None:
    plain, masked = tiny_t5(), reading(tiny_t5(), masked=True, end=1)
    shorter = PROMPT[:, :4]
    assert attention_mask(PROMPT, Conditioning(masked=True, end=1)).tolist() == [[1, 1, 1, 1, 0, 0]]
    with_padding = hidden_states(masked, PROMPT)[:, :4]
    # Where padding is hidden its number does not matter: prompts may be run without any.
    assert torch.allclose(with_padding, hidden_states(masked, shorter), atol=1e-5)
    assert not torch.allclose(hidden_states(plain, PROMPT)[:, :4], with_padding, atol=1e-3)
    # CLIP pads with its end: the mask reaches to the first one.
    assert attention_mask(torch.tensor([[5, 3, 3, 3]]), Conditioning(masked=True, end=3)).tolist() == [
        [1, 1, 0, 0]
    ]


def test_what_is_trained_is_read_and_no_table() -> None:
    names = {name for name, _ in tiny.encoder().named_parameters()}
    assert trainable(tiny.encoder()) == {name for name in names if "_embedding." not in name}
    assert not {name for name in trainable(tiny_t5()) if "shared" in name or "relative" in name}
    assert "encoder.final_layer_norm.weight" in trainable(tiny_t5())
    sdxl = trainable(reading(tiny.encoder(3), skipped=1, normed=False))
    assert {name.split(".")[2] for name in sdxl} == {"0", "1"}

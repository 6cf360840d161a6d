"""One encoder, two layouts: names, digests and files of transformers before and after 5.6."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel, CLIPTextModelWithProjection, T5Config, T5EncoderModel

from tests.unlearn_job import tiny
from unlearn_job.encoder import (
    ModelUnreadableError,
    cast,
    first_line,
    frozen,
    load_encoder,
    named_class,
    named_tensors,
    save_encoder,
    tensor_digest,
)

pytestmark = pytest.mark.torch


def old_layout(encoder: CLIPTextModel) -> set[str]:
    """Return the names that `CLIPTextModel` had before 5.6, spelt out rather than taken from the library."""
    layer = [
        *(f"self_attn.{name}_proj.{kind}" for name in ("q", "k", "v", "out") for kind in ("weight", "bias")),
        *(f"mlp.{name}.{kind}" for name in ("fc1", "fc2") for kind in ("weight", "bias")),
        *(f"layer_norm{number}.{kind}" for number in (1, 2) for kind in ("weight", "bias")),
    ]
    return {
        "text_model.embeddings.token_embedding.weight",
        "text_model.embeddings.position_embedding.weight",
        "text_model.final_layer_norm.weight",
        "text_model.final_layer_norm.bias",
        *(
            f"text_model.encoder.layers.{number}.{name}"
            for number in range(encoder.config.num_hidden_layers)
            for name in layer
        ),
    }


def same(one: torch.nn.Module, two: torch.nn.Module) -> bool:
    first, second = one.state_dict(), two.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_the_file_has_the_names_that_old_readers_need(tmp_path: Path) -> None:
    encoder = tiny.encoder()
    save_encoder(encoder, tmp_path, torch.float32)
    assert load_file(tmp_path / "model.safetensors").keys() == old_layout(encoder)


def test_the_installed_library_reads_it_back_exactly(tmp_path: Path) -> None:
    encoder = tiny.encoder()
    save_encoder(encoder, tmp_path, torch.float32)
    loaded, found = CLIPTextModel.from_pretrained(tmp_path, output_loading_info=True)
    assert not found["missing_keys"]
    assert not found["unexpected_keys"]
    assert same(loaded, encoder)
    assert same(load_encoder(tmp_path, "CLIPTextModel"), encoder)


def test_a_reader_before_5_6_finds_every_tensor(tmp_path: Path) -> None:
    """Its module was a wrapper whose only child was `text_model`: build one, and load the file as it did."""
    encoder = tiny.encoder()
    save_encoder(encoder, tmp_path, torch.float32)
    old = torch.nn.Module()
    old.text_model = tiny.encoder(seed=1)
    old.load_state_dict(load_file(tmp_path / "model.safetensors"), strict=True)
    assert same(old.text_model, encoder)


def test_the_file_has_the_precision_asked_for_and_says_so(tmp_path: Path) -> None:
    save_encoder(tiny.encoder(), tmp_path, torch.float16)
    assert {tensor.dtype for tensor in load_file(tmp_path / "model.safetensors").values()} == {torch.float16}
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["dtype"] == config["torch_dtype"] == "float16"
    assert load_encoder(tmp_path, "CLIPTextModel").dtype == torch.float16


def test_saving_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_encoder(tiny.encoder(), tmp_path / name, torch.float16)
    for name in ("config.json", "model.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["config.json", "model.safetensors"]


def test_saving_does_not_change_the_encoder(tmp_path: Path) -> None:
    encoder = tiny.encoder()
    save_encoder(encoder, tmp_path, torch.float16)
    assert encoder.dtype == torch.float32
    assert same(encoder, tiny.encoder())


def test_a_projecting_encoder_keeps_its_own_layout(tmp_path: Path) -> None:
    encoder = frozen(CLIPTextModelWithProjection(tiny.encoder().config))
    save_encoder(encoder, tmp_path, torch.float32)
    names = load_file(tmp_path / "model.safetensors").keys()
    assert names == old_layout(tiny.encoder()) | {"text_projection.weight"}
    assert same(load_encoder(tmp_path, "CLIPTextModelWithProjection"), encoder)


def test_a_t5_encoder_with_its_tied_table_comes_back(tmp_path: Path) -> None:
    encoder = frozen(
        T5EncoderModel(T5Config(vocab_size=20, d_model=8, d_ff=16, d_kv=4, num_layers=1, num_heads=2))
    )
    save_encoder(encoder, tmp_path, torch.float32)
    assert same(load_encoder(tmp_path, "T5EncoderModel"), encoder)


def test_the_digest_depends_on_values_alone(tmp_path: Path) -> None:
    encoder = tiny.encoder()
    digest = tensor_digest(encoder)
    save_encoder(encoder, tmp_path, torch.float16)
    assert tensor_digest(load_encoder(tmp_path, "CLIPTextModel")) == digest
    assert tensor_digest(tiny.encoder(seed=1)) != digest
    changed = copy.deepcopy(encoder)
    with torch.no_grad():
        next(changed.parameters())[0, 0] += 0.01
    assert tensor_digest(changed) != digest


def test_a_folder_without_a_tensor_is_refused(tmp_path: Path) -> None:
    """transformers would fill it with random numbers and go on."""
    save_encoder(tiny.encoder(), tmp_path, torch.float32)
    tensors = load_file(tmp_path / "model.safetensors")
    del tensors["text_model.final_layer_norm.weight"]
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelUnreadableError, match=r"it lacks tensors of CLIPTextModel \(1, such as final"):
        load_encoder(tmp_path, "CLIPTextModel")


@pytest.mark.parametrize("damage", ["model.safetensors", "config.json"])
@pytest.mark.parametrize("how", ["gone", "cut"])
def test_a_damaged_folder_is_refused_in_one_line(damage: str, how: str, tmp_path: Path) -> None:
    save_encoder(tiny.encoder(), tmp_path, torch.float32)
    path = tmp_path / damage
    path.unlink() if how == "gone" else path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelUnreadableError, match="cannot be loaded as CLIPTextModel") as caught:
        load_encoder(tmp_path, "CLIPTextModel")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["Nonsense", "CLIPTokenizer", "logging"])
def test_a_class_that_is_no_model_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelUnreadableError, match="no model of transformers"):
        load_encoder(tmp_path, name)


def test_a_name_may_stand_for_anything_in_a_library() -> None:
    assert named_class(CLIPTextModel, torch.nn.Module)
    assert not named_class(T5Config, torch.nn.Module)
    assert not named_class(None, torch.nn.Module)
    assert not named_class(json, torch.nn.Module)


def test_a_sentence_takes_one_line_of_bounded_length() -> None:
    assert first_line(ValueError("a\nb")) == "a"
    assert first_line(ValueError()) == "ValueError"
    assert len(first_line(ValueError("x" * 1000))) == 300


def test_names_of_both_layouts_are_the_same() -> None:
    wrapped = CLIPTextModelWithProjection(tiny.encoder().config)
    assert named_tensors(wrapped).keys() == named_tensors(tiny.encoder()).keys() | {"text_projection.weight"}


def test_integers_are_not_cast() -> None:
    assert cast(torch.tensor([70000]), torch.float16).tolist() == [70000]
    assert cast(torch.tensor([1.5]), torch.float16).dtype == torch.float16

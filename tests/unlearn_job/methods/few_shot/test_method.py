from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.methods.denoising import Denoiser
from unlearn_job.methods.few_shot.config import Config, Parameters
from unlearn_job.methods.few_shot.method import moves
from unlearn_job.unlearn import unlearn

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]


@pytest.mark.parametrize("layers", [2, 4])
def test_the_attention_of_the_last_layer_moves_whichever_it_is(layers: int) -> None:
    named = moves(tiny.encoder(layers), Config())
    attention = {name.split(".self_attn.")[0] for name in named if ".self_attn." in name}
    assert attention == {f"encoder.layers.{layers - 1}"}
    assert sum(name.endswith(".mlp.fc1.weight") for name in named) == layers
    assert not [name for name in named if "norm" in name or "embedding" in name]


@pytest.mark.parametrize(
    ("chosen", "parts"),
    [
        ("mlp", {"mlp"}),
        ("attention", {"self_attn"}),
        ("mlp-attention", {"mlp", "self_attn"}),
        ("all", {"mlp", "self_attn", "layer_norm1", "layer_norm2"}),
    ],
)
def test_the_sets_of_the_papers_ablation(chosen: str, parts: set[str]) -> None:
    named = moves(tiny.encoder(2), Config(parameters=Parameters(chosen)))
    assert {name.split(".")[3] for name in named if name.startswith("encoder.layers.")} == parts
    assert any("embedding" in name for name in named) == (chosen == "all")
    assert {name.split(".")[2] for name in named if name.startswith("encoder.layers.")} == {"0", "1"}


@pytest.mark.parametrize("chosen", list(Parameters))
def test_each_set_moves_itself_alone(chosen: Parameters) -> None:
    models, doc = tiny.models(), _document(shots=1, epochs=1, parameters=chosen.value)
    before = tiny.weights(models.start_encoder)
    after = tiny.weights(unlearn(models, doc, tiny.Eyes()))
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    named = moves(models.start_encoder, Config(parameters=chosen))
    assert moved <= named
    assert not [name for name in named - moved if not name.endswith("k_proj.bias")]


@pytest.mark.parametrize(("shots", "steps"), [(1, 1), (2, 1), (4, 2), (8, 4)])
def test_an_epoch_sees_every_shot_once(shots: int, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    step = torch.optim.Adam.step
    monkeypatch.setattr(torch.optim.Adam, "step", lambda self: (taken.append(1), step(self)))
    unlearn(tiny.models(), _document(shots=shots, epochs=1), tiny.Eyes())
    assert len(taken) == steps


def test_given_images_are_trained_on() -> None:
    images = np.random.default_rng(0).integers(0, 255, (3, 16, 16, 3), dtype=np.uint8)
    one, same, other = (
        tiny.weights(unlearn(tiny.models(), _document(shots=2), None, given=given))
        for given in ({"captain comet": images}, {"captain comet": images[:2]}, {"captain comet": images[1:]})
    )
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def _document(**parameters: int | str) -> object:
    return tiny.document(
        tiny.erasure(tiny.COMET, tiny.WHALE),
        method="few-shot",
        parameters={"learningRate": "0.01", **parameters},
    )


def test_it_ascends_on_the_denoising_loss_of_its_images() -> None:
    models = tiny.models()
    images = np.random.default_rng(0).integers(0, 255, (2, 16, 16, 3), dtype=np.uint8)
    new = unlearn(models, _document(shots=2, epochs=20), None, given={"captain comet": images})
    denoiser = Denoiser(models.surrogate)
    ids = torch.tensor(tiny.tokenizer()(["a picture of captain comet"] * 64, padding="max_length").input_ids)
    noisy = denoiser.noisy(denoiser.encode(images).repeat(32, 1, 1, 1), torch.Generator().manual_seed(2))
    with torch.no_grad():
        before, after = (
            torch.nn.functional.mse_loss(denoiser.predict(noisy, denoiser.read(encoder, ids)), noisy.target)
            for encoder in (models.start_encoder, new)
        )
    assert after > before

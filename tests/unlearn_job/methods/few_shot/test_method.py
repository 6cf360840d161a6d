from __future__ import annotations

import pytest
import torch
from diffusers import DDPMScheduler

from tests.unlearn_job import tiny
from unlearn_job.methods.few_shot.config import Config
from unlearn_job.methods.few_shot.method import _denoising_loss, moves
from unlearn_job.unlearn import unlearn

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("layers", [2, 4])
def test_the_attention_of_the_last_layer_moves_whichever_it_is(layers: int) -> None:
    named = moves(tiny.encoder(layers), Config())
    attention = {name.split(".self_attn.")[0] for name in named if ".self_attn." in name}
    assert attention == {f"encoder.layers.{layers - 1}"}
    assert sum(name.endswith(".mlp.fc1.weight") for name in named) == layers
    assert not [name for name in named if "norm" in name or "embedding" in name]


class _Silent(torch.nn.Module):
    """A U-Net that predicts zero: the loss is then the mean square of its target."""

    def forward(self, noisy: torch.Tensor, *_: object, **__: object) -> object:
        return type("Out", (), {"sample": torch.zeros_like(noisy)})()


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_the_target_is_the_models_own(prediction: str) -> None:
    schedule = DDPMScheduler(prediction_type=prediction)
    latents = 3.0 * torch.ones(2, 4, 8, 8)
    pipeline = type("Pipeline", (), {"unet": _Silent()})()
    loss = _denoising_loss(
        pipeline, schedule, torch.zeros(2, 1, 1), latents, torch.Generator().manual_seed(0)
    )
    again = torch.Generator().manual_seed(0)
    noise = torch.randn(latents.shape, generator=again)
    times = torch.randint(0, 1000, (2,), generator=again)
    target = noise if prediction == "epsilon" else schedule.get_velocity(latents, noise, times)
    assert float(loss) == pytest.approx(float(target.square().mean()), rel=1e-5)


def test_it_ascends_on_the_denoising_loss() -> None:
    models = tiny.models()
    doc = tiny.document(
        tiny.erasure(tiny.COMET, tiny.WHALE), method="few-shot", parameters={"learningRate": "0.01"}
    )
    new = unlearn(models, doc, tiny.Eyes())
    schedule = DDPMScheduler.from_config(models.surrogate.scheduler.config)
    ids = torch.tensor(tiny.tokenizer()(["a photo of captain comet"] * 32, padding="max_length").input_ids)
    latents = torch.randn(32, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        before, after = (
            _denoising_loss(
                models.surrogate, schedule, encoder(ids)[0], latents, torch.Generator().manual_seed(2)
            )
            for encoder in (models.start_encoder, new)
        )
    assert after > before

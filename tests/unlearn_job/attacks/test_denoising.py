from __future__ import annotations

import pytest
import torch

from tests.unlearn_job.attacks.targets import target
from unlearn_job.attacks.denoising import ConceptLoss
from unlearn_job.attacks.drawing import NoSurrogateError
from unlearn_job.attacks.screen import encoded
from unlearn_job.methods.states import Conditions
from unlearn_job.prompts import Prompt

pytestmark = pytest.mark.torch


def test_each_text_gets_the_mean_over_the_same_draws() -> None:
    victim = target()
    loss = ConceptLoss(victim)
    noisy = loss.noisy(3, torch.Generator().manual_seed(0))
    states = encoded(
        victim.base, victim.tokenizer, [Prompt("", text, "") for text in ("a cat", "a boat")]
    ).states
    with torch.no_grad():
        both, first = loss.of(Conditions(states), noisy), loss.of(Conditions(states[:1]), noisy)
        said = victim.models.surrogate.unet(
            noisy.latents, noisy.times, encoder_hidden_states=states[1:].expand(3, -1, -1)
        ).sample
    assert both[0] == pytest.approx(float(first[0]), rel=1e-4)
    assert both[1] == pytest.approx(float((said - noisy.target).square().mean()), rel=1e-4)


def test_draws_follow_the_generator() -> None:
    loss = ConceptLoss(target())
    one, two, three = (loss.noisy(4, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(one.latents, two.latents)
    assert not torch.equal(one.latents, three.latents)


def test_there_must_be_a_text_to_image_model() -> None:
    with pytest.raises(NoSurrogateError):
        ConceptLoss(target(surrogate=False))

from __future__ import annotations

import pytest
import torch

from tests.unlearn_job import tiny
from tests.unlearn_job.methods import tasks
from unlearn_job.methods.denoising import Denoiser
from unlearn_job.methods.imagery import Imagery
from unlearn_job.methods.training import chance

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def imagery() -> Imagery:
    task = tasks.task(tiny.COMET, tiny.SKETCH)
    return Imagery(task, Denoiser(task.need_surrogate()), 2)


def test_each_concept_has_its_share_with_its_own_prompts(imagery: Imagery) -> None:
    scenes = imagery.draw(chance(0, 0), 3)
    assert scenes.noisy.latents.shape == (6, 4, 8, 8)
    texts = tiny.tokenizer().batch_decode(scenes.own, skip_special_tokens=True)
    assert all("comet" in text for text in texts[:3])
    assert all("pencil sketch" in text for text in texts[3:])
    assert scenes.anchor.shape == scenes.own.shape
    assert not torch.equal(scenes.own, scenes.anchor)


def test_a_step_draws_the_same_again(imagery: Imagery) -> None:
    one, same, other = (imagery.draw(chance(0, step), 3) for step in (1, 1, 2))
    assert torch.equal(one.noisy.latents, same.noisy.latents)
    assert torch.equal(one.own, same.own)
    assert not torch.equal(one.noisy.latents, other.noisy.latents)


def test_times_lie_in_their_bounds(imagery: Imagery) -> None:
    times = imagery.draw(chance(0, 0), 50, low=200, high=300).noisy.times
    assert 200 <= int(times.min()) < 240
    assert 260 < int(times.max()) < 300


def test_retain_prompts_go_beside_the_images(imagery: Imagery) -> None:
    retain = tasks.task(tiny.COMET).retain
    noisy, ids = imagery.beside(chance(0, 0), retain, 5)
    assert noisy.latents.shape == (5, 4, 8, 8)
    known = {reading.tokens.ids for reading in retain}
    assert {tuple(row) for row in ids.tolist()} <= known

from __future__ import annotations

import dataclasses

import pytest
import torch

from tests.unlearn_job import tiny
from tests.unlearn_job.methods import tasks
from unlearn_job.methods.drawn import Drawn
from unlearn_job.methods.task import Task
from unlearn_job.methods.training import chance

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]


@pytest.fixture(scope="module")
def task() -> Task:
    return tasks.task(tiny.COMET, tiny.SKETCH)


def test_an_untouched_encoder_has_everything_left_and_no_drift(task: Task) -> None:
    measured = Drawn(task, 2, negatives=True).measure()
    assert measured.remaining == pytest.approx(1.0, rel=1e-4)
    assert measured.drift == 0.0


def test_retention_costs_nothing_while_nothing_has_moved(task: Task) -> None:
    drawn = Drawn(task, 2, negatives=True)
    assert drawn.retain_loss(chance(0, 0), 2, 4, 4).item() == pytest.approx(0.0, abs=1e-9)


def test_retention_sees_states_and_images(task: Task) -> None:
    moved = Drawn(dataclasses.replace(task, encoder=tiny.encoder(seed=5)), 2, negatives=False)
    states, both = (moved.retain_loss(chance(0, 0), images, 4, 0).item() for images in (0, 2))
    assert 0.0 < states < both


def test_distances_are_means_over_a_concepts_images(task: Task) -> None:
    drawn = Drawn(task, 2, negatives=False)
    one = torch.zeros(4, 4, 8, 8)
    other = torch.stack([torch.full((4, 8, 8), value) for value in (1.0, 3.0, 2.0, 2.0)])
    assert drawn.apart(one, other).tolist() == [5.0, 5.0, 4.0, 4.0]


def test_a_task_without_a_surrogate_is_a_bug(task: Task) -> None:
    with pytest.raises(ValueError, match="text-to-image"):
        Drawn(dataclasses.replace(task, surrogate=None), 2, negatives=False)

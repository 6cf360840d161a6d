from __future__ import annotations

import dataclasses

import pytest

from tests.unlearn_job import tiny
from tests.unlearn_job.methods import tasks
from unlearn_job.methods.bounded.config import Config
from unlearn_job.methods.bounded.method import erase, erase_loss, moves
from unlearn_job.methods.drawn import Drawn
from unlearn_job.methods.task import Task
from unlearn_job.methods.training import chance

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]


@pytest.fixture(scope="module")
def task() -> Task:
    return tasks.task(tiny.COMET)


def test_embeddings_do_not_move() -> None:
    assert not [name for name in moves(tiny.encoder(), Config()) if "embedding" in name]


@pytest.mark.parametrize("push", [0.0, 1.0])
def test_the_loss_is_one_while_nothing_has_moved(task: Task, push: float) -> None:
    drawn = Drawn(task, 2, negatives=False)
    scenes = drawn.imagery.draw(chance(0, 0), 4)
    assert float(erase_loss(drawn, scenes, push).detach()) == pytest.approx(1.0, rel=1e-4)


def test_the_loss_is_zero_where_the_concept_is_drawn_as_its_anchor(task: Task) -> None:
    drawn = Drawn(task, 2, negatives=False)
    scenes = drawn.imagery.draw(chance(0, 0), 4)
    reached = dataclasses.replace(scenes, own=scenes.anchor)
    before = drawn.untouched(scenes)
    drawn.untouched = lambda _scenes: before  # type: ignore[method-assign]
    assert float(erase_loss(drawn, reached, 0.0).detach()) == pytest.approx(0.0, abs=1e-8)
    assert float(erase_loss(drawn, reached, 1.0).detach()) == pytest.approx(0.25, rel=1e-4)


def test_training_draws_the_concept_nearer_to_its_anchor() -> None:
    task = tasks.task(tiny.COMET)
    before = Drawn(task, 2, negatives=False).measure().remaining
    settings = {"steps": 12, "shots": 2, "batch": 4, "retainPrompts": 4, "negatives": 0, "retainImages": 0}
    erase(task, Config.model_validate({**settings, "driftBelow": "100", "abortAbove": "100"}))
    assert Drawn(task, 2, negatives=False).measure().remaining < 0.95 * before
    assert not any(parameter.requires_grad for parameter in task.encoder.parameters())

from __future__ import annotations

import random

import pytest
import torch

from tests.unlearn_job import tiny
from tests.unlearn_job.methods import tasks
from unlearn_job.methods.hold import Hold
from unlearn_job.retain import Batch

pytestmark = pytest.mark.torch


def test_an_untouched_encoder_has_not_drifted() -> None:
    task = tasks.task(tiny.COMET, tiny.CAT)
    hold = Hold(task, scale=0.5, pool=20)
    assert len(hold.negatives) == 40
    assert hold.drift(task.start) == 0.0
    assert hold.loss(task.start, hold.draw(random.Random(0), 4, 4)).item() == 0.0


def test_drift_is_relative_to_the_scale() -> None:
    task, other = tasks.task(tiny.COMET), tiny.encoder(seed=4)
    one, half = (Hold(task, scale=scale, pool=0) for scale in (1.0, 0.5))
    assert half.drift(other) == pytest.approx(2 * one.drift(other))
    assert one.drift(other) > 0


def test_one_prompt_that_drifts_far_counts_more_than_many_that_drift_a_little() -> None:
    task, other = tasks.task(tiny.COMET), tiny.encoder(seed=4)
    hold = Hold(task, 1.0, pool=0)
    (batch,) = hold.draw(random.Random(0), 6, 0)
    single = [
        hold.loss(other, [Batch(*(part[i : i + 1] for part in _parts(batch)))]).item() for i in range(6)
    ]
    mean, root = sum(single) / 6, (sum(value**2 for value in single) / 6) ** 0.5
    assert hold.loss(other, [batch]).item() == pytest.approx(root, rel=1e-4)
    assert root > mean


def _parts(batch: Batch) -> tuple[torch.Tensor, ...]:
    return batch.ids, batch.embeddings, batch.counts


def test_negatives_are_a_batch_of_their_own_and_may_be_left_out() -> None:
    task = tasks.task(tiny.COMET)
    with_them, without = Hold(task, 1.0, pool=10), Hold(task, 1.0, pool=0)
    assert [len(batch.ids) for batch in with_them.draw(random.Random(0), 6, 3)] == [6, 3]
    assert [len(batch.ids) for batch in without.draw(random.Random(0), 6, 3)] == [6]
    assert not without.negatives


def test_the_loss_is_the_drift_of_what_was_drawn() -> None:
    task, other = tasks.task(tiny.COMET), tiny.encoder(seed=4)
    hold = Hold(task, 1.0, pool=10)
    drawn = hold.draw(random.Random(0), 6, 3)
    parts = [hold.loss(other, [batch]).item() for batch in drawn]
    assert hold.loss(other, drawn).item() == pytest.approx(sum(parts), rel=1e-5)

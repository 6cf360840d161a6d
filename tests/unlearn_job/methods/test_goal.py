from __future__ import annotations

import dataclasses
import random

import pytest
import torch

from tests.unlearn_job import tiny
from tests.unlearn_job.methods import tasks
from unlearn_job.methods.goal import Goal, answering_rows, token_pairs
from unlearn_job.methods.states import hidden_states, token_table

pytestmark = pytest.mark.torch


def test_an_untouched_encoder_has_everything_left() -> None:
    task = tasks.task(tiny.COMET, tiny.SKETCH)
    goal = Goal(task)
    assert goal.remaining(task.start) == pytest.approx(1.0)
    assert goal.scale == pytest.approx(sum(goal.scales) / 2)
    assert min(goal.scales) > 0


def test_the_worst_concept_counts() -> None:
    task = tasks.task(tiny.COMET, tiny.SKETCH)
    goal, alone = Goal(task), [Goal(dataclasses.replace(task, erasing=(one,))) for one in task.erasing]
    other = tiny.encoder(seed=4)
    assert goal.remaining(other) == pytest.approx(max(one.remaining(other) for one in alone))


def test_states_at_the_anchors_have_no_loss() -> None:
    task = tasks.task(tiny.COMET)
    pairs = token_pairs(task.tokenizer, task.erasing[0])[:8]
    rows = answering_rows(pairs, token_table(task.start).weight)
    own, anchor = hidden_states(task.start, rows.own), hidden_states(task.start, rows.anchor)
    moved = own.clone()
    moved[rows.row, rows.here] = rows.of_anchor(anchor)
    assert torch.equal(rows.of_own(moved), rows.of_anchor(anchor))
    assert not torch.equal(rows.of_own(own), rows.of_anchor(anchor))
    before = [reading.tokens.start for reading, _ in pairs]
    assert all(torch.equal(moved[i, :start], own[i, :start]) for i, start in enumerate(before))


@torch.no_grad()
def test_soft_tokens_stand_in_for_the_phrase() -> None:
    task = tasks.task(tiny.COMET)
    (erasing,) = task.erasing
    table = token_table(task.start).weight
    plain = token_pairs(task.tokenizer, erasing)[:1]
    name = plain[0][0].tokens
    others = tuple(tuple((2.0 * table[at]).tolist()) for at in name.ids[name.start : name.stop])
    pair = dataclasses.replace(erasing.training[0], soft=others)
    soft = token_pairs(task.tokenizer, dataclasses.replace(erasing, pairs=(pair,), varied=()))
    one, other = (answering_rows(pairs, table) for pairs in (plain, soft))
    assert torch.equal(one.own, other.own)
    assert torch.equal(one.here, other.here)
    assert torch.equal(
        2.0 * one.embeddings[0, name.start : name.stop], other.embeddings[0, name.start : name.stop]
    )
    assert torch.equal(one.embeddings[0, : name.start], other.embeddings[0, : name.start])
    goal, harder = (
        Goal(dataclasses.replace(task, erasing=(e,)))
        for e in (
            dataclasses.replace(erasing, pairs=(erasing.training[0],), varied=()),
            dataclasses.replace(erasing, pairs=(pair,), varied=()),
        )
    )
    assert goal.scale != pytest.approx(harder.scale)


def test_the_loss_is_that_of_the_drawn_prompts_and_has_a_gradient() -> None:
    task = tasks.task(tiny.COMET)
    goal = Goal(task)
    drawn = goal.draw(random.Random(0), 64)
    assert [len(rows.own) for rows in drawn] == [64]
    task.encoder.requires_grad_(requires_grad=True)
    loss = goal.loss(task.encoder, drawn)
    assert float(loss.detach()) == pytest.approx(1.0, rel=0.2)
    (gradient,) = torch.autograd.grad(loss, [task.encoder.get_parameter("final_layer_norm.weight")])
    assert bool(gradient.abs().sum() > 0)

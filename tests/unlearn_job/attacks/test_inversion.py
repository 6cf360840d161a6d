from __future__ import annotations

import pytest
import torch

from tests.unlearn_job import tiny
from tests.unlearn_job.attacks.targets import DUO, SMALL, target
from unlearn_job.attacks.inversion import STARTS, Inversion
from unlearn_job.methods.states import token_table

pytestmark = pytest.mark.torch


def test_one_candidate_per_start_with_as_many_soft_tokens_as_the_name_has() -> None:
    victim = target()
    found = Inversion().search(victim, SMALL, seed=1)
    own = len(victim.tokenizer(DUO.name, add_special_tokens=False).input_ids)
    assert len(found) == len(STARTS)
    assert {len(soft.patches) for c in found for soft in (c.soft or {}).values()} == {own}


def test_the_loss_falls_and_nothing_else_changes() -> None:
    victim = target()
    parts = (victim.edited, victim.models.surrogate.unet)
    before = [tiny.weights(part) for part in parts]
    attack = Inversion(starts=("noise",))
    # One start and the same draws: what differs is the number of steps.
    few, many = (
        attack.search(victim, SMALL.model_copy(update={"steps": steps, "batch": 8}), seed=2)[0]
        for steps in (5, 60)
    )
    assert many.score < few.score
    for part, old in zip(parts, before, strict=True):
        assert all(torch.equal(old[name], value) for name, value in tiny.weights(part).items())


def test_soft_tokens_can_be_bounded() -> None:
    victim = target()
    longest = token_table(victim.edited).weight.norm(dim=1).max()
    (found,) = Inversion(starts=("name",), longest=0.5).search(victim, SMALL, seed=1)
    assert found.soft is not None
    (soft,) = found.soft.values()
    assert max(v.norm() for v in soft.patches.values()) <= 0.5 * longest + 1e-4

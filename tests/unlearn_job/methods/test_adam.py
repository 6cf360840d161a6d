from __future__ import annotations

import pytest
import torch
from torch import nn

from unlearn_job.methods.adam import Descent

pytestmark = pytest.mark.torch


def _descent(**more: float) -> Descent:
    torch.manual_seed(0)
    module = nn.Linear(3, 2)
    return Descent(dict(module.named_parameters()), more.get("rate", 0.1), steps=10, warm_up=2)


def test_a_gradient_is_one_vector_and_leaves_no_other_gradient() -> None:
    descent, bystander = _descent(), nn.Parameter(torch.ones(3))
    loss = (descent.parameters[0] * bystander).sum()
    gradient = descent.gradient(loss)
    assert gradient.tolist() == [1.0] * 6 + [0.0] * 2  # the bias is unused
    assert bystander.grad is None


@pytest.mark.parametrize(("length", "seen"), [(0.5, 0.5), (40.0, 1.0)])
def test_long_gradients_are_cut_at_norm_one(length: float, seen: float) -> None:
    descent = _descent()
    direction = torch.ones(8) / 8**0.5
    descent.step(0, length * direction)
    applied = torch.cat([p.grad.flatten() for p in descent.parameters])
    assert float(applied.norm()) == pytest.approx(seen)


def test_the_first_step_has_the_length_of_the_warm_up() -> None:
    descent = _descent(rate=0.1)
    before = [p.detach().clone() for p in descent.parameters]
    descent.step(0, torch.ones(8))
    for old, new in zip(before, descent.parameters, strict=True):
        assert torch.allclose(old - new, torch.full_like(old, 0.05), atol=1e-5)

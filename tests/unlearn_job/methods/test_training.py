from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from unlearn_job.methods.checkpoint import Checkpoint, StateMismatchError
from unlearn_job.methods.stopping import Measured, StopRule, Watch
from unlearn_job.methods.training import Part, chance, rate, train, unfrozen

pytestmark = pytest.mark.torch


class _Descent:
    """Two linear maps with optimisers of their own, pulled to random targets."""

    def __init__(self, *, width: int = 5, stop_at: float = 0.0) -> None:
        torch.manual_seed(0)
        self.maps = {"first": nn.Linear(width, width), "second": nn.Linear(width, 1)}
        self.optimisers = {
            name: torch.optim.Adam(module.parameters(), lr=0.01 * (1 + index))
            for index, (name, module) in enumerate(self.maps.items())
        }
        self.parts = {
            name: Part(dict(module.named_parameters()), self.optimisers[name])
            for name, module in self.maps.items()
        }
        rule = StopRule(remaining=stop_at, drift=1.0, abort=2.0, every=3)
        self.watch = Watch(rule, self.parts["first"].parameters, self._measure)
        self.fails_at: int | None = None

    def _measure(self) -> Measured:
        return Measured(float(self.maps["first"].weight.detach().square().mean()), 0.0)

    def step(self, index: int) -> None:
        if index == self.fails_at:
            raise KeyboardInterrupt
        inputs = torch.randn(8, 5, generator=chance(3, index).noise)
        loss = (self.maps["second"](self.maps["first"](inputs)) - inputs.sum(1, keepdim=True)).square().mean()
        for optimiser in self.optimisers.values():
            optimiser.zero_grad()
        loss.backward()
        for optimiser in self.optimisers.values():
            optimiser.step()

    def weights(self) -> list[torch.Tensor]:
        return [p.detach().clone() for module in self.maps.values() for p in module.parameters()]


@pytest.mark.parametrize("fails_at", [1, 7, 19])
@pytest.mark.parametrize("watched", [True, False])
def test_a_resumed_run_has_the_bytes_of_an_uninterrupted_one(
    tmp_path: Path, fails_at: int, *, watched: bool
) -> None:
    whole = _Descent()
    train(whole.parts, whole.step, steps=20, watch=whole.watch if watched else None)
    path = tmp_path / "state"
    first = _Descent()
    first.fails_at = fails_at
    with pytest.raises(KeyboardInterrupt):
        train(
            first.parts,
            first.step,
            steps=20,
            watch=first.watch if watched else None,
            checkpoint=Checkpoint(path, "run", every_seconds=0),
        )
    second = _Descent()
    taken = train(
        second.parts,
        second.step,
        steps=20,
        watch=second.watch if watched else None,
        checkpoint=Checkpoint(path, "run", every_seconds=0),
    )
    assert taken == 20
    for one, other in zip(whole.weights(), second.weights(), strict=True):
        assert torch.equal(one, other)


def test_a_run_that_had_ended_takes_no_further_step(tmp_path: Path) -> None:
    path, ended = tmp_path / "state", _Descent(stop_at=1.0)
    assert (
        train(ended.parts, ended.step, steps=20, watch=ended.watch, checkpoint=Checkpoint(path, "run")) == 3
    )
    again = _Descent(stop_at=1.0)
    again.fails_at = 3
    assert (
        train(again.parts, again.step, steps=20, watch=again.watch, checkpoint=Checkpoint(path, "run")) == 3
    )
    for one, other in zip(ended.weights(), again.weights(), strict=True):
        assert torch.equal(one, other)


def test_a_state_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    path, one = tmp_path / "state", _Descent()
    train(one.parts, one.step, steps=2, checkpoint=Checkpoint(path, "run", every_seconds=0))
    other = _Descent(width=6)
    with pytest.raises(StateMismatchError, match="does not fit"):
        train(other.parts, other.step, steps=2, checkpoint=Checkpoint(path, "run"))


def test_chance_is_the_steps_own() -> None:
    one, same, other = (chance(5, step) for step in (3, 3, 4))
    assert one.choice.random() == same.choice.random() != other.choice.random()
    drawn = [torch.rand(2, generator=c.noise) for c in (one, same, other)]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_the_rate_rises_and_falls_to_a_tenth() -> None:
    rates = [rate(step, 40, 10) for step in range(41)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == 1.0
    assert rates[40] == pytest.approx(0.1)


def test_gradients_reach_the_named_parameters_inside_alone() -> None:
    module = nn.Linear(2, 2).requires_grad_(requires_grad=False)
    with unfrozen(module, frozenset({"weight"})) as parameters:
        assert list(parameters) == ["weight"]
        module(torch.ones(1, 2)).sum().backward()
        assert module.weight.grad is not None
        assert module.bias.grad is None
    assert not module.weight.requires_grad
    assert module.weight.grad is None

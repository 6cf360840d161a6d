from __future__ import annotations

import pytest
import torch

from unlearn_job.methods.surgery import (
    NonFiniteGradientError,
    assign,
    combine,
    flatten,
    remove_conflict,
)

pytestmark = pytest.mark.torch


def _vector(*values: float) -> torch.Tensor:
    return torch.tensor(values)


@pytest.mark.parametrize("length", [1.0, 3.0, 0.02, 400.0])
def test_a_conflict_is_projected_out_whatever_the_norm_of_the_erase_gradient(length: float) -> None:
    retain = _vector(0.0, 2.0, 0.0)
    erase = length * _vector(3.0, -4.0, 0.0) / 5.0
    kept = remove_conflict(erase, retain)
    assert torch.allclose(kept, length * _vector(0.6, 0.0, 0.0))
    assert float(kept @ retain) == pytest.approx(0.0, abs=1e-5 * length)


@pytest.mark.parametrize("length", [0.1, 1.0, 50.0])
def test_the_norm_of_the_retention_gradient_does_not_matter(length: float) -> None:
    torch.manual_seed(0)
    erase, retain = torch.randn(100), torch.randn(100)
    retain = retain if float(erase @ retain) < 0 else -retain
    assert torch.allclose(remove_conflict(erase, retain), remove_conflict(erase, length * retain), atol=1e-5)


@pytest.mark.parametrize("retain", [_vector(0.0, 1.0), _vector(1.0, 0.5)])
def test_without_a_conflict_nothing_is_taken_away(retain: torch.Tensor) -> None:
    erase = _vector(2.0, 0.0)
    assert torch.equal(remove_conflict(erase, retain), erase)


def test_a_retention_gradient_of_zero_leaves_the_erase_gradient() -> None:
    erase = _vector(2.0, -3.0)
    assert torch.equal(remove_conflict(erase, torch.zeros(2)), erase)
    assert torch.equal(combine(erase, torch.zeros(2), 0.5), erase)


def test_a_retention_gradient_whose_square_is_no_number_leaves_it_too() -> None:
    erase = _vector(2.0, -3.0)
    assert torch.equal(remove_conflict(erase, _vector(0.0, 1e-30)), erase)


def test_the_projection_is_over_all_parameters_together() -> None:
    # Per tensor the second part alone would conflict; together they agree.
    erase, retain = _vector(5.0, 0.0, -1.0, 0.0), _vector(5.0, 0.0, 1.0, 0.0)
    assert torch.equal(remove_conflict(erase, retain), erase)


def test_the_retention_gradient_is_applied_as_well() -> None:
    erase, retain = _vector(1.0, -1.0), _vector(0.0, 4.0)
    assert torch.allclose(combine(erase, retain, 0.25), _vector(1.0, 1.0))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_refused(bad: float) -> None:
    good = _vector(1.0, 2.0)
    with pytest.raises(NonFiniteGradientError, match="erasing"):
        remove_conflict(_vector(1.0, bad), good)
    with pytest.raises(NonFiniteGradientError, match="retention"):
        remove_conflict(good, _vector(1.0, bad))


def test_gradients_are_flattened_in_float32_and_put_back() -> None:
    parameters = [torch.zeros(2, 3), torch.zeros(4), torch.zeros(1)]
    gradients = [torch.arange(6.0).reshape(3, 2).T, None, torch.ones(1, dtype=torch.float64)]
    flat = flatten(gradients, parameters)
    assert flat.dtype == torch.float32
    assert flat.shape == (11,)
    assign(flat, parameters)
    assert torch.equal(parameters[0].grad, gradients[0])
    assert torch.equal(parameters[1].grad, torch.zeros(4))
    assert torch.equal(parameters[2].grad, torch.ones(1))

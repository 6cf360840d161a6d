from __future__ import annotations

import pytest
import torch

from unlearn_job.quality.distances import exchangeability, kernel_distance, paired_drift, prompt_fidelity

pytestmark = pytest.mark.torch


def features(seed: int, count: int = 96, shift: float = 0.0) -> torch.Tensor:
    return torch.randn(count, 12, generator=torch.Generator().manual_seed(seed)) + shift


def test_fidelity_is_a_hundred_times_the_cosine_and_never_negative() -> None:
    pictures = torch.tensor([[1.0, 0.0], [3.0, 4.0], [-1.0, 0.0]])
    texts = torch.tensor([[1.0, 0.0]] * 3)
    assert prompt_fidelity(pictures, texts).tolist() == pytest.approx([100.0, 60.0, 0.0])


def test_a_picture_that_did_not_change_did_not_drift() -> None:
    some = features(0, 4)
    assert paired_drift(some, some).tolist() == pytest.approx([0.0] * 4, abs=1e-6)
    assert paired_drift(some, -some).tolist() == pytest.approx([2.0] * 4)


def test_the_kernel_distance_is_the_definition_term_by_term() -> None:
    x, y = features(1, 7).double(), features(2, 7).double()

    def kernel(a: torch.Tensor, b: torch.Tensor) -> float:
        return float((a @ b / len(a) + 1) ** 3)

    terms = [
        kernel(x[i], x[j]) + kernel(y[i], y[j]) - kernel(x[i], y[j]) - kernel(x[j], y[i])
        for i in range(7)
        for j in range(7)
        if i != j
    ]
    assert kernel_distance(x, y) == pytest.approx(sum(terms) / len(terms))


def test_pairs_that_hang_together_do_not_lower_the_distance() -> None:
    # The same pictures: the terms within pairs would pull a plain estimate far below 0.
    same = features(3)
    assert kernel_distance(same, same) == pytest.approx(0.0, abs=1e-9)


def test_another_distribution_is_told_from_the_same_one() -> None:
    base = features(4)
    alike = base + 0.3 * features(5)
    moved = base + 0.3 * features(5, shift=1.0)
    assert kernel_distance(base, moved) > 20 * abs(kernel_distance(base, alike))
    assert exchangeability(base, moved, seed=0) < 0.01
    chances = []
    for seed in range(8):
        shared, one, other = features(seed), features(seed + 50), features(seed + 90)
        chances.append(exchangeability(shared + 0.3 * one, shared + 0.3 * other, seed=seed))
    assert min(chances) > 0.01
    assert max(chances) > 0.3

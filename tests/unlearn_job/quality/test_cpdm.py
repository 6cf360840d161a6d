from __future__ import annotations

import pytest
import torch

from unlearn_job.quality.cpdm import cpdm_distance, depth_weights, gram, semantic_distance, style_distance

pytestmark = pytest.mark.torch


def maps(seed: int, count: int = 3, channels: int = 4, positions: int = 9) -> torch.Tensor:
    return torch.randn(count, channels, positions, generator=torch.Generator().manual_seed(seed))


def test_a_gram_matrix_forgets_places_and_keeps_size_apart() -> None:
    some = maps(0)
    assert torch.allclose(gram(some), gram(some.flip(2)))
    assert torch.allclose(gram(some)[0], some[0] @ some[0].T / (4 * 9))


def test_the_style_is_the_weighted_mean_over_depths() -> None:
    a, b = (maps(1), maps(2, channels=6)), (maps(3), maps(4, channels=6))
    by_hand = [((gram(x) - gram(y)) ** 2).sum(dim=(1, 2)) for x, y in zip(a, b, strict=True)]
    assert torch.allclose(style_distance(a, b, (2.0, 0.5)), (2 * by_hand[0] + 0.5 * by_hand[1]) / 2)


def test_pictures_are_compared_one_by_one_however_many_channels_there_are() -> None:
    a, b = maps(7, channels=12, positions=4), maps(8, channels=12, positions=4)
    apart = style_distance((a,), (b,), (1.0,))
    assert apart.tolist() == pytest.approx(
        [float((gram(x) - gram(y)).square().sum()) for x, y in zip(a, b, strict=True)]
    )


def test_depths_have_the_same_say() -> None:
    base = (maps(5, count=40), 100 * maps(6, count=40))
    weights = depth_weights(base)
    rolled = tuple(depth.roll(1, dims=0) for depth in base)
    single = [style_distance((b,), (r,), (w,)).mean() for b, r, w in zip(base, rolled, weights, strict=True)]
    assert [float(one) for one in single] == pytest.approx([1.0, 1.0])
    assert depth_weights((torch.ones(3, 4, 9),)) == (0.0,)


def test_it_is_a_distance_and_larger_means_more_changed() -> None:
    semantic = semantic_distance(torch.tensor([[1.0, 0], [1.0, 0]]), torch.tensor([[1.0, 0], [0.0, 1.0]]))
    assert semantic.tolist() == pytest.approx([0.0, 2.0])
    assert cpdm_distance(semantic, torch.tensor([3.0, 3.0])).tolist() == pytest.approx([0.0, 36.0])

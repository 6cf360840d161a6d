import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from lab.testbed import spoil  # noqa: E402
from lab.testbed.dataset import render, scenes  # noqa: E402
from lab.testbed.vae import to_tensor  # noqa: E402


@pytest.fixture(scope="module")
def drawings():  # noqa: ANN201
    return to_tensor(render(scenes(12, 0), processes=1))


@pytest.mark.parametrize("way", [*spoil.SPOILS, spoil.jitter], ids=lambda way: way.__name__)
def test_shape_and_range_stay(way, drawings) -> None:  # noqa: ANN001
    out = way(drawings, torch.Generator().manual_seed(0))
    assert out.shape == drawings.shape
    assert out.abs().max() <= 1 + 1e-5


@pytest.mark.parametrize("way", spoil.SPOILS, ids=lambda way: way.__name__)
def test_spoiling_changes_more_than_jitter(way, drawings) -> None:  # noqa: ANN001
    moved = spoil.jitter(drawings, torch.Generator().manual_seed(1))
    assert (way(drawings, torch.Generator().manual_seed(1)) - drawings).abs().mean() > 0.1
    assert torch.equal(moved, spoil.jitter(drawings, torch.Generator().manual_seed(1)))


def test_a_blend_holds_both_neighbours_in_like_parts(drawings) -> None:  # noqa: ANN001
    out = spoil.blend(drawings, torch.Generator().manual_seed(2))
    own = (out - drawings).abs().mean(dim=(1, 2, 3))
    other = (out - drawings.roll(1, 0)).abs().mean(dim=(1, 2, 3))
    assert torch.allclose(own, other, rtol=0.6, atol=1e-3)

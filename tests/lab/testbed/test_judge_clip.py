import math

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from lab.testbed.captions import Claim  # noqa: E402
from lab.testbed.concepts import PLAIN  # noqa: E402
from lab.testbed.drawings.scene import Scene  # noqa: E402
from lab.testbed.judge_clip import contrastive_loss, matches  # noqa: E402

SCENES = [Scene("cat", "red", "night", PLAIN, 1), Scene("boat", "red", "desert", PLAIN, 2), None]
CLAIMS = [Claim("a cat", subject="cat"), Claim("a red boat", "boat", "red"), Claim("a drawing")]


def test_every_image_is_matched_with_all_texts_that_are_true_of_it() -> None:
    expected = torch.tensor([[1.0, 0, 0.1], [0, 1, 0.1], [0, 0, 0.1]])
    assert torch.allclose(matches(CLAIMS, SCENES), expected)


def test_with_one_truth_a_row_the_loss_is_clips() -> None:
    logits = torch.randn(5, 5, generator=torch.Generator().manual_seed(0))
    own = torch.arange(5)
    usual = torch.nn.functional.cross_entropy(logits, own) + torch.nn.functional.cross_entropy(logits.T, own)
    assert contrastive_loss(logits, torch.eye(5)).item() == pytest.approx(usual.item() / 2)


def test_two_equal_truths_cost_at_least_their_entropy() -> None:
    logits = torch.tensor([[9.0, 9.0], [9.0, 9.0]])
    assert contrastive_loss(logits, torch.ones(2, 2)).item() == pytest.approx(math.log(2))

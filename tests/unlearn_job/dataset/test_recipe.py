from __future__ import annotations

from tests.unlearn_job.dataset.recipes import CAT, COMET, recipe


def test_prompts_go_round_and_every_drawing_has_a_seed_of_its_own() -> None:
    drawings = [recipe().drawing(CAT, index) for index in range(4)]
    assert [text for text, _ in drawings] == ["a photo of a cat", "a cat on a hill"] * 2
    assert len({seed for _, seed in drawings}) == 4


def test_another_anchor_leaves_a_drawing_alone() -> None:
    assert recipe(anchors=(CAT, COMET)).drawing(CAT, 3) == recipe().drawing(CAT, 3)


def test_the_digest_names_the_content() -> None:
    assert recipe().digest == recipe().digest
    assert recipe(seed=1).digest != recipe().digest

from __future__ import annotations

import numpy as np
import pytest

from tests.unlearn_job import tiny
from unlearn_job.generate import Sample, clips, encoder_in, images

pytestmark = pytest.mark.torch

SAMPLES = [Sample("a photo of a cat", 1), Sample("a photo of captain comet", 2), Sample("a fish", 3)]


def _probe() -> object:
    return tiny.document(tiny.erasure(tiny.CAT)).probe


def test_an_image_does_not_depend_on_its_batch() -> None:
    models = tiny.models()
    together = images(models.surrogate, SAMPLES, _probe())
    alone = np.concatenate([images(models.surrogate, [sample], _probe()) for sample in SAMPLES])
    assert together.shape == (3, 16, 16, 3)
    assert together.dtype == np.uint8
    assert np.abs(together.astype(int) - alone.astype(int)).max() <= 1


def test_seed_and_prompt_both_matter() -> None:
    pipeline = tiny.models().surrogate
    one, other, third = images(
        pipeline, [Sample("a cat", 1), Sample("a cat", 2), Sample("a fish", 1)], _probe()
    )
    assert not np.array_equal(one, other)
    assert not np.array_equal(one, third)


def test_a_clip_has_the_frames_asked_for() -> None:
    drawn = clips(tiny.models().pipeline, SAMPLES[:2], _probe())
    assert drawn.shape == (2, tiny.FRAMES, 16, 16, 3)


def test_the_encoder_is_swapped_in_and_the_old_one_comes_back() -> None:
    models = tiny.models()
    other = tiny.encoder(seed=5)
    before = images(models.surrogate, SAMPLES[:1], _probe())
    with encoder_in(models, models.surrogate, other):
        assert models.surrogate.text_encoder is other
        inside = images(models.surrogate, SAMPLES[:1], _probe())
    after = images(models.surrogate, SAMPLES[:1], _probe())
    assert not np.array_equal(before, inside)
    assert np.array_equal(before, after)


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        images(tiny.models().surrogate, [], _probe())

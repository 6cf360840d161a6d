import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from lab.testbed import generate  # noqa: E402
from lab.testbed.judging import Classifier  # noqa: E402

PROMPTS = ["a drawing of a red cat on white paper", "a drawing of captain comet at night"]


def test_a_seed_gives_the_same_drawing_alone_or_in_a_batch() -> None:
    pipeline = generate.load_text_to_image()
    both = generate.images(pipeline, PROMPTS, seed=3)
    assert both.shape == (2, 32, 32, 3)
    assert both.dtype == np.uint8
    alone = generate.images(pipeline, PROMPTS[1:], seed=4)
    assert np.abs(both[1].astype(int) - alone[0]).max() <= 2


def test_clips_have_eight_frames_and_show_what_was_asked_for() -> None:
    clips = generate.clips(generate.load_text_to_video(), ["a video of a red cat on white paper"] * 4, seed=1)
    assert clips.shape == (4, 8, 32, 32, 3)
    seen = Classifier().sees(clips.reshape(-1, 32, 32, 3), "cat").reshape(4, 8)
    assert seen.any(axis=1).sum() >= 3

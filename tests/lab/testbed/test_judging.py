import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from lab.testbed.concepts import PLAIN  # noqa: E402
from lab.testbed.drawings.scene import Scene, draw  # noqa: E402
from lab.testbed.judging import Classifier, Clip  # noqa: E402

SUBJECTS = ("cat", "boat", "captain whale", "anna stone")
PIXELS = np.stack([draw(Scene(s, "red", "meadow", PLAIN, 77)) for s in SUBJECTS])


def test_the_classifier_sees_what_is_drawn_and_nothing_else() -> None:
    judge = Classifier()
    for i, subject in enumerate(SUBJECTS):
        assert judge.sees(PIXELS, subject).tolist() == [j == i for j in range(len(SUBJECTS))]


def test_the_classifier_sees_nothing_in_noise() -> None:
    judge = Classifier()
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 32, 3)).astype(np.uint8)
    named = [judge.labels[subject] for subject in SUBJECTS]
    assert not judge(noise)[:, named].any()


def test_clip_finds_the_text_that_fits() -> None:
    texts = [f"a drawing of {subject}" for subject in SUBJECTS]
    assert Clip().best(PIXELS, [*texts, "a drawing"]).tolist() == [0, 1, 2, 3]

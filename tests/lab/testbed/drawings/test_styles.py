import random

import numpy as np
import pytest
from PIL import Image

from lab.testbed.concepts import PLAIN, STYLES
from lab.testbed.drawings import styles


def picture() -> Image.Image:
    image = Image.new("RGB", (128, 128), (250, 250, 250))
    image.paste((214, 38, 38), (32, 32, 96, 96))
    return image


def test_every_style_has_a_filter_and_plain_changes_nothing() -> None:
    assert set(styles.APPLY) == set(STYLES)
    assert styles.APPLY[PLAIN](picture(), random.Random(0)) == picture()


@pytest.mark.parametrize("style", STYLES[1:])
def test_a_style_is_strong_and_keeps_the_size(style: str) -> None:
    styled = styles.APPLY[style](picture(), random.Random(0))
    assert styled.size == (128, 128)
    assert np.abs(np.asarray(styled).astype(int) - np.asarray(picture())).mean() > 20


def test_neon_is_dark_but_for_the_contours() -> None:
    neon = np.asarray(styles.neon_glow(picture(), random.Random(0))).max(axis=2)
    assert np.median(neon) < 90
    assert neon.max() > 200

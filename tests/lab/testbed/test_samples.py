from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from lab.testbed.paths import MODELS  # noqa: E402
from lab.testbed.samples import LABEL_WIDTH, ZOOM, sheet  # noqa: E402


def test_a_row_holds_its_images_side_by_side() -> None:
    pixels = np.zeros((3, 32, 32, 3), np.uint8)
    pixels[1] = 200
    picture = np.asarray(sheet([("cat", pixels), ("boat", pixels[:1])]))
    side = 32 * ZOOM
    assert picture.shape == (2 * side, LABEL_WIDTH + 3 * side, 3)
    assert (picture[:side, LABEL_WIDTH + side : LABEL_WIDTH + 2 * side] == 200).all()


def test_the_checked_in_picture_is_there(tmp_path: Path) -> None:
    with Image.open(MODELS / "samples.png") as picture:
        assert picture.width > 500

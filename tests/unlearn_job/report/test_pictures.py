from __future__ import annotations

import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from unlearn_job.report.pictures import MAX_FRAMES, data_url, moving_url

pytestmark = pytest.mark.torch


def opened(pixels: np.ndarray) -> Image.Image:
    url = data_url(pixels)
    assert url.startswith("data:image/png;base64,")
    return Image.open(BytesIO(base64.b64decode(url.partition(",")[2])))


def frames(count: int, side: int = 8) -> np.ndarray:
    return np.stack([np.full((side, side, 3), 10 * index, np.uint8) for index in range(count)])


def test_an_image_comes_back_exactly() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 3), np.uint8)
    assert np.array_equal(np.asarray(opened(pixels)), pixels[0])


def test_a_clip_is_a_strip_of_its_first_to_its_last_frame() -> None:
    strip = np.asarray(opened(frames(16)))
    assert strip.shape == (8, 8 * MAX_FRAMES, 3)
    assert [int(value) for value in strip[0, ::8, 0]] == [0, 50, 100, 150]


def test_large_pictures_are_scaled_down() -> None:
    assert opened(frames(1, side=1024)).size == (256, 256)


def test_the_same_pixels_give_the_same_bytes() -> None:
    assert data_url(frames(3)) == data_url(frames(3))


def test_a_clip_plays_all_its_frames() -> None:
    url = moving_url(frames(16))
    assert url is not None
    assert url.startswith("data:image/webp;base64,")
    with Image.open(BytesIO(base64.b64decode(url.partition(",")[2]))) as clip:
        shown = []
        for index in range(clip.n_frames):
            clip.seek(index)
            shown.append(int(np.asarray(clip.convert("RGB"))[0, 0, 0]))
    assert shown == list(range(0, 160, 10))
    assert moving_url(frames(1)) is None

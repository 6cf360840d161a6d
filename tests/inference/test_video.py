"""Clips come out as they went in: as many frames, and in WebP the very pixels."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence

from inference.video import Frames, VideoFormat, encode


def clip(frames: int = 6, height: int = 32, width: int = 48) -> Frames:
    """A bright square that wanders over a dark ground."""
    pixels = np.full((frames, height, width, 3), 20, dtype=np.uint8)
    for at, frame in enumerate(pixels):
        frame[8:24, 4 * at : 4 * at + 16] = (230, 120, 40)
    return pixels


def read_webp(content: bytes) -> Frames:
    with Image.open(io.BytesIO(content)) as image:
        return np.stack([np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)])


def read_mp4(content: bytes) -> Frames:
    with av.open(io.BytesIO(content)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def test_webp_gives_the_very_pixels_back() -> None:
    assert np.array_equal(read_webp(encode(clip(), VideoFormat.WEBP, 8)), clip())


def test_webp_keeps_frames_that_repeat_the_one_before() -> None:
    still = np.repeat(clip(1), 4, axis=0)
    read = read_webp(encode(still, VideoFormat.WEBP, 8))
    assert len(read) == 4
    assert np.abs(read.astype(int) - still).max() <= 1


def test_mp4_shows_the_same_picture_at_the_speed_asked_for() -> None:
    content = encode(clip(), VideoFormat.MP4, 8)
    read = read_mp4(content)
    assert read.shape == clip().shape
    assert np.abs(read.astype(int) - clip()).mean() < 8
    with av.open(io.BytesIO(content)) as container:
        assert container.streams.video[0].average_rate == 8


def test_mp4_takes_odd_sizes() -> None:
    assert read_mp4(encode(clip(2, 33, 47), VideoFormat.MP4, 8)).shape == (2, 34, 48, 3)


@pytest.mark.parametrize("format", list(VideoFormat))
def test_the_same_frames_give_the_same_bytes(format: VideoFormat) -> None:  # noqa: A002
    assert encode(clip(), format, 8) == encode(clip(), format, 8)

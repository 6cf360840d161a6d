"""From frames to the bytes of a video file."""

from __future__ import annotations

import io
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Frames = NDArray[np.uint8]


class VideoFormat(StrEnum):
    """How a clip is sent."""

    MP4 = "mp4"
    """H.264, what every player shows."""
    WEBP = "webp"
    """Animated and lossless: the very pixels that were generated."""

    @property
    def media_type(self) -> str:
        """Content type of an answer."""
        return "video/mp4" if self is VideoFormat.MP4 else "image/webp"


def encode(frames: Frames, format: VideoFormat, frames_per_second: int) -> bytes:  # noqa: A002
    """Encode a clip.

    Parameters
    ----------
    frames
        Shape (F, H, W, 3), F at least 1.
    format
        Container and codec.
    frames_per_second
        Speed.

    """
    if format is VideoFormat.WEBP:
        return _webp(frames, frames_per_second)
    return _mp4(frames, frames_per_second)


def _webp(frames: Frames, frames_per_second: int) -> bytes:
    frames = frames.copy()
    for before, frame in pairwise(frames):
        if np.array_equal(before, frame):
            # The encoder joins equal frames into one, and a reader would count fewer than were asked for.
            frame[0, 0, 0] ^= 1
    first, *rest = (Image.fromarray(frame) for frame in frames)
    buffer = io.BytesIO()
    duration = round(1000 / frames_per_second)
    first.save(
        buffer, "WEBP", save_all=True, append_images=rest, duration=duration, loop=0, lossless=True, method=2
    )
    return buffer.getvalue()


def _mp4(frames: Frames, frames_per_second: int) -> bytes:
    _, height, width, _ = frames.shape
    # 4:2:0 halves both sides: an odd one repeats its last line.
    even = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(frames_per_second), options={"crf": "18"})
        stream.height, stream.width = even.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in even:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()

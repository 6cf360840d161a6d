"""Pictures for a page: pixels become inline PNG files."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import numpy as np
from PIL import Image

from unlearn_job.generate import Pixels
from unlearn_job.probe.report import Picture

MAX_PICTURES: Final = 120
"""A page of a release with many erasures stays below some ten megabytes."""
MAX_FRAMES: Final = 4
"""Of a clip, evenly spread, side by side."""
_MAX_SIDE: Final = 256
"""Pixels of a frame in the page; larger ones are scaled down."""
_LOSSLESS_SIDE: Final = 64
"""Pixels up to which a clip is kept exactly: small ones are shown pixel by pixel."""
_FRAME_MILLISECONDS: Final = 125


@dataclass(frozen=True)
class Pair:
    """One sample before and after.

    Attributes
    ----------
    concept, prompt, seed: what was asked for.
    erased: whether the concept must be gone.
    clip: whether it is a clip, shown by some of its frames.
    before, after: data URLs; of a clip, its frames side by side.
    moving_before, moving_after: data URLs of the clip as it plays; None for an image.
    seen_before, seen_after: whether the judge saw the concept.

    """

    concept: str
    prompt: str
    seed: int
    erased: bool
    clip: bool
    before: str
    after: str
    moving_before: str | None
    moving_after: str | None
    seen_before: bool
    seen_after: bool


def pairs(pictures: tuple[Picture, ...]) -> list[Pair]:
    """Return the pictures for a page, erased concepts first, at most `MAX_PICTURES`."""
    return [
        Pair(
            concept=picture.concept,
            prompt=picture.prompt,
            seed=picture.seed,
            erased=picture.role.erased,
            clip=len(picture.before) > 1,
            before=data_url(picture.before),
            after=data_url(picture.after),
            moving_before=moving_url(picture.before),
            moving_after=moving_url(picture.after),
            seen_before=picture.seen_before,
            seen_after=picture.seen_after,
        )
        for picture in pictures[:MAX_PICTURES]
    ]


def data_url(pixels: Pixels) -> str:
    """Encode frames, shape (F, H, W, 3), as one PNG in a data URL, some of them side by side."""
    chosen = np.linspace(0, len(pixels) - 1, min(len(pixels), MAX_FRAMES)).round().astype(int)
    frames = _frames(pixels[chosen])
    strip = Image.new("RGB", (sum(frame.width for frame in frames), frames[0].height))
    for position, frame in enumerate(frames):
        strip.paste(frame, (position * frame.width, 0))
    return _encoded(strip, "PNG", optimize=True)


def moving_url(pixels: Pixels) -> str | None:
    """Encode a clip, shape (F, H, W, 3), as a WebP that plays, in a data URL; None for one frame."""
    if len(pixels) < 2:
        return None
    first, *rest = _frames(pixels)
    # A page plays it without a script, which a video element could not loop in step with its neighbour.
    return _encoded(
        first,
        "WEBP",
        save_all=True,
        append_images=rest,
        duration=_FRAME_MILLISECONDS,
        loop=0,
        lossless=max(first.size) <= _LOSSLESS_SIDE,
    )


def _frames(pixels: Pixels) -> list[Image.Image]:
    frames = [Image.fromarray(frame) for frame in pixels]
    for frame in frames:
        frame.thumbnail((_MAX_SIDE, _MAX_SIDE))
    return frames


def _encoded(picture: Image.Image, kind: str, **options: Any) -> str:  # noqa: ANN401 (options of Pillow)
    buffer = BytesIO()
    picture.save(buffer, format=kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"
